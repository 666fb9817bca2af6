//! The stores on SQLite files: WAL, `synchronous=FULL`, one writer and several readers each.

use crate::error::{Doing, Result};
use sqlx::{Pool, Sqlite, Transaction};
use std::path::Path;

pub(crate) type Db = Sqlite;

/// Ids given as one JSON array of hexadecimal texts: any number of them in one parameter.
macro_rules! ids {
    ($parameter:literal) => {
        concat!("(SELECT unhex(value) FROM json_each(", $parameter, "))")
    };
}
/// Texts given as one JSON array.
macro_rules! texts {
    ($parameter:literal) => {
        concat!("(SELECT value FROM json_each(", $parameter, "))")
    };
}
/// Numbers given as one JSON array.
macro_rules! numbers {
    ($parameter:literal) => {
        concat!("(SELECT value FROM json_each(", $parameter, "))")
    };
}
/// A JSON array as rows with a column `value`.
macro_rules! json_rows {
    ($parameter:literal) => {
        concat!("json_each(", $parameter, ")")
    };
}
/// A text of `json_rows!` as an id.
macro_rules! id_column {
    ($column:literal) => {
        concat!("unhex(", $column, ")")
    };
}
/// The database's clock, milliseconds since 1970.
macro_rules! now_ms {
    () => {
        "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
    };
}

/// Holds the selected rows until the transaction ends.
macro_rules! for_update {
    () => {
        ""
    };
}

/// Inserts rows none of which may be there; if one is, the whole transaction is to end.
macro_rules! insert_new {
    () => {
        "INSERT OR FAIL"
    };
}

#[path = "adapter/leases.rs"]
mod leases;
#[path = "adapter/organizations.rs"]
mod organizations;
#[cfg(test)]
mod plans;
#[path = "adapter/resolution.rs"]
mod resolution;
mod window;

pub use organizations::OrganizationsStore;
pub use resolution::ResolutionStore;

/// Readers and writers of one database.
#[derive(Clone, Debug)]
pub(crate) struct Pools {
    pub(crate) read: Pool<Db>,
    pub(crate) write: Pool<Db>,
}

async fn open(path: &Path) -> Result<Pools> {
    let options = sqlite_file::settings(path)
        .create_if_missing(true)
        .foreign_keys(true)
        // Without it, a REPLACE would delete rows and no trigger would see it.
        .pragma("recursive_triggers", "ON")
        .pragma("mmap_size", "1073741824")
        .pragma("temp_store", "MEMORY")
        // 64 MB of changes, as an import makes many: each page is copied back once for several batches (measured: a
        // tenth faster).
        .pragma("wal_autocheckpoint", "16384")
        .statement_cache_capacity(400);
    let opening = || format!("opening {}", path.display());
    let cached = |mib: u32| options.clone().pragma("cache_size", format!("-{}", mib * 1024));
    let write = sqlite_file::open_patiently(|| sqlite_file::pool(1).connect_with(cached(64)));
    let write = write.await.doing(opening)?;
    // A reader's pages are of no use once another connection has written.
    let read = sqlite_file::pool(4).connect_with(cached(16)).await.doing(opening)?;
    Ok(Pools { read, write })
}

impl OrganizationsStore {
    /// Opens the organizations database in this file and brings its schema up to date.
    ///
    /// # Errors
    /// When the file cannot be opened or a migration fails.
    pub async fn open(path: &Path) -> Result<Self> {
        let pools = open(path).await?;
        migrate(&sqlx::migrate!("../../migrations/sqlite/organizations"), &pools).await?;
        Ok(Self::new(pools))
    }
}

impl ResolutionStore {
    /// Opens the resolution database in this file and brings its schema up to date; speaks for the live
    /// generation. In a new one that is a first generation of this model: its version and its text.
    ///
    /// # Errors
    /// When the file cannot be opened or a migration fails.
    pub async fn open(path: &Path, first_model: (&str, &str)) -> Result<Self> {
        let pools = open(path).await?;
        migrate(&sqlx::migrate!("../../migrations/sqlite/resolution"), &pools).await?;
        Self::in_live_generation(pools, first_model).await
    }
}

/// Under the writer's lock: several processes may open a new file at once.
async fn migrate(migrator: &sqlx::migrate::Migrator, pools: &Pools) -> Result<()> {
    let mut transaction = pools.begin_write().await?;
    let migrated = migrator.run_direct(None, &mut *transaction, false).await;
    migrated.map_err(|error| crate::Error::transient("bringing the schema up to date", error))?;
    transaction.commit().await.doing(|| "bringing the schema up to date".into())
}

impl Pools {
    /// A transaction that may write. It takes the lock at once, so that it never fails half-way for it.
    pub(crate) async fn begin_write(&self) -> Result<Transaction<'static, Db>> {
        self.write.begin_with("BEGIN IMMEDIATE").await.doing(|| "beginning a write".into())
    }

    /// A transaction in which all reads see one state.
    pub(crate) async fn begin_snapshot(&self) -> Result<Transaction<'static, Db>> {
        self.read.begin().await.doing(|| "beginning a read".into())
    }
}

/// Nothing to do: SQLite has one writer.
pub(crate) async fn serialize_writers(_transaction: &mut Transaction<'static, Db>, _what: i64) -> Result<()> {
    Ok(())
}
