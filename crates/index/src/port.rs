//! The port: version-guarded documents, found by the blocking keys they share or by what people type.
//!
//! Promises that both adapters keep (`conformance` holds them to it): a newer version is never overwritten by
//! an older one, deletes included, however late the older one comes; after [`Index::refresh`] everything
//! written before it is found; a block is all documents of a key, never a truncated top k.
//!
//! A deleted document stays as its id and version, without content: a grave. Graves are not swept by age, because
//! nothing bounds how late an older event may come: one that was parked is applied when somebody retries it, and would
//! bring the record back to life. There is one for each id that was deleted and has not come back, some 100
//! bytes; a new generation is built from the topic, where compaction ends deleted keys, and so begins without the old
//! ones.

use crate::error::Result;
use async_trait::async_trait;
use entity::{IndexDocument, RecordId, Version};
use std::sync::Arc;

/// A change of the index.
#[derive(Clone, Debug, PartialEq)]
pub enum IndexWrite {
    /// The document as it is now.
    Upsert(IndexDocument),
    /// The record is gone since this version.
    Delete {
        /// The record.
        id: RecordId,
        /// The version of its deletion.
        version: Version,
    },
}

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteOutcome {
    /// It is in (also when the same version was there already).
    Applied,
    /// A newer version was there: nothing was changed.
    Stale,
    /// The index does not take this document, whoever repeats it; the others of the call went on.
    Rejected(String),
}

/// The documents of one blocking key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The key.
    pub key: String,
    /// How many documents have it.
    pub size: usize,
    /// All of them, sorted; empty when there are more than the caller's limit.
    pub ids: Vec<RecordId>,
}

/// A document as read back for comparing.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredDocument {
    /// The record.
    pub id: RecordId,
    /// The event that it was made from.
    pub version: Version,
    /// Its blocking keys.
    pub keys: Vec<String>,
    /// Its features, as written.
    pub features: Vec<u8>,
}

/// The records that share keys, and what comparing them takes.
///
/// The documents are those in which the keys were found: a record that changes while the call runs is told with the keys and the
/// features of one and the same version.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Candidates {
    /// For each key that was asked for, in that order, all records that have it, sorted; `None` where they are more than
    /// the caller's limit.
    pub blocks: Vec<Option<Vec<RecordId>>>,
    /// The documents of all these records, each once, in no order.
    pub documents: Vec<Candidate>,
}

/// A document without its keys: what comparing takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The record.
    pub id: RecordId,
    /// The event that its document was made from.
    pub version: Version,
    /// Its features, as written.
    pub features: Vec<u8>,
}

impl From<StoredDocument> for Candidate {
    fn from(document: StoredDocument) -> Self {
        Self { id: document.id, version: document.version, features: document.features }
    }
}

/// A record that a person's search found.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchHit {
    /// The record.
    pub id: RecordId,
    /// The name as shown.
    pub name: String,
    /// Higher is better; comparable within one answer only.
    pub score: f64,
}

/// An index of records: one generation of it.
#[async_trait]
pub trait Index: Send + Sync + std::fmt::Debug {
    /// Writes in bulk; one outcome per write, in order. A second call is harmless. 429 and 503 are waited out
    /// with a bound.
    async fn write(&self, writes: Vec<IndexWrite>) -> Result<Vec<WriteOutcome>>;

    /// Makes everything written before searchable.
    async fn refresh(&self) -> Result<()>;

    /// The blocks of these keys, in their order; blocks over `block_size_max` come without ids.
    async fn blocks(&self, keys: &[String], block_size_max: usize) -> Result<Vec<Block>>;

    /// The records of these keys' blocks with their documents; of blocks over `block_size_max` only that they are.
    async fn candidates(&self, keys: &[String], block_size_max: usize) -> Result<Candidates>;

    /// The searchable documents of these records, in no order; those that are not there are left out.
    async fn documents(&self, ids: &[RecordId]) -> Result<Vec<StoredDocument>>;

    /// Up to `limit` records by name, place or telephone, typing errors allowed; best first.
    async fn search(&self, text: &str, limit: usize) -> Result<Vec<SearchHit>>;

    /// Searchable documents, sorted by id, after the given one: to walk through all of them.
    async fn scan(&self, after: Option<RecordId>, limit: usize) -> Result<Vec<StoredDocument>>;

    /// How many documents are searchable.
    async fn count(&self) -> Result<u64>;

    /// A new, empty generation beside this one, to be filled by replay. Asked twice for the same name, it
    /// gives the same generation.
    async fn generation(&self, name: &str) -> Result<Arc<dyn Index>>;

    /// The names of all generations, sorted; the live one is among them.
    async fn generations(&self) -> Result<Vec<String>>;

    /// Makes the named generation the live one, at once for all readers; the one before stays beside it.
    async fn switch_to(&self, name: &str) -> Result<()>;

    /// Drops a generation and what it holds; harmless when it is gone already.
    ///
    /// # Errors
    /// `Invalid` for the live one.
    async fn drop_generation(&self, name: &str) -> Result<()>;
}
