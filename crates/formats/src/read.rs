//! Opens whatever stands at a path and gives its records one by one.

use crate::error::{Error, RowError};
use crate::hsds::folder::FolderReader;
use crate::json::JsonReader;
use crate::plain::PlainReader;
use chrono::{DateTime, Utc};
use entity::Record;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// What the file itself does not say.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// The source that the records belong to, unless the file names another.
    pub source: String,
    /// When they arrive: `entity::clock::now()`, asked once for the whole import.
    pub created_at: DateTime<Utc>,
}

/// What a file was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One organization a row.
    PlainCsv,
    /// A folder of HSDS tables.
    HsdsCsv,
    /// HSDS organizations or services as JSON.
    HsdsJson,
    /// The columns of plain CSV in Parquet; to be compared only.
    Parquet,
}

/// The records of a file or folder, in its order. A row that is left out is an `Err`, and reading goes on as
/// far as the format allows; after a fatal one there is nothing more.
#[derive(Debug)]
pub struct Reader(Source);

#[derive(Debug)]
enum Source {
    Plain(Box<PlainReader>),
    Folder(Box<FolderReader>),
    Json(Box<JsonReader>),
}

/// Opens a plain CSV file, an HSDS JSON file (an organization, a service with its organization, an array of
/// them, a page of an HSDS API, or one a line), or a folder of HSDS CSV tables: by what is there, not by name.
///
/// # Errors
/// When there is nothing to read, or nothing of it can be used.
pub fn read(path: &Path, options: &ReadOptions) -> Result<Reader, Error> {
    Ok(Reader(match format_of(path)? {
        Format::HsdsCsv => Source::Folder(Box::new(FolderReader::open(path, options)?)),
        Format::HsdsJson => Source::Json(Box::new(JsonReader::open(path, options)?)),
        Format::PlainCsv | Format::Parquet => Source::Plain(Box::new(PlainReader::open(path, options)?)),
    }))
}

impl Reader {
    /// What the file was taken for.
    #[must_use]
    pub fn format(&self) -> Format {
        match self.0 {
            Source::Plain(_) => Format::PlainCsv,
            Source::Folder(_) => Format::HsdsCsv,
            Source::Json(_) => Format::HsdsJson,
        }
    }

    /// How far reading is, in bytes of the file's length; `None` for a folder, which is read when opened.
    #[must_use]
    pub fn bytes_read(&self) -> Option<u64> {
        match &self.0 {
            Source::Plain(reader) => Some(reader.bytes_read()),
            Source::Json(reader) => Some(reader.bytes_read()),
            Source::Folder(_) => None,
        }
    }

    /// Rows of an HSDS folder that no organization refers to (such as unused taxonomy terms), by file.
    #[must_use]
    pub fn unused_rows(&self) -> Vec<(String, usize)> {
        match &self.0 {
            Source::Folder(reader) => reader.unused_rows(),
            Source::Plain(_) | Source::Json(_) => Vec::new(),
        }
    }
}

impl Iterator for Reader {
    type Item = Result<Record, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Source::Plain(reader) => reader.next(),
            Source::Folder(reader) => reader.next(),
            Source::Json(reader) => reader.next(),
        }
    }
}

/// What stands at a path, by what is there, not by name.
pub(crate) fn format_of(path: &Path) -> Result<Format, Error> {
    let about = std::fs::metadata(path).map_err(Error::read(path))?;
    if about.is_dir() {
        return Ok(Format::HsdsCsv);
    }
    let mut start = [0; 4096];
    let mut file = File::open(path).map_err(Error::read(path))?;
    let length = file.read(&mut start).map_err(Error::read(path))?;
    let start = start.get(..length).unwrap_or_default();
    Ok(match start.starts_with(b"PAR1") {
        true => Format::Parquet,
        false if looks_like_json(start, path) => Format::HsdsJson,
        false => Format::PlainCsv,
    })
}

fn looks_like_json(start: &[u8], path: &Path) -> bool {
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    let json_name = path
        .extension()
        .is_some_and(|end| ["json", "ndjson", "jsonl"].iter().any(|known| end.eq_ignore_ascii_case(known)));
    json_name || matches!(text.first(), Some(b'{' | b'['))
}
