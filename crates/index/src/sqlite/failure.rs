//! What an error of SQLite means for the caller.

use crate::error::Error;

/// Pages that do not hold together, and a file that is none of SQLite's.
const NOT_A_DATABASE: [&str; 2] = ["11", "26"];

/// Busy, or locked by a connection of the same process.
const LOCKED: [&str; 2] = ["5", "6"];

/// Whether another connection holds the file just now.
pub(super) fn is_locked(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| LOCKED.contains(&code.as_ref()))
}

/// Turns an error into ours, saying what we were doing.
pub(super) fn failed<E: Into<sqlx::Error>, D: Describe>(doing: D) -> impl FnOnce(E) -> Error {
    move |error| {
        let error = error.into();
        let code = error.as_database_error().and_then(|error| error.code());
        match code.as_deref() {
            Some(code) if NOT_A_DATABASE.contains(&code) => Error::Corrupt(format!(
                "{}: {error}; delete the file and replay into a new one",
                doing.describe()
            )),
            // Busy, full, unreadable: it may pass. What cannot pass was refused before it came here.
            _ => Error::transient(doing.describe(), error),
        }
    }
}

/// A text, or how to make it once it is needed.
pub(super) trait Describe {
    fn describe(self) -> String;
}

impl Describe for &str {
    fn describe(self) -> String {
        self.to_owned()
    }
}

impl<F: FnOnce() -> String> Describe for F {
    fn describe(self) -> String {
        self()
    }
}
