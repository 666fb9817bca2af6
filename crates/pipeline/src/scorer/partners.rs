//! The documents that a batch is compared with, decoded one after the other in the same memory.

use crate::error::{Error, Result};
use entity::RecordId;
use index::Candidate;
use scoring::RecordFeatures;
use std::collections::HashMap;

/// Documents by their records.
pub(super) struct Partners<'a> {
    documents: HashMap<RecordId, &'a Candidate>,
    /// Of the document last decoded.
    features: RecordFeatures<'a>,
}

impl<'a> Partners<'a> {
    pub(super) fn new(documents: &'a [Candidate]) -> Self {
        let documents = documents.iter().map(|document| (document.id, document)).collect();
        Self { documents, features: RecordFeatures::default() }
    }

    /// The record's document, where it is searchable.
    pub(super) fn get(&self, id: RecordId) -> Option<&'a Candidate> {
        self.documents.get(&id).copied()
    }

    /// A document's features, until the next are asked for.
    pub(super) fn features(&mut self, document: &'a Candidate) -> Result<&RecordFeatures<'a>> {
        let read = self.features.read_bytes(&document.features);
        read.map_err(|error| unreadable(document.id, &error))?;
        Ok(&self.features)
    }
}

/// What an index of another format deserves: to be built anew.
pub(super) fn unreadable(id: RecordId, error: &scoring::Error) -> Error {
    Error::Misconfigured(format!("the index holds unreadable features of {id}: {error}"))
}
