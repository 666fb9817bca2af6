//! Places and services that people add over REST: rows of their own source beside those of the import.

use super::OrganizationsStore;
use super::audit::commit_with;
use super::bulk::{Standing, delete_other_children};
use super::import::statements;
use super::people::check_revisions;
use super::tables::RowSet;
use crate::audit::Deed;
use crate::error::{Doing, Error, Result};
use crate::merging::By;
use crate::organizations::{REST_SOURCE, RestRow, Revisions, RowTable};
use entity::RecordId;
use serde_json::json;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

impl OrganizationsStore {
    pub(super) async fn write_rest_row(
        &self,
        owner: RecordId,
        row: &RestRow,
        (expected, by): (&Revisions, &By),
    ) -> Result<()> {
        let mut transaction = self.pools.begin_write().await?;
        check_revisions(&mut transaction, expected).await?;
        let (table, id) = match row {
            RestRow::Location(location) => (RowTable::Location, location.id.0),
            RestRow::Service(service) => (RowTable::Service, service.id.0),
        };
        let doing = || format!("writing {} {id} of {owner}", table.name());
        let lives: Option<Uuid> =
            sqlx::query_scalar(concat!("SELECT id FROM organization WHERE id = $1", for_update!()))
                .bind(owner.0)
                .fetch_optional(&mut *transaction)
                .await
                .doing(doing)?;
        if lives.is_none() {
            return Err(Error::NotFound(format!("organization {owner}")));
        }
        let select = format!("SELECT source FROM {} WHERE id = $1", table.name());
        let stands: Option<String> = sqlx::query_scalar(AssertSqlSafe(select))
            .bind(id)
            .fetch_optional(&mut *transaction)
            .await
            .doing(doing)?;
        if stands.is_some_and(|source| source != REST_SOURCE) {
            return Err(not_added(table, id));
        }
        let rows = RowSet::of_rest_row(owner, row.clone());
        match table {
            RowTable::Location => {
                delete_other_children(&mut transaction, ("location_id", id), &rows.addresses).await?;
                delete_other_children(&mut transaction, ("location_id", id), &rows.phones).await?;
            }
            RowTable::Service => {
                delete_other_children(&mut transaction, ("service_id", id), &rows.places_of_service).await?;
                delete_other_children(&mut transaction, ("service_id", id), &rows.phones).await?;
            }
        }
        for statement in statements(rows, &Standing::Any)? {
            statement.execute(&mut transaction).await?;
        }
        commit_with(transaction, &deed(by, "put", table, (id, owner))).await.map(drop)
    }

    pub(super) async fn remove_rest_row(
        &self,
        table: RowTable,
        id: Uuid,
        (expected, by): (&Revisions, &By),
    ) -> Result<()> {
        let doing = || format!("deleting {} {id}", table.name());
        let mut transaction = self.pools.begin_write().await?;
        check_revisions(&mut transaction, expected).await?;
        let delete =
            format!("DELETE FROM {} WHERE id = $1 AND source = $2 RETURNING organization_id", table.name());
        let owner: Option<Uuid> = sqlx::query_scalar(AssertSqlSafe(delete))
            .bind(id)
            .bind(REST_SOURCE)
            .fetch_optional(&mut *transaction)
            .await
            .doing(doing)?;
        let owner = owner.ok_or_else(|| not_added(table, id))?;
        commit_with(transaction, &deed(by, "delete", table, (id, RecordId(owner)))).await.map(drop)
    }
}

fn deed(by: &By, verb: &str, table: RowTable, (id, owner): (Uuid, RecordId)) -> Deed {
    let detail = json!({ "table": table.name(), "row": id, "record": owner });
    Deed::new(by, &format!("{}.{verb}", table.name()), [id.to_string(), owner.to_string()], detail)
}

fn not_added(table: RowTable, id: Uuid) -> Error {
    Error::NotFound(format!("a {} {id} that people added", table.name()))
}
