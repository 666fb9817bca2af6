//! What the SQLite files of the loop have in common: any number of processes opens one at once, and a commit that
//! returned survives a power cut.

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a statement waits for others to let go of the file, unless the settings are changed: longer than any transaction of
/// ours.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Between two attempts to open a file that another process is making.
const OPEN_RETRY: Duration = Duration::from_millis(10);

/// Settings of every connection: the write-ahead log, and a sync for every commit. The file is not made.
#[must_use]
pub fn settings(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // `NORMAL` would sync only when the log is moved home.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
}

/// A pool of so many connections. One to a file does not go stale, so it is neither tried before use nor thrown away; and who
/// waits for one waits longer than it may be waiting itself.
#[must_use]
pub fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(2 * BUSY_TIMEOUT)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
}

/// Opens a file that may be new, again and again while it is locked. While one process turns a new file to its write-ahead
/// log, SQLite answers the others at once that it is locked, whatever the busy timeout.
///
/// # Errors
/// What `open` failed with: something else than a lock, or a lock still after 30 seconds.
pub async fn open_patiently<T, F>(mut open: impl FnMut() -> F) -> sqlx::Result<T>
where
    F: Future<Output = sqlx::Result<T>>,
{
    let begun = Instant::now();
    loop {
        match open().await {
            Err(error) if is_locked(&error) && begun.elapsed() < BUSY_TIMEOUT => {
                tokio::time::sleep(OPEN_RETRY).await;
            }
            opened => return opened,
        }
    }
}

/// Whether another connection holds the file, of this process or of another one: it may pass.
#[must_use]
pub fn is_locked(error: &sqlx::Error) -> bool {
    const BUSY: i32 = 5;
    const LOCKED: i32 = 6;
    matches!(primary_code(error), Some(BUSY | LOCKED))
}

/// Whether the file does not hold together, or is none of SQLite's: waiting will not help.
#[must_use]
pub fn is_corrupt(error: &sqlx::Error) -> bool {
    const CORRUPT: i32 = 11;
    const NOT_A_DATABASE: i32 = 26;
    matches!(primary_code(error), Some(CORRUPT | NOT_A_DATABASE))
}

/// The low byte of SQLite's extended result code: <https://sqlite.org/rescode.html>.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?.parse::<i32>().ok()?;
    Some(code & 0xff)
}

#[cfg(test)]
mod tests {
    use super::{is_corrupt, is_locked, open_patiently, pool, settings};

    #[tokio::test]
    async fn openers_of_one_new_file_wait_for_each_other() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let options = settings(&folder.path().join("new.db")).create_if_missing(true);
            let open = || open_patiently(|| pool(1).connect_with(options.clone()));
            let opened = tokio::join!(open(), open(), open(), open());
            for opened in [opened.0, opened.1, opened.2, opened.3] {
                opened.unwrap();
            }
        }
    }

    #[tokio::test]
    async fn what_a_failure_means_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("notes.txt");
        std::fs::write(&text, "no database, however long this text may go on".repeat(50)).unwrap();
        let error = pool(1).connect_with(settings(&text)).await.unwrap_err();
        assert!(is_corrupt(&error) && !is_locked(&error), "{error}");

        let path = folder.path().join("held.db");
        let options = settings(&path).create_if_missing(true).busy_timeout(std::time::Duration::ZERO);
        let (one, other) = (pool(1).connect_with(options.clone()), pool(1).connect_with(options.clone()));
        let (one, other) = (one.await.unwrap(), other.await.unwrap());
        let _held = one.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let error = other.begin_with("BEGIN IMMEDIATE").await.unwrap_err();
        assert!(is_locked(&error) && !is_corrupt(&error), "{error}");
    }
}
