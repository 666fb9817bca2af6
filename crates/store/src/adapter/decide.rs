//! A decision with all that follows from it, in one transaction; and what was decided by whom.

use super::claims::claim_of;
use super::decisions::{parse, to_word, upsert_decision};
use super::{Executor, ResolutionStore, corrupt, limit_of};
use crate::error::{Doing, Result};
use crate::listing::{TimeAndId, or_newest};
use crate::resolution::Decision;
use crate::review::{Agreement, Claim, Comment, Decided, DecisionWrite, ReviewerTally};
use chrono::{DateTime, Utc};
use entity::{Cluster, ClusterId};
use sqlx::FromRow;
use uuid::Uuid;

impl ResolutionStore {
    pub(super) async fn take_decision(&self, write: &DecisionWrite) -> Result<Decided> {
        let decision = &write.decision;
        let doing = || format!("deciding on cluster {}", decision.cluster_id);
        let mut transaction = self.pools.begin_write().await?;
        // The cluster first: whoever decides on the same one waits here, also with the same decision.
        let cluster = self.lock_cluster(&mut transaction, decision.cluster_id).await?;
        if let Some(before) = select_decision(&mut transaction, decision.id).await? {
            return Ok(Decided::Repeated(Box::new(before)));
        }
        let Some(cluster) = cluster else { return Ok(Decided::Changed) };
        let revision = cluster.revision();
        if !write.expected.is_empty() && !write.expected.contains(&revision) {
            return Ok(Decided::Changed);
        }
        if let Some(claim) = other_claim(&mut transaction, decision).await? {
            return Ok(Decided::Held(claim));
        }
        if let Some(pending) = pending(&mut transaction, decision).await? {
            return Ok(Decided::Pending(Box::new(pending)));
        }
        upsert_decision(&mut transaction, decision).await?;
        self.insert_judgements(&mut transaction, &write.judgements, Some(decision.id)).await?;
        // Rows of before there were revisions have none yet.
        sqlx::query("UPDATE cluster SET revision = $3 WHERE generation = $1 AND id = $2 AND revision <> $3")
            .bind(self.generation())
            .bind(cluster.id.0)
            .bind(&revision)
            .execute(&mut *transaction)
            .await
            .doing(doing)?;
        sqlx::query("DELETE FROM claim WHERE cluster_id = $1 AND holder = $2")
            .bind(decision.cluster_id.0)
            .bind(&decision.decided_by)
            .execute(&mut *transaction)
            .await
            .doing(doing)?;
        answer_sample(&mut transaction, decision).await?;
        transaction.commit().await.doing(doing)?;
        Ok(Decided::Written)
    }

    async fn lock_cluster(&self, db: Executor<'_>, id: ClusterId) -> Result<Option<Cluster>> {
        let body: Option<String> = sqlx::query_scalar(concat!(
            "SELECT body FROM cluster WHERE generation = $1 AND id = $2",
            for_update!()
        ))
        .bind(self.generation())
        .bind(id.0)
        .fetch_optional(db)
        .await
        .doing(|| format!("reading cluster {id}"))?;
        body.map(|body| serde_json::from_str(&body).map_err(corrupt("reading a cluster"))).transpose()
    }

    pub(super) async fn read_decisions_on(&self, cluster: ClusterId) -> Result<Vec<Decision>> {
        let bodies: Vec<String> = sqlx::query_scalar(
            "SELECT body FROM decision WHERE cluster_id = $1 ORDER BY decided_at DESC, id DESC",
        )
        .bind(cluster.0)
        .fetch_all(&self.pools.read)
        .await
        .doing(|| format!("reading the decisions on cluster {cluster}"))?;
        bodies.iter().map(|body| parse(body)).collect()
    }

    pub(super) async fn read_standing_of(
        &self,
        by: &str,
        before: Option<TimeAndId>,
        limit: usize,
    ) -> Result<Vec<Decision>> {
        let (at, id) = or_newest(before);
        let bodies: Vec<String> = sqlx::query_scalar(
            "SELECT body FROM decision WHERE decided_by = $1 AND state IN ('decided', 'applying', 'applied')
                 AND batch_id IS NULL AND (decided_at, id) < ($2, $3)
             ORDER BY decided_at DESC, id DESC LIMIT $4",
        )
        .bind(by)
        .bind(at)
        .bind(id)
        .bind(limit_of(limit))
        .fetch_all(&self.pools.read)
        .await
        .doing(|| "reading a person's decisions".into())?;
        bodies.iter().map(|body| parse(body)).collect()
    }

    pub(super) async fn read_tally(&self, by: &str, since: DateTime<Utc>) -> Result<ReviewerTally> {
        let (decisions, folded): (i64, i64) = sqlx::query_as(
            "SELECT COUNT(*), CAST(COALESCE(SUM(folded), 0) AS BIGINT) FROM decision
             WHERE decided_by = $1 AND decided_at >= $2 AND state IN ('decided', 'applying', 'applied')",
        )
        .bind(by)
        .bind(since)
        .fetch_one(&self.pools.read)
        .await
        .doing(|| "counting a person's decisions".into())?;
        let number = |count: i64| u64::try_from(count).unwrap_or(0);
        Ok(ReviewerTally { decisions: number(decisions), folded: number(folded) })
    }

