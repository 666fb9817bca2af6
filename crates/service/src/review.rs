//! The review: clusters that wait for people, what they decide, and a worker that carries it out.
//!
//! This room reads and writes the resolution store; organizations it reaches over HTTP only ([`client`]), so that
//! both may live apart.

pub(crate) mod client;
mod clusters;
mod decide;
mod decisions;
mod outcome;
mod pages;
mod transitions;
mod views;
mod worker;

pub use worker::DecisionWorker;

use crate::ports::Ports;
use axum::Router;
use client::Client;
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
}

impl Room {
    fn new(ports: &Ports) -> Self {
        Self {
            store: Arc::clone(&ports.resolution),
            organizations: Client::new(&ports.organizations_url),
            decided: Arc::clone(&ports.decided),
        }
    }
}

pub(crate) fn routes(ports: &Ports) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(clusters::list))
        .routes(routes!(clusters::get))
        .routes(routes!(transitions::list))
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
