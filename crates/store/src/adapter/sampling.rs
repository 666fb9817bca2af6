//! Samples, certificates and batches as rows.

use super::decisions::{from_word, to_word};
use super::{ResolutionStore, corrupt, limit_of};
use crate::error::{Doing, Result};
use crate::review::sampling::{
    Band, BatchItem, BatchState, BlindItem, BlindSample, Certificate, ReviewBatch, Sampling,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entity::ClusterId;
use serde::de::DeserializeOwned;
use sqlx::FromRow;
use uuid::Uuid;

fn read<T: DeserializeOwned>(body: &str) -> Result<T> {
    serde_json::from_str(body).map_err(corrupt("reading a sample, certificate or batch"))
}

fn written<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(corrupt("writing a sample, certificate or batch"))
}

#[derive(FromRow)]
struct ItemRow {
    position: i64,
    cluster_id: Uuid,
    revision: String,
    outcome: Option<String>,
    answered_by: Option<String>,
    decision_id: Option<Uuid>,
}

#[derive(FromRow)]
struct CertificateRow {
    body: String,
    withdrawn_at: Option<DateTime<Utc>>,
    withdrawn_reason: Option<String>,
}

#[async_trait]
impl Sampling for ResolutionStore {
    async fn live_model(&self) -> Result<String> {
        let mut snapshot = self.pools.begin_snapshot().await?;
        let (model_version, _) = self.read_versions(&mut snapshot).await?;
        snapshot.commit().await.doing(|| "ending a read".into())?;
        Ok(model_version)
    }

    async fn population(&self, band: Band) -> Result<Vec<BatchItem>> {
        let rows: Vec<(Uuid, String)> = sqlx::query_as(
            "SELECT id, revision FROM cluster WHERE generation = $1 AND open AND probability >= $2
               AND probability < $3 ORDER BY id",
        )
        .bind(self.generation())
        .bind(band.from)
        .bind(band.below)
        .fetch_all(&self.pools.read)
        .await
        .doing(|| "reading a band of clusters".into())?;
        let item = |(id, revision): (Uuid, String)| BatchItem { cluster_id: id.into(), revision };
        Ok(rows.into_iter().map(item).collect())
    }

    async fn add_sample(&self, sample: &BlindSample, items: &[BatchItem]) -> Result<()> {
        let doing = || format!("writing sample {}", sample.id);
        let mut transaction = self.pools.begin_write().await?;
        sqlx::query("INSERT INTO blind_sample (id, body, drawn_at) VALUES ($1, $2, $3)")
            .bind(sample.id)
            .bind(written(sample)?)
            .bind(sample.drawn_at)
            .execute(&mut *transaction)
            .await
            .doing(doing)?;
        for (position, item) in items.iter().enumerate() {
            sqlx::query(
                "INSERT INTO blind_item (sample_id, position, cluster_id, revision) VALUES ($1, $2, $3, $4)",
            )
            .bind(sample.id)
            .bind(limit_of(position))
            .bind(item.cluster_id.0)
            .bind(&item.revision)
            .execute(&mut *transaction)
            .await
            .doing(doing)?;
        }
        transaction.commit().await.doing(doing)
    }

    async fn samples(&self, limit: usize) -> Result<Vec<BlindSample>> {
        let bodies: Vec<String> =
            sqlx::query_scalar("SELECT body FROM blind_sample ORDER BY drawn_at DESC, id DESC LIMIT $1")
                .bind(limit_of(limit))
                .fetch_all(&self.pools.read)
                .await
                .doing(|| "listing samples".into())?;
        bodies.iter().map(|body| read(body)).collect()
    }