    pub(super) async fn read_agreement(&self) -> Result<Agreement> {
        let (pairs, agreed): (i64, i64) = sqlx::query_as(
            "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN answers = 1 THEN 1 ELSE 0 END), 0) AS BIGINT) FROM (
                 SELECT COUNT(DISTINCT CASE verdict WHEN 'match' THEN 1 ELSE 0 END) AS answers FROM (
                     SELECT left_id, right_id, verdict,
                         ROW_NUMBER() OVER (PARTITION BY left_id, right_id, judged_by ORDER BY id DESC) AS nth
                     FROM judgement WHERE withdrawn_at IS NULL AND verdict IN ('match', 'non_match', 'related')
                 ) AS said WHERE nth = 1 GROUP BY left_id, right_id HAVING COUNT(*) > 1
             ) AS judged",
        )
        .fetch_one(&self.pools.read)
        .await
        .doing(|| "comparing what people said".into())?;
        let number = |count: i64| u64::try_from(count).unwrap_or(0);
        Ok(Agreement { pairs: number(pairs), agreed: number(agreed) })
    }

    pub(super) async fn write_comment(&self, comment: &Comment) -> Result<()> {
        sqlx::query(
            "INSERT INTO cluster_comment (id, cluster_id, comment, written_by, written_at)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(comment.id)
        .bind(comment.cluster_id.0)
        .bind(&comment.comment)
        .bind(&comment.written_by)
        .bind(comment.written_at)
        .execute(&self.pools.write)
        .await
        .map(drop)
        .doing(|| format!("commenting on cluster {}", comment.cluster_id))
    }

    pub(super) async fn read_comments(&self, cluster: ClusterId) -> Result<Vec<Comment>> {
        let rows: Vec<CommentRow> = sqlx::query_as(
            "SELECT id, cluster_id, comment, written_by, written_at FROM cluster_comment
             WHERE cluster_id = $1 ORDER BY written_at, id",
        )
        .bind(cluster.0)
        .fetch_all(&self.pools.read)
        .await
        .doing(|| format!("reading the comments on cluster {cluster}"))?;
        Ok(rows.into_iter().map(Comment::from).collect())
    }
}

async fn select_decision(db: Executor<'_>, id: Uuid) -> Result<Option<Decision>> {
    let body: Option<String> =
        sqlx::query_scalar(concat!("SELECT body FROM decision WHERE id = $1", for_update!()))
            .bind(id)
            .fetch_optional(db)
            .await
            .doing(|| format!("reading decision {id}"))?;
    body.as_deref().map(parse).transpose()
}

/// Somebody else's claim on the cluster that has not run out.
async fn other_claim(db: Executor<'_>, decision: &Decision) -> Result<Option<Claim>> {
    let row: Option<(Uuid, String, i64)> = sqlx::query_as(concat!(
        "SELECT claim_id, holder, until_ms FROM claim WHERE cluster_id = $1 AND holder <> $2 AND until_ms > ",
        now_ms!(),
        for_update!()
    ))
    .bind(decision.cluster_id.0)
    .bind(&decision.decided_by)
    .fetch_optional(db)
    .await
    .doing(|| "looking for claims".into())?;
    Ok(row.map(|(id, holder, until_ms)| claim_of(id, holder, until_ms)))
}

/// A decision that answers a sample counts there, unless another one did.
async fn answer_sample(db: Executor<'_>, decision: &Decision) -> Result<()> {
    let (Some(sample), Some(outcome)) = (decision.notes.blind_sample, decision.notes.blind_outcome) else {
        return Ok(());
    };
    sqlx::query(
        "UPDATE blind_item SET outcome = $3, decision_id = $4, answered_by = $5, answered_at = $6
         WHERE sample_id = $1 AND cluster_id = $2 AND outcome IS NULL",
    )
    .bind(sample)
    .bind(decision.cluster_id.0)
    .bind(to_word(&outcome))
    .bind(decision.id)
    .bind(&decision.decided_by)
    .bind(decision.decided_at)
    .execute(db)
    .await
    .map(drop)
    .doing(|| format!("answering sample {sample}"))
}

/// A decision on the same cluster that is on its way and merges some of the same organizations.
async fn pending(db: Executor<'_>, decision: &Decision) -> Result<Option<Decision>> {
    let bodies: Vec<String> = sqlx::query_scalar(
        "SELECT body FROM decision WHERE cluster_id = $1 AND state IN ('decided', 'applying')",
    )
    .bind(decision.cluster_id.0)
    .fetch_all(db)
    .await
    .doing(|| "looking for decisions on their way".into())?;
    for body in bodies {
        let other = parse(&body)?;
        if other.organizations.iter().any(|id| decision.organizations.contains(id)) {
            return Ok(Some(other));
        }
    }
    Ok(None)
}

#[derive(FromRow)]
struct CommentRow {
    id: Uuid,
    cluster_id: Uuid,
    comment: String,
    written_by: String,
    written_at: DateTime<Utc>,
}

impl From<CommentRow> for Comment {
    fn from(row: CommentRow) -> Self {
        Self {
            id: row.id,
            cluster_id: row.cluster_id.into(),
            comment: row.comment,
            written_by: row.written_by,
            written_at: row.written_at,
        }
    }
}
