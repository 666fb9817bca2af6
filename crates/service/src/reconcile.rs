//! The reconciliation API of the W3C community group, 0.2 as OpenRefine speaks it and 1.0-draft: rows of others
//! matched to golden records by the live model.
//!
//! Start with [`candidates`]: how a query becomes a record of its own, what it is compared with, and what is said of it.

mod candidates;
mod extend;
mod manifest;
mod matching;
mod origins;
mod preview;
mod probe;
mod properties;
mod query;
mod suggest;

pub(crate) use origins::{is_let_in, shared};

use crate::live::LiveModel;
use crate::ports::Ports;
use crate::problem::Result;
use entity::{GoldenRecord, OrganizationId, RecordId};
use std::collections::BTreeMap;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The only type there is: every entity of this service is an organization.
const TYPE_ID: &str = "organization";
const TYPE_NAME: &str = "Organization";

/// What the handlers of this room work with.
#[derive(Clone, Debug)]
struct Room {
    ports: Ports,
    live: LiveModel,
}

pub(crate) fn routes(ports: &Ports) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(matching::endpoint, matching::endpoint_by_form))
        .routes(routes!(matching::by_conditions))
        .routes(routes!(suggest::entities))
        .routes(routes!(suggest::properties))
        .routes(routes!(suggest::types))
        .routes(routes!(extend::extend))
        .routes(routes!(extend::propose))
        .routes(routes!(preview::show))
        .route("/reconcile/preview.css", axum::routing::get(preview::style))
        .with_state(Room { ports: ports.clone(), live: LiveModel::of(ports) })
}

/// Golden records, each found by its own id and by those of all its members and of what was absorbed.
#[derive(Debug, Default)]
struct Goldens {
    roots: BTreeMap<RecordId, OrganizationId>,
    golden: BTreeMap<OrganizationId, GoldenRecord>,
}

impl Goldens {
    fn of(&self, id: RecordId) -> Option<&GoldenRecord> {
        self.golden.get(self.roots.get(&id)?)
    }
}

impl Room {
    /// The golden records that these ids lead to, merged ids included.
    async fn goldens(&self, ids: &[RecordId]) -> Result<Goldens> {
        if ids.is_empty() {
            return Ok(Goldens::default());
        }
        let family = self.ports.organizations.family(ids).await?;
        Ok(Goldens { roots: family.roots(), golden: golden::project(&family).golden })
    }
}

/// Where to find an organization and how to reach it, in a line: what tells namesakes apart.
fn line_of(golden: &GoldenRecord) -> String {
    let organization = &golden.organization;
    let place = properties::Property::Address.values(golden).into_iter().next();
    let place = place.map(properties::Cell::into_text);
    let located = organization.locations.iter().flat_map(|location| &location.phones);
    let phone = organization.phones.iter().chain(located).next().map(|phone| phone.number.clone());
    place.into_iter().chain(phone).collect::<Vec<_>>().join(" · ")
}

fn name_of(golden: &GoldenRecord) -> String {
    golden.organization.name.clone().unwrap_or_else(|| format!("Unnamed organization {}", golden.id))
}
