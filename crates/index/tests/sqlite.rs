//! The suite on SQLite.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use async_trait::async_trait;
use index::Index;
use index::conformance::Bed;
use index::sqlite::SqliteIndex;
use std::sync::Arc;
use tempfile::TempDir;

struct File(TempDir);

#[async_trait]
impl Bed for File {
    async fn open(&self) -> Arc<dyn Index> {
        Arc::new(SqliteIndex::open(&self.0.path().join("index.db")).await.unwrap())
    }

    async fn remove(self: Box<Self>) {
        self.0.close().unwrap();
    }
}

fn bed() -> Option<Box<dyn Bed>> {
    Some(Box::new(File(TempDir::new().unwrap())))
}

index::index_conformance!(bed());
