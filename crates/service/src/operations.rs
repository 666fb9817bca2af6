//! What those who run the loop look at: health, metrics, the API's document, the registry's calls, and the loop
//! itself on a page.

mod docs_page;
pub(crate) mod document;
mod health;
mod loop_page;
mod parked_form;
mod problems_page;
pub(crate) mod registry;
mod search;
mod status;
mod travel;

use crate::ports::Ports;
use axum::Router;
use axum::routing::{get, post};
use events::parked::Parking;
use status::Status;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the handlers of this room work with.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    ports: Ports,
    parking: Parking,
    status: Arc<Status>,
}

impl Room {
    fn new(ports: &Ports) -> Self {
        let parking = Parking::new(Arc::clone(&ports.log), &ports.codec);
        Self { ports: ports.clone(), parking, status: Arc::default() }
    }
}

pub(crate) fn routes(ports: &Ports) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(search::search))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .with_state(Room::new(ports))
}

/// The pages of this room.
pub(crate) fn pages(ports: &Ports) -> Router {
    Router::new()
        .route("/", get(loop_page::show))
        .route("/parked/retry", post(parked_form::retry))
        .route("/problems", get(problems_page::list))
        .route("/problems/{name}", get(problems_page::show))
        .with_state(Room::new(ports))
}
