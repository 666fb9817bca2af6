//! The embedded log: the suite of all logs, and what only a file has.

use async_trait::async_trait;
use events::EventLog;
use events::conformance::Backend;
use events::sqlite::{SqliteLog, SqliteLogOptions};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

#[cfg(test)]
#[path = "sqlite/compaction.rs"]
mod compaction;
#[cfg(test)]
#[path = "sqlite/crash.rs"]
mod crash;
#[cfg(test)]
#[path = "sqlite/history.rs"]
mod history;

/// A log in a folder of its own.
struct Folder(TempDir);

impl Folder {
    async fn open(&self, options: SqliteLogOptions) -> SqliteLog {
        SqliteLog::open_with(&self.0.path().join("events.db"), options).await.expect("the log opens")
    }
}

#[async_trait]
impl Backend for Folder {
    async fn log(&self) -> Arc<dyn EventLog> {
        // Opened anew each time: handles share nothing but the file, as processes do.
        let session_timeout = Duration::from_millis(1_000);
        Arc::new(self.open(SqliteLogOptions { session_timeout, ..SqliteLogOptions::default() }).await)
    }
}

fn folder() -> Folder {
    Folder(tempfile::tempdir().expect("a folder"))
}

events::conformance_tests!(Some(folder()));
