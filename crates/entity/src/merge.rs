//! What people add to the sources: links (merges), their undo, choices of a field's winner, and steward facts (edits).

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

/// Which record's value is to win a field, as a person asks for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChosenField {
    /// One of [`crate::policy::SURVIVING_FIELDS`].
    pub field: String,
    /// The member whose value wins; `None`: whatever the policy says, earlier choices aside.
    pub record_id: Option<RecordId>,
}

/// A person's choice of the member whose value wins a field: above the policy, below steward facts.
///
/// It holds while everything holds that made the chosen record a member: it rests on those merges, and ends with the
/// first of them that is undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChoice {
    /// The golden id that it was made for; it goes along when that id is absorbed.
    pub organization_id: OrganizationId,
    /// What was chosen.
    #[serde(flatten)]
    pub chosen: ChosenField,
    /// The merge that it was made in; `None`: by itself, on a golden record.
    pub merge_id: Option<MergeId>,
    /// The merges without which it would not have been made, sorted; the one that it was made in among them.
    pub rests_on: Vec<MergeId>,
    /// Who chose.
    pub chosen_by: String,
    /// When; of several choices for a field, the newest holds.
    pub chosen_at: DateTime<Utc>,
}

/// How choices are made.
#[derive(Clone, Copy, Debug)]
pub struct Choosing<'a> {
    /// For which golden id.
    pub organization_id: OrganizationId,
    /// In which merge, if in one.
    pub merge_id: Option<MergeId>,
    /// By whom.
    pub by: &'a str,
    /// When.
    pub at: DateTime<Utc>,
}

/// A person's edit of an imported row: above all sources, and it survives re-import, merge and undo.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StewardFact {
    /// `organization`, `location` or `service`.
    pub table: String,
    /// The row it is about.
    pub row_id: Uuid,
    /// The record that owns the row; for an organization, the golden id that was addressed.
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
