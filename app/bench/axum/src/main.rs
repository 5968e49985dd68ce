//! The Todo API as people would write it in Rust for speed: the peer of app/bench/run.
//!
//!   todo-axum               one multi-thread runtime, a worker a core
//!   todo-axum --per-core    one current-thread runtime a core, which share the port (SO_REUSEPORT)
//!   todo-axum --coalesce    besides: inserts that arrive together are one statement
//!
//! Environment: PORT, DATABASE_URL (postgresql://), REDIS_URL (redis://; unset: no cache), THREADS (unset: a core each).
//! It does less than a service would have to: no deadlines, no bounded queues, no metrics, no reconnection to
//! PostgreSQL. What it leaves out is in its favour.

mod answers;
mod cache;
mod coalescer;
mod database;
mod listener;
mod routes;

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use routes::App;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const READ_CONNECTIONS: usize = 2;
const WRITE_CONNECTIONS: usize = 16;

#[derive(Clone)]
struct Settings {
    address: SocketAddr,
    database_url: String,
    redis_url: Option<String>,
    coalesce: bool,
}

type Failed = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failed> {
    let (mut per_core, mut coalesce) = (false, false);
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--per-core" => per_core = true,
            "--coalesce" => coalesce = true,
            _ => return Err(format!("unknown argument {argument}").into()),
        }
    }
    let port: u16 = std::env::var("PORT").unwrap_or("8080".into()).parse()?;
    let threads = match std::env::var("THREADS") {
        Ok(text) => text.parse()?,
        Err(_) => std::thread::available_parallelism()?.get(),
    };
    let settings = Settings {
        address: SocketAddr::from(([127, 0, 0, 1], port)),
        database_url: std::env::var("DATABASE_URL")?,
        redis_url: std::env::var("REDIS_URL").ok(),
        coalesce,
    };
    if per_core {
        return serve_per_core(settings, threads);
    }
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()?
        .block_on(serve(settings, READ_CONNECTIONS, WRITE_CONNECTIONS))
}

/// Each thread has connections of its own, as many as the other variant in all.
fn serve_per_core(settings: Settings, threads: usize) -> Result<(), Failed> {
    let reads = READ_CONNECTIONS.div_ceil(threads);
    let writes = WRITE_CONNECTIONS.div_ceil(threads);
    let running: Vec<_> = (0..threads)
        .map(|_| {
            let settings = settings.clone();
            std::thread::spawn(move || {
                tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()?
                    .block_on(serve(settings, reads, writes))
            })
        })
        .collect();
    for thread in running {
        thread.join().expect("a serving thread ended")?;
    }
    Ok(())
}

async fn serve(settings: Settings, reads: usize, writes: usize) -> Result<(), Failed> {
    let cache = match &settings.redis_url {
        Some(url) => Some(cache::connect(url).await?),
        None => None,
    };
    let database = database::Database::connect(&settings.database_url, reads, writes).await?;
    let coalescer = if settings.coalesce {
        Some(coalescer::Coalescer::start(&settings.database_url).await?)
    } else {
        None
    };
    let app = Arc::new(App {
        database,
        cache,
        coalescer,
    });
    let listener = listener::shared(settings.address)?;
    axum::serve(listener, routes::router(app)).await?;
    Ok(())
}
