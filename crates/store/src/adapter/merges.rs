//! Merges and their undo: links between golden ids, one change of them at a time.

use super::choices::{end_choices, forest_of, insert_choices};
use super::people::check_revisions;
use super::read::follow_links;
use super::{Executor, OrganizationsStore, id_list};
use crate::error::{Conflict, Doing, Error, Result};
use crate::listing::{TimeAndId, or_newest};
use crate::organizations::MergeRequest;
use chrono::{DateTime, Utc};
use entity::{Choosing, Family, Merge, MergeId, OrganizationId, RecordId, Undo};
use sqlx::FromRow;
use std::collections::BTreeSet;
use uuid::Uuid;

macro_rules! merge_columns {
    () => {
        "SELECT id, survivor_id, absorbed_ids, merged_by, merged_at, reason, undone_by, undone_at, undo_reason
         FROM merge"
    };
}
/// The lock under which links change, one merge or undo at a time.
pub(super) const LINKS: i64 = 0x6c69_6e6b;

impl OrganizationsStore {
    pub(super) async fn apply_merge(&self, request: &MergeRequest) -> Result<Merge> {
        let mut transaction = self.pools.begin_write().await?;
        super::super::serialize_writers(&mut transaction, LINKS).await?;
        if let Some(merge) = answered_before(&mut transaction, request).await? {
            return Ok(merge);
        }
        check_roots(&mut transaction, request).await?;
        check_revisions(&mut transaction, &request.expected).await?;
        check_members(&mut transaction, request).await?;
        let merge = insert_merge(&mut transaction, request).await?;
        if !request.choices.is_empty() {
            let forest = forest_of(&mut transaction, [request.survivor.into()]).await?;
            let made = Choosing {
                organization_id: request.survivor,
                merge_id: Some(request.id),
                by: &request.merged_by,
                at: request.merged_at,
            };
            insert_choices(&mut transaction, &forest, &made, &request.choices).await?;
        }
        transaction.commit().await.doing(|| format!("committing merge {}", merge.id))?;
        Ok(merge)
    }

    pub(super) async fn apply_undo(&self, id: MergeId, undo: &Undo) -> Result<Merge> {
        let doing = || format!("undoing merge {id}");
        let mut transaction = self.pools.begin_write().await?;
        super::super::serialize_writers(&mut transaction, LINKS).await?;
        let mut merge = select_merge(&mut transaction, id)
            .await?
            .ok_or_else(|| Error::NotFound(format!("merge {id}")))?;
        if merge.undo.is_some() {
            return Ok(merge);
        }
        // Facts first, links after: the log then tells of them in that order.
        sqlx::query("UPDATE merge SET undone_by = $2, undone_at = $3, undo_reason = $4 WHERE id = $1")
            .bind(id.0)
            .bind(&undo.undone_by)
            .bind(undo.undone_at)
            .bind(&undo.reason)
            .execute(&mut *transaction)
            .await
            .doing(doing)?;
        sqlx::query("UPDATE link SET ended_at = $2 WHERE merge_id = $1 AND ended_at IS NULL")
            .bind(id.0)
            .bind(undo.undone_at)
            .execute(&mut *transaction)
            .await
            .doing(doing)?;
        end_choices(&mut transaction, id, undo.undone_at).await?;
        transaction.commit().await.doing(doing)?;
        merge.undo = Some(undo.clone());
        Ok(merge)
    }

    pub(super) async fn read_merge(&self, id: MergeId) -> Result<Option<Merge>> {
        let mut connection = self.pools.read.acquire().await.doing(|| "reading merges".into())?;
        select_merge(&mut connection, id).await
    }

    pub(super) async fn read_merges(&self, after: Option<TimeAndId>, limit: usize) -> Result<Vec<Merge>> {
        let select = concat!(
            merge_columns!(),
            " WHERE (merged_at, id) < ($1, $2) ORDER BY merged_at DESC, id DESC LIMIT $3"
        );
        let (at, id) = or_newest(after);
        let rows: Vec<MergeRow> = sqlx::query_as(select)
            .bind(at)
            .bind(id)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.pools.read)
            .await
            .doing(|| "reading merges".into())?;
        rows.into_iter().map(Merge::try_from).collect()
    }
}

/// Refuses a merge into which members have come that the decider did not see.
async fn check_members(db: Executor<'_>, request: &MergeRequest) -> Result<()> {
    let mut ids: BTreeSet<_> =
        request.absorbed.iter().copied().chain([request.survivor]).map(RecordId::from).collect();
    let links = follow_links(&mut *db, &mut ids).await?;
    let roots = Family { links, ..Family::default() }.roots();
    let seen: BTreeSet<_> = request.expected.keys().filter_map(|id| roots.get(id)).collect();
    let came = roots.iter().filter(|(id, root)| seen.contains(root) && !request.expected.contains_key(id));
    let living: Option<Uuid> =
        sqlx::query_scalar(concat!("SELECT id FROM organization WHERE id IN ", ids!("$1"), " LIMIT 1"))
            .bind(id_list(came.map(|(id, _)| id.0)))
            .fetch_optional(db)
            .await
            .doing(|| "checking members".into())?;
    living.map_or(Ok(()), |id| Err(Conflict::Stale(format!("organization {id}")).into()))
}

