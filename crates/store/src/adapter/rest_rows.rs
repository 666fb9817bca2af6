//! Places and services that people add over REST: rows of their own source beside those of the import.

use super::people::check_revisions;
use super::tables::{self, RowSet};
use super::OrganizationsStore;
use crate::error::{Doing, Error, Result};
use crate::organizations::{REST_SOURCE, RestRow, Revisions, RowTable};
use entity::RecordId;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

impl OrganizationsStore {
    pub(super) async fn write_rest_row(&self, owner: RecordId, row: &RestRow) -> Result<()> {
        let mut transaction = self.pools.begin_write().await?;
        let rows = RowSet::of_rest_row(owner, row.clone());
        tables::upsert(&mut transaction, rows.locations).await?;
        tables::upsert(&mut transaction, rows.services).await?;
        tables::upsert(&mut transaction, rows.phones).await?;
        tables::upsert(&mut transaction, rows.addresses).await?;
        tables::upsert(&mut transaction, rows.places_of_service).await?;
        transaction.commit().await.doing(|| format!("committing a row of {owner}"))
    }

    pub(super) async fn remove_rest_row(&self, table: RowTable, id: Uuid, expected: &Revisions) -> Result<()> {
        let doing = || format!("deleting {} {id}", table.name());
        let mut transaction = self.pools.begin_write().await?;
        check_revisions(&mut transaction, expected).await?;
        let delete = format!("DELETE FROM {} WHERE id = $1 AND source = $2", table.name());
        let deleted = sqlx::query(AssertSqlSafe(delete))
            .bind(id)
            .bind(REST_SOURCE)
            .execute(&mut *transaction)
            .await
            .doing(doing)?;
        if deleted.rows_affected() == 0 {
            return Err(Error::NotFound(format!("a {} {id} that people added", table.name())));
        }
        transaction.commit().await.doing(doing)
    }
}
