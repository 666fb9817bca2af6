//! Errors of this crate, by what the caller can do about them.

use std::error::Error as StdError;

/// What went wrong with a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database is away or busy: the same call may go through later.
    #[error("{doing}: the database is not available now")]
    Transient {
        /// What we were doing, and to what.
        doing: String,
        /// The cause.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// Somebody else was there first: read again and decide anew.
    #[error("{0}")]
    Conflict(Conflict),
    /// The row is not there.
    #[error("{0} is not there")]
    NotFound(String),
    /// The request cannot be right, whoever repeats it.
    #[error("{0}")]
    Invalid(String),
    /// What the database holds breaks a promise of the schema.
    #[error("{doing}: the database holds what the schema does not allow")]
    Corrupt {
        /// What we were doing, and to what.
        doing: String,
        /// The cause.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
}

/// Why a write lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The row changed since the caller read it.
    #[error("{0} has changed since it was read")]
    Stale(String),
    /// The id was absorbed by a merge.
    #[error("{absorbed} was merged into {survivor}")]
    Absorbed {
        /// The id that went.
        absorbed: String,
        /// The id that stays.
        survivor: String,
    },
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// Another holder has the lease now.
    #[error("the lease of {0} is held by another process")]
    Fenced(String),
    /// Nobody approves what they asked for themselves.
    #[error("{0} needs the approval of somebody else than the person who asked for it")]
    OwnApproval(String),
    /// The batch is not in a state in which this can be done to it.
    #[error("batch {id} is {state}")]
    BatchClosed {
        /// The batch.
        id: String,
        /// In which state it is, in words.
        state: String,
    },
}

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Wraps a cause that may pass by itself.
    pub fn transient(doing: impl Into<String>, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Transient { doing: doing.into(), source: source.into() }
    }
}

impl From<Conflict> for Error {
    fn from(conflict: Conflict) -> Self {
        Self::Conflict(conflict)
    }
}

/// Says what we were doing when the database failed, and sorts the failure.
pub(crate) trait Doing<T> {
    /// Wraps the error; `doing` names the action and the ids.
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Doing<T> for std::result::Result<T, sqlx::Error> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| {
            let doing = doing();
            match &source {
                sqlx::Error::ColumnDecode { .. }
                | sqlx::Error::Decode(_)
                | sqlx::Error::ColumnNotFound(_) => Error::Corrupt { doing, source: source.into() },
                sqlx::Error::Database(error)
                    if error.is_check_violation() || error.is_foreign_key_violation() =>
                {
                    Error::Invalid(format!("{doing}: {}", error.message()))
                }
                // PostgreSQL takes no NUL in a text.
                sqlx::Error::Database(error)
                    if matches!(error.code().as_deref(), Some("22021" | "22P05")) =>
                {
                    Error::Invalid(format!("{doing}: a text holds a NUL character: remove it"))
                }
                _ => Error::Transient { doing, source: source.into() },
            }
        })
    }
}
