//! What locations and services have in common for the handlers of both.

use crate::hsds::{self, RowIds};
use crate::problem::Result;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{RestRow, RowTable};
use uuid::Uuid;

/// A row with an id of its own.
pub(crate) trait Row: Clone + Serialize + DeserializeOwned + Send + Sync {
    /// The row as REST shows and takes it.
    type Shown: From<Self> + Default + Serialize + DeserializeOwned;
    /// Its table.
    const TABLE: RowTable;

    fn id(&self) -> Uuid;
    fn source_id(&self) -> &str;
    /// The rows of an organization.
    fn of(organization: &entity::Organization) -> &[Self];
    fn of_mut(organization: &mut entity::Organization) -> &mut Vec<Self>;
    /// Lets this row keep its id and those of its children.
    fn stand(&self, ids: &mut RowIds);
    /// From what REST takes; `owner` is the record that it is or will be part of.
    fn taken(shown: Self::Shown, ids: &mut RowIds, owner: &entity::Organization) -> Result<Self>;
    fn added(self) -> RestRow;
}

impl Row for entity::Location {
    type Shown = hsds::Location;
    const TABLE: RowTable = RowTable::Location;

    fn id(&self) -> Uuid {
        self.id.0
    }
    fn source_id(&self) -> &str {
        &self.source_id
    }
    fn of(organization: &entity::Organization) -> &[Self] {
        &organization.locations
    }
    fn of_mut(organization: &mut entity::Organization) -> &mut Vec<Self> {
        &mut organization.locations
    }
    fn stand(&self, ids: &mut RowIds) {
        ids.stand_location(self);
    }
    fn taken(shown: hsds::Location, ids: &mut RowIds, _owner: &entity::Organization) -> Result<Self> {
        shown.taken(ids, "")
    }
    fn added(self) -> RestRow {
        RestRow::Location(self)
    }
}

impl Row for entity::Service {
    type Shown = hsds::Service;
    const TABLE: RowTable = RowTable::Service;

    fn id(&self) -> Uuid {
        self.id.0
    }
    fn source_id(&self) -> &str {
        &self.source_id
    }
    fn of(organization: &entity::Organization) -> &[Self] {
        &organization.services
    }
    fn of_mut(organization: &mut entity::Organization) -> &mut Vec<Self> {
        &mut organization.services
    }
    fn stand(&self, ids: &mut RowIds) {
        ids.stand_service(self);
    }
    fn taken(shown: hsds::Service, ids: &mut RowIds, owner: &entity::Organization) -> Result<Self> {
        let places: Vec<Uuid> = owner.locations.iter().map(|location| location.id.0).collect();
        shown.taken(ids, &places, "")
    }
    fn added(self) -> RestRow {
        RestRow::Service(self)
    }
}
