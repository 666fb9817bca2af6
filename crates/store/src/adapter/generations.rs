//! Generations as rows: staging, switching, ending.

use super::transitions::note_switch;
use super::{CLUSTERS, CODE_VERSION, Executor, GENERATIONS, ResolutionStore};
use crate::error::{Doing, Error, Result};
use crate::generations::{Generation, Generations};
use crate::resolution::Resolution;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, FromRow};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::super::{Pools, serialize_writers};

#[derive(Debug, FromRow)]
struct Row {
    id: i64,
    model_version: String,
    code_version: String,
    model: String,
    live: bool,
    staged_at: DateTime<Utc>,
    activated_at: Option<DateTime<Utc>>,
}

impl From<Row> for Generation {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            model_version: row.model_version,
            model: row.model,
            live: row.live,
            of_this_code: row.code_version == CODE_VERSION,
            staged_at: row.staged_at,
            activated_at: row.activated_at,
        }
    }
}

/// Tables whose rows belong to a generation.
const DERIVED: [&str; 7] =
    ["scored_record", "pair", "closed_block", "rescore_queue", "resolve_queue", "cluster", "cluster_member"];

impl ResolutionStore {
    /// Speaks for the live generation; in a new database, for a first one of this model.
    pub(in super::super) async fn in_live_generation(
        pools: Pools,
        (model_version, model): (&str, &str),
    ) -> Result<Self> {
        let mut transaction = pools.begin_write().await?;
        serialize_writers(&mut transaction, GENERATIONS).await?;
        let live = match select_live(&mut transaction).await? {
            Some(live) => live,
            None => {
                let first = insert(&mut transaction, (model_version, model)).await?;
                switch(&mut transaction, first).await?;
                first
            }
        };
        transaction.commit().await.doing(|| "opening the live generation".into())?;
        Ok(Self { pools, generation: Arc::new(AtomicI64::new(live)) })
    }
}

#[async_trait]
impl Generations for ResolutionStore {
    async fn list(&self) -> Result<Vec<Generation>> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, model_version, code_version, model, live, staged_at, activated_at FROM generation ORDER BY id",
        )
        .fetch_all(&self.pools.read)
        .await
        .doing(|| "listing generations".into())?;
        Ok(rows.into_iter().map(Generation::from).collect())
    }

    async fn stage(&self, model_version: &str, model: &str) -> Result<Generation> {
        let doing = || format!("staging model {model_version}");
        let mut transaction = self.pools.begin_write().await?;
        serialize_writers(&mut transaction, GENERATIONS).await?;
        if find(&mut transaction, model_version).await?.is_none() {
            insert(&mut transaction, (model_version, model)).await?;
        }
        let staged = find(&mut transaction, model_version).await?;
        transaction.commit().await.doing(doing)?;
        let staged = staged.ok_or_else(|| Error::NotFound(format!("the generation of {model_version}")))?;
        if staged.model != model {
            return Err(Error::Invalid(format!(
                "a generation of model {model_version} is there, with other weights: give the new model another version"
            )));
        }
        Ok(staged)
    }

    async fn activate(&self, id: i64) -> Result<()> {
        let doing = || format!("activating generation {id}");
        let mut transaction = self.pools.begin_write().await?;
        serialize_writers(&mut transaction, GENERATIONS).await?;
        serialize_writers(&mut transaction, CLUSTERS).await?;
        check_there(&mut transaction, id).await?;
        let before = select_live(&mut transaction).await?;
        if before == Some(id) {
            return Ok(());
        }
        switch(&mut transaction, id).await?;
        send_difference(&mut transaction, before.unwrap_or(0), id).await?;
        if let Some(before) = before {
            note_switch(&mut transaction, before, id).await?;
        }
        transaction.commit().await.doing(doing)
    }

    async fn retire(&self, id: i64) -> Result<()> {
        let doing = || format!("retiring generation {id}");
        let mut transaction = self.pools.begin_write().await?;
        serialize_writers(&mut transaction, GENERATIONS).await?;
        check_there(&mut transaction, id).await?;
        if select_live(&mut transaction).await? == Some(id) {
            return Err(Error::Invalid(format!(
                "generation {id} is the live one: activate another one first"
            )));
        }
        let ended = sqlx::query("DELETE FROM generation WHERE id = $1").bind(id).execute(&mut *transaction);
        ended.await.doing(doing)?;
        transaction.commit().await.doing(doing)?;
        // Table by table, and whatever a process wrote that had not noticed: the number never comes back.
        for table in DERIVED {
            let delete = format!("DELETE FROM {table} WHERE generation NOT IN (SELECT id FROM generation)");
            let deleted = sqlx::query(AssertSqlSafe(delete)).execute(&self.pools.write).await;
            deleted.doing(|| format!("deleting the rows of generation {id} from {table}"))?;
        }
        Ok(())
    }

    fn of(&self, id: i64) -> Arc<dyn Resolution> {
        Arc::new(Self { pools: self.pools.clone(), generation: Arc::new(AtomicI64::new(id)) })
    }

    async fn follow_live(&self) -> Result<i64> {
        let mut connection =
            self.pools.read.acquire().await.doing(|| "finding the live generation".into())?;
        let live = select_live(&mut connection).await?;
        let live = live.ok_or_else(|| Error::NotFound("the live generation".into()))?;
        self.generation.store(live, Ordering::Relaxed);
        Ok(live)
    }
}

