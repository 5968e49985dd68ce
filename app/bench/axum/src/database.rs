//! PostgreSQL: a few connections, each shared by all requests, whose statements go out one behind the other
//! without waiting (tokio-postgres pipelines what is sent concurrently). Each statement is prepared once a connection.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::{try_join, try_join_all};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, NoTls, Row, Statement};

pub struct Database {
    readers: Vec<Reader>,
    writers: Vec<Writer>,
    next: AtomicUsize,
}

struct Reader {
    client: Client,
    ping: Statement,
    user_by_id: Statement,
    tasks_of_owner: Statement,
    all_tasks: Statement,
}

struct Writer {
    client: Client,
    create_user: Statement,
    create_task: Statement,
}

impl Database {
    pub async fn connect(url: &str, reads: usize, writes: usize) -> Result<Database, Error> {
        let readers = (0..reads).map(|_| Reader::connect(url));
        let writers = (0..writes).map(|_| Writer::connect(url));
        let (readers, writers) = try_join(try_join_all(readers), try_join_all(writers)).await?;
        Ok(Database {
            readers,
            writers,
            next: AtomicUsize::new(0),
        })
    }

    pub async fn ping(&self) -> Result<(), Error> {
        let reader = self.reader();
        reader.client.query_one(&reader.ping, &[]).await.map(drop)
    }

    /// username
    pub async fn user_by_id(&self, id: i64) -> Result<Option<Row>, Error> {
        let reader = self.reader();
        reader.client.query_opt(&reader.user_by_id, &[&id]).await
    }

    /// id, title, completed, owner_id, in id order
    pub async fn tasks_of_owner(
        &self,
        owner: i64,
        skip: i64,
        limit: i64,
    ) -> Result<Vec<Row>, Error> {
        let reader = self.reader();
        reader
            .client
            .query(&reader.tasks_of_owner, &[&owner, &skip, &limit])
            .await
    }

    pub async fn all_tasks(&self, skip: i64, limit: i64) -> Result<Vec<Row>, Error> {
        let reader = self.reader();
        reader
            .client
            .query(&reader.all_tasks, &[&skip, &limit])
            .await
    }

    /// id, username
    pub async fn create_user(&self, username: &str) -> Result<Row, Error> {
        let writer = self.writer();
        writer
            .client
            .query_one(&writer.create_user, &[&username])
            .await
    }

    /// id, title, completed, owner_id
    pub async fn create_task(&self, title: &str, owner: i64) -> Result<Row, Error> {
        let writer = self.writer();
        writer
            .client
            .query_one(&writer.create_task, &[&title, &owner])
            .await
    }

    fn reader(&self) -> &Reader {
        &self.readers[self.next.fetch_add(1, Ordering::Relaxed) % self.readers.len()]
    }

    fn writer(&self) -> &Writer {
        &self.writers[self.next.fetch_add(1, Ordering::Relaxed) % self.writers.len()]
    }
}

impl Reader {
    async fn connect(url: &str) -> Result<Reader, Error> {
        let client = open(url).await?;
        Ok(Reader {
            ping: client.prepare("SELECT 1").await?,
            user_by_id: client
                .prepare("SELECT username FROM users WHERE id = $1")
                .await?,
            tasks_of_owner: client
                .prepare(
                    "SELECT id, title, completed, owner_id FROM tasks WHERE owner_id = $1 \
                     ORDER BY id OFFSET $2 LIMIT $3",
                )
                .await?,
            all_tasks: client
                .prepare(
                    "SELECT id, title, completed, owner_id FROM tasks ORDER BY id OFFSET $1 LIMIT $2",
                )
                .await?,
            client,
        })
    }
}

impl Writer {
    async fn connect(url: &str) -> Result<Writer, Error> {
        let client = open(url).await?;
        Ok(Writer {
            create_user: client
                .prepare("INSERT INTO users (username) VALUES ($1) RETURNING id, username")
                .await?,
            create_task: client
                .prepare(
                    "INSERT INTO tasks (title, owner_id) VALUES ($1, $2) \
                     RETURNING id, title, completed, owner_id",
                )
                .await?,
            client,
        })
    }
}

pub async fn open(url: &str) -> Result<Client, Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            eprintln!("todo-axum: the connection to PostgreSQL broke: {error}");
        }
    });
    Ok(client)
}

pub fn violates(error: &Error, constraint: &SqlState) -> bool {
    error.code() == Some(constraint)
}
