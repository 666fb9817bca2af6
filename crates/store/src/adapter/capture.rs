//! Change capture: a window of the log and the rows behind it, in one snapshot; and the poller's durable state.

use super::read::load_family;
use super::{Executor, OrganizationsStore, id_list, merges};
use crate::change_log::{Capture, CaptureState, ChangeLog};
use crate::error::{Doing, Result};
use crate::lease::Lease;
use async_trait::async_trait;
use entity::RecordId;
use sqlx::AssertSqlSafe;
use std::collections::BTreeSet;
use uuid::Uuid;

use super::super::{leases, window};

#[async_trait]
impl ChangeLog for OrganizationsStore {
    async fn capture_state(&self) -> Result<CaptureState> {
        let (store_id, epoch, number_reserved, position) =
            sqlx::query_as("SELECT store_id, epoch, number_reserved, position FROM capture WHERE id = 1")
                .fetch_one(&self.pools.read)
                .await
                .doing(|| "reading the poller's state".into())?;
        Ok(CaptureState { store_id, epoch, number_reserved, position })
    }

    async fn begin_epoch(&self, lease: &Lease, epoch: i64) -> Result<()> {
        let doing = || format!("beginning epoch {epoch}");
        let mut transaction = self.pools.begin_write().await?;
        leases::check(&mut transaction, lease).await?;
        let (first,): (bool,) = sqlx::query_as("SELECT epoch = 0 FROM capture WHERE id = 1")
            .fetch_one(&mut *transaction)
            .await
            .doing(doing)?;
        sqlx::query("UPDATE capture SET epoch = $1, number_reserved = 0, position = NULL WHERE id = 1")
            .bind(epoch)
            .execute(&mut *transaction)
            .await
            .doing(doing)?;
        // In the first epoch the log still holds every row since the first migration.
        if !first {
            log_everything(&mut transaction).await?;
        }
        transaction.commit().await.doing(doing)
    }

    async fn reserve(&self, lease: &Lease, number: i64) -> Result<()> {
        let doing = || format!("reserving version numbers up to {number}");
        let mut transaction = self.pools.begin_write().await?;
        leases::check(&mut transaction, lease).await?;
        sqlx::query("UPDATE capture SET number_reserved = $1 WHERE id = 1 AND number_reserved < $1")
            .bind(number)
            .execute(&mut *transaction)
            .await
            .doing(doing)?;
        transaction.commit().await.doing(doing)
    }

    async fn capture(&self, position: Option<&str>, rows_max: usize) -> Result<Capture> {
        let mut snapshot = self.pools.begin_snapshot().await?;
        let (rows, next, more) = window::read_window(&mut snapshot, position, rows_max).await?;
        let owners: BTreeSet<RecordId> =
            rows.iter().flat_map(|row| [row.owner_before, row.owner_after]).flatten().collect();
        let mut family = load_family(&mut snapshot, owners).await?;
        if !rows.is_empty() {
            family.policy = self.policy_seen_by(&mut snapshot).await?;
        }
        let merge_ids: Vec<Uuid> =
            rows.iter().filter(|row| row.table == "merge").map(|row| row.row_id).collect();
        let merges = match merge_ids.as_slice() {
            [] => Vec::new(),
            ids => merges::select_merges(&mut snapshot, ids).await?,
        };
        snapshot.commit().await.doing(|| "ending a capture".into())?;
        Ok(Capture { rows, family, merges, next, more })
    }

    async fn advance(&self, lease: &Lease, position: &str) -> Result<()> {
        let doing = || format!("advancing the poller to {position}");
        let mut transaction = self.pools.begin_write().await?;
        leases::check(&mut transaction, lease).await?;
        sqlx::query("UPDATE capture SET position = $1 WHERE id = 1")
            .bind(position)
            .execute(&mut *transaction)
            .await
            .doing(doing)?;
        transaction.commit().await.doing(doing)
    }

    async fn prune(&self, lease: &Lease) -> Result<u64> {
        let mut transaction = self.pools.begin_write().await?;
        leases::check(&mut transaction, lease).await?;
        let position: Option<String> = sqlx::query_scalar("SELECT position FROM capture WHERE id = 1")
            .fetch_one(&mut *transaction)
            .await
            .doing(|| "reading the poller's position".into())?;
        let pruned = match position {
            Some(position) => window::prune_step(&mut transaction, &position).await?,
            None => 0,
        };
        transaction.commit().await.doing(|| "pruning the change log".into())?;
        Ok(pruned)
    }

    async fn republish(&self, ids: &[RecordId]) -> Result<()> {
        let list = id_list(ids.iter().map(|id| id.0));
        let mut transaction = self.pools.begin_write().await?;
        for (table, owner) in
            [("organization", "id"), ("location", "organization_id"), ("service", "organization_id")]
        {
            let log = format!(
                "INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after)
                 SELECT '{table}', 'R', id, {owner}, {owner} FROM {table} WHERE {owner} IN {}",
                ids!("$1")
            );
            let logged = sqlx::query(AssertSqlSafe(log)).bind(&list).execute(&mut *transaction).await;
            logged.doing(|| format!("republishing rows of {table}"))?;
        }
        transaction.commit().await.doing(|| "republishing".into())
    }

    async fn waiting(&self, position: Option<&str>) -> Result<u64> {
        let mut snapshot = self.pools.begin_snapshot().await?;
        let waiting = window::count_waiting(&mut snapshot, position).await?;
        Ok(u64::try_from(waiting).unwrap_or(0))
    }
}

/// Logs every row as if it had changed.
async fn log_everything(db: Executor<'_>) -> Result<()> {
    for (table, key, owner_before, owner_after) in [
        ("organization", "id", "id", "id"),
        ("location", "id", "organization_id", "organization_id"),
        ("service", "id", "organization_id", "organization_id"),
        ("merge", "id", "survivor_id", "survivor_id"),
        ("link", "absorbed_id", "absorbed_id", "survivor_id"),
    ] {
        let log = format!(
            "INSERT INTO change_log (table_name, op, row_id, owner_before, owner_after)
             SELECT '{table}', 'R', {key}, {owner_before}, {owner_after} FROM {table}"
        );
        sqlx::query(AssertSqlSafe(log))
            .execute(&mut *db)
            .await
            .doing(|| format!("republishing all of {table}"))?;
    }
    Ok(())
}
