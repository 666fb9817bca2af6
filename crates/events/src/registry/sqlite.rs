//! The embedded registry: a SQLite file of its own.

use super::{
    Compatibility, Deletion, RegisteredSchema, SchemaRegistry, SchemaVersion, Scope, compatibility, find,
    parsed, refuse_if_any,
};
use crate::error::{Error, Result};
use async_trait::async_trait;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{SqliteConnection, SqlitePool};
use std::path::Path;

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite/registry");

/// The level of subjects without one of their own, as Confluent's registry begins.
const LEVEL_DEFAULT: Compatibility = Compatibility::Backward;

/// Any number of processes may open the same file.
#[derive(Clone, Debug)]
pub struct SqliteRegistry {
    pool: SqlitePool,
}

impl SqliteRegistry {
    /// Opens the file, and makes it if it is not there.
    ///
    /// # Errors
    /// `Transient` when the file cannot be opened or another process holds it for too long; `Corrupt` when it is
    /// another version's.
    pub async fn open(path: &Path) -> Result<Self> {
        let options = sqlite_file::settings(path).create_if_missing(true).foreign_keys(true);
        let opening = || format!("opening the schema registry {}", path.display());
        let pool = sqlite_file::open_patiently(|| sqlite_file::pool(4).connect_with(options.clone())).await;
        let pool = pool.map_err(|error| Error::transient(opening(), error))?;
        // One write transaction around all: two processes that start at once migrate one after the other.
        let mut transaction =
            pool.begin_with("BEGIN IMMEDIATE").await.map_err(|error| Error::transient(opening(), error))?;
        MIGRATIONS.run_direct(None, &mut *transaction, false).await.map_err(|error| match error {
            MigrateError::Execute(_) | MigrateError::ExecuteMigration(..) => {
                Error::transient(opening(), error)
            }
            // Waiting does not help: the file was made by another program, or by a later version of this one.
            other => Error::Corrupt(format!("{}: {other}", opening())),
        })?;
        transaction.commit().await.map_err(|error| Error::transient(opening(), error))?;
        Ok(Self { pool })
    }
}

/// A row of `registry_version` with the schema's text.
type Row = (i32, i32, String);

fn named(subject: &str, (id, version, schema): Row) -> RegisteredSchema {
    RegisteredSchema { subject: subject.to_owned(), id, version, schema }
}

fn reading(error: sqlx::Error) -> Error {
    Error::transient("reading the schema registry", error)
}

fn writing(error: sqlx::Error) -> Error {
    Error::transient("writing the schema registry", error)
}

#[async_trait]
impl SchemaRegistry for SqliteRegistry {
    async fn subjects(&self, scope: Scope) -> Result<Vec<String>> {
        let sql = "SELECT DISTINCT subject FROM registry_version WHERE deleted <= ? ORDER BY subject";
        sqlx::query_scalar(sql).bind(deleted_max(scope)).fetch_all(&self.pool).await.map_err(reading)
    }

    async fn versions(&self, subject: &str, scope: Scope) -> Result<Vec<i32>> {
        let sql = "SELECT version FROM registry_version WHERE subject = ? AND deleted <= ? ORDER BY version";
        let rows = sqlx::query_scalar(sql).bind(subject).bind(deleted_max(scope));
        let versions: Vec<i32> = rows.fetch_all(&self.pool).await.map_err(reading)?;
        if versions.is_empty() { Err(no_subject(subject)) } else { Ok(versions) }
    }

    async fn schema(&self, subject: &str, version: SchemaVersion) -> Result<RegisteredSchema> {
        let sql = "SELECT schema_id, version, schema FROM registry_version JOIN registry_schema ON id = schema_id \
                   WHERE subject = ?1 AND deleted = 0 AND (?2 IS NULL OR version = ?2) \
                   ORDER BY version DESC LIMIT 1";
        let number = match version {
            SchemaVersion::Latest => None,
            SchemaVersion::Number(number) => Some(number),
        };
        let row: Option<Row> = sqlx::query_as(sql)
            .bind(subject)
            .bind(number)
            .fetch_optional(&self.pool)
            .await
            .map_err(reading)?;
        let missing = || match number {
            None => no_subject(subject),
            Some(number) => Error::NotFound(format!("version {number} of subject {subject}")),
        };
        row.map(|row| named(subject, row)).ok_or_else(missing)
    }

    async fn by_id(&self, id: i32) -> Result<String> {
        let row = sqlx::query_scalar("SELECT schema FROM registry_schema WHERE id = ?").bind(id);
        let schema = row.fetch_optional(&self.pool).await.map_err(reading)?;
        schema.ok_or_else(|| Error::NotFound(format!("schema id {id}")))
    }

    async fn register(&self, subject: &str, schema: &str) -> Result<i32> {
        parsed::Schema::parse(schema)?;
        // From the first read on, nobody else writes: two processes cannot both find that the schema fits.
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(writing)?;
        let history = history(&mut transaction, subject).await?;
        if let Some(known) = find(&history, schema)? {
            return Ok(known.id);
        }
        let level = level(&mut transaction, subject).await?;
        refuse_if_any(subject, compatibility::problems(level, schema, &history)?)?;
        let id = insert(&mut transaction, subject, schema).await?;
        transaction.commit().await.map_err(writing)?;
        Ok(id)
    }

