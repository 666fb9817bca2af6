//! The index in one SQLite file: a key table for blocks, FTS5 for people's searches.
//!
//! One connection writes, some read; a call is a handful of statements whatever its size, because each
//! statement costs a turn through the connection's thread.

mod candidates;
mod failure;
mod generation;
mod read;
mod search;
mod write;

use crate::error::Result;
use crate::port::{Block, Candidates, Index, IndexWrite, SearchHit, StoredDocument, WriteOutcome};
use async_trait::async_trait;
use entity::RecordId;
use failure::failed;
use generation::{GenerationId, Scope};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqliteTransaction;
use sqlx::{Sqlite, SqlitePool};
use std::path::Path;
use std::sync::Arc;

/// Readers beside the writer: as many as workers ask at once on one machine.
const READERS: u32 = 4;
/// The pages that a batch touches lie all over the key table: it pays to keep them.
const WRITER_CACHE_KIB: i64 = 96 * 1024;
const READER_CACHE_KIB: i64 = 32 * 1024;
/// Reads beyond the cache go through the page cache of the system without a copy.
const MMAP_BYTES: i64 = 1 << 30;
/// Pages in the write-ahead log before they are moved home: random pages are worth gathering.
const CHECKPOINT_PAGES: i64 = 32 * 1024;

/// The index in one SQLite file, the live generation or a named one.
#[derive(Clone, Debug)]
pub struct SqliteIndex {
    writer: SqlitePool,
    readers: SqlitePool,
    scope: Scope,
}

impl SqliteIndex {
    /// Opens the file, makes it where it is missing, and brings its tables up to date.
    ///
    /// # Errors
    /// When the file cannot be opened, or is not an index.
    pub async fn open(path: &Path) -> Result<Self> {
        let doing = || format!("opening the index {}", path.display());
        let options = sqlite_file::settings(path)
            .create_if_missing(true)
            .pragma("temp_store", "memory")
            .pragma("mmap_size", MMAP_BYTES.to_string())
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES.to_string());
        let writing = options.clone().pragma("cache_size", format!("-{WRITER_CACHE_KIB}"));
        let reading = options.pragma("cache_size", format!("-{READER_CACHE_KIB}")).pragma("query_only", "on");
        let writer = sqlite_file::open_patiently(|| sqlite_file::pool(1).connect_with(writing.clone()));
        let writer = writer.await.map_err(failed(doing))?;
        let readers = sqlite_file::pool(READERS).connect_lazy_with(reading);
        let index = Self { writer, readers, scope: Scope::Live };
        index.bring_up_to_date().await?;
        Ok(index)
    }

    /// A write transaction: it holds the lock from its start, so that it never has to be taken back.
    async fn begin_write(&self) -> Result<SqliteTransaction<'static>> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(failed("starting to write the index"))
    }

    /// A reader, and the generation that it is to read.
    ///
    /// Without a transaction, whose two statements would cost as much as the answer. A document keeps its number for ever, so
    /// that one statement's numbers hold for the next; a switch in between is as if the call had come before it; and a
    /// generation that is dropped in between fails the call as transient.
    async fn reader(&self) -> Result<(PoolConnection<Sqlite>, GenerationId)> {
        let mut connection = self.readers.acquire().await.map_err(failed("starting to read the index"))?;
        let generation = self.scope.resolve(&mut connection).await?;
        Ok((connection, generation))
    }
}

#[async_trait]
impl Index for SqliteIndex {
    async fn write(&self, writes: Vec<IndexWrite>) -> Result<Vec<WriteOutcome>> {
        self.write_all(writes).await
    }

    async fn refresh(&self) -> Result<()> {
        // A committed write is searchable.
        Ok(())
    }

    async fn blocks(&self, keys: &[String], block_size_max: usize) -> Result<Vec<Block>> {
        let (mut reader, generation) = self.reader().await?;
        read::blocks(&mut reader, generation, keys, block_size_max).await
    }

    async fn candidates(&self, keys: &[String], block_size_max: usize) -> Result<Candidates> {
        let (mut reader, generation) = self.reader().await?;
        candidates::candidates(&mut reader, generation, keys, block_size_max).await
    }

    async fn documents(&self, ids: &[RecordId]) -> Result<Vec<StoredDocument>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let (mut reader, generation) = self.reader().await?;
        read::documents(&mut reader, generation, ids).await
    }

    async fn search(&self, text: &str, limit: usize) -> Result<Vec<SearchHit>> {
        let (mut reader, generation) = self.reader().await?;
        search::search(&mut reader, generation, text, limit).await
    }

    async fn scan(&self, after: Option<RecordId>, limit: usize) -> Result<Vec<StoredDocument>> {
        let (mut reader, generation) = self.reader().await?;
        read::scan(&mut reader, generation, after, limit).await
    }

    async fn count(&self) -> Result<u64> {
        let (mut reader, generation) = self.reader().await?;
        read::count(&mut reader, generation).await
    }

    async fn generation(&self, name: &str) -> Result<Arc<dyn Index>> {
        Ok(Arc::new(self.open_generation(name).await?))
    }

    async fn generations(&self) -> Result<Vec<String>> {
        self.names().await
    }

    async fn switch_to(&self, name: &str) -> Result<()> {
        self.make_live(name).await
    }

    async fn drop_generation(&self, name: &str) -> Result<()> {
        self.remove(name).await
    }
}
