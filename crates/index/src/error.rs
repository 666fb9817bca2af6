//! Errors of this crate, by what the caller can do about them.

use std::error::Error as StdError;

/// What went wrong with the index.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The index is away or busy: the same call may go through later.
    #[error("{doing}: the index is not available now")]
    Transient {
        /// What we were doing, and to what.
        doing: String,
        /// The cause.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The index or the generation is not there.
    #[error("{0} is not there")]
    NotFound(String),
    /// The request cannot be right, whoever repeats it.
    #[error("{0}")]
    Invalid(String),
    /// What the index holds is not what we wrote.
    #[error("{0}")]
    Corrupt(String),
}

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Wraps a cause that may pass by itself.
    pub fn transient(doing: impl Into<String>, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Transient { doing: doing.into(), source: source.into() }
    }
}
