//! Many merges at once: a job that a second person approves, with a result for each, and one undo for all.

use super::Room;
use super::effects::{DryRun, Effects, Undone};
use super::keys::request_key;
use super::merges::{UndoBody, accepted, stated};
use super::proposal::{Choice, Proposal, Wanted};
use crate::paging::{NewestQuery, cut};
use crate::problem::{Problem, Result};
use crate::request::{Body, Caller, Headers, OptionalBody, Parameters, PathId};
use crate::responses::{ApprovalProblems, BatchProblems, ListProblems, ReadProblems};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::response::Response;
use chrono::{DateTime, Utc};
use entity::{RecordId, Undo};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::error::{Conflict, Error};
use store::merging::{Answer, Batch, BatchItem, BatchState, By, ItemRequest, ItemState};
use utoipa::ToSchema;
use uuid::Uuid;

/// More would keep the caller waiting for the previews.
const ITEMS_MAX: usize = 500;

/// Merges to be made together.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BatchBody {
    /// The merges; no organization in two of them.
    #[schema(min_items = 1, max_items = 500)]
    items: Vec<BatchItemBody>,
    /// Why.
    #[serde(default)]
    reason: Option<String>,
}

/// One merge of a batch.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BatchItemBody {
    /// The golden id that stays; that of the organization that was there first unless told.
    #[serde(default)]
    survivor: Option<Uuid>,
    /// The golden ids that become one, with or without the survivor.
    #[schema(min_items = 1, max_items = 1000)]
    organizations: Vec<Uuid>,
    /// Whose value wins which field.
    #[serde(default)]
    choices: Vec<Choice>,
    /// The digest of the preview that it was decided on; without it, it rests on what stands now.
    #[serde(default)]
    preview_digest: Option<String>,
    /// The `expected_versions` of that preview.
    #[serde(default)]
    expected_versions: BTreeMap<Uuid, String>,
}

/// A batch of merges and how far it has got.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = MergeBatch)]
pub(crate) struct BatchView {
    id: Uuid,
    /// `awaiting_approval`, `running`, `done`, `cancelled`, `undone`.
    #[schema(value_type = String)]
    state: BatchState,
    /// Who asked for it.
    created_by: String,
    created_at: DateTime<Utc>,
    /// Why.
    reason: Option<String>,
    /// Who approved it: somebody else.
    approved_by: Option<String>,
    approved_at: Option<DateTime<Utc>>,
    /// Who stopped it or took it back, where somebody did.
    closed_by: Option<String>,
    closed_at: Option<DateTime<Utc>>,
    close_reason: Option<String>,
    progress: ProgressView,
    items: Vec<BatchItemView>,
}

/// Items by state.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub(crate) struct ProgressView {
    total: usize,
    pending: usize,
    applied: usize,
    refused: usize,
    skipped: usize,
}

/// One merge of a batch and what became of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = MergeBatchItem)]
pub(crate) struct BatchItemView {
    position: u32,
    survivor: Uuid,
    absorbed: Vec<Uuid>,
    /// The members that it was decided on, with their revisions.
    expected_versions: BTreeMap<Uuid, String>,
    preview_digest: String,
    #[schema(value_type = Vec<Choice>)]
    choices: Value,
    /// `pending`, `applied`, `refused`, `skipped`.
    #[schema(value_type = String)]
    state: ItemState,
    merge_id: Option<Uuid>,
    /// Why it was refused.
    #[schema(value_type = Option<crate::problem::ProblemDocument>)]
    problem: Option<Value>,
}

impl From<Batch> for BatchView {
    fn from(batch: Batch) -> Self {
        let mut progress = ProgressView { total: batch.items.len(), ..ProgressView::default() };
        for item in &batch.items {
            *match item.state {
                ItemState::Pending => &mut progress.pending,
                ItemState::Applied => &mut progress.applied,
                ItemState::Refused => &mut progress.refused,
                ItemState::Skipped => &mut progress.skipped,
            } += 1;
        }
        let (approved_by, approved_at) = batch.approved.unzip();
        let (closed_by, closed_at, close_reason) = match batch.closed {
            Some((by, at, reason)) => (Some(by), Some(at), reason),
            None => (None, None, None),
        };
        Self {
            id: batch.id,
            state: batch.state,
            created_by: batch.created_by,
            created_at: batch.created_at,
            reason: batch.reason,
            approved_by,
            approved_at,
            closed_by,
            closed_at,
            close_reason,
            progress,
            items: batch.items.into_iter().map(BatchItemView::from).collect(),
        }
    }
}

