//! Merges and splits as steps: read with all that they touch, and replayed into the links that hold.

use super::choices::{end_choices, restore_choices};
use super::merges::{MergeRow, insert_merge_row, merge_columns};
use super::read::load_family;
use super::splits::{SplitRow, split_columns};
use super::{Executor, OrganizationsStore, id_list};
use crate::error::{Doing, Result};
use crate::link_log::{Replayed, replay};
use crate::merging::{By, History};
use chrono::{DateTime, Utc};
use entity::{Family, Link, Merge, MergeId, OrganizationId, RecordId, Split, Undo};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What brought a replay about: for merges that it ends.
#[derive(Clone, Debug)]
pub(super) struct Cause {
    pub(super) step: MergeId,
    pub(super) by: By,
    pub(super) reason: Option<String>,
}

/// What a replay changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Changed {
    pub(super) ended: Vec<MergeId>,
    pub(super) remade: Vec<MergeId>,
    pub(super) restored: Vec<MergeId>,
}

impl OrganizationsStore {
    pub(super) async fn read_history(&self, ids: &[RecordId]) -> Result<History> {
        let mut snapshot = self.pools.begin_snapshot().await?;
        let (history, ids) = load(&mut snapshot, ids.iter().copied().collect()).await?;
        let family = load_family(&mut snapshot, ids).await?;
        snapshot.commit().await.doing(|| "ending a read".into())?;
        Ok(history.with_family(family))
    }

    pub(super) async fn read_history_of_step(&self, id: MergeId) -> Result<History> {
        let ids: Vec<Uuid> = sqlx::query_scalar("SELECT record_id FROM step_member WHERE step_id = $1")
            .bind(id.0)
            .fetch_all(&self.pools.read)
            .await
            .doing(|| format!("reading the members of {id}"))?;
        self.read_history(&ids.into_iter().map(RecordId).collect::<Vec<_>>()).await
    }
}

/// The number of the next step. Called under the lock of links.
pub(super) async fn next_seq(db: Executor<'_>) -> Result<i64> {
    let last: Option<i64> = sqlx::query_scalar(
        "SELECT MAX(seq) FROM (SELECT MAX(seq) AS seq FROM merge UNION ALL SELECT MAX(seq) FROM split) AS steps",
    )
    .fetch_one(db)
    .await
    .doing(|| "numbering a step".into())?;
    Ok(last.unwrap_or(0) + 1)
}

