//! What the tests of this crate share: reading a text, and where the samples are.

use entity::Record;
use formats::{Error, ReadOptions, RowError};
use std::path::{Path, PathBuf};

/// Options that are the same in every test.
pub(crate) fn options() -> ReadOptions {
    let created_at = chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    ReadOptions { source: "test".to_owned(), created_at }
}

/// Everything that a path gives.
pub(crate) fn read_path(path: &Path) -> Result<(Vec<Record>, Vec<RowError>), Error> {
    let (mut records, mut errors) = (Vec::new(), Vec::new());
    for row in formats::read(path, &options())? {
        match row {
            Ok(record) => records.push(record),
            Err(error) => errors.push(error),
        }
    }
    Ok((records, errors))
}

/// Everything that a file with these bytes gives.
pub(crate) fn read_bytes(name: &str, bytes: impl AsRef<[u8]>) -> Result<(Vec<Record>, Vec<RowError>), Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    read_path(&path)
}

/// The records of a path without a fault.
pub(crate) fn records(path: &Path) -> Vec<Record> {
    let (records, errors) = read_path(path).unwrap();
    assert_eq!(errors, [], "{}", path.display());
    records
}

/// A place in the shared data, or `None` with a loud note.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(path);
    if path.exists() {
        return Some(path);
    }
    println!("SKIPPED: no sample data at {}", path.display());
    None
}

/// The chain of an error as one line.
pub(crate) fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}
