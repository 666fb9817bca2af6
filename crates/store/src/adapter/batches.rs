//! Batches: merges that a second person approves, carried out one by one, and taken back together.

use super::answers::{Before, answered, remember};
use super::audit::commit_with;
use super::choices::end_choices;
use super::merges::{LINKS, MergeRow, ids_of, is_taken_back, merge_columns};
use super::steps::{Cause, rebuild, take_back};
use super::{Executor, OrganizationsStore, id_list};
use crate::audit::Deed;
use crate::error::{Conflict, Doing, Error, Result};
use crate::listing::{TimeAndId, or_newest};
use crate::merging::{Batch, BatchItem, BatchState, By, ItemState, RequestKey};
use chrono::{DateTime, Utc};
use entity::{Merge, MergeId, RecordId, Undo};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, FromRow};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The lock under which batches change their state.
const BATCHES: i64 = 0x6261_7463;

const COLUMNS: &str =
    "SELECT id, state, created_by, created_at, reason, approved_by, approved_at, closed_by, closed_at,
                       close_reason FROM merge_batch";

impl OrganizationsStore {
    pub(super) async fn insert_batch(&self, batch: &Batch, key: &RequestKey) -> Result<Batch> {
        let doing = || format!("writing batch {}", batch.id);
        let mut transaction = self.pools.begin_write().await?;
        super::super::serialize_writers(&mut transaction, BATCHES).await?;
        match answered::<Uuid>(&mut transaction, key).await? {
            Before::Nothing => {}
            Before::Answer(id) | Before::Made(id) => return select_batch(&mut transaction, id).await,
        }
        sqlx::query(
            "INSERT INTO merge_batch (id, state, created_by, created_at, reason) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(batch.id)
        .bind(to_word(&batch.state))
        .bind(&batch.created_by)
        .bind(batch.created_at)
        .bind(&batch.reason)
        .execute(&mut *transaction)
        .await
        .doing(doing)?;
        for item in &batch.items {
            sqlx::query(
                "INSERT INTO merge_batch_item (batch_id, position, request, state, merge_id, problem)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(batch.id)
            .bind(i64::from(item.position))
            .bind(serde_json::to_string(&item.request).expect("a request is JSON"))
            .bind(to_word(&item.state))
            .bind(item.merge.map(|merge| merge.0))
            .bind(item.problem.as_ref().map(Value::to_string))
            .execute(&mut *transaction)
            .await
            .doing(doing)?;
        }
        remember(&mut transaction, key, (batch.id, batch.created_at), &batch.id).await?;
        let by = By { actor: batch.created_by.clone(), at: batch.created_at };
        let detail = json!({ "batch": batch.id, "merges": batch.items.len(), "reason": batch.reason });
        let named =
            batch.items.iter().flat_map(|item| item.request.absorbed.iter().chain([&item.request.survivor]));
        let subjects = named.map(ToString::to_string).chain([batch.id.to_string()]);
        commit_with(transaction, &Deed::new(&by, "merge-batch", subjects, detail)).await?;
        Ok(batch.clone())
    }

    pub(super) async fn read_batch(&self, id: Uuid) -> Result<Option<Batch>> {
        let mut snapshot = self.pools.begin_snapshot().await?;
        match select_batch(&mut snapshot, id).await {
            Err(Error::NotFound(_)) => Ok(None),
            found => found.map(Some),
        }
    }

    pub(super) async fn read_batches(&self, after: Option<TimeAndId>, limit: usize) -> Result<Vec<Batch>> {
        let (at, id) = or_newest(after);
        let select =
            format!("{COLUMNS} WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3");
        let mut snapshot = self.pools.begin_snapshot().await?;
        let rows: Vec<BatchRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(at)
            .bind(id)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&mut *snapshot)
            .await
            .doing(|| "reading batches".into())?;
        with_items(&mut snapshot, rows).await
    }

    pub(super) async fn read_running_batches(&self) -> Result<Vec<Batch>> {
        let select = format!("{COLUMNS} WHERE state = 'running' ORDER BY created_at, id");
        let mut snapshot = self.pools.begin_snapshot().await?;
        let rows: Vec<BatchRow> = sqlx::query_as(AssertSqlSafe(select))
            .fetch_all(&mut *snapshot)
            .await
            .doing(|| "reading the batches that run".into())?;
        let mut batches = with_items(&mut snapshot, rows).await?;
        for batch in &mut batches {
            batch.items.retain(|item| item.state == ItemState::Pending);
        }
        Ok(batches)
    }

    pub(super) async fn approve(&self, id: Uuid, by: &By) -> Result<Batch> {
        let mut transaction = self.pools.begin_write().await?;
        super::super::serialize_writers(&mut transaction, BATCHES).await?;
        let mut batch = select_batch(&mut transaction, id).await?;
        if batch.created_by == by.actor {
            return Err(Conflict::OwnApproval(format!("batch {id}")).into());
        }
        if batch.state != BatchState::AwaitingApproval {
            let again = batch.approved.as_ref().is_some_and(|(approver, _)| *approver == by.actor);
            return if again { Ok(batch) } else { Err(closed(&batch)) };
        }
        sqlx::query(
            "UPDATE merge_batch SET state = 'running', approved_by = $2, approved_at = $3 WHERE id = $1",
        )
        .bind(id)
        .bind(&by.actor)
        .bind(by.at)
        .execute(&mut *transaction)
        .await
        .doing(|| format!("approving batch {id}"))?;
        batch.state = BatchState::Running;
        batch.approved = Some((by.actor.clone(), by.at));
        let detail = json!({ "batch": id, "created_by": batch.created_by, "merges": batch.items.len() });
        commit_with(transaction, &Deed::new(by, "merge-batch.approve", [id.to_string()], detail)).await?;
        Ok(batch)
    }

    pub(super) async fn cancel(&self, id: Uuid, by: &By, reason: Option<&str>) -> Result<Batch> {
        let mut transaction = self.pools.begin_write().await?;
        super::super::serialize_writers(&mut transaction, BATCHES).await?;
        let batch = select_batch(&mut transaction, id).await?;
        match batch.state {
            BatchState::AwaitingApproval | BatchState::Running => {}
            BatchState::Cancelled => return Ok(batch),
            BatchState::Done | BatchState::Undone => return Err(closed(&batch)),
        }
        let batch = close(&mut transaction, batch, BatchState::Cancelled, (by, reason)).await?;
        let detail = json!({ "batch": id, "reason": reason });
        commit_with(transaction, &Deed::new(by, "merge-batch.cancel", [id.to_string()], detail)).await?;
        Ok(batch)
    }

    pub(super) async fn undo_all(&self, id: Uuid, undo: &Undo) -> Result<Batch> {
        let doing = || format!("undoing batch {id}");
        let mut transaction = self.pools.begin_write().await?;
        super::super::serialize_writers(&mut transaction, BATCHES).await?;
        super::super::serialize_writers(&mut transaction, LINKS).await?;
        let batch = select_batch(&mut transaction, id).await?;
        if batch.state == BatchState::Undone {
            return Ok(batch);
        }
        let by = By { actor: undo.undone_by.clone(), at: undo.undone_at };
        let batch = close(&mut transaction, batch, BatchState::Undone, (&by, undo.reason.as_deref())).await?;
        let rows: Vec<MergeRow> = sqlx::query_as(concat!(
            merge_columns!(),
            " WHERE batch_id = $1 AND split_id IS NULL ORDER BY seq"
        ))
        .bind(id)
        .fetch_all(&mut *transaction)
        .await
        .doing(doing)?;
        let merges = rows.into_iter().map(Merge::try_from).collect::<Result<Vec<_>>>()?;
        let mut ids: BTreeSet<RecordId> = BTreeSet::new();
        let mut taken_back: Vec<MergeId> = Vec::new();
        for merge in merges.iter().filter(|merge| !is_taken_back(merge)) {
            take_back(&mut transaction, merge.id, Some(undo)).await?;
            end_choices(&mut transaction, merge.id, undo.undone_at).await?;
            ids.extend(ids_of(merge));
            taken_back.push(merge.id);
        }
        let subjects: Vec<String> = ids.iter().map(ToString::to_string).collect();
        if !ids.is_empty() {
            let cause = Cause { step: MergeId(id), by: by.clone(), reason: undo.reason.clone() };
            rebuild(&mut transaction, ids, &cause).await?;
        }
        let named = taken_back.iter().map(ToString::to_string).chain([id.to_string()]).chain(subjects);
        let detail = json!({ "batch": id, "merges": taken_back, "reason": undo.reason });
        commit_with(transaction, &Deed::new(&by, "merge-batch.undo", named, detail)).await?;
        Ok(batch)
    }

    pub(super) async fn settle(&self, batch: Uuid, item: &BatchItem) -> Result<()> {
        let doing = || format!("writing item {} of batch {batch}", item.position);
        let mut transaction = self.pools.begin_write().await?;
        super::super::serialize_writers(&mut transaction, BATCHES).await?;
        sqlx::query(
            "UPDATE merge_batch_item SET state = $3, merge_id = $4, problem = $5
             WHERE batch_id = $1 AND position = $2 AND (state = 'pending' OR $4 IS NOT NULL)",
        )
        .bind(batch)
        .bind(i64::from(item.position))
        .bind(to_word(&item.state))
        .bind(item.merge.map(|merge| merge.0))
        .bind(item.problem.as_ref().map(Value::to_string))
        .execute(&mut *transaction)
        .await
        .doing(doing)?;
        sqlx::query(
            "UPDATE merge_batch SET state = 'done' WHERE id = $1 AND state = 'running' AND NOT EXISTS (
                 SELECT 1 FROM merge_batch_item WHERE batch_id = $1 AND state = 'pending')",
        )
        .bind(batch)
        .execute(&mut *transaction)
        .await
        .doing(doing)?;
        transaction.commit().await.doing(doing)
    }
}