/// Writes down which ids a step names.
pub(super) async fn name_members(
    db: Executor<'_>,
    step: MergeId,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<()> {
    for id in ids {
        sqlx::query("INSERT INTO step_member (record_id, step_id) VALUES ($1, $2)")
            .bind(id)
            .bind(step.0)
            .execute(&mut *db)
            .await
            .doing(|| format!("writing the members of {step}"))?;
    }
    Ok(())
}

/// All steps that ever concerned these ids or, through a step, others; with all those ids, and without their rows.
async fn load(db: Executor<'_>, mut ids: BTreeSet<RecordId>) -> Result<(History, BTreeSet<RecordId>)> {
    let doing = || "following steps".to_owned();
    let mut steps: BTreeSet<Uuid> = BTreeSet::new();
    let mut frontier: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    while !frontier.is_empty() {
        let found: Vec<Uuid> =
            sqlx::query_scalar(concat!("SELECT step_id FROM step_member WHERE record_id IN ", ids!("$1")))
                .bind(id_list(frontier.drain(..)))
                .fetch_all(&mut *db)
                .await
                .doing(doing)?;
        let new: Vec<Uuid> = found.into_iter().filter(|step| steps.insert(*step)).collect();
        if new.is_empty() {
            break;
        }
        let named: Vec<Uuid> =
            sqlx::query_scalar(concat!("SELECT record_id FROM step_member WHERE step_id IN ", ids!("$1")))
                .bind(id_list(new))
                .fetch_all(&mut *db)
                .await
                .doing(doing)?;
        frontier.extend(named.into_iter().filter(|id| ids.insert(RecordId(*id))));
    }
    let list = id_list(steps);
    let merges: Vec<MergeRow> =
        sqlx::query_as(concat!(merge_columns!(), " WHERE id IN ", ids!("$1"), " ORDER BY seq, id"))
            .bind(&list)
            .fetch_all(&mut *db)
            .await
            .doing(doing)?;
    let splits: Vec<SplitRow> =
        sqlx::query_as(concat!(split_columns!(), " WHERE id IN ", ids!("$1"), " ORDER BY seq"))
            .bind(&list)
            .fetch_all(db)
            .await
            .doing(doing)?;
    let mut order: Vec<(i64, MergeId)> = merges.iter().map(MergeRow::place).collect();
    order.extend(splits.iter().map(SplitRow::place));
    order.sort_unstable();
    let merges = merges.into_iter().map(Merge::try_from).collect::<Result<_>>()?;
    let splits = splits.into_iter().map(Split::try_from).collect::<Result<_>>()?;
    let order = order.into_iter().map(|(_, id)| id).collect();
    Ok((History::new(order, merges, splits, Family::default()), ids))
}

/// Replays all that concerns these ids and makes the rows what the replay says. Called under the lock of links, after
/// the step itself was written or taken back.
pub(super) async fn rebuild(db: Executor<'_>, ids: BTreeSet<RecordId>, cause: &Cause) -> Result<Changed> {
    let (history, ids) = load(&mut *db, ids).await?;
    let replayed = replay(&history.steps_without(&BTreeSet::new()), &history.withdrawn());
    // Facts first, links after: the log then tells of them in that order.
    let changed = settle_merges(&mut *db, &history, &replayed, cause).await?;
    for merge in &changed.ended {
        end_choices(&mut *db, *merge, cause.by.at).await?;
    }
    for merge in &changed.restored {
        restore_choices(&mut *db, *merge).await?;
    }
    settle_links(db, &ids, &replayed.links, cause.by.at).await?;
    Ok(changed)
}

async fn settle_merges(
    db: Executor<'_>,
    history: &History,
    replayed: &Replayed,
    cause: &Cause,
) -> Result<Changed> {
    let mut changed = Changed::default();
    let remade: BTreeSet<MergeId> = replayed.remade.iter().map(|remade| remade.id).collect();
    let known: BTreeMap<MergeId, &Merge> = history.merges.iter().map(|merge| (merge.id, merge)).collect();
    for merge in &history.merges {
        if merge.undo.as_ref().is_some_and(|undo| undo.split.is_none()) {
            continue;
        }
        let gone = merge.split.is_some() && !remade.contains(&merge.id);
        let ended_by = match replayed.ended.get(&merge.id) {
            Some(split) => Some(*split),
            None if gone => Some(cause.step),
            None => None,
        };
        let ended_before = merge.undo.as_ref().and_then(|undo| undo.split);
        match (ended_before, ended_by) {
            (None, Some(step)) => {
                let undo = Undo {
                    undone_by: cause.by.actor.clone(),
                    undone_at: cause.by.at,
                    reason: cause.reason.clone(),
                    split: Some(step),
                };
                take_back(&mut *db, merge.id, Some(&undo)).await?;
                changed.ended.push(merge.id);
            }
            (Some(_), None) => {
                take_back(&mut *db, merge.id, None).await?;
                changed.restored.push(merge.id);
            }
            // Whichever of two splits ends it: it is no news to anybody.
            (Some(before), Some(now)) if before != now => {
                sqlx::query("UPDATE merge SET ended_by = $2 WHERE id = $1")
                    .bind(merge.id.0)
                    .bind(now.0)
                    .execute(&mut *db)
                    .await
                    .doing(|| format!("writing what ended merge {}", merge.id))?;
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
    let is_new = |id: &MergeId| !known.contains_key(id) && !replayed.ended.contains_key(id);
    for remade in replayed.remade.iter().filter(|remade| is_new(&remade.id)) {
        let Some(split) = history.splits.iter().find(|split| split.id == remade.split) else { continue };
        let merge = Merge {
            id: remade.id,
            survivor: remade.join.survivor.into(),
            absorbed: remade.join.absorbed.iter().copied().map(OrganizationId::from).collect(),
            merged_by: split.split_by.clone(),
            merged_at: split.split_at,
            reason: split.reason.clone(),
            batch: None,
            split: Some(split.id),
            undo: None,
        };
        let seq = seq_of_split(&mut *db, split.id).await?;
        insert_merge_row(&mut *db, &merge, seq).await?;
        changed.remade.push(merge.id);
    }
    Ok(changed)
}

async fn seq_of_split(db: Executor<'_>, split: MergeId) -> Result<i64> {
    sqlx::query_scalar("SELECT seq FROM split WHERE id = $1")
        .bind(split.0)
        .fetch_one(db)
        .await
        .doing(|| format!("reading the number of split {split}"))
}

/// Writes an undo into a merge, or takes one out of it.
pub(super) async fn take_back(db: Executor<'_>, id: MergeId, undo: Option<&Undo>) -> Result<()> {
    sqlx::query(
        "UPDATE merge SET undone_by = $2, undone_at = $3, undo_reason = $4, ended_by = $5 WHERE id = $1",
    )
    .bind(id.0)
    .bind(undo.map(|undo| undo.undone_by.as_str()))
    .bind(undo.map(|undo| undo.undone_at))
    .bind(undo.and_then(|undo| undo.reason.as_deref()))
    .bind(undo.and_then(|undo| undo.split).map(|split| split.0))
    .execute(db)
    .await
    .map(drop)
    .doing(|| format!("taking back merge {id}"))
}

/// Ends links that the replay does not know, and makes those that it does. Links of ids that no step names stay.
async fn settle_links(
    db: Executor<'_>,
    ids: &BTreeSet<RecordId>,
    wanted: &[Link],
    at: DateTime<Utc>,
) -> Result<()> {
    let doing = || "writing links".to_owned();
    let standing: Vec<(Uuid, Uuid, Uuid)> = sqlx::query_as(concat!(
        "SELECT absorbed_id, survivor_id, merge_id FROM link WHERE ended_at IS NULL AND absorbed_id IN ",
        ids!("$1")
    ))
    .bind(id_list(ids.iter().map(|id| id.0)))
    .fetch_all(&mut *db)
    .await
    .doing(doing)?;
    let standing: Vec<Link> = standing
        .into_iter()
        .map(|(absorbed, survivor, merge)| Link {
            absorbed: absorbed.into(),
            survivor: survivor.into(),
            merge_id: merge.into(),
        })
        .collect();
    for link in standing.iter().filter(|link| !wanted.contains(link)) {
        sqlx::query("UPDATE link SET ended_at = $3 WHERE merge_id = $1 AND absorbed_id = $2")
            .bind(link.merge_id.0)
            .bind(link.absorbed.0)
            .bind(at)
            .execute(&mut *db)
            .await
            .doing(doing)?;
    }
    for link in wanted.iter().filter(|link| !standing.contains(link)) {
        sqlx::query(
            "INSERT INTO link (merge_id, absorbed_id, survivor_id) VALUES ($1, $2, $3)
             ON CONFLICT (merge_id, absorbed_id) DO UPDATE SET survivor_id = excluded.survivor_id, ended_at = NULL",
        )
        .bind(link.merge_id.0)
        .bind(link.absorbed.0)
        .bind(link.survivor.0)
        .execute(&mut *db)
        .await
        .doing(doing)?;
    }
    Ok(())
}
