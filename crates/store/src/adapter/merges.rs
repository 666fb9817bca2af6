//! Merges and their undo: steps of the link log, one change of it at a time.

use super::answers::{Before, answered, remember};
use super::audit::commit_with;
use super::batches::check_running;
use super::choices::{end_choices, forest_of, insert_choices};
use super::people::check_revisions;
use super::read::follow_links;
use super::steps::{Cause, name_members, next_seq, rebuild, take_back};
use super::{Executor, OrganizationsStore, id_list};
use crate::audit::Deed;
use crate::error::{Conflict, Doing, Error, Result};
use crate::listing::{TimeAndId, or_newest};
use crate::merging::By;
use crate::organizations::{MergeRequest, Revisions};
use chrono::{DateTime, Utc};
use entity::{Choosing, Family, Merge, MergeId, OrganizationId, RecordId, Undo};
use serde_json::json;
use sqlx::FromRow;
use std::collections::BTreeSet;
use uuid::Uuid;

macro_rules! merge_columns {
    () => {
        concat!(
            "SELECT id, survivor_id, absorbed_ids, merged_by, merged_at, reason, undone_by, undone_at, undo_reason,
             split_id, ended_by, batch_id, seq",
            " FROM merge"
        )
    };
}
pub(super) use merge_columns;

/// The lock under which links change, one merge, split or undo at a time.
pub(super) const LINKS: i64 = 0x6c69_6e6b;

impl OrganizationsStore {
    pub(super) async fn apply_merge(&self, request: &MergeRequest) -> Result<Merge> {
        let mut transaction = self.pools.begin_write().await?;
        super::super::serialize_writers(&mut transaction, LINKS).await?;
        match answered(&mut transaction, &request.key).await? {
            Before::Nothing => {}
            Before::Answer(merge) => return Ok(merge),
            Before::Made(id) => {
                let merge = select_merge(&mut transaction, id.into()).await?;
                return merge.ok_or_else(|| Error::NotFound(format!("merge {id}")));
            }
        }
        if let Some(batch) = request.batch {
            check_running(&mut transaction, batch).await?;
        }
        check_roots(&mut transaction, request).await?;
        check_revisions(&mut transaction, &request.expected).await?;
        let ids = request.absorbed.iter().copied().chain([request.survivor]);
        check_members(&mut transaction, ids, &request.expected).await?;
        let merge = merge_of(request);
        let seq = next_seq(&mut transaction).await?;
        insert_merge_row(&mut transaction, &merge, seq).await?;
        let by = By { actor: merge.merged_by.clone(), at: merge.merged_at };
        let cause = Cause { step: merge.id, by: by.clone(), reason: merge.reason.clone() };
        rebuild(&mut transaction, ids_of(&merge), &cause).await?;
        choose(&mut transaction, request).await?;
        remember(&mut transaction, &request.key, (merge.id.0, merge.merged_at), &merge).await?;
        commit_with(transaction, &deed(&by, "merge", &merge, merge.reason.as_deref())).await?;
        Ok(merge)
    }

    pub(super) async fn apply_undo(&self, id: MergeId, undo: &Undo) -> Result<Merge> {
        let mut transaction = self.pools.begin_write().await?;
        super::super::serialize_writers(&mut transaction, LINKS).await?;
        let mut merge = select_merge(&mut transaction, id)
            .await?
            .ok_or_else(|| Error::NotFound(format!("merge {id}")))?;
        if is_taken_back(&merge) {
            return Ok(merge);
        }
        take_back(&mut transaction, id, Some(undo)).await?;
        end_choices(&mut transaction, id, undo.undone_at).await?;
        let by = By { actor: undo.undone_by.clone(), at: undo.undone_at };
        let cause = Cause { step: id, by: by.clone(), reason: undo.reason.clone() };
        rebuild(&mut transaction, ids_of(&merge), &cause).await?;
        commit_with(transaction, &deed(&by, "merge.undo", &merge, undo.reason.as_deref())).await?;
        merge.undo = Some(undo.clone());
        Ok(merge)
    }

