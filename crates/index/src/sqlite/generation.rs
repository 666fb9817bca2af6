//! Generations: tables of their own, one of them live; making, finding, switching.

use super::SqliteIndex;
use super::failure::failed;
use crate::error::{Error, Result};
use crate::limits::{self, live_stays};
use sqlx::{AssertSqlSafe, SqliteConnection};
use std::fmt;

/// The files that a generation's tables go through, in order; `{g}` in them stands for its id.
const LAYOUTS: [&str; 1] =
    [include_str!("../../../../migrations/sqlite/index/generation/0001_documents.sql")];

/// The generation that is live before anybody made one.
const FIRST: &str = "first";

/// A generation's id, which is part of its tables' names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub(super) struct GenerationId(i64);

impl fmt::Display for GenerationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which generation a handle speaks to.
#[derive(Clone, Debug)]
pub(super) enum Scope {
    /// Whichever is live when the call comes.
    Live,
    /// This one, live or not.
    Named(String),
}

impl Scope {
    /// The generation, as it is now, or as the transaction around the call sees it.
    pub(super) async fn resolve(&self, connection: &mut SqliteConnection) -> Result<GenerationId> {
        let doing = "finding the generation of the index";
        match self {
            Self::Live => sqlx::query_scalar("SELECT id FROM generation WHERE live = 1")
                .fetch_optional(connection)
                .await
                .map_err(failed(doing))?
                .ok_or_else(|| Error::NotFound("the live generation of the index".to_owned())),
            Self::Named(name) => find(connection, name).await?.ok_or_else(|| missing(name)),
        }
    }
}

impl SqliteIndex {
    /// Runs the migrations, makes the first generation where there is none, and lifts older ones to the layout
    /// of this code; all in one transaction, because sqlx has no lock for migrations on SQLite and two processes
    /// may open a new file at once.
    pub(super) async fn bring_up_to_date(&self) -> Result<()> {
        let doing = "bringing the index up to date";
        let mut tx = self.begin_write().await?;
        // `run` would want a connection for every lifetime, which the compiler cannot prove inside a `Send` future.
        sqlx::migrate!("../../migrations/sqlite/index")
            .run_direct(None, &mut *tx, false)
            .await
            .map_err(failed(doing))?;
        let mut held: Vec<(GenerationId, i64)> = sqlx::query_as("SELECT id, layout FROM generation")
            .fetch_all(&mut *tx)
            .await
            .map_err(failed(doing))?;
        if held.is_empty() {
            held.push((insert(&mut tx, FIRST).await?, 0));
            sqlx::query("UPDATE generation SET live = 1").execute(&mut *tx).await.map_err(failed(doing))?;
        }
        for (generation, layout) in held {
            lay_out(&mut tx, generation, layout).await?;
        }
        tx.commit().await.map_err(failed(doing))
    }

    /// The named generation, made where it is missing.
    pub(super) async fn open_generation(&self, name: &str) -> Result<Self> {
        limits::check_generation_name(name)?;
        let mut tx = self.begin_write().await?;
        if find(&mut tx, name).await?.is_none() {
            let generation = insert(&mut tx, name).await?;
            lay_out(&mut tx, generation, 0).await?;
        }
        tx.commit().await.map_err(failed("making a generation of the index"))?;
        Ok(Self { scope: Scope::Named(name.to_owned()), ..self.clone() })
    }

    /// Switches in one transaction: readers see the old one or the new one.
    pub(super) async fn make_live(&self, name: &str) -> Result<()> {
        let doing = || format!("switching the index to generation {name}");
        let mut tx = self.begin_write().await?;
        let next = find(&mut tx, name).await?.ok_or_else(|| missing(name))?;
        // One after the other: never are two of them live.
        for statement in
            ["UPDATE generation SET live = 0 WHERE id <> $1", "UPDATE generation SET live = 1 WHERE id = $1"]
        {
            sqlx::query(statement).bind(next).execute(&mut *tx).await.map_err(failed(doing))?;
        }
        tx.commit().await.map_err(failed(doing))
    }

    pub(super) async fn names(&self) -> Result<Vec<String>> {
        sqlx::query_scalar("SELECT name FROM generation ORDER BY name")
            .fetch_all(&self.readers)
            .await
            .map_err(failed("listing the generations of the index"))
    }

    /// Drops a generation's tables with its row.
    pub(super) async fn remove(&self, name: &str) -> Result<()> {
        let doing = || format!("dropping generation {name} of the index");
        let mut tx = self.begin_write().await?;
        let Some(gone) = find(&mut tx, name).await? else { return Ok(()) };
        if Scope::Live.resolve(&mut tx).await? == gone {
            return Err(live_stays(name));
        }
        sqlx::query("DELETE FROM generation WHERE id = $1")
            .bind(gone)
            .execute(&mut *tx)
            .await
            .map_err(failed(doing))?;
        let tables = ["word", "term", "search", "posting", "document"];
        let drop: String = tables.iter().map(|table| format!("DROP TABLE {table}_{gone};")).collect();
        sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut *tx).await.map_err(failed(doing))?;
        tx.commit().await.map_err(failed(doing))
    }
}

async fn find(connection: &mut SqliteConnection, name: &str) -> Result<Option<GenerationId>> {
    sqlx::query_scalar("SELECT id FROM generation WHERE name = $1")
        .bind(name)
        .fetch_optional(connection)
        .await
        .map_err(failed("finding a generation of the index"))
}

async fn insert(connection: &mut SqliteConnection, name: &str) -> Result<GenerationId> {
    sqlx::query_scalar("INSERT INTO generation (name, live, layout) VALUES ($1, 0, 0) RETURNING id")
        .bind(name)
        .fetch_one(connection)
        .await
        .map_err(failed("making a generation of the index"))
}

/// Takes a generation's tables through the layouts that it has not seen.
async fn lay_out(connection: &mut SqliteConnection, generation: GenerationId, seen: i64) -> Result<()> {
    let doing = || format!("laying out the tables of generation {generation}");
    let known = i64::try_from(LAYOUTS.len()).expect("a handful of files");
    if seen > known {
        return Err(Error::Invalid(format!(
            "the index was written by a newer release (layout {seen}, this one knows {known}): run that release, or delete the index and replay"
        )));
    }
    let unseen = LAYOUTS.iter().skip(usize::try_from(seen).unwrap_or(0));
    for layout in unseen {
        let tables = layout.replace("{g}", &generation.to_string());
        sqlx::raw_sql(AssertSqlSafe(tables)).execute(&mut *connection).await.map_err(failed(doing))?;
    }
    sqlx::query("UPDATE generation SET layout = $1 WHERE id = $2")
        .bind(known)
        .bind(generation)
        .execute(connection)
        .await
        .map_err(failed(doing))?;
    Ok(())
}

fn missing(name: &str) -> Error {
    Error::NotFound(format!("generation {name} of the index"))
}
