//! The REST data port and the merge port of the organizations data product.
//!
//! Reads show golden records; writes go through the store's port only, and ring the poller's bell.

mod choices;
mod conditional;
mod create;
mod edit;
mod held;
mod merges;
mod patch;
mod policies;
mod read;
mod records;
mod remove;
mod rows;
mod views;

use crate::ports::Ports;
use std::sync::Arc;
use tokio::sync::Notify;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the handlers of this room work with.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    store: Arc<dyn store::Organizations>,
    bell: Arc<Notify>,
}

impl Room {
    /// To be called after each write.
    fn changed(&self) {
        self.bell.notify_one();
    }
}

pub(crate) fn routes(ports: &Ports) -> OpenApiRouter {
    let room = Room { store: Arc::clone(&ports.organizations), bell: Arc::clone(&ports.bell) };
    OpenApiRouter::new()
        .routes(routes!(read::list, create::create))
        .routes(routes!(read::get, edit::edit, remove::remove))
        .routes(routes!(records::of_organization))
        .routes(routes!(choices::get))
        .routes(routes!(choices::choose))
        .routes(routes!(policies::list))
        .routes(routes!(policies::get, policies::put))
        .routes(routes!(policies::activate))
        .routes(routes!(policies::simulate::simulate))
        .routes(routes!(records::by_ids))
        .routes(routes!(rows::locations::list, rows::locations::create))
        .routes(routes!(rows::locations::get, rows::locations::edit, rows::locations::remove))
        .routes(routes!(rows::services::list, rows::services::create))
        .routes(routes!(rows::services::get, rows::services::edit, rows::services::remove))
        .routes(routes!(merges::list, merges::merge))
        .routes(routes!(merges::get))
        .routes(routes!(merges::undo))
        .with_state(room)
}