fn closed(batch: &Batch) -> Error {
    Conflict::BatchClosed { id: batch.id.to_string(), state: to_word(&batch.state).replace('_', " ") }.into()
}

/// Skips what is pending and writes down who ended it.
async fn close(
    db: Executor<'_>,
    mut batch: Batch,
    state: BatchState,
    (by, reason): (&By, Option<&str>),
) -> Result<Batch> {
    let doing = || format!("closing batch {}", batch.id);
    sqlx::query("UPDATE merge_batch_item SET state = 'skipped' WHERE batch_id = $1 AND state = 'pending'")
        .bind(batch.id)
        .execute(&mut *db)
        .await
        .doing(doing)?;
    sqlx::query(
        "UPDATE merge_batch SET state = $2, closed_by = $3, closed_at = $4, close_reason = $5 WHERE id = $1",
    )
    .bind(batch.id)
    .bind(to_word(&state))
    .bind(&by.actor)
    .bind(by.at)
    .bind(reason)
    .execute(db)
    .await
    .doing(doing)?;
    batch.state = state;
    batch.closed = Some((by.actor.clone(), by.at, reason.map(str::to_owned)));
    for item in batch.items.iter_mut().filter(|item| item.state == ItemState::Pending) {
        item.state = ItemState::Skipped;
    }
    Ok(batch)
}

