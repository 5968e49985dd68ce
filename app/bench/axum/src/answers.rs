//! JSON bodies, and the errors that are answers.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::Json;
use serde::Serialize;
use tokio_postgres::Row;

#[derive(Serialize)]
pub struct Detail {
    pub detail: &'static str,
}

#[derive(Serialize)]
pub struct User<'a> {
    pub id: i64,
    pub data: &'a str,
    pub source: &'static str,
}

#[derive(Serialize)]
pub struct NewUser<'a> {
    pub id: i64,
    pub username: &'a str,
}

#[derive(Serialize)]
pub struct Task<'a> {
    pub id: i64,
    pub title: &'a str,
    pub completed: bool,
    pub owner_id: i64,
}

impl<'a> From<&'a Row> for Task<'a> {
    fn from(row: &'a Row) -> Self {
        Task {
            id: row.get(0),
            title: row.get(1),
            completed: row.get(2),
            owner_id: row.get(3),
        }
    }
}

pub fn tasks(rows: &[Row]) -> Response {
    let tasks: Vec<Task> = rows.iter().map(Task::from).collect();
    Json(tasks).into_response()
}

pub fn refused(status: StatusCode, detail: &'static str) -> Response {
    (status, Json(Detail { detail })).into_response()
}

pub fn failed(error: tokio_postgres::Error) -> Response {
    eprintln!("todo-axum: {error}");
    refused(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
}
