//! The port of the data product: source rows, what people state, merges and their undo.

use crate::audit::AuditLog;
use crate::error::Result;
use crate::lease::Leases;
use crate::listing::TimeAndId;
use crate::merging::{By, Merging, RequestKey};
use crate::policies::Policies;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entity::{
    ChosenField, Family, FieldChoice, Merge, MergeId, OrganizationId, Record, RecordId, StewardFact, Undo,
};
use std::collections::{BTreeMap, HashSet};
use uuid::Uuid;

/// Tables whose rows have an id of their own at the REST port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowTable {
    /// Places.
    Location,
    /// Services.
    Service,
}

impl RowTable {
    /// The table's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Location => "location",
            Self::Service => "service",
        }
    }
}

/// A row that people added over REST; its source is [`REST_SOURCE`].
#[derive(Clone, Debug, PartialEq)]
pub enum RestRow {
    /// A place.
    Location(entity::Location),
    /// A service.
    Service(entity::Service),
}

/// The source of what people create over REST.
pub const REST_SOURCE: &str = "rest";

/// The source id of a row that people added over REST. A source's row cannot bear it by chance: it names the row's own
/// id, and nobody but the REST port chooses that.
#[must_use]
pub fn rest_source_id(id: Uuid) -> String {
    format!("{REST_SOURCE}:{id}")
}

/// Whether people added this row over REST, to a record of whatever source.
#[must_use]
pub fn is_added_over_rest(id: Uuid, source_id: &str) -> bool {
    let named = source_id.strip_prefix(REST_SOURCE).and_then(|rest| rest.strip_prefix(':'));
    named.is_some_and(|named| named.parse() == Ok(id))
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UpsertCounts {
    /// Records that were not there.
    pub inserted: u64,
    /// Records that were there (changed or not).
    pub present: u64,
}

/// Row revisions that a caller has seen; a write goes through only while they stand.
pub type Revisions = BTreeMap<RecordId, i64>;

/// A deliberate merge to apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeRequest {
    /// The merge's id.
    pub id: MergeId,
    /// The golden id that stays.
    pub survivor: OrganizationId,
    /// The golden ids that go.
    pub absorbed: Vec<OrganizationId>,
    /// Whose value is to win which field, while the merge holds.
    pub choices: Vec<ChosenField>,
    /// Revisions of all members, as the decider saw them.
    pub expected: Revisions,
    /// Who decided.
    pub merged_by: String,
    /// When.
    pub merged_at: DateTime<Utc>,
    /// Why.
    pub reason: Option<String>,
    /// The batch that asks for it; the merge is made only while that runs.
    pub batch: Option<Uuid>,
    /// The caller's key: the same request again gets the same answer.
    pub key: RequestKey,
}

/// Choices of fields' winners, made by themselves on a golden record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoiceRequest {
    /// The golden record.
    pub organization_id: OrganizationId,
    /// Whose value is to win which field; each field once.
    pub choices: Vec<ChosenField>,
    /// Revisions of all members, as the chooser saw them.
    pub expected: Revisions,
    /// Who chose.
    pub chosen_by: String,
    /// When.
    pub chosen_at: DateTime<Utc>,
}

/// The organizations data product. What people write is written into the audit log in the same transaction.
#[async_trait]
pub trait Organizations: Policies + Merging + AuditLog + Leases + Send + Sync + std::fmt::Debug {
    /// Writes records as their source tells them, in one transaction: idempotent, keyed by (source, source id).
    /// Ids that are taken by another source's row are replaced by derived ones; children that the record no
    /// longer has are deleted.
    async fn upsert(&self, records: Vec<Record>) -> Result<UpsertCounts>;

    /// Writes one record that people wrote over REST, as [`Organizations::upsert`] does, if the revisions still stand.
    async fn rewrite(&self, record: Record, expected: &Revisions, by: &By) -> Result<()>;

    /// Deletes the source's records whose source id is not among these, for an import of a whole snapshot.
    async fn delete_absent(&self, source: &str, present: &HashSet<String>) -> Result<u64>;

    /// Deletes a golden record: all of its members, if these are all and their revisions still stand. The links stay; a
    /// record that its source tells again is a member again.
    ///
    /// # Errors
    /// `Stale` when a member changed or came; `Absorbed` when the id leads to another.
    async fn delete_members(&self, id: OrganizationId, members: &Revisions, by: &By) -> Result<()>;

    /// Writes one place or service that people added over REST to a record of whatever source, if the revisions still
    /// stand; children that the row no longer has are deleted.
    async fn put_row(&self, owner: RecordId, row: &RestRow, expected: &Revisions, by: &By) -> Result<()>;

    /// Deletes one that people added, if its owner's revision still stands.
    ///
    /// # Errors
    /// `NotFound` when there is none that people added: rows of a source are written by their source only.
    async fn delete_row(&self, table: RowTable, id: Uuid, expected: &Revisions, by: &By) -> Result<()>;

    /// The whole families of these ids, read in one snapshot. Unknown ids add nothing.
    async fn family(&self, ids: &[RecordId]) -> Result<Family>;

    /// The record that owns a location or service.
    async fn owner_of(&self, table: RowTable, id: Uuid) -> Result<Option<RecordId>>;

    /// Golden ids with at least one member, sorted, after the given one. Counts records, not links: an id whose
    /// own record is gone is listed while it has members.
    async fn list(&self, after: Option<OrganizationId>, limit: usize) -> Result<Vec<OrganizationId>>;

    /// Golden ids that others were merged into, sorted, after the given one; whether all of their members live or not.
    async fn list_merged(&self, after: Option<OrganizationId>, limit: usize) -> Result<Vec<OrganizationId>>;

    /// Locations or services with their owners, sorted by id, after the given one.
    async fn list_rows(
        &self,
        table: RowTable,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<(Uuid, RecordId)>>;

    /// Adds steward facts, if the revisions still stand.
    async fn state_facts(&self, facts: &[StewardFact], expected: &Revisions) -> Result<()>;

    /// Chooses whose value wins which field of a golden record, if the revisions still stand; the choices as they are
    /// kept.
    ///
    /// # Errors
    /// `Invalid` when a choice names no field of which one value wins, or a record that is no member.
    async fn choose(&self, request: &ChoiceRequest) -> Result<Vec<FieldChoice>>;

    /// Applies a merge, or gives the answer of the same request before.
    async fn merge(&self, request: &MergeRequest) -> Result<Merge>;

    /// Takes a merge back; a second time changes nothing. Never blocked by later merges.
    async fn undo(&self, id: MergeId, undo: &Undo) -> Result<Merge>;

    /// One merge.
    async fn merge_by_id(&self, id: MergeId) -> Result<Option<Merge>>;

    /// Merges, newest first, after the given one (when it was made, and its id).
    async fn merges(&self, after: Option<TimeAndId>, limit: usize) -> Result<Vec<Merge>>;

    /// How many records there are.
    async fn record_count(&self) -> Result<u64>;
}
