//! Survivorship: the rules by which one value of a field wins among those that several records tell.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The fields of an organization of which one value wins, sorted. The other fields are lists, and become unions.
pub const SURVIVING_FIELDS: [&str; 10] = [
    "description",
    "email",
    "legal_status",
    "name",
    "parent_organization_id",
    "tax_id",
    "tax_status",
    "uri",
    "website",
    "year_incorporated",
];

/// One way to prefer a value. Each rule keeps the best under it; the next decides among those that are left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// What the survivor's own record says.
    Survivor,
    /// What the source says that comes first in this list; sources that are not in it come after all that are.
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

/// A list of an organization whose duplicates are folded where it is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FoldedList {
    /// Telephones of the organization itself.
    Phones,
    /// Places.
    Locations,
    /// What it offers.
    Services,
}

/// What a policy says, as people write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyDocument {
    /// The rules of every field that has none of its own, in order.
    pub default: Vec<Rule>,
    /// Rules by field, in order.
    pub fields: BTreeMap<String, Vec<Rule>>,
    /// The lists in which duplicates that several records tell are shown once.
    pub fold: Vec<FoldedList>,
}

impl Default for PolicyDocument {
    fn default() -> Self {
        Self {
            default: vec![Rule::Survivor],
            fields: BTreeMap::new(),
            fold: vec![FoldedList::Phones, FoldedList::Locations, FoldedList::Services],
        }
    }
}

impl PolicyDocument {
    /// The rules of a field.
    #[must_use]
    pub fn rules(&self, field: &str) -> &[Rule] {
        self.fields.get(field).unwrap_or(&self.default)
    }
}

/// A version of a policy: it never changes, another document is another version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Its version: 1, 2, 3…
    pub version: i64,
    /// What it says.
    pub document: PolicyDocument,
}

/// The policy of a store in which nobody has activated another: the survivor first, then as records arrived.
impl Default for Policy {
    fn default() -> Self {
        Self { name: "default".to_owned(), version: 1, document: PolicyDocument::default() }
    }
}

impl Policy {
    /// As golden records carry it: `name/version`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}/{}", self.name, self.version)
    }
}
