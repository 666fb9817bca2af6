//! The index: candidates that share a blocking key, and search for people; on SQLite and on Elasticsearch.
//!
//! This crate never computes a key or a feature: documents arrive complete ([`entity::IndexDocument`]). Start
//! with [`port`].

pub mod conformance;
#[cfg(feature = "elasticsearch")]
pub mod elasticsearch;
pub mod error;
mod limits;
pub mod port;
pub mod sqlite;
mod text;

pub use error::{Error, Result};
pub use port::{Block, Candidate, Candidates, Index, IndexWrite, SearchHit, StoredDocument, WriteOutcome};
