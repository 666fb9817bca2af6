//! The stores on SQLite files: the suite of all stores, and what only a file has.

use async_trait::async_trait;
use std::sync::Arc;
use store::conformance::{Backend, DataProduct};
use store::sqlite::{OrganizationsStore, ResolutionStore};
use store::{Generations, Resolution};
use tempfile::TempDir;
use uuid::Uuid;

#[path = "sqlite/crash.rs"]
mod crash;
#[path = "sqlite/migrations.rs"]
mod migrations;
#[path = "sample/record.rs"]
mod sample;
#[path = "sqlite/writers.rs"]
mod writers;

use sample::record;

/// Databases in a folder of their own.
struct Folder(TempDir);

#[async_trait]
impl Backend for Folder {
    async fn organizations(&self) -> Arc<dyn DataProduct> {
        let path = self.0.path().join("organizations.db");
        Arc::new(OrganizationsStore::open(&path).await.expect("the database opens"))
    }

    async fn resolution(&self, model_version: &str) -> Arc<dyn Resolution> {
        let path = self.0.path().join("resolution.db");
        let store = ResolutionStore::open(&path, (model_version, "")).await.expect("the database opens");
        let generation = store.stage(model_version, "").await.expect("staged");
        store.of(generation.id)
    }

    async fn generations(&self) -> Arc<dyn Generations> {
        let path = self.0.path().join("resolution.db");
        Arc::new(ResolutionStore::open(&path, ("one", "")).await.expect("the database opens"))
    }

    async fn run(&self, statements: &[String]) -> Result<(), sqlx::Error> {
        use sqlx::ConnectOptions as _;
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(self.0.path().join("organizations.db"))
            .busy_timeout(std::time::Duration::from_secs(30));
        let mut connection = options.connect().await?;
        let mut transaction = sqlx::Connection::begin_with(&mut connection, "BEGIN IMMEDIATE").await?;
        for statement in statements {
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement.clone())).execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }

    fn literal(&self, id: Uuid) -> String {
        format!("x'{}'", id.simple())
    }

    async fn remove(self: Box<Self>) {}
}

fn folder() -> Option<Box<dyn Backend>> {
    Some(Box::new(Folder(tempfile::tempdir().expect("a folder"))))
}

store::conformance_tests!(folder());

#[tokio::test]
async fn a_position_from_the_future_is_refused() {
    use store::ChangeLog as _;
    let folder = tempfile::tempdir().expect("a folder");
    let store =
        OrganizationsStore::open(&folder.path().join("organizations.db")).await.expect("the database opens");
    // As after a restore of an older file.
    let refused = store.capture(Some("5"), 10).await;
    assert!(matches!(refused, Err(store::Error::Invalid(_))), "{refused:?}");
}
