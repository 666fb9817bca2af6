//! Locations and services: rows with topics of their own, published alike.

use entity::event::{LocationChanged, Op, ServiceChanged};
use entity::{Location, Organization, OrganizationId, Record, RecordId, Service, Version};
use events::topics::Product;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{REST_SOURCE, is_added_over_rest};
use uuid::Uuid;

/// A row of a record that has a topic of its own.
pub(super) trait Child: Clone + Serialize + DeserializeOwned {
    type Changed: Serialize;
    const PRODUCT: Product;
    /// As facts name it.
    const TABLE: &'static str;
    fn id(&self) -> Uuid;
    fn source_id(&self) -> &str;
    fn of(organization: &Organization) -> &[Self];
    /// The value of an event; without an owner the row is gone.
    fn changed(id: Uuid, version: Version, owned: Option<(Owner, Self)>) -> Self::Changed;
}

/// Whose row it is.
pub(super) struct Owner {
    pub(super) organization_id: OrganizationId,
    pub(super) record_id: RecordId,
    /// The source that writes the row: people may add to the record of any source.
    pub(super) source: String,
}

impl Owner {
    pub(super) fn of<C: Child>(row: &C, record: &Record, organization_id: OrganizationId) -> Self {
        let added = is_added_over_rest(row.id(), row.source_id());
        let source = if added { REST_SOURCE } else { &record.source };
        Self { organization_id, record_id: record.id, source: source.to_owned() }
    }
}

macro_rules! child {
    ($row:ident, $changed:ident, $field:ident, $list:ident) => {
        impl Child for $row {
            type Changed = $changed;
            const PRODUCT: Product = Product::$row;
            const TABLE: &'static str = stringify!($field);
            fn id(&self) -> Uuid {
                self.id.0
            }
            fn source_id(&self) -> &str {
                &self.source_id
            }
            fn of(organization: &Organization) -> &[Self] {
                &organization.$list
            }
            fn changed(id: Uuid, version: Version, owned: Option<(Owner, Self)>) -> $changed {
                let op = if owned.is_some() { Op::Upsert } else { Op::Delete };
                let (owner, row) = owned.unzip();
                $changed {
                    id: id.into(),
                    version,
                    op,
                    organization_id: owner.as_ref().map(|owner| owner.organization_id),
                    source_organization_id: owner.as_ref().map(|owner| owner.record_id),
                    source: owner.map(|owner| owner.source),
                    $field: row,
                }
            }
        }
    };
}

child!(Location, LocationChanged, location, locations);
child!(Service, ServiceChanged, service, services);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_add_is_of_their_own_source() {
        let at = chrono::DateTime::UNIX_EPOCH;
        let record = sample::generate(20, 1, at).map(|made| made.record);
        let record = { record }.find(|record| !record.organization.locations.is_empty()).unwrap();
        let mut place = record.organization.locations[0].clone();
        let source = |place: &Location| Owner::of(place, &record, record.id.into()).source;
        assert_eq!(source(&place), record.source);
        place.source_id = store::organizations::rest_source_id(place.id.0);
        assert_eq!(source(&place), REST_SOURCE);
        place.id = Uuid::nil().into();
        assert_eq!(source(&place), record.source, "a source may write such ids, but not of this row");
    }
}