    async fn compatibility(&self, subject: Option<&str>) -> Result<Option<Compatibility>> {
        let mut connection = self.pool.acquire().await.map_err(reading)?;
        match subject {
            Some(subject) => own_level(&mut connection, subject).await,
            None => Ok(Some(own_level(&mut connection, EVERY_SUBJECT).await?.unwrap_or(LEVEL_DEFAULT))),
        }
    }

    async fn set_compatibility(&self, subject: Option<&str>, level: Option<Compatibility>) -> Result<()> {
        let subject = subject.unwrap_or(EVERY_SUBJECT);
        let query = match level {
            Some(level) => {
                let sql = "INSERT INTO registry_compatibility (subject, level) VALUES (?, ?) \
                           ON CONFLICT (subject) DO UPDATE SET level = excluded.level";
                sqlx::query(sql).bind(subject).bind(level.as_str())
            }
            None => sqlx::query("DELETE FROM registry_compatibility WHERE subject = ?").bind(subject),
        };
        query.execute(&self.pool).await.map_err(writing)?;
        Ok(())
    }

    async fn delete_subject(&self, subject: &str, deletion: Deletion) -> Result<Vec<i32>> {
        let sql = match deletion {
            Deletion::Soft => {
                "UPDATE registry_version SET deleted = 1 WHERE subject = ? AND deleted = 0 RETURNING version"
            }
            Deletion::Permanent => {
                "DELETE FROM registry_version WHERE subject = ? AND deleted = 1 RETURNING version"
            }
        };
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(writing)?;
        let rows = sqlx::query_scalar(sql).bind(subject);
        let mut versions: Vec<i32> = rows.fetch_all(&mut *transaction).await.map_err(writing)?;
        if versions.is_empty() {
            return Err(no_subject(subject));
        }
        let level = sqlx::query("DELETE FROM registry_compatibility WHERE subject = ?").bind(subject);
        level.execute(&mut *transaction).await.map_err(writing)?;
        transaction.commit().await.map_err(writing)?;
        versions.sort_unstable();
        Ok(versions)
    }

    async fn delete_version(&self, subject: &str, version: i32, deletion: Deletion) -> Result<()> {
        let sql = match deletion {
            Deletion::Soft => {
                "UPDATE registry_version SET deleted = 1 WHERE subject = ? AND version = ? AND deleted = 0"
            }
            Deletion::Permanent => {
                "DELETE FROM registry_version WHERE subject = ? AND version = ? AND deleted = 1"
            }
        };
        let done = sqlx::query(sql).bind(subject).bind(version).execute(&self.pool).await.map_err(writing)?;
        if done.rows_affected() == 0 {
            return Err(Error::NotFound(format!("version {version} of subject {subject}")));
        }
        Ok(())
    }

    async fn history(&self, subject: &str) -> Result<Vec<RegisteredSchema>> {
        let mut connection = self.pool.acquire().await.map_err(reading)?;
        history(&mut connection, subject).await
    }
}

/// The subject under which the level of all others stands; no topic has an empty name.
const EVERY_SUBJECT: &str = "";

fn deleted_max(scope: Scope) -> i32 {
    match scope {
        Scope::Live => 0,
        Scope::WithDeleted => 1,
    }
}

fn no_subject(subject: &str) -> Error {
    Error::NotFound(format!("subject {subject}"))
}

async fn history(connection: &mut SqliteConnection, subject: &str) -> Result<Vec<RegisteredSchema>> {
    let sql = "SELECT schema_id, version, schema FROM registry_version JOIN registry_schema ON id = schema_id \
               WHERE subject = ? AND deleted = 0 ORDER BY version";
    let rows: Vec<Row> = sqlx::query_as(sql).bind(subject).fetch_all(connection).await.map_err(reading)?;
    Ok(rows.into_iter().map(|row| named(subject, row)).collect())
}

async fn own_level(connection: &mut SqliteConnection, subject: &str) -> Result<Option<Compatibility>> {
    let row = sqlx::query_scalar("SELECT level FROM registry_compatibility WHERE subject = ?").bind(subject);
    let level: Option<String> = row.fetch_optional(connection).await.map_err(reading)?;
    level
        .map(|level| level.parse().map_err(|_| Error::Corrupt(format!("the level of {subject}: {level}"))))
        .transpose()
}

async fn level(connection: &mut SqliteConnection, subject: &str) -> Result<Compatibility> {
    if let Some(own) = own_level(connection, subject).await? {
        return Ok(own);
    }
    Ok(own_level(connection, EVERY_SUBJECT).await?.unwrap_or(LEVEL_DEFAULT))
}

/// The schema's id, old or new, as the next version of the subject; deleted versions keep their numbers.
async fn insert(connection: &mut SqliteConnection, subject: &str, schema: &str) -> Result<i32> {
    // The update changes nothing: it makes the row that is there come back.
    let sql = "INSERT INTO registry_schema (schema, identity) VALUES (?, ?) \
               ON CONFLICT (identity) DO UPDATE SET identity = excluded.identity RETURNING id";
    let row = sqlx::query_scalar(sql).bind(schema).bind(parsed::identity(schema)?);
    let id: i32 = row.fetch_one(&mut *connection).await.map_err(writing)?;
    let sql = "INSERT INTO registry_version (subject, version, schema_id) \
               SELECT ?1, coalesce(max(version), 0) + 1, ?2 FROM registry_version WHERE subject = ?1";
    sqlx::query(sql).bind(subject).bind(id).execute(connection).await.map_err(writing)?;
    Ok(id)
}