impl From<BatchItem> for BatchItemView {
    fn from(item: BatchItem) -> Self {
        let ItemRequest { survivor, absorbed, expected, preview_digest, choices } = item.request;
        Self {
            position: item.position,
            survivor: survivor.0,
            absorbed: absorbed.into_iter().map(|id| id.0).collect(),
            expected_versions: expected
                .into_iter()
                .map(|(id, revision)| (id.0, revision.to_string()))
                .collect(),
            preview_digest,
            choices,
            state: item.state,
            merge_id: item.merge.map(|id| id.0),
            problem: item.problem,
        }
    }
}

pub(super) fn batch_location(id: Uuid) -> HeaderValue {
    HeaderValue::from_str(&format!("/v1/merge-batches/{id}")).expect("a path of ours is ASCII")
}

/// Asks for many merges at once; they are made once somebody else has approved them.
///
/// Each merge is held to what it was decided on: to its preview where it cites one, or else to what stands now. One
/// that no longer holds at its turn is refused with its problem, and the others go on. A crash loses and doubles
/// nothing. Look at the batch for its progress.
#[utoipa::path(post, path = "/v1/merge-batches", operation_id = "create_merge_batch", tag = "merges", request_body = BatchBody,
    params(("Idempotency-Key" = String, Header, description = "New for each batch; the same again gives the same answer"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who asks")),
    responses((status = 202, description = "The batch, awaiting approval", body = BatchView, headers(("Location" = String))),
        BatchProblems))]
pub(super) async fn create(
    State(room): State<Room>,
    headers: Headers,
    Caller { name: caller, .. }: Caller,
    Body(body): Body<BatchBody>,
) -> Result<Response> {
    let reason = stated(body.reason.as_ref());
    let key = request_key(&headers, &json!(["merge-batch", body.items, reason]))?;
    let _turn = room.running.begin(&key)?;
    match room.store.answer_to(&key).await? {
        None => {}
        Some(Answer::Batch(batch)) => return Ok(accepted(batch)),
        Some(Answer::Merge(_) | Answer::Split(_)) => return Err(Error::from(Conflict::KeyReused).into()),
    }
    if body.items.is_empty() || body.items.len() > ITEMS_MAX {
        return Err(Problem::invalid("items", format!("name between 1 and {ITEMS_MAX} merges")));
    }
    let mut items = Vec::with_capacity(body.items.len());
    let mut named: BTreeMap<Uuid, usize> = BTreeMap::new();
    for (number, item) in body.items.iter().enumerate() {
        let wanted = Wanted {
            survivor: item.survivor,
            organizations: &item.organizations,
            choices: &item.choices,
            by: &caller,
        };
        let within = |problem: Problem| problem.within(&format!("items[{number}]"));
        let proposal = Proposal::read(&*room.store, &wanted).await.map_err(within)?;
        if let Some(digest) = &item.preview_digest {
            proposal.require(digest, &item.expected_versions).map_err(within)?;
        }
        for id in proposal.absorbed.iter().chain([&proposal.survivor]) {
            if let Some(other) = named.insert(id.0, number) {
                let problem = format!("{id} is in items[{other}], too: join the two, or leave one out");
                return Err(Problem::invalid(format!("items[{number}].organizations"), problem));
            }
        }
        items.push(item_of(number, &item.choices, &proposal));
    }
    let batch = awaiting(caller, reason, items);
    Ok(accepted(room.store.create_batch(&batch, &key).await?))
}

/// A batch that somebody else is to approve.
pub(super) fn awaiting(created_by: String, reason: Option<String>, items: Vec<BatchItem>) -> Batch {
    Batch {
        id: Uuid::now_v7(),
        state: BatchState::AwaitingApproval,
        created_by,
        created_at: entity::clock::now(),
        reason,
        approved: None,
        closed: None,
        items,
    }
}

/// A merge of a batch, on what the proposal saw.
pub(super) fn item_of(number: usize, choices: &[Choice], proposal: &Proposal) -> BatchItem {
    let request = ItemRequest {
        survivor: proposal.survivor,
        absorbed: proposal.absorbed.clone(),
        expected: proposal.revisions(),
        preview_digest: proposal.digest(),
        choices: json!(choices),
    };
    let position = u32::try_from(number).unwrap_or(u32::MAX);
    BatchItem { position, request, state: ItemState::Pending, merge: None, problem: None }
}

/// Batches, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct BatchList {
    batches: Vec<BatchView>,
    /// The cursor of the next page; absent at the end.
    next: Option<String>,
}

/// Lists batches of merges, newest first.
#[utoipa::path(get, path = "/v1/merge-batches", operation_id = "list_merge_batches", tag = "merges", params(NewestQuery),
    responses((status = 200, description = "A page", body = BatchList), ListProblems))]
