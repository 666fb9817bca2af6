//! Opens the file: settings of each connection, the schema, and what an error of SQLite means to a caller.

use crate::error::{Error, Result};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
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
    let opened = sqlite_file::open_patiently(|| try_open_writer(path)).await;
    opened.map_err(failed(format!("opening the event log {}", path.display())))
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
    let pool = sqlite_file::pool(READERS_MAX);
    pool.connect_with(options).await.map_err(failed(format!("opening the event log {}", path.display())))
}

/// The connection that notices what other processes wrote.
pub(super) async fn open_watcher(path: &Path) -> Result<SqliteConnection> {
    let connecting = settings(path).pragma("query_only", "ON").connect().await;
    connecting.map_err(failed(format!("opening the event log {}", path.display())))
}

fn settings(path: &Path) -> SqliteConnectOptions {
    sqlite_file::settings(path)
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
    matches!(error, sqlx::Error::Migrate(_)) || sqlite_file::is_corrupt(error)
}