    pub(super) async fn read_merges_since(&self, after: Option<MergeId>, limit: usize) -> Result<Vec<Merge>> {
        let mut seq = 0;
        if let Some(after) = after {
            let known: Option<i64> = sqlx::query_scalar("SELECT seq FROM merge WHERE id = $1")
                .bind(after.0)
                .fetch_optional(&self.pools.read)
                .await
                .doing(|| format!("reading merge {after}"))?;
            seq = known.ok_or_else(|| Error::NotFound(format!("merge {after}")))?;
        }
        let select = concat!(merge_columns!(), " WHERE (seq, id) > ($1, $2) ORDER BY seq, id LIMIT $3");
        let rows: Vec<MergeRow> = sqlx::query_as(select)
            .bind(seq)
            .bind(after.map_or(Uuid::nil(), |id| id.0))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.pools.read)
            .await
            .doing(|| "reading merges".into())?;
        rows.into_iter().map(Merge::try_from).collect()
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

/// Writes down whose values the merge lets win. Once its links stand: a chosen record is a member through them.
async fn choose(db: Executor<'_>, request: &MergeRequest) -> Result<()> {
    if request.choices.is_empty() {
        return Ok(());
    }
    let forest = forest_of(&mut *db, [request.survivor.into()]).await?;
    let made = Choosing {
        organization_id: request.survivor,
        merge_id: Some(request.id),
        by: &request.merged_by,
        at: request.merged_at,
    };
    insert_choices(db, &forest, &made, &request.choices).await.map(drop)
}

/// Whether a person took it back; what a split ended may still be.
pub(super) fn is_taken_back(merge: &Merge) -> bool {
    merge.undo.as_ref().is_some_and(|undo| undo.split.is_none())
}

pub(super) fn ids_of(merge: &Merge) -> BTreeSet<RecordId> {
    merge.absorbed.iter().copied().chain([merge.survivor]).map(RecordId::from).collect()
}

/// What the audit log says of a merge or its undo.
pub(super) fn deed(by: &By, action: &str, merge: &Merge, reason: Option<&str>) -> Deed {
    let batch = merge.batch.map(|batch| batch.to_string());
    let ids = merge.absorbed.iter().chain([&merge.survivor]).map(ToString::to_string);
    let subjects = ids.chain([merge.id.to_string()]).chain(batch.clone());
    let detail = json!({
        "merge": merge.id, "survivor": merge.survivor, "absorbed": merge.absorbed, "batch": batch, "reason": reason,
    });
    Deed::new(by, action, subjects, detail)
}

/// Refuses a decision on trees into which members have come that the decider did not see.
pub(super) async fn check_members(
    db: Executor<'_>,
    ids: impl IntoIterator<Item = OrganizationId>,
    expected: &Revisions,
) -> Result<()> {
    let mut ids: BTreeSet<_> = ids.into_iter().map(RecordId::from).collect();
    let links = follow_links(&mut *db, &mut ids).await?;
    let roots = Family { links, ..Family::default() }.roots();
    let seen: BTreeSet<_> = expected.keys().filter_map(|id| roots.get(id)).collect();
    let came = roots.iter().filter(|(id, root)| seen.contains(root) && !expected.contains_key(id));
    let living: Option<Uuid> =
        sqlx::query_scalar(concat!("SELECT id FROM organization WHERE id IN ", ids!("$1"), " LIMIT 1"))
            .bind(id_list(came.map(|(id, _)| id.0)))
            .fetch_optional(db)
            .await
            .doing(|| "checking members".into())?;
    living.map_or(Ok(()), |id| Err(Conflict::Stale(format!("organization {id}")).into()))
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

fn merge_of(request: &MergeRequest) -> Merge {
    let mut absorbed = request.absorbed.clone();
    absorbed.sort_unstable();
    Merge {
        id: request.id,
        survivor: request.survivor,
        absorbed,
        merged_by: request.merged_by.clone(),
        merged_at: request.merged_at,
        reason: request.reason.clone(),
        batch: request.batch,
        split: None,
        undo: None,
    }
}

/// Writes a merge and whom it names; its links are what a replay says.
pub(super) async fn insert_merge_row(db: Executor<'_>, merge: &Merge, seq: i64) -> Result<()> {
    sqlx::query(
        "INSERT INTO merge (id, survivor_id, absorbed_ids, merged_by, merged_at, reason, seq, split_id, batch_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(merge.id.0)
    .bind(merge.survivor.0)
    .bind(serde_json::to_string(&merge.absorbed).expect("ids are JSON"))
    .bind(&merge.merged_by)
    .bind(merge.merged_at)
    .bind(&merge.reason)
    .bind(seq)
    .bind(merge.split.map(|split| split.0))
    .bind(merge.batch)
    .execute(&mut *db)
    .await
    .doing(|| format!("writing merge {}", merge.id))?;
    name_members(db, merge.id, ids_of(merge).into_iter().map(|id| id.0)).await
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
    split_id: Option<Uuid>,
    ended_by: Option<Uuid>,
    batch_id: Option<Uuid>,
    seq: i64,
}

impl MergeRow {
    /// Its place among all merges and splits.
    pub(super) fn place(&self) -> (i64, MergeId) {
        (self.seq, self.id.into())
    }
}

pub(super) async fn select_merge(db: Executor<'_>, id: MergeId) -> Result<Option<Merge>> {
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
            split: row.ended_by.map(MergeId),
        });
        Ok(Self {
            id: row.id.into(),
            survivor: row.survivor_id.into(),
            absorbed,
            merged_by: row.merged_by,
            merged_at: row.merged_at,
            reason: row.reason,
            batch: row.batch_id,
            split: row.split_id.map(MergeId),
            undo,
        })
    }
}
