//! Decisions on clusters, with how far they have got.

use super::super::organizations::id_list;
use super::{Executor, ResolutionStore, corrupt, limit_of};
use crate::error::{Doing, Result};
use crate::listing::{TimeAndId, or_newest};
use crate::resolution::{Decision, DecisionState};
use chrono::DateTime;
use entity::MergeId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use uuid::Uuid;

/// An enum as the word that stands in a column.
pub(super) fn to_word<T: Serialize>(value: &T) -> String {
    let value = serde_json::to_value(value).expect("a plain enum is JSON");
    value.as_str().expect("a plain enum is a word").to_owned()
}

pub(super) fn from_word<T: DeserializeOwned>(word: &str) -> Result<T> {
    serde_json::from_value(word.into()).map_err(corrupt("reading a word of the schema"))
}

impl ResolutionStore {
    pub(super) async fn write_decision(&self, decision: &Decision) -> Result<()> {
        let mut transaction = self.pools.begin_write().await?;
        upsert_decision(&mut transaction, decision).await?;
        transaction.commit().await.doing(|| format!("writing decision {}", decision.id))
    }

    pub(super) async fn read_decisions_of(&self, ids: &[Uuid]) -> Result<Vec<Decision>> {
        let bodies: Vec<String> =
            sqlx::query_scalar(concat!("SELECT body FROM decision WHERE id IN ", ids!("$1")))
                .bind(id_list(ids.iter().copied()))
                .fetch_all(&self.pools.read)
                .await
                .doing(|| "reading decisions by their ids".into())?;
        bodies.iter().map(|body| parse(body)).collect()
    }

    pub(super) async fn read_decision_of_merge(&self, merge: MergeId) -> Result<Option<Decision>> {
        let body: Option<String> =
            sqlx::query_scalar(
                "SELECT body FROM decision WHERE id = (SELECT decision_id FROM decision_merge WHERE merge_id = $1)",
            )
            .bind(merge.0)
            .fetch_optional(&self.pools.read)
            .await
            .doing(|| format!("reading the decision of merge {merge}"))?;
        body.as_deref().map(parse).transpose()
    }

    pub(super) async fn read_decisions(
        &self,
        after: Option<TimeAndId>,
        limit: usize,
    ) -> Result<Vec<Decision>> {
        let (at, id) = or_newest(after);
        let select = "SELECT body FROM decision WHERE (decided_at, id) < ($1, $2)
                      ORDER BY decided_at DESC, id DESC LIMIT $3";
        let bodies = sqlx::query_scalar(select).bind(at).bind(id).bind(limit_of(limit));
        let bodies: Vec<String> =
            bodies.fetch_all(&self.pools.read).await.doing(|| "reading decisions".into())?;
        bodies.iter().map(|body| parse(body)).collect()
    }

    pub(super) async fn read_decisions_in(
        &self,
        state: DecisionState,
        after: Option<TimeAndId>,
        limit: usize,
    ) -> Result<Vec<Decision>> {
        let (at, id) = after.unwrap_or((DateTime::UNIX_EPOCH, Uuid::nil()));
        let select = "SELECT body FROM decision WHERE state = $1 AND (decided_at, id) > ($2, $3)
                      ORDER BY decided_at, id LIMIT $4";
        let bodies = sqlx::query_scalar(select).bind(to_word(&state)).bind(at).bind(id).bind(limit_of(limit));
        let bodies: Vec<String> =
            bodies.fetch_all(&self.pools.read).await.doing(|| "reading decisions".into())?;
        bodies.iter().map(|body| parse(body)).collect()
    }
}

pub(super) fn parse(body: &str) -> Result<Decision> {
    serde_json::from_str(body).map_err(corrupt("reading a decision"))
}

/// Writes a decision, new or moved on, and the merges that it became.
pub(super) async fn upsert_decision(db: Executor<'_>, decision: &Decision) -> Result<()> {
    let doing = || format!("writing decision {}", decision.id);
    let body = serde_json::to_string(decision).map_err(corrupt("writing a decision"))?;
    sqlx::query(
        "INSERT INTO decision (id, cluster_id, verdict, body, state, decided_by, decided_at, reason, merge_id, refusal,
             revision, folded, batch_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (id) DO UPDATE SET body = excluded.body, state = excluded.state,
             merge_id = excluded.merge_id, refusal = excluded.refusal",
    )
    .bind(decision.id)
    .bind(decision.cluster_id.0)
    .bind(to_word(&decision.verdict))
    .bind(body)
    .bind(to_word(&decision.state))
    .bind(&decision.decided_by)
    .bind(decision.decided_at)
    .bind(&decision.reason)
    .bind(decision.merge_id.map(|id| id.0))
    .bind(&decision.refusal)
    .bind(&decision.notes.revision)
    .bind(limit_of(decision.folded()))
    .bind(decision.notes.batch_id)
    .execute(&mut *db)
    .await
    .doing(doing)?;
    let merges: BTreeSet<MergeId> =
        decision.parts.iter().filter_map(|part| part.merge_id).chain(decision.merge_id).collect();
    for merge in merges {
        sqlx::query(
            "INSERT INTO decision_merge (merge_id, decision_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        )
        .bind(merge.0)
        .bind(decision.id)
        .execute(&mut *db)
        .await
        .doing(doing)?;
    }
    Ok(())
}
