//! What an error of SQLite means for the caller.

use crate::error::Error;

/// Turns an error into ours, saying what we were doing.
pub(super) fn failed<E: Into<sqlx::Error>, D: Describe>(doing: D) -> impl FnOnce(E) -> Error {
    move |error| {
        let error = error.into();
        if sqlite_file::is_corrupt(&error) {
            return Error::Corrupt(format!(
                "{}: {error}; delete the file and replay into a new one",
                doing.describe()
            ));
        }
        // Busy, full, unreadable: it may pass. What cannot pass was refused before it came here.
        Error::transient(doing.describe(), error)
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
