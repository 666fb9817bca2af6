//! What can be wrong with what this crate is given.

/// Why a model, a level vector or stored features cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A model or a level vector does not fit the comparisons of this release; repair the file.
    #[error("invalid model: {0}")]
    Invalid(String),
    /// A model is not the JSON it should be; repair the file.
    #[error("the model is not valid JSON of its format")]
    Json(#[from] serde_json::Error),
    /// Stored features cannot be read; compute them again from the record.
    #[error("stored features are corrupt: {0}; compute them again from the record")]
    Corrupt(&'static str),
}
