//! What the index holds of a record: computed once, by the same pure code for batch and stream.

use crate::id::RecordId;
use crate::version::Version;
use serde::{Deserialize, Serialize};

/// One record's document in the index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexDocument {
    /// The record.
    pub id: RecordId,
    /// The event that it was made from.
    pub version: Version,
    /// All records that share one of these are candidates.
    pub keys: Vec<String>,
    /// What people search by.
    pub search: SearchFields,
    /// Features for comparing, opaque to the index.
    pub features: Vec<u8>,
}

/// Normalised words for people's searches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchFields {
    /// The name as shown.
    pub name: String,
    /// Folded words of all names.
    pub names: String,
    /// Folded words of streets, cities, states, postal codes.
    pub places: String,
    /// Digits of all telephones, separated by blanks.
    pub phones: String,
}
