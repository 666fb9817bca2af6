//! The service: REST under `/v1`, topics over HTTP, the schema registry's calls, metrics, and the pages.
//!
//! This crate never publishes, indexes or resolves anything: it reads ports, writes what people say through
//! them, and rings the bell. `organizations/` is the data product's side, `review/` the resolution's; the second
//! reaches the first over HTTP only. Start with [`router`].

pub mod access;
mod hsds;
mod layers;
mod live;
mod operations;
mod organizations;
mod page;
mod paging;
mod ports;
mod problem;
mod reconcile;
mod request;
mod responses;
mod review;
mod serve;
mod topics;
mod turn;

pub use organizations::MergeWorker;
pub use ports::{Merging, Ports, RegistryRoutes, Stages};
pub use review::{DecisionWorker, Explanation, Unexplained};
pub use serve::serve;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;

/// All routes on these ports.
#[expect(clippy::needless_pass_by_value, reason = "the ports are the service's from here on")]
pub fn router(ports: Ports) -> Router {
    let access = ports.access.clone();
    let documented = OpenApiRouter::with_openapi(operations::document::base())
        .merge(organizations::routes(&ports))
        .merge(review::routes(&ports))
        .merge(topics::routes(&ports))
        .merge(reconcile::routes(&ports))
        .merge(operations::routes(&ports));
    let (router, document) = documented.split_for_parts();
    let router = router
        .merge(operations::document::routes(&document))
        .merge(operations::registry::routes(&ports))
        .merge(operations::pages(&ports))
        .merge(review::pages(&ports))
        .merge(page::assets())
        .merge(access.routes());
    layers::around(router, &access)
}
