//! What the answers of this room look like.

use super::held::Held;
use crate::hsds;
use chrono::{DateTime, Utc};
use entity::{GoldenRecord, Merge, Record};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A golden record: what all records linked to one survivor say together.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = GoldenRecord)]
pub(crate) struct GoldenView {
    /// Its id: that of the record that survived.
    pub(super) id: Uuid,
    #[serde(flatten)]
    pub(super) organization: hsds::Organization,
    /// The records it is made of.
    pub(super) members: Vec<Uuid>,
    /// When its oldest member first arrived.
    pub(super) created_at: DateTime<Utc>,
    /// Where each field came from.
    pub(super) origins: Vec<OriginView>,
    /// Rows of several members that tell the same: each is left out of its list, and keeps its id.
    pub(super) folded: Vec<FoldedView>,
    /// The survivorship policy by which values won, as `name/version`; absent where one record alone speaks.
    pub(super) policy: Option<String>,
    /// The state of now: for `If-Match` and `expected_versions`.
    pub(super) etag: String,
}

/// Where the value of a field came from.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FieldOrigin)]
pub(crate) struct OriginView {
    /// The field.
    field: String,
    /// The record that gave it, or that a person's fact is about.
    record_id: Uuid,
    /// The source's name, or `steward`.
    origin: String,
}

/// A row that is shown as another, because both tell of the same telephone, place or service.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FoldedRow)]
pub(crate) struct FoldedView {
    /// `phone`, `location` or `service`.
    table: String,
    /// The row that is left out of the list.
    id: Uuid,
    /// The row that stands for it.
    shown_as: Uuid,
}

impl GoldenView {
    pub(super) fn new(golden: GoldenRecord, etag: String) -> Self {
        let golden = golden::presented(golden);
        let folded = |row: entity::record::FoldedRow| FoldedView {
            table: row.table,
            id: row.id,
            shown_as: row.shown_as,
        };
        let origin = |origin: entity::record::FieldOrigin| OriginView {
            field: origin.field,
            record_id: origin.record_id.0,
            origin: origin.origin,
        };
        Self {
            id: golden.id.0,
            organization: golden.organization.into(),
            members: golden.members.into_iter().map(|id| id.0).collect(),
            created_at: golden.created_at,
            origins: golden.origins.into_iter().map(origin).collect(),
            folded: golden.folded.into_iter().map(folded).collect(),
            policy: golden.policy,
            etag,
        }
    }
}

impl From<Held> for GoldenView {
    fn from(held: Held) -> Self {
        Self::new(held.golden, held.etag)
    }
}

/// An absorbed id, for those who ask not to be redirected.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AbsorbedView {
    /// The id that went.
    pub(super) id: Uuid,
    /// The golden record that it leads to.
    pub(super) merged_into: Uuid,
    /// The merge that absorbed it; its undo brings it back.
    pub(super) merge_id: Uuid,
}

/// A record: an organization as its source tells it, unmerged.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Record)]
pub(crate) struct RecordView {
    /// Its id, for ever.
    id: Uuid,
    /// The source that writes it.
    source: String,
    /// Its id in that source.
    source_id: String,
    /// The golden record that it belongs to now.
    organization_id: Uuid,
    /// When it first arrived.
    created_at: DateTime<Utc>,
    #[serde(flatten)]
    organization: hsds::Organization,
}

impl RecordView {
    pub(super) fn new(record: Record, organization_id: Uuid) -> Self {
        Self {
            id: record.id.0,
            source: record.source,
            source_id: record.source_id,
            organization_id,
            created_at: record.created_at,
            organization: record.organization.into(),
        }
    }
}

/// A deliberate merge.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Merge)]
pub(crate) struct MergeView {
    /// Its id.
    pub(super) id: Uuid,
    /// The golden id that stays.
    survivor: Uuid,
    /// The golden ids that went.
    absorbed: Vec<Uuid>,
    /// Who decided.
    merged_by: String,
    /// When.
    merged_at: DateTime<Utc>,
    /// Why.
    reason: Option<String>,
    /// The batch that asked for it, if one did.
    batch_id: Option<Uuid>,
    /// The split that made it, of what it left together of merges that it ended.
    split_id: Option<Uuid>,
    /// Its undo, if it was taken back.
    undo: Option<UndoView>,
}

/// How a merge was taken back.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Undo)]
pub(crate) struct UndoView {
    /// By whom.
    undone_by: String,
    /// When.
    undone_at: DateTime<Utc>,
    /// Why.
    reason: Option<String>,
    /// The split whose effect it is; null where a person took the merge itself back.
    split_id: Option<Uuid>,
}

impl From<entity::Undo> for UndoView {
    fn from(undo: entity::Undo) -> Self {
        Self {
            undone_by: undo.undone_by,
            undone_at: undo.undone_at,
            reason: undo.reason,
            split_id: undo.split.map(|split| split.0),
        }
    }
}

impl From<Merge> for MergeView {
    fn from(merge: Merge) -> Self {
        Self {
            id: merge.id.0,
            survivor: merge.survivor.0,
            absorbed: merge.absorbed.into_iter().map(|id| id.0).collect(),
            merged_by: merge.merged_by,
            merged_at: merge.merged_at,
            reason: merge.reason,
            batch_id: merge.batch,
            split_id: merge.split.map(|split| split.0),
            undo: merge.undo.map(UndoView::from),
        }
    }
}
