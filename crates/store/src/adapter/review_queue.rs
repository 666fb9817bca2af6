//! The queue of clusters as people take them.

use super::claims::claim_of;
use super::{ResolutionStore, corrupt, limit_of};
use crate::error::{Doing, Result};
use crate::review::{QueueOrder, QueuePage, QueuedCluster, Shelf};
use chrono::DateTime;
use entity::ClusterId;
use sqlx::{AssertSqlSafe, FromRow};
use uuid::Uuid;

#[derive(FromRow)]
struct QueueRow {
    body: String,
    opened_at_ms: i64,
    claim_id: Option<Uuid>,
    holder: Option<String>,
    until_ms: Option<i64>,
}

impl QueueRow {
    fn read(self) -> Result<QueuedCluster> {
        let claim = match (self.claim_id, self.holder, self.until_ms) {
            (Some(id), Some(holder), Some(until_ms)) => Some(claim_of(id, holder, until_ms)),
            _ => None,
        };
        Ok(QueuedCluster {
            cluster: serde_json::from_str(&self.body).map_err(corrupt("reading a cluster"))?,
            opened_at: DateTime::from_timestamp_millis(self.opened_at_ms).unwrap_or_default(),
            claim,
        })
    }
}

/// A cluster with the claim that holds.
const SELECT: &str = concat!(
    "SELECT cluster.body, cluster.opened_at_ms, claim.claim_id, claim.holder, claim.until_ms FROM cluster
     LEFT JOIN claim ON claim.cluster_id = cluster.id AND claim.until_ms > ",
    now_ms!(),
    " WHERE cluster.generation = $1"
);

/// Somebody was unsure of the cluster as it is now.
const ASIDE: &str = "EXISTS (SELECT 1 FROM decision WHERE decision.cluster_id = cluster.id
    AND decision.verdict = 'unsure' AND decision.state = 'applied' AND decision.revision = cluster.revision)";

/// The column that orders the queue, and whether it is read downwards.
fn column(order: QueueOrder) -> (&'static str, &'static str, &'static str) {
    match order {
        QueueOrder::Value => ("review_value", "<", "DESC"),
        QueueOrder::Probability => ("probability", "<", "DESC"),
        QueueOrder::Age => ("opened_at_ms", ">", "ASC"),
        QueueOrder::Size => ("size", "<", "DESC"),
    }
}

impl ResolutionStore {
    pub(super) async fn read_queue(&self, page: &QueuePage) -> Result<Vec<QueuedCluster>> {
        let (column, beyond, direction) = column(page.order);
        let shelf = if page.filter.shelf == Shelf::Aside { "" } else { "NOT " };
        let select = format!(
            "{SELECT} AND cluster.open AND {shelf}{ASIDE}
               AND cluster.probability >= $2 AND cluster.probability < $3 AND cluster.size BETWEEN $4 AND $5
               AND ($6 IS NULL OR claim.holder IS NULL OR claim.holder = $6)
               AND (NOT $7 OR cluster.{column} {beyond} $8 OR (cluster.{column} = $8 AND cluster.id > $9))
             ORDER BY cluster.{column} {direction}, cluster.id LIMIT $10"
        );
        let (number, id) = page.after.map_or((0.0, Uuid::nil()), |place| (place.number, place.id.0));
        let rows: Vec<QueueRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(self.generation())
            .bind(page.filter.probability_min)
            // Not infinite: not every database reads that.
            .bind(page.filter.probability_below.min(2.0))
            .bind(i64::from(page.filter.size_min))
            .bind(i64::from(page.filter.size_max))
            .bind(page.free_for.clone())
            .bind(page.after.is_some())
            .bind(number)
            .bind(id)
            .bind(limit_of(page.limit))
            .fetch_all(&self.pools.read)
            .await
            .doing(|| "reading the queue".into())?;
        rows.into_iter().map(QueueRow::read).collect()
    }

    pub(super) async fn read_queued(&self, id: ClusterId) -> Result<Option<QueuedCluster>> {
        let row: Option<QueueRow> = sqlx::query_as(AssertSqlSafe(format!("{SELECT} AND cluster.id = $2")))
            .bind(self.generation())
            .bind(id.0)
            .fetch_optional(&self.pools.read)
            .await
            .doing(|| format!("reading cluster {id}"))?;
        row.map(QueueRow::read).transpose()
    }

    pub(super) async fn count_from(&self, bounds: &[f64]) -> Result<Vec<u64>> {
        let select = format!(
            "SELECT COUNT(*) FROM cluster WHERE generation = $1 AND open AND probability >= $2 AND probability < $3
               AND NOT {ASIDE}"
        );
        let mut counts = Vec::with_capacity(bounds.len());
        for (at, from) in bounds.iter().enumerate() {
            let below = bounds.get(at + 1).copied().unwrap_or(2.0);
            let count: i64 = sqlx::query_scalar(AssertSqlSafe(select.clone()))
                .bind(self.generation())
                .bind(from)
                .bind(below)
                .fetch_one(&self.pools.read)
                .await
                .doing(|| "counting the queue".into())?;
            counts.push(u64::try_from(count).unwrap_or(0));
        }
        Ok(counts)
    }
}
