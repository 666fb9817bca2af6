//! Errors of this crate, by what the caller can do about them.

use std::error::Error as StdError;

/// What went wrong with a log or a registry.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The other side is away or busy: the same call may go through later.
    #[error("{doing}: the event log is not available now")]
    Transient {
        /// What we were doing, and to what.
        doing: String,
        /// The cause.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// Another member owns the partition now: what was read must be dropped, not committed.
    #[error("{doing}: the partition belongs to another member of the group now")]
    Fenced {
        /// What we were doing, and to what.
        doing: String,
    },
    /// The topic, subject or schema is not there.
    #[error("{0} is not there")]
    NotFound(String),
    /// The request cannot be right, whoever repeats it: the text names the field and the fix.
    #[error("{0}")]
    Invalid(String),
    /// The event is larger than the log takes.
    #[error("an event of {size} bytes for {topic} is over the limit of {max} bytes")]
    TooLarge {
        /// The topic.
        topic: String,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// The schema breaks its subject's promise to consumers.
    #[error("schema of {subject} is incompatible with version {version}: {problem}")]
    Incompatible {
        /// The subject.
        subject: String,
        /// The registered version it clashes with.
        version: i32,
        /// What clashes, with the path of the field.
        problem: String,
    },
    /// The bytes are not what the format promises.
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
