//! What people decide: judgements of pairs, and decisions on clusters with how far they have got.

use super::{ResolutionStore, corrupt, limit_of, queue_for_all_resolvers};
use crate::error::{Doing, Error, Result};
use crate::listing::{TimeAndId, or_newest};
use crate::resolution::{Decision, DecisionState};
use chrono::{DateTime, Utc};
use entity::{CandidatePair, Judgement, MergeId, RecordId, TransitionCause};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::FromRow;
use uuid::Uuid;

/// A judgement as selected.
#[derive(Debug, FromRow)]
pub(super) struct JudgementRow {
    left_id: Uuid,
    right_id: Uuid,
    verdict: String,
    judged_by: String,
    judged_at: DateTime<Utc>,
    reason: Option<String>,
}

#[derive(Debug, FromRow)]
struct NumberedJudgement {
    id: i64,
    #[sqlx(flatten)]
    judgement: JudgementRow,
}

impl TryFrom<JudgementRow> for Judgement {
    type Error = Error;
    fn try_from(row: JudgementRow) -> Result<Self> {
        let pair = CandidatePair::new(RecordId(row.left_id), RecordId(row.right_id));
        Ok(Self {
            pair: pair.expect("the table's check keeps a record from pairing with itself"),
            verdict: from_word(&row.verdict)?,
            judged_by: row.judged_by,
            judged_at: row.judged_at,
            reason: row.reason,
        })
    }
}

/// An enum as the word that stands in a column.
fn to_word<T: Serialize>(value: &T) -> String {
    let value = serde_json::to_value(value).expect("a plain enum is JSON");
    value.as_str().expect("a plain enum is a word").to_owned()
}

pub(super) fn from_word<T: DeserializeOwned>(word: &str) -> Result<T> {
    serde_json::from_value(word.into()).map_err(corrupt("reading a word of the schema"))
}

impl ResolutionStore {
    pub(super) async fn add_judgements(
        &self,
        judgements: &[Judgement],
        decision: Option<Uuid>,
    ) -> Result<()> {
        let doing = || "writing judgements".to_owned();
        let mut transaction = self.pools.begin_write().await?;
        for judgement in judgements {
            sqlx::query(
                "INSERT INTO judgement (left_id, right_id, verdict, judged_by, judged_at, reason, decision_id)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(judgement.pair.left().0)
            .bind(judgement.pair.right().0)
            .bind(to_word(&judgement.verdict))
            .bind(&judgement.judged_by)
            .bind(judgement.judged_at)
            .bind(&judgement.reason)
            .bind(decision)
            .execute(&mut *transaction)
            .await
            .doing(doing)?;
        }
        let touched =
            judgements.iter().flat_map(|judgement| [judgement.pair.left().0, judgement.pair.right().0]);
        queue_for_all_resolvers(&mut transaction, touched, TransitionCause::Judgement).await?;
        transaction.commit().await.doing(doing)
    }

    pub(super) async fn read_judgements(&self, after: i64, limit: usize) -> Result<Vec<(i64, Judgement)>> {
        let rows: Vec<NumberedJudgement> = sqlx::query_as(
            "SELECT id, left_id, right_id, verdict, judged_by, judged_at, reason FROM judgement
             WHERE id > $1 AND withdrawn_at IS NULL AND NOT EXISTS (
                 SELECT 1 FROM judgement AS newer WHERE newer.left_id = judgement.left_id
                     AND newer.right_id = judgement.right_id AND newer.withdrawn_at IS NULL
                     AND newer.id > judgement.id)
             ORDER BY id LIMIT $2",
        )
        .bind(after)
        .bind(limit_of(limit))
        .fetch_all(&self.pools.read)
        .await
        .doing(|| "listing judgements".into())?;
        rows.into_iter().map(|row| Ok((row.id, row.judgement.try_into()?))).collect()
    }

    pub(super) async fn withdraw_judgements(&self, decision: Uuid, at: DateTime<Utc>) -> Result<()> {
        let doing = || format!("withdrawing the judgements of decision {decision}");
        let mut transaction = self.pools.begin_write().await?;
        let touched: Vec<(Uuid, Uuid)> = sqlx::query_as(
            "UPDATE judgement SET withdrawn_at = $2 WHERE decision_id = $1 AND withdrawn_at IS NULL
             RETURNING left_id, right_id",
        )
        .bind(decision)
        .bind(at)
        .fetch_all(&mut *transaction)
        .await
        .doing(doing)?;
        let touched = touched.into_iter().flat_map(|(left, right)| [left, right]);
        queue_for_all_resolvers(&mut transaction, touched, TransitionCause::Judgement).await?;
        transaction.commit().await.doing(doing)
    }

    pub(super) async fn write_decision(&self, decision: &Decision) -> Result<()> {
        let body = serde_json::to_string(decision).map_err(corrupt("writing a decision"))?;
        sqlx::query(
            "INSERT INTO decision (id, cluster_id, verdict, body, state, decided_by, decided_at, reason, merge_id, refusal)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
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
        .execute(&self.pools.write)
        .await
        .map(drop)
        .doing(|| format!("writing decision {}", decision.id))
    }

    pub(super) async fn read_decision(&self, id: Uuid) -> Result<Option<Decision>> {
        let body: Option<String> = sqlx::query_scalar("SELECT body FROM decision WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.pools.read)
            .await
            .doing(|| format!("reading decision {id}"))?;
        body.as_deref().map(parse).transpose()
    }

    pub(super) async fn read_decision_of_merge(&self, merge: MergeId) -> Result<Option<Decision>> {
        let body: Option<String> =
            sqlx::query_scalar("SELECT body FROM decision WHERE merge_id = $1 LIMIT 1")
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

fn parse(body: &str) -> Result<Decision> {
    serde_json::from_str(body).map_err(corrupt("reading a decision"))
}
