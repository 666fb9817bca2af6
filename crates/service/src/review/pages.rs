//! The review on pages: the queue, one cluster, what was decided.

mod cluster;
mod compare;
mod decisions;
mod evidence;
mod form;
mod queue;

use super::Room;
use axum::Router;
use axum::routing::{get, post};

pub(super) fn routes() -> Router<Room> {
    Router::new()
        .route("/clusters", get(queue::show))
        .route("/clusters/{id}", get(cluster::show))
        .route("/clusters/{id}/decide", post(form::decide))
        .route("/decisions", get(decisions::list))
        .route("/decisions/{id}", get(decisions::show))
        .route("/decisions/{id}/undo", post(form::undo))
}
