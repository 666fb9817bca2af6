//! How to reach Elasticsearch, and how its indexes are made.

use crate::error::{Error, Result};
use std::fmt;
use std::time::Duration;

/// Settings of the index on Elasticsearch.
#[derive(Clone, Debug)]
pub struct ElasticConfig {
    /// The name that readers use; generations are `<alias>-<generation>`.
    pub alias: String,
    /// Who we are; `None` for a cluster without security, or when the URL says it.
    pub credentials: Option<Credentials>,
    /// A PEM certificate to trust beside the well-known ones.
    pub ca_certificate: Option<Vec<u8>>,
    /// How soon a new index shows writes by itself; `None` leaves it to the server. Readers of this crate do
    /// not wait for it: `refresh` is asked for.
    pub refresh_interval: Option<Duration>,
    /// Primary shards of a new index.
    pub shards: u32,
    /// Copies of each shard of a new index.
    pub replicas: u32,
    /// How long one request may take.
    pub request_timeout: Duration,
    /// What to do while the cluster is busy or away.
    pub retries: Retries,
}

/// How long a busy cluster is waited for: each wait twice the one before, less up to half of it by chance.
#[derive(Clone, Copy, Debug)]
pub struct Retries {
    /// Tries after the first.
    pub retries_max: u32,
    /// The first wait.
    pub wait_min: Duration,
    /// The longest wait.
    pub wait_max: Duration,
}

/// Who we are to the cluster.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A user and a password.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// An API key, as Elasticsearch hands it out (`encoded`).
    ApiKey(String),
}

impl ElasticConfig {
    /// The defaults, which suit one node without security.
    #[must_use]
    pub fn new(alias: impl Into<String>) -> Self {
        Self {
            alias: alias.into(),
            credentials: None,
            ca_certificate: None,
            refresh_interval: None,
            shards: 1,
            replicas: 0,
            request_timeout: Duration::from_secs(60),
            retries: Retries::default(),
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
        let starts = self.alias.starts_with(|first: char| first.is_ascii_lowercase());
        if starts && self.alias.len() <= 100 && self.alias.bytes().all(is_plain) {
            return Ok(());
        }
        Err(Error::Invalid(format!(
            "index alias {:?}: use up to 100 of a-z, 0-9, '.', '_', '-', a letter first",
            self.alias
        )))
    }
}

impl Default for Retries {
    fn default() -> Self {
        // Some 30 seconds in all: longer waits are the stage runner's, which also tells people.
        Self { retries_max: 8, wait_min: Duration::from_millis(100), wait_max: Duration::from_secs(10) }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Secrets stay out of logs.
        match self {
            Self::Basic { user, .. } => f.debug_struct("Basic").field("user", user).finish_non_exhaustive(),
            Self::ApiKey(_) => f.write_str("ApiKey(…)"),
        }
    }
}