pub(super) async fn list(
    State(room): State<Room>,
    Parameters(query): Parameters<NewestQuery>,
) -> Result<Json<BatchList>> {
    let limit = query.limit()?;
    let mut batches = room.store.batches(query.after()?, limit + 1).await?;
    let next = cut(&mut batches, limit, |batch| (batch.created_at, batch.id));
    Ok(Json(BatchList { batches: batches.into_iter().map(BatchView::from).collect(), next }))
}

/// Reads a batch of merges, with what became of each.
#[utoipa::path(get, path = "/v1/merge-batches/{id}", operation_id = "get_merge_batch", tag = "merges",
    params(("id" = Uuid, Path, description = "The batch")),
    responses((status = 200, description = "The batch", body = BatchView), ReadProblems))]
pub(super) async fn get(State(room): State<Room>, PathId(id): PathId) -> Result<Json<BatchView>> {
    let batch = room.store.batch(id).await?;
    batch.map(|batch| Json(batch.into())).ok_or_else(|| Problem::not_found(format!("batch {id}")))
}

/// Approves a batch: it runs. Nobody approves what they asked for themselves.
#[utoipa::path(post, path = "/v1/merge-batches/{id}/approve", operation_id = "approve_merge_batch", tag = "merges",
    params(("id" = Uuid, Path, description = "The batch"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who approves: not who asked")),
    responses((status = 200, description = "The batch, running", body = BatchView), ApprovalProblems))]
pub(super) async fn approve(
    State(room): State<Room>,
    PathId(id): PathId,
    Caller { name: caller, .. }: Caller,
) -> Result<Json<BatchView>> {
    let batch = room.store.approve_batch(id, &By::now(caller)).await?;
    room.merging.approved.notify_one();
    Ok(Json(batch.into()))
}

/// Stops a batch: what is pending is skipped, what was applied stands.
#[utoipa::path(post, path = "/v1/merge-batches/{id}/cancel", operation_id = "cancel_merge_batch", tag = "merges",
    params(("id" = Uuid, Path, description = "The batch"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who stops it")),
    request_body(content = Option<UndoBody>),
    responses((status = 200, description = "The batch, cancelled", body = BatchView), ApprovalProblems))]
pub(super) async fn cancel(
    State(room): State<Room>,
    PathId(id): PathId,
    Caller { name: caller, .. }: Caller,
    OptionalBody(UndoBody { reason }): OptionalBody<UndoBody>,
) -> Result<Json<BatchView>> {
    let reason = stated(reason.as_ref());
    Ok(Json(room.store.cancel_batch(id, &By::now(caller), reason.as_deref()).await?.into()))
}

/// Takes back all that a batch merged, at once; a second time changes nothing.
///
/// With `dry_run=true` nothing is done; the answer says what would be, as that of the undo of a merge does.
#[utoipa::path(post, path = "/v1/merge-batches/{id}/undo", operation_id = "undo_merge_batch", tag = "merges",
    params(("id" = Uuid, Path, description = "The batch"), DryRun,
        ("X-Orgloop-User" = Option<String>, Header, description = "Who undoes")),
    request_body(content = Option<UndoBody>),
    responses((status = 200, description = "The batch, undone, or the effects", body = Undone<BatchView>), ApprovalProblems))]
pub(super) async fn undo(
    State(room): State<Room>,
    PathId(id): PathId,
    Parameters(query): Parameters<DryRun>,
    Caller { name: caller, .. }: Caller,
    OptionalBody(UndoBody { reason }): OptionalBody<UndoBody>,
) -> Result<Json<Undone<BatchView>>> {
    if query.dry_run {
        return Ok(Json(Undone::Effects(Box::new(effects_of_undo(&room, id).await?))));
    }
    let undo = Undo::new(caller, entity::clock::now(), stated(reason.as_ref()));
    let batch = room.store.undo_batch(id, &undo).await?;
    room.changed();
    Ok(Json(Undone::Done(batch.into())))
}

async fn effects_of_undo(room: &Room, id: Uuid) -> Result<Effects> {
    let batch = room.store.batch(id).await?.ok_or_else(|| Problem::not_found(format!("batch {id}")))?;
    let named = |item: &BatchItem| [&item.request.absorbed[..], &[item.request.survivor]].concat();
    let named: Vec<RecordId> = batch.items.iter().flat_map(named).map(RecordId::from).collect();
    let history = room.store.history(&named).await?;
    // By the merges and not by the items: one may be made and not yet written down in its item.
    let of_batch = history.merges.iter().filter(|merge| merge.batch == Some(id));
    let since = of_batch.clone().map(|merge| merge.merged_at).min().unwrap_or_else(entity::clock::now);
    Ok(Effects::without(&history, &of_batch.map(|merge| merge.id).collect(), since))
}
