//! The record (what one source says) and the golden record (the projection of all records linked to one
//! survivor).

use crate::id::{OrganizationId, RecordId};
use crate::organization::Organization;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An organization as its source tells it, with its own children: the unit that is scored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its id, for ever.
    pub id: RecordId,
    /// The source that writes it.
    pub source: String,
    /// Its id in that source.
    pub source_id: String,
    /// When it first arrived; it orders the members of a cluster.
    pub created_at: DateTime<Utc>,
    /// What the source says.
    pub organization: Organization,
}

/// The projection of all records linked to one survivor: what consumers get.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GoldenRecord {
    /// The survivor's id. It outlives the survivor's own record and ends with the last member.
    pub id: OrganizationId,
    /// The records it is made of, sorted.
    pub members: Vec<RecordId>,
    /// When its oldest member first arrived.
    pub created_at: DateTime<Utc>,
    /// The projection.
    pub organization: Organization,
    /// Which source or person each scalar field came from, as `(field, origin)`, sorted by field.
    pub origins: Vec<FieldOrigin>,
    /// Rows of several members that are one and the same: each is shown as another, and keeps its id.
    pub folded: Vec<FoldedRow>,
    /// The policy by which values won, as `name/version`; `None` where one record alone speaks and no policy decides.
    pub policy: Option<String>,
}

/// A row that is shown as another, because both tell of the same telephone, place or service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoldedRow {
    /// `phone`, `location` or `service`.
    pub table: String,
    /// The row that is left out of the list; it keeps its id and its topic.
    pub id: Uuid,
    /// The row that stands for it.
    pub shown_as: Uuid,
}

/// Where the value of a golden field came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldOrigin {
    /// The field of [`Organization`].
    pub field: String,
    /// The record that gave it, or the record that a person's fact is about.
    pub record_id: RecordId,
    /// The source's name, or `steward`.
    pub origin: String,
}
