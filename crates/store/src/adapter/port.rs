//! The organizations port: lists and counts here, the rest where its subject is.

use super::OrganizationsStore;
use crate::error::{Doing, Result};
use crate::listing::TimeAndId;
use crate::merging::By;
use crate::organizations::{
    ChoiceRequest, MergeRequest, Organizations, RestRow, Revisions, RowTable, UpsertCounts,
};
use async_trait::async_trait;
use entity::{Family, FieldChoice, Merge, MergeId, OrganizationId, Record, RecordId, StewardFact, Undo};
use sqlx::AssertSqlSafe;
use std::collections::HashSet;
use uuid::Uuid;

/// Golden ids: records that were not absorbed, and survivors whose own record is gone while a record below is there.
const GOLDEN_IDS: &str = "
    WITH RECURSIVE below (root, id) AS (
        SELECT survivor_id, absorbed_id FROM link WHERE survivor_id > $1 AND ended_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM organization WHERE id = link.survivor_id)
           AND NOT EXISTS (SELECT 1 FROM link AS above WHERE above.absorbed_id = link.survivor_id AND above.ended_at IS NULL)
        UNION
        SELECT below.root, link.absorbed_id FROM below JOIN link ON link.survivor_id = below.id AND link.ended_at IS NULL)
    SELECT id FROM (
        SELECT id FROM organization WHERE id > $1
           AND NOT EXISTS (SELECT 1 FROM link WHERE absorbed_id = organization.id AND ended_at IS NULL)
        ORDER BY id LIMIT $2) AS living
    UNION
    SELECT root FROM below JOIN organization ON organization.id = below.id
    ORDER BY 1 LIMIT $2";

#[async_trait]
impl Organizations for OrganizationsStore {
    async fn upsert(&self, records: Vec<Record>) -> Result<UpsertCounts> {
        self.write_records(records).await
    }
    async fn rewrite(&self, record: Record, expected: &Revisions, by: &By) -> Result<()> {
        self.write_record_of_people(record, expected, by).await
    }
    async fn delete_absent(&self, source: &str, present: &HashSet<String>) -> Result<u64> {
        self.remove_absent(source, present).await
    }
    async fn delete_members(&self, id: OrganizationId, members: &Revisions, by: &By) -> Result<()> {
        self.remove_members(id, members, by).await
    }
    async fn put_row(&self, owner: RecordId, row: &RestRow, expected: &Revisions, by: &By) -> Result<()> {
        self.write_rest_row(owner, row, (expected, by)).await
    }
    async fn delete_row(&self, table: RowTable, id: Uuid, expected: &Revisions, by: &By) -> Result<()> {
        self.remove_rest_row(table, id, (expected, by)).await
    }
    async fn family(&self, ids: &[RecordId]) -> Result<Family> {
        self.read_family(ids).await
    }

    async fn owner_of(&self, table: RowTable, id: Uuid) -> Result<Option<RecordId>> {
        let select = format!("SELECT organization_id FROM {} WHERE id = $1", table.name());
        let owner: Option<Uuid> = sqlx::query_scalar(AssertSqlSafe(select))
            .bind(id)
            .fetch_optional(&self.pools.read)
            .await
            .doing(|| format!("finding the owner of {} {id}", table.name()))?;
        Ok(owner.map(RecordId))
    }

    async fn list(&self, after: Option<OrganizationId>, limit: usize) -> Result<Vec<OrganizationId>> {
        let ids: Vec<Uuid> = sqlx::query_scalar(GOLDEN_IDS)
            .bind(after.map_or(Uuid::nil(), Uuid::from))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.pools.read)
            .await
            .doing(|| "listing organizations".into())?;
        Ok(ids.into_iter().map(OrganizationId).collect())
    }

    async fn list_merged(&self, after: Option<OrganizationId>, limit: usize) -> Result<Vec<OrganizationId>> {
        let survivors = "SELECT DISTINCT survivor_id FROM link WHERE ended_at IS NULL AND survivor_id > $1
               AND NOT EXISTS (
                   SELECT 1 FROM link AS above WHERE above.absorbed_id = link.survivor_id AND above.ended_at IS NULL)
             ORDER BY survivor_id LIMIT $2";
        let ids: Vec<Uuid> = sqlx::query_scalar(survivors)
            .bind(after.map_or(Uuid::nil(), Uuid::from))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.pools.read)
            .await
            .doing(|| "listing survivors".into())?;
        Ok(ids.into_iter().map(OrganizationId).collect())
    }

    async fn list_rows(
        &self,
        table: RowTable,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<(Uuid, RecordId)>> {
        let table = table.name();
        let select = format!("SELECT id, organization_id FROM {table} WHERE id > $1 ORDER BY id LIMIT $2");
        let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(AssertSqlSafe(select))
            .bind(after.unwrap_or_default())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.pools.read)
            .await
            .doing(|| format!("listing rows of {table}"))?;
        Ok(rows.into_iter().map(|(id, owner)| (id, RecordId(owner))).collect())
    }

    async fn state_facts(&self, facts: &[StewardFact], expected: &Revisions) -> Result<()> {
        self.add_facts(facts, expected).await
    }
    async fn choose(&self, request: &ChoiceRequest) -> Result<Vec<FieldChoice>> {
        self.add_choices(request).await
    }
    async fn merge(&self, request: &MergeRequest) -> Result<Merge> {
        self.apply_merge(request).await
    }
    async fn undo(&self, id: MergeId, undo: &Undo) -> Result<Merge> {
        self.apply_undo(id, undo).await
    }
    async fn merge_by_id(&self, id: MergeId) -> Result<Option<Merge>> {
        self.read_merge(id).await
    }
    async fn merges(&self, after: Option<TimeAndId>, limit: usize) -> Result<Vec<Merge>> {
        self.read_merges(after, limit).await
    }

    async fn record_count(&self) -> Result<u64> {
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM organization")
            .fetch_one(&self.pools.read)
            .await
            .doing(|| "counting organizations".into())?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}