    async fn sample(&self, id: Uuid) -> Result<Option<BlindSample>> {
        let body: Option<String> = sqlx::query_scalar("SELECT body FROM blind_sample WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.pools.read)
            .await
            .doing(|| format!("reading sample {id}"))?;
        body.as_deref().map(read).transpose()
    }

    async fn blind_items(&self, sample: Uuid) -> Result<Vec<BlindItem>> {
        let rows: Vec<ItemRow> = sqlx::query_as(
            "SELECT position, cluster_id, revision, outcome, answered_by, decision_id FROM blind_item
             WHERE sample_id = $1 ORDER BY position",
        )
        .bind(sample)
        .fetch_all(&self.pools.read)
        .await
        .doing(|| format!("reading sample {sample}"))?;
        let item = |row: ItemRow| {
            Ok(BlindItem {
                position: u32::try_from(row.position).unwrap_or(0),
                cluster_id: row.cluster_id.into(),
                revision: row.revision,
                outcome: row.outcome.as_deref().map(from_word).transpose()?,
                answered_by: row.answered_by,
                decision_id: row.decision_id,
            })
        };
        rows.into_iter().map(item).collect()
    }

    async fn void_item(&self, sample: Uuid, cluster: ClusterId, at: DateTime<Utc>) -> Result<()> {
        sqlx::query(
            "UPDATE blind_item SET outcome = 'void', answered_at = $3
             WHERE sample_id = $1 AND cluster_id = $2 AND outcome IS NULL",
        )
        .bind(sample)
        .bind(cluster.0)
        .bind(at)
        .execute(&self.pools.write)
        .await
        .map(drop)
        .doing(|| format!("voiding cluster {cluster} of sample {sample}"))
    }

    async fn forget_answer(&self, decision: Uuid) -> Result<()> {
        sqlx::query(
            "UPDATE blind_item SET outcome = NULL, decision_id = NULL, answered_by = NULL, answered_at = NULL
             WHERE decision_id = $1",
        )
        .bind(decision)
        .execute(&self.pools.write)
        .await
        .map(drop)
        .doing(|| format!("taking back the answer of decision {decision}"))
    }

    async fn add_certificate(&self, certificate: &Certificate) -> Result<()> {
        sqlx::query("INSERT INTO certificate (id, body, issued_at) VALUES ($1, $2, $3)")
            .bind(certificate.id)
            .bind(written(certificate)?)
            .bind(certificate.issued_at)
            .execute(&self.pools.write)
            .await
            .map(drop)
            .doing(|| format!("writing certificate {}", certificate.id))
    }

    async fn certificates(&self) -> Result<Vec<Certificate>> {
        let rows: Vec<CertificateRow> = sqlx::query_as(
            "SELECT body, withdrawn_at, withdrawn_reason FROM certificate ORDER BY issued_at DESC, id DESC",
        )
        .fetch_all(&self.pools.read)
        .await
        .doing(|| "listing certificates".into())?;
        let certificate = |row: CertificateRow| {
            let withdrawn = row.withdrawn_at.map(|at| (at, row.withdrawn_reason.unwrap_or_default()));
            Ok(Certificate { withdrawn, ..read(&row.body)? })
        };
        rows.into_iter().map(certificate).collect()
    }

    async fn withdraw_certificate(&self, id: Uuid, at: DateTime<Utc>, reason: &str) -> Result<()> {
        sqlx::query(
            "UPDATE certificate SET withdrawn_at = $2, withdrawn_reason = $3
             WHERE id = $1 AND withdrawn_at IS NULL",
        )
        .bind(id)
        .bind(at)
        .bind(reason)
        .execute(&self.pools.write)
        .await
        .map(drop)
        .doing(|| format!("withdrawing certificate {id}"))
    }

    async fn add_batch(&self, batch: &ReviewBatch) -> Result<()> {
        sqlx::query("INSERT INTO review_batch (id, body, state, started_at) VALUES ($1, $2, $3, $4)")
            .bind(batch.id)
            .bind(written(batch)?)
            .bind(to_word(&batch.state))
            .bind(batch.started_at)
            .execute(&self.pools.write)
            .await
            .map(drop)
            .doing(|| format!("writing batch {}", batch.id))
    }

    async fn move_batch(&self, batch: &ReviewBatch, from: BatchState) -> Result<bool> {
        let moved = sqlx::query("UPDATE review_batch SET body = $2, state = $3 WHERE id = $1 AND state = $4")
            .bind(batch.id)
            .bind(written(batch)?)
            .bind(to_word(&batch.state))
            .bind(to_word(&from))
            .execute(&self.pools.write)
            .await
            .doing(|| format!("moving batch {} on", batch.id))?;
        Ok(moved.rows_affected() > 0)
    }

    async fn batch(&self, id: Uuid) -> Result<Option<ReviewBatch>> {
        let body: Option<String> = sqlx::query_scalar("SELECT body FROM review_batch WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.pools.read)
            .await
            .doing(|| format!("reading batch {id}"))?;
        body.as_deref().map(read).transpose()
    }

    async fn batches(&self, limit: usize) -> Result<Vec<ReviewBatch>> {
        let bodies: Vec<String> =
            sqlx::query_scalar("SELECT body FROM review_batch ORDER BY started_at DESC, id DESC LIMIT $1")
                .bind(limit_of(limit))
                .fetch_all(&self.pools.read)
                .await
                .doing(|| "listing batches".into())?;
        bodies.iter().map(|body| read(body)).collect()
    }
}
