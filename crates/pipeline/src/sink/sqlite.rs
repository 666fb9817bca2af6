//! SQL copies in SQLite files: WAL, so that readers of the copy never wait.

use super::failure::{failed, migration_failed};
use crate::error::Result;
use events::codec::Codec;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Pool, Sqlite, Transaction};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

type Db = Sqlite;
/// An id as stored: text, which people can read and every tool can join.
type Id = uuid::fmt::Hyphenated;
/// Any number of ids as one parameter: a JSON array.
type IdList = String;

fn id(id: Uuid) -> Id {
    id.hyphenated()
}

fn id_list(ids: &[Id]) -> IdList {
    let ids: Vec<_> = ids.iter().map(|id| format!("\"{id}\"")).collect();
    format!("[{}]", ids.join(","))
}

/// Whether a column holds one of the ids of the first parameter.
macro_rules! among {
    ($column:literal) => {
        concat!($column, " IN (SELECT value FROM json_each($1))")
    };
}

#[path = "adapter/copy.rs"]
mod copy;

pub use copy::SqlCopy;

/// Short, so that the runner can show the trouble and keep its place among the members.
const BUSY_TIMEOUT: Duration = Duration::from_secs(3);

impl SqlCopy {
    /// A copy in this file. The file is opened when the first partition is read, and until then a locked or missing
    /// one stops nothing.
    ///
    /// # Errors
    /// Never; as its twin for PostgreSQL.
    #[expect(clippy::unused_async, reason = "the pool starts its tasks on the runtime it is made in")]
    pub async fn open(path: &Path, codec: Arc<Codec>) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What a power failure takes back it takes back with its position: it is read again.
            .synchronous(SqliteSynchronous::Normal)
            .pragma("cache_size", "-65536")
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(2 * BUSY_TIMEOUT);
        Ok(Self::new(pool.connect_lazy_with(options), codec))
    }
}

async fn prepare(pool: &Pool<Db>) -> Result<()> {
    sqlx::migrate!("../../migrations/sqlite/sink").run(pool).await.map_err(migration_failed)
}

/// It takes the lock at once, so that it never fails half-way for it.
async fn begin(pool: &Pool<Db>) -> Result<Transaction<'static, Db>> {
    pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed("beginning a write to the copy"))
}
