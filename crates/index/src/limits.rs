//! What the index does not take, the same on both adapters.

use crate::error::{Error, Result};
use crate::port::IndexWrite;

/// The longest generation name; Elasticsearch allows 255 bytes for the whole name of an index.
const GENERATION_NAME_BYTES_MAX: usize = 100;

/// A key's length, as Lucene limits a term: beyond it neither adapter takes the document.
pub(crate) const KEY_BYTES_MAX: usize = 32_766;

/// Why nobody can take this write, if so.
pub(crate) fn refusal(write: &IndexWrite) -> Option<String> {
    let (id, version) = match write {
        IndexWrite::Upsert(document) => (document.id, document.version),
        IndexWrite::Delete { id, version } => (*id, *version),
    };
    // Elasticsearch would refuse the whole request for it.
    (version.0 < 0).then(|| format!("document {id}: version {version} is below zero"))
}

/// Lower-case letters, digits, `.`, `_` and `-`: what the name of an Elasticsearch index may hold.
pub(crate) fn check_generation_name(name: &str) -> Result<()> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    if (1..=GENERATION_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_plain) {
        return Ok(());
    }
    Err(Error::Invalid(format!(
        "generation name {name:?}: use 1 to {GENERATION_NAME_BYTES_MAX} of a-z, 0-9, '.', '_', '-'"
    )))
}

/// What is live is switched away from first.
pub(crate) fn live_stays(name: &str) -> Error {
    Error::Invalid(format!("generation {name} of the index is the live one: switch to another one first"))
}
