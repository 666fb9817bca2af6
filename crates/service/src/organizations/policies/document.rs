//! For the OpenAPI document: what a survivorship policy says. What is read and written is [`entity::PolicyDocument`].
#![expect(dead_code, reason = "shapes for the document only")]

use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Which value wins where several records speak: a person's word first, then these rules, then who arrived first.
#[derive(ToSchema)]
#[schema(as = SurvivorshipDocument)]
pub(crate) struct PolicyDocumentBody {
    /// The rules of every field that has none of its own, in order; `["survivor"]` unless told.
    #[schema(required = false, min_items = 1)]
    default: Vec<RuleBody>,
    /// Rules by field, in order: each keeps the best under it, the next decides among those that are left.
    #[schema(required = false)]
    fields: BTreeMap<String, Vec<RuleBody>>,
    /// The lists in which rows that several members tell alike are shown once; all three unless told.
    #[schema(required = false)]
    fold: Vec<FoldedListBody>,
}

/// One way to prefer a value.
#[derive(ToSchema)]
#[schema(as = SurvivorshipRule, rename_all = "snake_case")]
pub(crate) enum RuleBody {
    /// What the survivor's own record says.
    Survivor,
    /// What the source says that comes first in this list; sources that are not in it come last.
    SourceTrust(Vec<String>),
    /// What the record says that its source changed last.
    Recency,
    /// What the record says that arrived first.
    Oldest,
    /// The longest text.
    Longest,
    /// What most records say, letter case and outer spaces aside.
    MostFrequent,
}

/// A list whose duplicates are folded.
#[derive(ToSchema)]
#[schema(as = FoldedList, rename_all = "snake_case")]
pub(crate) enum FoldedListBody {
    /// Telephones of the organization itself.
    Phones,
    /// Places.
    Locations,
    /// What it offers.
    Services,
}