async fn select_live(db: Executor<'_>) -> Result<Option<i64>> {
    sqlx::query_scalar("SELECT id FROM generation WHERE live")
        .fetch_optional(db)
        .await
        .doing(|| "finding the live generation".into())
}

async fn check_there(db: Executor<'_>, id: i64) -> Result<()> {
    let there: Option<i64> = sqlx::query_scalar("SELECT id FROM generation WHERE id = $1")
        .bind(id)
        .fetch_optional(db)
        .await
        .doing(|| format!("finding generation {id}"))?;
    there.map(drop).ok_or_else(|| Error::NotFound(format!("generation {id}")))
}

async fn find(db: Executor<'_>, model_version: &str) -> Result<Option<Generation>> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT id, model_version, code_version, model, live, staged_at, activated_at FROM generation
         WHERE model_version = $1 AND code_version = $2",
    )
    .bind(model_version)
    .bind(CODE_VERSION)
    .fetch_optional(db)
    .await
    .doing(|| format!("finding the generation of model {model_version}"))?;
    Ok(row.map(Generation::from))
}

/// The epoch of cluster versions is one for all generations: their events share a topic.
async fn insert(db: Executor<'_>, (model_version, model): (&str, &str)) -> Result<i64> {
    sqlx::query_scalar(
        "INSERT INTO generation (model_version, code_version, model, live, staged_at, event_epoch)
         VALUES ($1, $2, $3, FALSE, $4, (SELECT COALESCE(MAX(event_epoch), 0) FROM generation)) RETURNING id",
    )
    .bind(model_version)
    .bind(CODE_VERSION)
    .bind(model)
    .bind(entity::clock::now())
    .fetch_one(db)
    .await
    .doing(|| format!("staging model {model_version}"))
}

async fn switch(db: Executor<'_>, id: i64) -> Result<()> {
    sqlx::query(
        "UPDATE generation SET live = (id = $1),
             activated_at = CASE WHEN id = $1 THEN $2 ELSE activated_at END",
    )
    .bind(id)
    .bind(entity::clock::now())
    .execute(db)
    .await
    .map(drop)
    .doing(|| format!("making generation {id} the live one"))
}

/// What consumers have to hear of, so that the topic holds the clusters of the new generation and no others.
async fn send_difference(db: Executor<'_>, before: i64, after: i64) -> Result<()> {
    let gone = "INSERT INTO cluster_outbox (generation, cluster_id, body)
         SELECT $2, id, NULL FROM cluster WHERE generation = $1
             AND id NOT IN (SELECT id FROM cluster WHERE generation = $2) ORDER BY id";
    let come = "INSERT INTO cluster_outbox (generation, cluster_id, body)
         SELECT $2, new.id, new.body FROM cluster AS new
         LEFT JOIN cluster AS old ON old.generation = $1 AND old.id = new.id
         WHERE new.generation = $2 AND (old.body IS NULL OR old.body <> new.body) ORDER BY new.id";
    for send in [gone, come] {
        let sent = sqlx::query(send).bind(before).bind(after).execute(&mut *db).await;
        sent.doing(|| format!("queueing what generation {after} changes"))?;
    }
    Ok(())
}
