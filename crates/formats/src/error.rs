//! What can be wrong with a file, and where.

use crate::ids::duplicate_message;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a file as a whole could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused; the chained error says why.
    #[error("cannot open or read {}", path.display())]
    Read {
        /// What was read.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Nothing of the file can be used; the chained error names the line and the fix.
    #[error("cannot use {}", path.display())]
    Invalid {
        /// What was read.
        path: PathBuf,
        /// What is wrong with it.
        source: RowError,
    },
    /// The output could not be written.
    #[error("cannot write {}", what.display())]
    Write {
        /// The file, or the kind of output where there is no file.
        what: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The folder for an export holds CSV files already, which a later import would mix up with ours.
    #[error("folder {} already holds CSV files; choose an empty folder", path.display())]
    FolderNotEmpty {
        /// The folder.
        path: PathBuf,
    },
}

impl Error {
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::Read { path, source }
    }

    pub(crate) fn invalid(path: &Path, source: RowError) -> Self {
        Self::Invalid { path: path.to_path_buf(), source }
    }

    pub(crate) fn write(what: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let what = what.to_path_buf();
        move |source| Self::Write { what, source }
    }
}

/// Why a row, or one organization of a JSON file, was left out: where it is and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// The file within a folder; `None` when one file was read.
    pub file: Option<String>,
    /// The physical line, from 1, where the row or the JSON object starts.
    pub line: u64,
    /// The column, or the path within a JSON object such as `locations[2].latitude`.
    pub field: Option<String>,
    /// What is wrong and what to do.
    pub message: String,
}

impl RowError {
    pub(crate) fn at(line: u64, message: impl Into<String>) -> Self {
        Self { file: None, line, field: None, message: message.into() }
    }

    /// For a second organization with an id that was there before.
    #[must_use]
    pub fn repeated(line: u64, source_id: &str) -> Self {
        Self::in_field(line, "id", duplicate_message(source_id))
    }

    pub(crate) fn in_field(line: u64, field: &str, message: impl Into<String>) -> Self {
        Self { field: Some(field.to_owned()), ..Self::at(line, message) }
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}, ")?;
        }
        write!(f, "line {}", self.line)?;
        if let Some(field) = &self.field {
            write!(f, ", field {field}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for RowError {}
