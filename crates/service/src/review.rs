//! The review: clusters that wait for people, what they decide, and a worker that carries it out.
//!
//! This room reads and writes the resolution store; organizations it reaches over HTTP only ([`client`]), so that
//! both may live apart.

mod bands;
mod batches;
mod blind;
mod certificates;
mod claims;
pub(crate) mod client;
mod clusters;
mod comments;
mod decide;
mod decisions;
mod exclusions;
mod explanations;
mod outcome;
mod pages;
mod partition;
mod precision;
mod progress;
mod queue;
mod relations;
mod said;
mod sources;
mod transitions;
mod views;
mod worker;

pub use explanations::{Explanation, Unexplained};
pub use worker::DecisionWorker;

use crate::live::LiveModel;
use crate::ports::Ports;
use axum::Router;
use client::Client;
use index::Index;
use sources::Sources;
use std::sync::Arc;
use store::Resolution;
use tokio::sync::Notify;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the handlers of this room work with.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    store: Arc<dyn Resolution>,
    organizations: Client,
    decided: Arc<Notify>,
    sources: Sources,
    index: Arc<dyn Index>,
    live: LiveModel,
}

impl Room {
    fn new(ports: &Ports) -> Self {
        Self {
            store: Arc::clone(&ports.resolution),
            organizations: Client::of(ports),
            decided: Arc::clone(&ports.decided),
            sources: Sources::default(),
            index: Arc::clone(&ports.index),
            live: LiveModel::of(ports),
        }
    }
}

pub(crate) fn routes(ports: &Ports) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(clusters::list))
        .routes(routes!(clusters::get))
        .routes(routes!(transitions::list))
        .routes(routes!(clusters::history))
        .routes(routes!(comments::add, comments::list))
        .routes(routes!(queue::read))
        .routes(routes!(claims::claim))
        .routes(routes!(claims::renew, claims::release))
        .routes(routes!(progress::progress))
        .routes(routes!(progress::undo))
        .routes(routes!(exclusions::get, exclusions::put, exclusions::delete))
        .routes(routes!(exclusions::history))
        .routes(routes!(explanations::explain))
        .routes(routes!(relations::list))
        .routes(routes!(blind::draw, blind::list))
        .routes(routes!(blind::get))
        .routes(routes!(certificates::issue, certificates::list))
        .routes(routes!(batches::start, batches::list))
        .routes(routes!(batches::get))
        .routes(routes!(batches::approve))
        .routes(routes!(batches::reject))
        .routes(routes!(batches::undo))
        .routes(routes!(decisions::decide))
        .routes(routes!(decisions::list))
        .routes(routes!(decisions::get))
        .routes(routes!(decisions::undo))
        .with_state(Room::new(ports))
}

/// The pages of this room.
pub(crate) fn pages(ports: &Ports) -> Router {
    pages::routes().with_state(Room::new(ports))
}
