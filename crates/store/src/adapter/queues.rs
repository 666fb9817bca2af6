//! The queues between scorer and resolver, and blocks that open and close.

use super::super::organizations::id_list;
use super::{ResolutionStore, SCORES, json_list, limit_of, queue_for_all_resolvers};
use crate::error::{Doing, Result};
use crate::resolution::ResolveBatch;
use entity::{RecordId, TransitionCause, Version};
use sqlx::AssertSqlSafe;
use std::collections::{BTreeMap, HashSet};
use uuid::Uuid;

/// A queue's table.
#[derive(Clone, Copy, Debug)]
pub(super) enum Queue {
    Rescore,
    Resolve,
}

impl Queue {
    fn table(self) -> &'static str {
        match self {
            Self::Rescore => "rescore_queue",
            Self::Resolve => "resolve_queue",
        }
    }
}

impl ResolutionStore {
    pub(super) async fn queue_head(&self, queue: Queue, limit: usize) -> Result<ResolveBatch> {
        let table = queue.table();
        let select = format!(
            "SELECT seq, record_id, (SELECT record_count FROM generation WHERE id = $1)
             FROM {table} WHERE generation = $1 ORDER BY seq LIMIT $2"
        );
        let rows: Vec<(i64, Uuid, i64)> = sqlx::query_as(AssertSqlSafe(select))
            .bind(self.generation())
            .bind(limit_of(limit))
            .fetch_all(&self.pools.read)
            .await
            .doing(|| format!("reading {table}"))?;
        let mut seen = HashSet::new();
        let records = rows.iter().map(|(_, id, _)| RecordId(*id)).filter(|id| seen.insert(*id)).collect();
        let record_count = rows.first().map_or(0, |(_, _, count)| u64::try_from(*count).unwrap_or(0));
        Ok(ResolveBatch { records, seqs: rows.into_iter().map(|(seq, ..)| seq).collect(), record_count })
    }

    pub(super) async fn queue_length(&self, queue: Queue) -> Result<u64> {
        let table = queue.table();
        let select =
            format!("SELECT COUNT(*) FROM (SELECT 1 FROM {table} WHERE generation = $1 LIMIT 1000000) AS q");
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(select))
            .bind(self.generation())
            .fetch_one(&self.pools.read)
            .await
            .doing(|| format!("counting {table}"))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    pub(super) async fn finish_rescoring(&self, seqs: &[i64]) -> Result<()> {
        sqlx::query(concat!("DELETE FROM rescore_queue WHERE seq IN ", numbers!("$1")))
            .bind(json_list(seqs))
            .execute(&self.pools.write)
            .await
            .map(drop)
            .doing(|| "finishing rescored records".into())
    }

    pub(super) async fn set_blocks(
        &self,
        blocks: &BTreeMap<String, bool>,
        members: &[RecordId],
    ) -> Result<()> {
        let doing = || "moving blocks".to_owned();
        let mut transaction = self.pools.begin_write().await?;
        super::super::serialize_writers(&mut transaction, SCORES).await?;
        for (key, closed) in blocks {
            let statement = if *closed {
                "INSERT INTO closed_block (generation, blocking_key) VALUES ($1, $2) ON CONFLICT DO NOTHING"
            } else {
                "DELETE FROM closed_block WHERE generation = $1 AND blocking_key = $2"
            };
            let moved =
                sqlx::query(statement).bind(self.generation()).bind(key).execute(&mut *transaction).await;
            moved.doing(doing)?;
        }
        sqlx::query(concat!(
            "INSERT INTO rescore_queue (generation, record_id) SELECT $1, wanted.id FROM (SELECT ",
            id_column!("value"),
            " AS id FROM ",
            json_rows!("$2"),
            ") AS wanted"
        ))
        .bind(self.generation())
        .bind(id_list(members.iter().map(|id| id.0)))
        .execute(&mut *transaction)
        .await
        .doing(doing)?;
        transaction.commit().await.doing(doing)
    }

    pub(super) async fn take_redirect(
        &self,
        absorbed: RecordId,
        survivor: Option<RecordId>,
        version: Version,
    ) -> Result<()> {
        let doing = || format!("taking in the redirect of {absorbed}");
        let mut transaction = self.pools.begin_write().await?;
        let before: Option<(Option<Uuid>, i64)> = sqlx::query_as(concat!(
            "SELECT survivor_id, version FROM redirect WHERE absorbed_id = $1",
            for_update!()
        ))
        .bind(absorbed.0)
        .fetch_optional(&mut *transaction)
        .await
        .doing(doing)?;
        if before.is_some_and(|(_, known)| known >= version.0) {
            return Ok(());
        }
        sqlx::query(
            "INSERT INTO redirect (absorbed_id, survivor_id, version) VALUES ($1, $2, $3)
             ON CONFLICT (absorbed_id) DO UPDATE SET survivor_id = excluded.survivor_id, version = excluded.version
             WHERE redirect.version < excluded.version",
        )
        .bind(absorbed.0)
        .bind(survivor.map(|id| id.0))
        .bind(version.0)
        .execute(&mut *transaction)
        .await
        .doing(doing)?;
        let was = before.and_then(|(survivor, _)| survivor);
        let touched = [Some(absorbed.0), survivor.map(|id| id.0), was].into_iter().flatten();
        queue_for_all_resolvers(&mut transaction, touched, TransitionCause::Merge).await?;
        transaction.commit().await.doing(doing)
    }
}
