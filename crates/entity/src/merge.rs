//! What people add to the sources: links (merges), their undo, and steward facts (edits).

use crate::id::{MergeId, OrganizationId, RecordId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `absorbed → survivor` while it holds; ended by an undo, never deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The id that goes.
    pub absorbed: RecordId,
    /// The id that stays.
    pub survivor: RecordId,
    /// The merge that made it.
    pub merge_id: MergeId,
}

/// A deliberate merge: the fact, not the proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merge {
    /// Its id.
    pub id: MergeId,
    /// The golden id that stays.
    pub survivor: OrganizationId,
    /// The golden ids that went, sorted.
    pub absorbed: Vec<OrganizationId>,
    /// Who decided.
    pub merged_by: String,
    /// When.
    pub merged_at: DateTime<Utc>,
    /// Why, in the decider's words.
    pub reason: Option<String>,
    /// The batch that asked for it, if one did.
    #[serde(default)]
    pub batch: Option<Uuid>,
    /// The split that made it, of what it left together of merges that it ended.
    #[serde(default)]
    pub split: Option<MergeId>,
    /// Its undo, if it was taken back.
    pub undo: Option<Undo>,
}

/// The exact reverse of a merge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// Who took it back.
    pub undone_by: String,
    /// When.
    pub undone_at: DateTime<Utc>,
    /// Why.
    pub reason: Option<String>,
    /// The split whose effect this is; none where a person took the merge itself back.
    #[serde(default)]
    pub split: Option<MergeId>,
}

impl Undo {
    /// An undo by a person.
    #[must_use]
    pub fn new(undone_by: impl Into<String>, undone_at: DateTime<Utc>, reason: Option<String>) -> Self {
        Self { undone_by: undone_by.into(), undone_at, reason, split: None }
    }
}

/// A golden record taken apart: whoever is named in different groups is together no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// Its id.
    pub id: MergeId,
    /// The golden record that was taken apart.
    pub organization: OrganizationId,
    /// The records that stay together.
    pub groups: Vec<Vec<RecordId>>,
    /// Who decided.
    pub split_by: String,
    /// When.
    pub split_at: DateTime<Utc>,
    /// Why, in the decider's words.
    pub reason: Option<String>,
    /// Its undo, if it was taken back.
    pub undo: Option<Undo>,
}

/// A person's edit of an imported row: above all sources, and it survives re-import, merge and undo.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StewardFact {
    /// `organization`, `location` or `service`.
    pub table: String,
    /// The row it is about.
    pub row_id: Uuid,
    /// The record that owns the row.
    pub record_id: RecordId,
    /// The field, as named in HSDS.
    pub field: String,
    /// The value, as JSON; `null` clears the field.
    pub value: serde_json::Value,
    /// Who said so.
    pub stated_by: String,
    /// When.
    pub stated_at: DateTime<Utc>,
}