/// Refuses a merge of a batch that was stopped before its turn. Called under the lock of links: an undo of the batch
/// waits for it, and then finds the merge.
pub(super) async fn check_running(db: Executor<'_>, batch: Uuid) -> Result<()> {
    let state: Option<String> = sqlx::query_scalar("SELECT state FROM merge_batch WHERE id = $1")
        .bind(batch)
        .fetch_optional(db)
        .await
        .doing(|| format!("reading the state of batch {batch}"))?;
    match state {
        Some(state) if state == "running" => Ok(()),
        Some(state) => {
            Err(Conflict::BatchClosed { id: batch.to_string(), state: state.replace('_', " ") }.into())
        }
        None => Err(Error::NotFound(format!("batch {batch}"))),
    }
}

async fn select_batch(db: Executor<'_>, id: Uuid) -> Result<Batch> {
    let row: Option<BatchRow> = sqlx::query_as(AssertSqlSafe(format!("{COLUMNS} WHERE id = $1")))
        .bind(id)
        .fetch_optional(&mut *db)
        .await
        .doing(|| format!("reading batch {id}"))?;
    let batches = with_items(db, row.into_iter().collect()).await?;
    batches.into_iter().next().ok_or_else(|| Error::NotFound(format!("batch {id}")))
}

async fn with_items(db: Executor<'_>, rows: Vec<BatchRow>) -> Result<Vec<Batch>> {
    let items: Vec<ItemRow> = sqlx::query_as(concat!(
        "SELECT batch_id, position, request, state, merge_id, problem FROM merge_batch_item WHERE batch_id IN ",
        ids!("$1"),
        " ORDER BY batch_id, position"
    ))
    .bind(id_list(rows.iter().map(|row| row.id)))
    .fetch_all(db)
    .await
    .doing(|| "reading the items of batches".into())?;
    let mut of_batches: BTreeMap<Uuid, Vec<BatchItem>> = BTreeMap::new();
    for item in items {
        of_batches.entry(item.batch_id).or_default().push(item.try_into()?);
    }
    rows.into_iter().map(|row| row.with(&mut of_batches)).collect()
}

