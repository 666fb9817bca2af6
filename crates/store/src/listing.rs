//! Lists by time that are read in pages.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// When something was made, and its id: after what a page of a list by time begins.
pub type TimeAndId = (DateTime<Utc>, Uuid);

/// The last second that all databases write with four digits for the year.
const END_OF_TIME_S: i64 = 253_402_300_799;

/// Where a list begins that has the newest first.
pub(crate) fn or_newest(after: Option<TimeAndId>) -> TimeAndId {
    after.unwrap_or((DateTime::from_timestamp(END_OF_TIME_S, 0).unwrap_or_default(), Uuid::max()))
}
