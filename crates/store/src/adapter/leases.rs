//! Leases: one row per role, taken over when it has run out.

use super::{OrganizationsStore, Pools, ResolutionStore};
use crate::error::{Conflict, Doing, Result};
use crate::lease::{Lease, Leases};
use async_trait::async_trait;
use std::time::Duration;

const ACQUIRE: &str = concat!(
    "INSERT INTO lease (role, holder, fence, until_ms) VALUES ($1, $2, 1, ",
    now_ms!(),
    " + $3)
     ON CONFLICT (role) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms,
         fence = CASE WHEN lease.holder = excluded.holder THEN lease.fence ELSE lease.fence + 1 END
     WHERE lease.holder = excluded.holder OR lease.until_ms < ",
    now_ms!(),
    " RETURNING fence"
);

async fn acquire(pools: &Pools, role: &str, holder: &str, duration: Duration) -> Result<Option<Lease>> {
    let duration_ms = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 2);
    let fence: Option<i64> = sqlx::query_scalar(ACQUIRE)
        .bind(role)
        .bind(holder)
        .bind(duration_ms)
        .fetch_optional(&pools.write)
        .await
        .doing(|| format!("taking the lease of {role}"))?;
    Ok(fence.map(|fence| Lease { role: role.to_owned(), holder: holder.to_owned(), fence }))
}

async fn release(pools: &Pools, lease: &Lease) -> Result<()> {
    sqlx::query("UPDATE lease SET until_ms = 0 WHERE role = $1 AND holder = $2 AND fence = $3")
        .bind(&lease.role)
        .bind(&lease.holder)
        .bind(lease.fence)
        .execute(&pools.write)
        .await
        .map(drop)
        .doing(|| format!("giving back the lease of {}", lease.role))
}

/// Refuses a write of somebody who lost the lease.
pub(super) async fn check(db: &mut <super::Db as sqlx::Database>::Connection, lease: &Lease) -> Result<()> {
    let held: Option<i64> = sqlx::query_scalar(concat!(
        "SELECT fence FROM lease WHERE role = $1 AND holder = $2 AND fence = $3",
        for_update!()
    ))
    .bind(&lease.role)
    .bind(&lease.holder)
    .bind(lease.fence)
    .fetch_optional(db)
    .await
    .doing(|| format!("checking the lease of {}", lease.role))?;
    held.map(drop).ok_or_else(|| Conflict::Fenced(lease.role.clone()).into())
}

#[async_trait]
impl Leases for OrganizationsStore {
    async fn acquire(&self, role: &str, holder: &str, duration: Duration) -> Result<Option<Lease>> {
        acquire(self.pools(), role, holder, duration).await
    }
    async fn release(&self, lease: &Lease) -> Result<()> {
        release(self.pools(), lease).await
    }
}

#[async_trait]
impl Leases for ResolutionStore {
    async fn acquire(&self, role: &str, holder: &str, duration: Duration) -> Result<Option<Lease>> {
        acquire(self.pools(), role, holder, duration).await
    }
    async fn release(&self, lease: &Lease) -> Result<()> {
        release(self.pools(), lease).await
    }
}
