//! The one place that asks for the time, so that everything else can be given it.

use chrono::{DateTime, SubsecRound, Utc};

/// Now, to the microsecond: what PostgreSQL keeps, so that a value read back equals the value written.
#[must_use]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