#[derive(Debug, FromRow)]
struct BatchRow {
    id: Uuid,
    state: String,
    created_by: String,
    created_at: DateTime<Utc>,
    reason: Option<String>,
    approved_by: Option<String>,
    approved_at: Option<DateTime<Utc>>,
    closed_by: Option<String>,
    closed_at: Option<DateTime<Utc>>,
    close_reason: Option<String>,
}

impl BatchRow {
    fn with(self, items: &mut BTreeMap<Uuid, Vec<BatchItem>>) -> Result<Batch> {
        let closed = self.closed_by.zip(self.closed_at);
        Ok(Batch {
            id: self.id,
            state: from_text(&json!(self.state).to_string())?,
            created_by: self.created_by,
            created_at: self.created_at,
            reason: self.reason,
            approved: self.approved_by.zip(self.approved_at),
            closed: closed.map(|(by, at)| (by, at, self.close_reason)),
            items: items.remove(&self.id).unwrap_or_default(),
        })
    }
}

#[derive(Debug, FromRow)]
struct ItemRow {
    batch_id: Uuid,
    position: i64,
    request: String,
    state: String,
    merge_id: Option<Uuid>,
    problem: Option<String>,
}

impl TryFrom<ItemRow> for BatchItem {
    type Error = Error;
    fn try_from(row: ItemRow) -> Result<Self> {
        Ok(Self {
            position: u32::try_from(row.position).unwrap_or(u32::MAX),
            request: from_text(&row.request)?,
            state: from_text(&json!(row.state).to_string())?,
            merge: row.merge_id.map(MergeId),
            problem: row.problem.as_deref().map(from_text).transpose()?,
        })
    }
}

/// A plain enum as the word that stands in a column.
fn to_word<T: Serialize>(value: &T) -> String {
    let value = serde_json::to_value(value).expect("a plain enum is JSON");
    value.as_str().expect("a plain enum is a word").to_owned()
}

fn from_text<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|error| Error::Corrupt { doing: "reading a batch".into(), source: error.into() })
}
