//! What is written, and the HSDS JSON writer.

use crate::error::Error;
use crate::hsds::to_tree::{Links, tree};
use entity::{GoldenRecord, Organization, Record};
use std::io::{self, Write};
use std::path::Path;
use uuid::Uuid;

/// An organization as it goes into a file: a record, or a golden record under its own id.
#[derive(Clone, Copy, Debug)]
pub struct OrganizationView<'a> {
    /// Its id.
    pub id: Uuid,
    /// The source that writes it.
    pub source: &'a str,
    /// Its id in that source.
    pub source_id: &'a str,
    /// What is said of it.
    pub organization: &'a Organization,
}

impl<'a> From<&'a Record> for OrganizationView<'a> {
    fn from(record: &'a Record) -> Self {
        Self {
            id: record.id.0,
            source: &record.source,
            source_id: &record.source_id,
            organization: &record.organization,
        }
    }
}

impl<'a> OrganizationView<'a> {
    /// A golden record; `id_text` is its id as text, `source` what the file shall call its origin.
    #[must_use]
    pub fn golden(golden: &'a GoldenRecord, source: &'a str, id_text: &'a str) -> Self {
        Self { id: golden.id.0, source, source_id: id_text, organization: &golden.organization }
    }
}

/// Writes HSDS `organization_full` objects as one JSON array, each on its own line, as they come.
#[derive(Debug)]
pub struct HsdsJsonWriter<W: Write> {
    out: W,
    written: u64,
}

impl<W: Write> HsdsJsonWriter<W> {
    /// Starts the array.
    pub fn new(out: W) -> Self {
        Self { out, written: 0 }
    }

    /// Writes one organization.
    ///
    /// # Errors
    /// When the output takes no more.
    pub fn write<'a>(&mut self, view: impl Into<OrganizationView<'a>>) -> Result<(), Error> {
        let tree = tree(&view.into(), Links::Embed);
        let start: &[u8] = if self.written == 0 { b"[\n" } else { b",\n" };
        self.written += 1;
        let text = serde_json::to_vec(&tree).map_err(io::Error::from);
        text.and_then(|text| self.out.write_all(start).and_then(|()| self.out.write_all(&text)))
            .map_err(Error::write(Path::new("JSON output")))
    }

    /// Ends the array and gives the output back.
    ///
    /// # Errors
    /// When the output takes no more.
    pub fn finish(mut self) -> Result<W, Error> {
        let end: &[u8] = if self.written == 0 { b"[]\n" } else { b"\n]\n" };
        self.out
            .write_all(end)
            .and_then(|()| self.out.flush())
            .map_err(Error::write(Path::new("JSON output")))?;
        Ok(self.out)
    }
}
