//! How far a stage of the loop is: for the page, readiness and metrics.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What is known of one stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StageState {
    /// Events or rows taken in by this process since it started.
    pub events_in: u64,
    /// Events written by this process since it started.
    pub events_out: u64,
    /// Attempts that failed.
    pub errors: u64,
    /// Events that wait for it (of all its members, in whichever process).
    pub lag_events: Option<u64>,
    /// How long the oldest of them has waited, in seconds.
    pub lag_seconds: Option<f64>,
    /// The last failure, until the stage moves on.
    pub trouble: Option<String>,
    /// When it last finished a batch or found nothing to do.
    pub progressed_at: Option<DateTime<Utc>>,
    /// Whether this process runs it.
    pub here: bool,
}
