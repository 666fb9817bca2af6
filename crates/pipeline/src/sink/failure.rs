//! Sorts what the target database answers: this event is bad, or the database is not available now.

use crate::error::Error;
use sqlx::migrate::MigrateError;

/// Only what the rows themselves cause is the event's fault; everything else is waited out, a full disk and a
/// column that somebody dropped too.
pub(super) fn failed(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Error {
    move |error| {
        let reason = match &error {
            sqlx::Error::Encode(source) => Some(source.to_string()),
            sqlx::Error::Database(answer) if is_about_rows(&**answer) => Some(answer.message().to_owned()),
            _ => None,
        };
        match reason {
            Some(reason) => Error::Unfit(format!("{doing}: {reason}")),
            None => Error::Transient { doing, source: error.into() },
        }
    }
}

/// SQLSTATE classes 22 (a NUL in a text, a number out of range), 23 (a constraint that somebody added) and 54 (a
/// text too long for an index that somebody added); in SQLite too big, constraint and mismatch.
fn is_about_rows(answer: &dyn sqlx::error::DatabaseError) -> bool {
    let code = answer.code();
    let code = code.as_deref().unwrap_or_default();
    match code.parse::<i32>() {
        // SQLite's extended codes have the primary one in their low byte; SQLSTATEs have five characters.
        Ok(number) if code.len() < 5 => matches!(number & 0xff, 18..=20),
        _ => ["22", "23", "54"].iter().any(|class| code.starts_with(class)),
    }
}

pub(super) fn migration_failed(error: MigrateError) -> Error {
    match error {
        MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) | MigrateError::Dirty(_) => {
            Error::Misconfigured(format!(
                "the copy's tables are not of this program ({error}): give the sink a schema or file of its own"
            ))
        }
        error => Error::Transient { doing: "bringing the copy's schema up to date", source: error.into() },
    }
}