async fn answered_before(db: Executor<'_>, request: &MergeRequest) -> Result<Option<Merge>> {
    let answered: Option<(String, Uuid)> =
        sqlx::query_as("SELECT fingerprint, merge_id FROM idempotency_key WHERE idempotency_key = $1")
            .bind(&request.idempotency_key)
            .fetch_optional(&mut *db)
            .await
            .doing(|| "looking for an earlier answer".into())?;
    match answered {
        None => Ok(None),
        Some((fingerprint, _)) if fingerprint != request.fingerprint => Err(Conflict::KeyReused.into()),
        Some((_, merge)) => select_merge(db, merge.into()).await,
    }
}

/// Only golden ids merge: each must live, and none may have been absorbed.
async fn check_roots(db: Executor<'_>, request: &MergeRequest) -> Result<()> {
    let ids: BTreeSet<_> = request.absorbed.iter().copied().chain([request.survivor]).collect();
    if ids.len() != request.absorbed.len() + 1 || request.absorbed.is_empty() {
        return Err(Error::Invalid(
            "a merge names a survivor and at least one other organization, each once".into(),
        ));
    }
    let list = id_list(ids.iter().map(|id| id.0));
    let absorbed: Option<(Uuid, Uuid)> = sqlx::query_as(concat!(
        "SELECT absorbed_id, survivor_id FROM link WHERE ended_at IS NULL AND absorbed_id IN ",
        ids!("$1"),
        " LIMIT 1"
    ))
    .bind(&list)
    .fetch_optional(&mut *db)
    .await
    .doing(|| "checking links".into())?;
    if let Some((absorbed, survivor)) = absorbed {
        let (absorbed, survivor) = (absorbed.to_string(), survivor.to_string());
        return Err(Conflict::Absorbed { absorbed, survivor }.into());
    }
    let living: Vec<(Uuid,)> = sqlx::query_as(concat!(
        "SELECT id FROM organization WHERE id IN ",
        ids!("$1"),
        " UNION SELECT survivor_id FROM link WHERE ended_at IS NULL AND survivor_id IN ",
        ids!("$1")
    ))
    .bind(&list)
    .fetch_all(db)
    .await
    .doing(|| "checking organizations".into())?;
    let living: BTreeSet<_> = living.into_iter().map(|(id,)| OrganizationId(id)).collect();
    match ids.difference(&living).next() {
        Some(missing) => Err(Error::NotFound(format!("organization {missing}"))),
        None => Ok(()),
    }
}

async fn insert_merge(db: Executor<'_>, request: &MergeRequest) -> Result<Merge> {
    let doing = || format!("writing merge {}", request.id);
    let mut absorbed = request.absorbed.clone();
    absorbed.sort_unstable();
    sqlx::query(
        "INSERT INTO merge (id, survivor_id, absorbed_ids, merged_by, merged_at, reason)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(request.id.0)
    .bind(request.survivor.0)
    .bind(serde_json::to_string(&absorbed).expect("ids are JSON"))
    .bind(&request.merged_by)
    .bind(request.merged_at)
    .bind(&request.reason)
    .execute(&mut *db)
    .await
    .doing(doing)?;
    for id in &absorbed {
        sqlx::query("INSERT INTO link (merge_id, absorbed_id, survivor_id) VALUES ($1, $2, $3)")
            .bind(request.id.0)
            .bind(id.0)
            .bind(request.survivor.0)
            .execute(&mut *db)
            .await
            .doing(doing)?;
    }
    sqlx::query(
        "INSERT INTO idempotency_key (idempotency_key, fingerprint, merge_id, created_at) VALUES ($1, $2, $3, $4)",
    )
    .bind(&request.idempotency_key)
    .bind(&request.fingerprint)
    .bind(request.id.0)
    .bind(request.merged_at)
    .execute(db)
    .await
    .doing(doing)?;
    Ok(Merge {
        id: request.id,
        survivor: request.survivor,
        absorbed,
        merged_by: request.merged_by.clone(),
        merged_at: request.merged_at,
        reason: request.reason.clone(),
        undo: None,
    })
}

#[derive(Debug, FromRow)]
pub(super) struct MergeRow {
    id: Uuid,
    survivor_id: Uuid,
    absorbed_ids: String,
    merged_by: String,
    merged_at: DateTime<Utc>,
    reason: Option<String>,
    undone_by: Option<String>,
    undone_at: Option<DateTime<Utc>>,
    undo_reason: Option<String>,
}

async fn select_merge(db: Executor<'_>, id: MergeId) -> Result<Option<Merge>> {
    Ok(select_merges(db, &[id.0]).await?.pop())
}

/// These merges, in the order of their ids.
pub(super) async fn select_merges(db: Executor<'_>, ids: &[Uuid]) -> Result<Vec<Merge>> {
    let select = concat!(merge_columns!(), " WHERE id IN ", ids!("$1"), " ORDER BY id");
    let rows: Vec<MergeRow> = sqlx::query_as(select)
        .bind(id_list(ids.iter().copied()))
        .fetch_all(db)
        .await
        .doing(|| "reading merges".into())?;
    rows.into_iter().map(Merge::try_from).collect()
}

impl TryFrom<MergeRow> for Merge {
    type Error = Error;
    fn try_from(row: MergeRow) -> Result<Self> {
        let absorbed = serde_json::from_str(&row.absorbed_ids).map_err(|error| Error::Corrupt {
            doing: format!("reading merge {}", row.id),
            source: error.into(),
        })?;
        let undo = row.undone_by.zip(row.undone_at).map(|(undone_by, undone_at)| Undo {
            undone_by,
            undone_at,
            reason: row.undo_reason,
        });
        Ok(Self {
            id: row.id.into(),
            survivor: row.survivor_id.into(),
            absorbed,
            merged_by: row.merged_by,
            merged_at: row.merged_at,
            reason: row.reason,
            undo,
        })
    }
}
