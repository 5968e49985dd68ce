//! The routes that the benchmark uses, with the answers of the tutorial's API.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio_postgres::error::SqlState;

use crate::answers::{failed, refused, tasks, NewUser, Task, User};
use crate::cache::Cache;
use crate::coalescer::Coalescer;
use crate::database::{violates, Database};

pub struct App {
    pub database: Database,
    pub cache: Option<Cache>,
    pub coalescer: Option<Coalescer>,
}

pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(root))
        .route("/health", get(health))
        .route("/users/", post(create_user))
        .route("/users/{user_id}", get(user))
        .route("/tasks/", get(all_tasks).post(create_task))
        .route("/tasks/{owner_id}", get(tasks_of_owner))
        .with_state(app)
}

#[derive(Serialize)]
struct Message {
    message: &'static str,
}

async fn root() -> Json<Message> {
    Json(Message {
        message: "Hello, Scalable World!",
    })
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    db: i32,
}

async fn health(State(app): State<Arc<App>>) -> Response {
    match app.database.ping().await {
        Ok(()) => Json(Health {
            status: "healthy",
            db: 1,
        })
        .into_response(),
        Err(error) => failed(error),
    }
}

/// Cache-aside: what is not in Redis is read from PostgreSQL and left there for the next one.
async fn user(State(app): State<Arc<App>>, Path(id): Path<i64>) -> Response {
    let key = app
        .cache
        .as_ref()
        .map(|cache| (cache, format!("user:{id}")));
    if let Some((cache, key)) = &key {
        if let Some(data) = cache.get(key).await {
            return Json(User {
                id,
                data: &data,
                source: "cache",
            })
            .into_response();
        }
    }
    let row = match app.database.user_by_id(id).await {
        Ok(Some(row)) => row,
        Ok(None) => return refused(StatusCode::NOT_FOUND, "User not found"),
        Err(error) => return failed(error),
    };
    let data: &str = row.get(0);
    if let Some((cache, key)) = &key {
        cache.set(key, data).await;
    }
    Json(User {
        id,
        data,
        source: "db",
    })
    .into_response()
}

#[derive(Deserialize)]
struct CreateUser {
    username: String,
}

async fn create_user(State(app): State<Arc<App>>, Query(new): Query<CreateUser>) -> Response {
    match app.database.create_user(&new.username).await {
        Ok(row) => Json(NewUser {
            id: row.get(0),
            username: row.get(1),
        })
        .into_response(),
        Err(error) if violates(&error, &SqlState::UNIQUE_VIOLATION) => {
            refused(StatusCode::CONFLICT, "Username already registered")
        }
        Err(error) => failed(error),
    }
}

#[derive(Deserialize)]
struct CreateTask {
    title: String,
    owner_id: i64,
}

async fn create_task(State(app): State<Arc<App>>, Query(new): Query<CreateTask>) -> Response {
    let created = match &app.coalescer {
        Some(coalescer) => match coalescer.create_task(new.title, new.owner_id).await {
            Some(created) => created,
            None => return refused(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        },
        None => app.database.create_task(&new.title, new.owner_id).await,
    };
    match created {
        Ok(row) => Json(Task::from(&row)).into_response(),
        Err(error) if violates(&error, &SqlState::FOREIGN_KEY_VIOLATION) => {
            refused(StatusCode::NOT_FOUND, "User not found")
        }
        Err(error) => failed(error),
    }
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    skip: i64,
    #[serde(default = "hundred")]
    limit: i64,
}

fn hundred() -> i64 {
    100
}

async fn tasks_of_owner(
    State(app): State<Arc<App>>,
    Path(owner): Path<i64>,
    Query(page): Query<Page>,
) -> Response {
    match app
        .database
        .tasks_of_owner(owner, page.skip, page.limit)
        .await
    {
        Ok(rows) => tasks(&rows),
        Err(error) => failed(error),
    }
}

async fn all_tasks(State(app): State<Arc<App>>, Query(page): Query<Page>) -> Response {
    match app.database.all_tasks(page.skip, page.limit).await {
        Ok(rows) => tasks(&rows),
        Err(error) => failed(error),
    }
}
