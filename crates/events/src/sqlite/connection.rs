//! Opens the file: settings of each connection, the schema, and what an error of SQLite means to a caller.

use crate::error::{Error, Result};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, SqlitePool};
use std::path::Path;
use std::time::Duration;

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite/events");

/// Longer than any transaction of ours; who waits longer is told to come back.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Reads take a fraction of a millisecond; more connections than this only cost threads.
const READERS_MAX: u32 = 4;

/// The connection that writes, on a file with the newest schema.
pub(super) async fn open_writer(path: &Path) -> Result<SqliteConnection> {
    let doing = || format!("opening the event log {}", path.display());
    let mut attempts = 0;
    loop {
        // Two processes may make the file at the same time: switching to the write-ahead log then answers
        // "locked" without waiting for the busy timeout.
        match try_open_writer(path).await {
            Err(error) if is_busy(&error) && attempts < 100 => {
                attempts += 1;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            opened => return opened.map_err(failed(doing())),
        }
    }
}

async fn try_open_writer(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    let mut connection = settings(path).create_if_missing(true).connect().await?;
    let mut migrating = connection.begin_with("BEGIN IMMEDIATE").await?;
    // `run` would take the same connection, but its future is not Send.
    MIGRATIONS.run_direct(None, &mut *migrating, false).await.map_err(|error| match error {
        MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) => cause,
        other => sqlx::Error::Migrate(Box::new(other)),
    })?;
    migrating.commit().await?;
    Ok(connection)
}

/// The connections that read.
pub(super) async fn open_readers(path: &Path) -> Result<SqlitePool> {
    let options = settings(path).pragma("query_only", "ON");
    let pool = SqlitePoolOptions::new().max_connections(READERS_MAX).test_before_acquire(false);
    pool.connect_with(options).await.map_err(failed(format!("opening the event log {}", path.display())))
}

/// The connection that notices what other processes wrote.
pub(super) async fn open_watcher(path: &Path) -> Result<SqliteConnection> {
    let connecting = settings(path).pragma("query_only", "ON").connect().await;
    connecting.map_err(failed(format!("opening the event log {}", path.display())))
}

fn settings(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // An append that returned must survive a power cut: NORMAL would sync only at checkpoints.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("journal_size_limit", "67108864")
        .disable_statement_logging()
}

/// Turns an error of SQLite into ours, saying what we were doing.
pub(super) fn failed(doing: impl Into<String>) -> impl FnOnce(sqlx::Error) -> Error {
    let doing = doing.into();
    move |error| {
        if is_corrupt(&error) {
            return Error::Corrupt(format!("{doing}: {error}"));
        }
        Error::transient(doing, error)
    }
}

/// Whether the file is not what we wrote: waiting will not help.
pub(super) fn is_corrupt(error: &sqlx::Error) -> bool {
    const CORRUPT: i32 = 11;
    const NOT_A_DATABASE: i32 = 26;
    matches!(error, sqlx::Error::Migrate(_)) || matches!(primary_code(error), Some(CORRUPT | NOT_A_DATABASE))
}

/// Whether another process holds the file.
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    const BUSY: i32 = 5;
    const LOCKED: i32 = 6;
    matches!(primary_code(error), Some(BUSY | LOCKED))
}

/// The low byte of SQLite's extended result code.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?.parse::<i32>().ok()?;
    Some(code & 0xff)
}
