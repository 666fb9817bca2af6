//! Errors of the stages, by what the runner does about them.

/// What went wrong in a stage.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something is away: the runner waits and tries the same batch again, for as long as it takes.
    #[error("{doing}")]
    Transient {
        /// What we were doing.
        doing: &'static str,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Another process plays this part now: drop the batch, commit nothing.
    #[error("another process has taken over")]
    Fenced,
    /// An event of the batch cannot be applied, whoever repeats it: the runner finds it and parks it.
    #[error("{0}")]
    Unfit(String),
    /// The settings or the surroundings are wrong: the stage cannot run until somebody mends them.
    #[error("{0}")]
    Misconfigured(String),
}

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<events::Error> for Error {
    fn from(error: events::Error) -> Self {
        match error {
            events::Error::Fenced { .. } => Self::Fenced,
            events::Error::TooLarge { .. } | events::Error::Corrupt(_) => Self::Unfit(error.to_string()),
            events::Error::Invalid(_) | events::Error::Incompatible { .. } | events::Error::NotFound(_) => {
                Self::Misconfigured(error.to_string())
            }
            _ => Self::Transient { doing: "using the event log", source: error.into() },
        }
    }
}

impl From<index::Error> for Error {
    fn from(error: index::Error) -> Self {
        match error {
            index::Error::Invalid(_) => Self::Unfit(error.to_string()),
            _ => Self::Transient { doing: "using the index", source: error.into() },
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Conflict(store::error::Conflict::Fenced(_)) => Self::Fenced,
            store::Error::Invalid(_) => Self::Unfit(error.to_string()),
            _ => Self::Transient { doing: "using a store", source: error.into() },
        }
    }
}

/// An error with its causes, for a log line or a parked event's reason.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
