//! The database that a copy is kept in, and what is found there.

use async_trait::async_trait;
use events::Event;
use events::codec::Codec;
use events::log::{Position, TopicPartition};
use pipeline::{Result, Stage, sink};
use sqlx::{AssertSqlSafe, Connection};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// A database of a test.
pub(crate) enum Target {
    Sqlite {
        folder: TempDir,
    },
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "built without PostgreSQL"))]
    Postgres {
        server: String,
        name: String,
    },
}

/// A copy in either.
pub(crate) enum Copy {
    Sqlite(sink::sqlite::SqlCopy),
    #[cfg(feature = "postgres")]
    Postgres(sink::postgres::SqlCopy),
}

pub(crate) const TABLES: [&str; 10] = [
    "organization",
    "organization_redirect",
    "organization_alternate_name",
    "organization_identifier",
    "location",
    "address",
    "service",
    "service_at_location",
    "phone",
    "sink_version",
];

impl Target {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite { folder: tempfile::tempdir().unwrap() }
    }

    /// A database of its own on the test server, if there is one.
    #[expect(clippy::disallowed_methods, reason = "tests find their servers in the environment")]
    #[cfg_attr(not(feature = "postgres"), expect(clippy::unused_async, reason = "built without PostgreSQL"))]
    pub(crate) async fn postgres() -> Option<Self> {
        let required = std::env::var("ORGLOOP_TEST_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
        let server = std::env::var("ORGLOOP_TEST_POSTGRES_URL").ok();
        #[cfg(feature = "postgres")]
        if let Some(server) = server {
            let target = Self::Postgres { server, name: format!("sink_{}", uuid::Uuid::new_v4().simple()) };
            target.create().await;
            return Some(target);
        }
        #[cfg(not(feature = "postgres"))]
        let required = required && server.is_some();
        assert!(
            !required,
            "PostgreSQL is required: set ORGLOOP_TEST_POSTGRES_URL and build with the feature postgres"
        );
        println!("SKIPPED: no PostgreSQL (ORGLOOP_TEST_POSTGRES_URL, feature postgres)");
        None
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite { .. })
    }

    pub(crate) fn file(&self) -> PathBuf {
        match self {
            Self::Sqlite { folder } => folder.path().join("place/copy.db"),
            Self::Postgres { .. } => unreachable!("a database on a server has no file"),
        }
    }

    /// Makes the place for the copy.
    pub(crate) async fn create(&self) {
        match self {
            Self::Sqlite { .. } => std::fs::create_dir_all(self.file().parent().unwrap()).unwrap(),
            Self::Postgres { name, .. } => self.on_server(&format!("CREATE DATABASE {name}")).await,
        }
    }

    /// Takes the place of the copy away.
    pub(crate) async fn remove(&self) {
        match self {
            Self::Sqlite { .. } => drop(std::fs::remove_dir_all(self.file().parent().unwrap())),
            Self::Postgres { name, .. } => {
                self.on_server(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
            }
        }
    }

    pub(crate) async fn copy(&self, codec: &Arc<Codec>) -> Copy {
        let codec = Arc::clone(codec);
        match self {
            Self::Sqlite { .. } => {
                Copy::Sqlite(sink::sqlite::SqlCopy::open(&self.file(), codec).await.unwrap())
            }
            #[cfg(feature = "postgres")]
            Self::Postgres { .. } => {
                Copy::Postgres(sink::postgres::SqlCopy::connect(&self.url(), codec).await.unwrap())
            }
            #[cfg(not(feature = "postgres"))]
            Self::Postgres { .. } => unreachable!("built without PostgreSQL"),
        }
    }

    /// Runs a statement on the server, beside the database.
    #[cfg(feature = "postgres")]
    pub(crate) async fn on_server(&self, statement: &str) {
        let Self::Postgres { server, .. } = self else { return };
        let mut connection = sqlx::PgConnection::connect(server).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    #[cfg(not(feature = "postgres"))]
    #[expect(clippy::unused_async, reason = "built without PostgreSQL")]
    pub(crate) async fn on_server(&self, _statement: &str) {}

    #[cfg(feature = "postgres")]
    fn url(&self) -> String {
        let Self::Postgres { server, name } = self else { unreachable!("a file has no URL") };
        let (address, _) = server.rsplit_once('/').unwrap();
        format!("{address}/{name}")
    }

    /// Runs a statement on the copy.
    pub(crate) async fn execute(&self, statement: &str) {
        let statement = AssertSqlSafe(statement);
        match self {
            Self::Sqlite { .. } => {
                let mut connection = self.sqlite_connection().await;
                sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            #[cfg(feature = "postgres")]
            Self::Postgres { .. } => {
                let mut connection = self.postgres_connection().await;
                sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            #[cfg(not(feature = "postgres"))]
            Self::Postgres { .. } => unreachable!("built without PostgreSQL"),
        }
    }

    /// The one text column that a query on the copy gives.
    pub(crate) async fn texts(&self, query: &str) -> Vec<String> {
        let query = AssertSqlSafe(query);
        let found: Vec<Option<String>> = match self {
            Self::Sqlite { .. } => {
                let mut connection = self.sqlite_connection().await;
                let found = sqlx::query_scalar(query).fetch_all(&mut connection).await.unwrap();
                connection.close().await.unwrap();
                found
            }
            #[cfg(feature = "postgres")]
            Self::Postgres { .. } => {
                let mut connection = self.postgres_connection().await;
                let found = sqlx::query_scalar(query).fetch_all(&mut connection).await.unwrap();
                connection.close().await.unwrap();
                found
            }
            #[cfg(not(feature = "postgres"))]
            Self::Postgres { .. } => unreachable!("built without PostgreSQL"),
        };
        found.into_iter().map(|text| text.unwrap_or_else(|| "NULL".into())).collect()
    }

    /// How many rows there are.
    pub(crate) async fn count(&self, table: &str) -> usize {
        self.texts(&format!("SELECT CAST(count(*) AS TEXT) FROM {table}")).await[0].parse().unwrap()
    }

    /// All rows of all tables but the positions, a line each.
    pub(crate) async fn dump(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for table in TABLES {
            let row = if self.is_sqlite() {
                let columns = self.texts(&format!("SELECT name FROM pragma_table_info('{table}')")).await;
                let columns: Vec<_> = columns.iter().map(|column| format!("'{column}', {column}")).collect();
                format!("json_object({})", columns.join(", "))
            } else {
                format!("to_jsonb({table})::text")
            };
            let rows = self.texts(&format!("SELECT {row} FROM {table} ORDER BY 1")).await;
            lines.extend(rows.into_iter().map(|row| format!("{table} {row}")));
        }
        lines
    }

    pub(crate) async fn sqlite_connection(&self) -> sqlx::SqliteConnection {
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(self.file())
            .busy_timeout(std::time::Duration::from_secs(20));
        sqlx::SqliteConnection::connect_with(&options).await.unwrap()
    }

    #[cfg(feature = "postgres")]
    async fn postgres_connection(&self) -> sqlx::PgConnection {
        let options: sqlx::postgres::PgConnectOptions = self.url().parse().unwrap();
        sqlx::PgConnection::connect_with(&options.options([("search_path", "orgloop")])).await.unwrap()
    }
}

macro_rules! either {
    ($self:ident, $copy:ident => $call:expr) => {
        match $self {
            Copy::Sqlite($copy) => $call.await,
            #[cfg(feature = "postgres")]
            Copy::Postgres($copy) => $call.await,
        }
    };
}

#[async_trait]
impl Stage for Copy {
    async fn apply(&mut self, events: &[Event]) -> Result<usize> {
        either!(self, copy => copy.apply(events))
    }

    async fn positions(&mut self, assigned: &[TopicPartition]) -> Result<Vec<Position>> {
        either!(self, copy => copy.positions(assigned))
    }

    async fn restarted(&mut self, positions: &[Position]) -> Result<()> {
        either!(self, copy => copy.restarted(positions))
    }

    async fn finished(&mut self, positions: &[Position]) -> Result<()> {
        either!(self, copy => copy.finished(positions))
    }
}
