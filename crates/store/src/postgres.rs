//! The stores on PostgreSQL.

use crate::error::{Doing, Result};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Pool, Postgres, Transaction};
use std::str::FromStr;
use std::time::Duration;

pub(crate) type Db = Postgres;

/// Ids given as one JSON array of texts: any number of them in one parameter.
macro_rules! ids {
    ($parameter:literal) => {
        concat!("(SELECT value::uuid FROM jsonb_array_elements_text(", $parameter, "::jsonb))")
    };
}
/// Texts given as one JSON array.
macro_rules! texts {
    ($parameter:literal) => {
        concat!("(SELECT value FROM jsonb_array_elements_text(", $parameter, "::jsonb))")
    };
}
/// Numbers given as one JSON array.
macro_rules! numbers {
    ($parameter:literal) => {
        concat!("(SELECT value::bigint FROM jsonb_array_elements_text(", $parameter, "::jsonb))")
    };
}
/// A JSON array as rows with a column `value`.
macro_rules! json_rows {
    ($parameter:literal) => {
        concat!("jsonb_array_elements_text(", $parameter, "::jsonb)")
    };
}
/// A text of `json_rows!` as an id.
macro_rules! id_column {
    ($column:literal) => {
        concat!("", $column, "::uuid")
    };
}
/// The database's clock, milliseconds since 1970.
macro_rules! now_ms {
    () => {
        "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    };
}

/// Holds the selected rows until the transaction ends.
macro_rules! for_update {
    () => {
        " FOR UPDATE"
    };
}

/// Inserts rows none of which may be there; if one is, the whole transaction is to end.
macro_rules! insert_new {
    () => {
        "INSERT"
    };
}

#[path = "adapter/leases.rs"]
mod leases;
#[path = "adapter/organizations.rs"]
mod organizations;
#[path = "adapter/resolution.rs"]
mod resolution;
mod window;

pub use organizations::OrganizationsStore;
pub use resolution::ResolutionStore;

/// Readers and writers of one database; here they are the same.
#[derive(Clone, Debug)]
pub(crate) struct Pools {
    pub(crate) read: Pool<Db>,
    pub(crate) write: Pool<Db>,
}

async fn open(url: &str) -> Result<Pools> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| crate::Error::Invalid(format!("the database's URL is not right: {error}")))?
        .application_name("orgloop")
        .log_slow_statements(tracing::log::LevelFilter::Warn, Duration::from_secs(5));
    let pool = PgPoolOptions::new()
        .max_connections(8)
        .acquire_timeout(Duration::from_secs(15))
        .connect_with(options)
        .await
        .doing(|| "connecting to PostgreSQL".into())?;
    Ok(Pools { read: pool.clone(), write: pool })
}

impl OrganizationsStore {
    /// Connects to the organizations database and brings its schema up to date.
    ///
    /// # Errors
    /// When the database cannot be reached or a migration fails.
    pub async fn connect(url: &str) -> Result<Self> {
        let pools = open(url).await?;
        migrate(&sqlx::migrate!("../../migrations/postgres/organizations"), &pools).await?;
        Ok(Self::new(pools))
    }
}

impl ResolutionStore {
    /// Connects to the resolution database and brings its schema up to date; speaks for the live
    /// generation. In a new one that is a first generation of this model: its version and its text.
    ///
    /// # Errors
    /// When the database cannot be reached or a migration fails.
    pub async fn connect(url: &str, first_model: (&str, &str)) -> Result<Self> {
        let pools = open(url).await?;
        migrate(&sqlx::migrate!("../../migrations/postgres/resolution"), &pools).await?;
        Self::in_live_generation(pools, first_model).await
    }
}

async fn migrate(migrator: &sqlx::migrate::Migrator, pools: &Pools) -> Result<()> {
    let migrated = migrator.run(&pools.write).await;
    migrated.map_err(|error| crate::Error::transient("bringing the schema up to date", error))
}

impl Pools {
    /// A transaction that may write; parents may come after their children. (Deferred here and not in the schema:
    /// others' statements are checked at once, and a TRUNCATE of theirs has no check waiting for rows that are gone.)
    pub(crate) async fn begin_write(&self) -> Result<Transaction<'static, Db>> {
        let mut transaction = self.write.begin().await.doing(|| "beginning a write".into())?;
        let deferred = sqlx::query("SET CONSTRAINTS ALL DEFERRED").execute(&mut *transaction).await;
        deferred.doing(|| "deferring foreign keys".into())?;
        Ok(transaction)
    }

    /// A transaction in which all reads see one state.
    pub(crate) async fn begin_snapshot(&self) -> Result<Transaction<'static, Db>> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        self.read.begin_with(begin).await.doing(|| "beginning a read".into())
    }
}

/// Waits until no other transaction of this kind is open: what SQLite gives by having one writer.
pub(crate) async fn serialize_writers(transaction: &mut Transaction<'static, Db>, what: i64) -> Result<()> {
    let locked = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(what).execute(&mut **transaction).await;
    locked.map(drop).doing(|| "waiting for other writers".into())
}
