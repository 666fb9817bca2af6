//! What a merge would make, as the organizations tell it: of it, only what a reviewer looks at and a merge cites.

use entity::{OrganizationId, RecordId};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A merge that nobody has made yet.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Preview {
    /// To be cited by the merge.
    pub(crate) digest: String,
    /// To be cited by the merge.
    #[serde(default)]
    pub(crate) expected_versions: BTreeMap<RecordId, String>,
    /// The golden id that would stay.
    pub(crate) survivor: OrganizationId,
    /// Whether a second person would have to approve.
    #[serde(default)]
    pub(crate) needs_second_person: bool,
    /// How each field would come about.
    #[serde(default)]
    pub(crate) fields: Vec<PreviewField>,
    /// Children that would come to the survivor.
    #[serde(default)]
    pub(crate) moved: Moved,
    /// What speaks against it.
    #[serde(default)]
    pub(crate) conflicts: Vec<PreviewConflict>,
}

/// How one field would come about.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PreviewField {
    pub(crate) field: String,
    #[serde(default)]
    pub(crate) value: Value,
    /// The record that tells it.
    pub(crate) record_id: RecordId,
    /// The rule that it won by.
    #[serde(default)]
    pub(crate) won_by: String,
    #[serde(default)]
    pub(crate) losers: Vec<PreviewLoser>,
}

/// A value that would not win.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PreviewLoser {
    pub(crate) record_id: RecordId,
    #[serde(default)]
    pub(crate) value: Value,
}

/// Children, by kind.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Moved {
    pub(crate) locations: Counted,
    pub(crate) services: Counted,
    pub(crate) phones: Counted,
}

/// So many rows.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Counted {
    pub(crate) count: usize,
}

/// Something that speaks against it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PreviewConflict {
    /// `identifier`, or `same_source`.
    pub(crate) kind: String,
    /// The registry, or the source.
    #[serde(default)]
    pub(crate) scheme: String,
}
