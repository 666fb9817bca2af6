//! Who looks at which cluster, until when: by the database's clock, so that all processes agree.

use super::super::organizations::id_list;
use super::ResolutionStore;
use crate::error::{Doing, Result};
use crate::review::Claim;
use chrono::{DateTime, Utc};
use entity::ClusterId;
use std::time::Duration;
use uuid::Uuid;

fn millis(lease: Duration) -> i64 {
    i64::try_from(lease.as_millis()).unwrap_or(i64::MAX / 2)
}

fn clusters(ids: Vec<Uuid>) -> Vec<ClusterId> {
    let mut ids: Vec<ClusterId> = ids.into_iter().map(ClusterId).collect();
    ids.sort_unstable();
    ids
}

/// A claim as selected.
pub(super) fn claim_of(id: Uuid, holder: String, until_ms: i64) -> Claim {
    let until: DateTime<Utc> = DateTime::from_timestamp_millis(until_ms).unwrap_or_default();
    Claim { id, holder, until }
}

impl ResolutionStore {
    pub(super) async fn take_claims(
        &self,
        claim: Uuid,
        holder: &str,
        lease: Duration,
        wanted: &[ClusterId],
    ) -> Result<Vec<ClusterId>> {
        let taken: Vec<Uuid> = sqlx::query_scalar(concat!(
            "INSERT INTO claim (cluster_id, claim_id, holder, until_ms)
             SELECT wanted.id, $1, $2, ",
            now_ms!(),
            " + $3 FROM (SELECT DISTINCT ",
            id_column!("value"),
            " AS id FROM ",
            json_rows!("$4"),
            // In one order, so that two who claim the same do not wait for each other.
            ") AS wanted WHERE TRUE ORDER BY wanted.id
             ON CONFLICT (cluster_id) DO UPDATE SET claim_id = excluded.claim_id, holder = excluded.holder,
                 until_ms = excluded.until_ms
             WHERE claim.holder = excluded.holder OR claim.until_ms <= ",
            now_ms!(),
            " RETURNING cluster_id"
        ))
        .bind(claim)
        .bind(holder)
        .bind(millis(lease))
        .bind(id_list(wanted.iter().map(|id| id.0)))
        .fetch_all(&self.pools.write)
        .await
        .doing(|| "claiming clusters".into())?;
        Ok(clusters(taken))
    }

    pub(super) async fn hold_claim(
        &self,
        claim: Uuid,
        holder: &str,
        lease: Duration,
    ) -> Result<Vec<ClusterId>> {
        let held: Vec<Uuid> = sqlx::query_scalar(concat!(
            "UPDATE claim SET until_ms = ",
            now_ms!(),
            " + $3 WHERE claim_id = $1 AND holder = $2 RETURNING cluster_id"
        ))
        .bind(claim)
        .bind(holder)
        .bind(millis(lease))
        .fetch_all(&self.pools.write)
        .await
        .doing(|| format!("renewing claim {claim}"))?;
        Ok(clusters(held))
    }

    pub(super) async fn drop_claim(&self, claim: Uuid, holder: &str) -> Result<()> {
        sqlx::query(concat!(
            // With what ran out long ago, so that the table holds what is of use.
            "DELETE FROM claim WHERE (claim_id = $1 AND holder = $2) OR until_ms < ",
            now_ms!(),
            " - 86400000"
        ))
        .bind(claim)
        .bind(holder)
        .execute(&self.pools.write)
        .await
        .map(drop)
        .doing(|| format!("giving back claim {claim}"))
    }
}
