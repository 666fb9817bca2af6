//! The REST data port and the merge port of the organizations data product.
//!
//! Reads show golden records; writes go through the store's port only, and ring the poller's bell.

mod audit;
mod batches;
mod choices;
mod conditional;
mod create;
mod edit;
mod effects;
mod held;
mod keys;
mod lineage;
mod merges;
mod patch;
mod policies;
mod previews;
mod proposal;
mod read;
mod records;
mod remove;
mod rows;
mod splits;
mod views;
mod worker;

pub use worker::MergeWorker;

use crate::ports::{Merging, Ports};
use events::topics::TopicNames;
use keys::Running;
use std::sync::Arc;
use tokio::sync::Notify;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the handlers of this room work with.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    store: Arc<dyn store::Organizations>,
    bell: Arc<Notify>,
    merging: Merging,
    running: Running,
    topics: Arc<TopicNames>,
}

impl Room {
    /// To be called after each write.
    fn changed(&self) {
        self.bell.notify_one();
    }

    /// Whether a merge of so many members is more than one person may decide alone.
    fn needs_second_person(&self, members: usize) -> bool {
        members > self.merging.members_max_alone
    }
}

pub(crate) fn routes(ports: &Ports) -> OpenApiRouter {
    let room = Room {
        store: Arc::clone(&ports.organizations),
        bell: Arc::clone(&ports.bell),
        merging: ports.merging.clone(),
        running: Running::default(),
        topics: Arc::new(ports.codec.names().clone()),
    };
    OpenApiRouter::new()
        .routes(routes!(read::list, create::create))
        .routes(routes!(read::get, edit::edit, remove::remove))
        .routes(routes!(lineage::get))
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
        .routes(routes!(previews::preview))
        .routes(routes!(merges::list, merges::merge))
        .routes(routes!(merges::get))
        .routes(routes!(merges::undo))
        .routes(routes!(splits::split))
        .routes(routes!(splits::get))
        .routes(routes!(splits::undo))
        .routes(routes!(batches::list, batches::create))
        .routes(routes!(batches::get))
        .routes(routes!(batches::approve))
        .routes(routes!(batches::cancel))
        .routes(routes!(batches::undo))
        .routes(routes!(audit::list))
        .with_state(room)
}
