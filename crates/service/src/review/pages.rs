//! The review on pages: the queue, one cluster, what was decided, and how well the model does.

mod around;
mod blind;
mod candidates;
mod cluster;
mod compare;
mod decisions;
mod distance;
mod evidence;
mod fields;
mod form;
mod graph;
mod joins;
mod keys;
mod look;
mod panel;
mod quality;
mod queue;
mod result;
mod seen;
mod services;
mod tokens;
mod tools;
mod why;

use super::Room;
use axum::Router;
use axum::routing::{get, post};

pub(super) fn routes() -> Router<Room> {
    Router::new()
        .route("/clusters", get(queue::show))
        .route("/clusters/{id}", get(cluster::show))
        .route("/clusters/{id}/decide", post(form::decide))
        .route("/clusters/{id}/comment", post(form::comment))
        .route("/clusters/{id}/preview", post(result::again))
        .route("/decisions", get(decisions::list))
        .route("/decisions/{id}", get(decisions::show))
        .route("/decisions/{id}/undo", post(form::undo))
        .route("/review/undo", post(form::undo_last))
        .route("/review/keys", get(keys::show))
        .route("/blind/{id}", get(blind::show))
        .route("/quality", get(quality::show))
        .route("/quality/draw", post(quality::draw))
        .route("/quality/certify", post(quality::certify))
        .route("/quality/batches", post(quality::start))
        .route("/batches/{id}", get(quality::batch))
        .route("/batches/{id}/answer", post(quality::answer))
}
