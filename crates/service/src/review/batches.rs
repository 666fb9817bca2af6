//! Batches: the clusters of a certified band accepted together, started by one person and approved by a second.

use super::blind::waiting;
use super::decide::{Said, Seen, decide};
use super::{Room, certificates, outcome};
use crate::problem::{Kind, Problem, Result};
use crate::request::{Body, Caller, PathId};
use crate::responses::{PlainProblems, ReadProblems, SamplingProblems};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use entity::JudgementVerdict;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::time::Duration;
use store::resolution::DecisionState;
use store::review::sampling::{BatchItem, BatchState, ReviewBatch};
use store::review::{QueueFilter, QueueOrder, QueuePage, Teach};
use utoipa::ToSchema;
use uuid::Uuid;

const CLUSTERS_MAX: usize = 1000;
const LISTED: usize = 100;
/// Clusters to look at before a batch is approved.
const SPOT_CHECKS: usize = 20;
/// How long an undo waits for a merge that is on its way.
const PATIENCE: Duration = Duration::from_secs(5);

/// A batch to start.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BatchBody {
    /// The certificate of the band.
    certificate_id: Uuid,
    /// So many clusters, 1000 at most and unless told.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000)]
    max: Option<usize>,
}

/// Clusters of a certified band, to be accepted together.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReviewBatch)]
pub(super) struct BatchView {
    pub(super) id: Uuid,
    /// The certificate that it rests on.
    certificate_id: Uuid,
    /// `proposed`, `approved`, `rejected` or `undone`.
    pub(super) state: String,
    /// Who started it.
    pub(super) started_by: String,
    /// When.
    pub(super) started_at: DateTime<Utc>,
    /// Who approved it or turned it down.
    pub(super) answered_by: Option<String>,
    /// How many clusters it holds.
    pub(super) size: usize,
    /// Clusters to look at before approving, picked by chance; not in lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) spot_checks: Vec<Uuid>,
    /// Its clusters and what became of each; not in lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) items: Vec<ItemView>,
}

/// A cluster of a batch.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReviewBatchItem)]
pub(super) struct ItemView {
    /// The cluster.
    cluster_id: Uuid,
    /// The decision, once there is one.
    decision_id: Option<Uuid>,
    /// `pending`, `skipped` (it changed meanwhile), or the state of its decision.
    pub(super) state: String,
}

fn word(state: BatchState) -> &'static str {
    match state {
        BatchState::Proposed => "proposed",
        BatchState::Approved => "approved",
        BatchState::Rejected => "rejected",
        BatchState::Undone => "undone",
    }
}

impl From<ReviewBatch> for BatchView {
    fn from(batch: ReviewBatch) -> Self {
        Self {
            id: batch.id,
            certificate_id: batch.certificate_id,
            state: word(batch.state).to_owned(),
            started_by: batch.started_by,
            started_at: batch.started_at,
            answered_by: batch.answered_by,
            size: batch.clusters.len(),
            spot_checks: Vec::new(),
            items: Vec::new(),
        }
    }
}

/// Starts a batch of what waits in a certified band; nothing is merged before a second person approves.
#[utoipa::path(post, path = "/v1/review/batches", operation_id = "start_review_batch", tag = "review",
    params(("X-Orgloop-User" = Option<String>, Header, description = "Who starts it")),
    request_body = BatchBody,
    responses((status = 201, description = "The batch", body = BatchView), SamplingProblems))]
pub(super) async fn start(
    State(room): State<Room>,
    caller: Caller,
    Body(body): Body<BatchBody>,
) -> Result<(StatusCode, Json<BatchView>)> {
    let batch = started(&room, body.certificate_id, body.max, &caller.name).await?;
    Ok((StatusCode::CREATED, Json(detailed(&room, batch).await?)))
}

pub(super) async fn started(
    room: &Room,
    certificate: Uuid,
    max: Option<usize>,
    by: &str,
) -> Result<ReviewBatch> {
    let max = max.unwrap_or(CLUSTERS_MAX);
    if max == 0 || max > CLUSTERS_MAX {
        return Err(Problem::invalid("max", format!("{max} is not between 1 and {CLUSTERS_MAX}")));
    }
    let certificate = certificates::valid(room, certificate).await?;
    let page = QueuePage {
        order: QueueOrder::default(),
        filter: QueueFilter {
            probability_min: certificate.band.from,
            probability_below: certificate.band.below,
            ..QueueFilter::default()
        },
        after: None,
        // Nobody goes by an empty name: what anybody looks at is left to them.
        free_for: Some(String::new()),
        limit: max,
    };
    let clusters: Vec<BatchItem> = room
        .store
        .queue(&page)
        .await?
        .into_iter()
        .map(|queued| BatchItem { cluster_id: queued.cluster.id, revision: queued.cluster.revision() })
        .collect();
    if clusters.is_empty() {
        return Err(Problem::invalid("certificate_id", "nothing waits in the band of this certificate"));
    }
    let batch = ReviewBatch {
        id: Uuid::now_v7(),
        certificate_id: certificate.id,
        clusters,
        state: BatchState::Proposed,
        started_by: by.to_owned(),
        started_at: entity::clock::now(),
        answered_by: None,
        answered_at: None,
    };
    room.store.add_batch(&batch).await?;
    Ok(batch)
}

pub(super) async fn batch(room: &Room, id: Uuid) -> Result<ReviewBatch> {
    room.store.batch(id).await?.ok_or_else(|| Problem::not_found(format!("batch {id}")))
}

/// The decision that a batch makes on a cluster.
fn said(batch: &ReviewBatch, item: &BatchItem) -> Said {
    let reason = batch.answered_by.as_ref().map(|by| format!("batch {}, approved by {by}", batch.id));
    Said {
        seen: Seen { revisions: vec![item.revision.clone()], ..Seen::default() },
        reason,
        batch_id: Some(batch.id),
        // Nobody looked at each: a model would only hear itself.
        teach: Teach::No,
        // One decision per cluster and batch, however often approving is tried.
        key: Some((batch.id.to_string(), batch.id.to_string())),
        ..Said::new(JudgementVerdict::Match, &batch.started_by)
    }
}

/// The batch with what became of each cluster.
pub(super) async fn detailed(room: &Room, batch: ReviewBatch) -> Result<BatchView> {
    let decision_id = |item: &BatchItem| said(&batch, item).id(item.cluster_id);
    let ids: Vec<Uuid> = batch.clusters.iter().map(decision_id).collect();
    let decisions = room.store.decisions_of(&ids).await?;
    let states: HashMap<Uuid, DecisionState> =
        decisions.into_iter().map(|decision| (decision.id, decision.state)).collect();
    let waiting = waiting(room, batch.clusters.iter().map(|item| item.cluster_id)).await?;
    let item = |(item, id): (&BatchItem, Uuid)| {
        let decided = states.get(&id);
        let state = match decided {
            Some(state) => format!("{state:?}").to_lowercase(),
            None if waiting.get(&item.cluster_id) == Some(&item.revision) => "pending".to_owned(),
            None => "skipped".to_owned(),
        };
        ItemView { cluster_id: item.cluster_id.0, decision_id: decided.map(|_| id), state }
    };
    let items = batch.clusters.iter().zip(ids).map(item).collect();
    let mut by_chance: Vec<Uuid> = batch.clusters.iter().map(|item| item.cluster_id.0).collect();
    by_chance.sort_by_cached_key(|id| Uuid::new_v5(&batch.id, id.as_bytes()));
    by_chance.truncate(SPOT_CHECKS);
    Ok(BatchView { items, spot_checks: by_chance, ..batch.into() })
}

/// Batches, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct BatchList {
    batches: Vec<BatchView>,
}

/// Lists the newest 100 batches.
#[utoipa::path(get, path = "/v1/review/batches", operation_id = "list_review_batches", tag = "review",
    responses((status = 200, description = "Batches, newest first", body = BatchList), PlainProblems))]
pub(super) async fn list(State(room): State<Room>) -> Result<Json<BatchList>> {
    let batches = room.store.batches(LISTED).await?;
    Ok(Json(BatchList { batches: batches.into_iter().map(BatchView::from).collect() }))
}

/// Reads a batch with what became of each cluster.
#[utoipa::path(get, path = "/v1/review/batches/{id}", operation_id = "get_review_batch", tag = "review",
    params(("id" = Uuid, Path, description = "The batch")),
    responses((status = 200, description = "The batch", body = BatchView), ReadProblems))]
pub(super) async fn get(State(room): State<Room>, PathId(id): PathId) -> Result<Json<BatchView>> {
    let batch = batch(&room, id).await?;
    Ok(Json(detailed(&room, batch).await?))
}

/// Approves a batch that somebody else started: its clusters are decided, and merged one after another.
///
/// A cluster that changed since the batch was started is skipped. Called again after a failure, it goes on.
#[utoipa::path(post, path = "/v1/review/batches/{id}/approve", operation_id = "approve_review_batch", tag = "review",
    params(("id" = Uuid, Path, description = "The batch"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who approves")),
    responses((status = 200, description = "The batch", body = BatchView), SamplingProblems))]
pub(super) async fn approve(
    State(room): State<Room>,
    PathId(id): PathId,
    caller: Caller,
) -> Result<Json<BatchView>> {
    let batch = approved(&room, id, &caller.name).await?;
    Ok(Json(detailed(&room, batch).await?))
}

pub(super) async fn approved(room: &Room, id: Uuid, by: &str) -> Result<ReviewBatch> {
    let mut batch = batch(room, id).await?;
    if batch.state == BatchState::Proposed {
        if batch.started_by == by {
            return Err(Problem::new(Kind::NeedsSecondApproval, format!("{by} started this batch")));
        }
        certificates::valid(room, batch.certificate_id).await?;
        batch = answered(room, batch, by, BatchState::Approved).await?;
    } else if batch.state != BatchState::Approved {
        return Err(settled(&batch));
    }
    for item in &batch.clusters {
        match decide(room, item.cluster_id, said(&batch, item)).await {
            Ok(_) => {}
            // Gone, changed or in somebody's hands: it stays in the queue, and the rest goes on.
            Err(problem) if problem.kind.status().is_client_error() => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(batch)
}

async fn answered(room: &Room, batch: ReviewBatch, by: &str, state: BatchState) -> Result<ReviewBatch> {
    let answered_at = Some(entity::clock::now());
    let moved = ReviewBatch { state, answered_by: Some(by.to_owned()), answered_at, ..batch };
    if room.store.move_batch(&moved, BatchState::Proposed).await? {
        return Ok(moved);
    }
    Err(settled(&self::batch(room, moved.id).await?))
}

fn settled(batch: &ReviewBatch) -> Problem {
    let state = word(batch.state);
    Problem::new(Kind::BatchClosed, format!("batch {} is {state}", batch.id)).with("state", state)
}

/// Turns a batch down: nothing of it is merged.
#[utoipa::path(post, path = "/v1/review/batches/{id}/reject", operation_id = "reject_review_batch", tag = "review",
    params(("id" = Uuid, Path, description = "The batch"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who turns it down")),
    responses((status = 200, description = "The batch", body = BatchView), SamplingProblems))]
pub(super) async fn reject(
    State(room): State<Room>,
    PathId(id): PathId,
    caller: Caller,
) -> Result<Json<BatchView>> {
    let batch = rejected(&room, id, &caller.name).await?;
    Ok(Json(detailed(&room, batch).await?))
}

pub(super) async fn rejected(room: &Room, id: Uuid, by: &str) -> Result<ReviewBatch> {
    let batch = batch(room, id).await?;
    match batch.state {
        BatchState::Proposed => answered(room, batch, by, BatchState::Rejected).await,
        BatchState::Rejected => Ok(batch),
        BatchState::Approved | BatchState::Undone => Err(settled(&batch)),
    }
}

/// Takes back all that a batch merged; a second time changes nothing.
#[utoipa::path(post, path = "/v1/review/batches/{id}/undo", operation_id = "undo_review_batch", tag = "review",
    params(("id" = Uuid, Path, description = "The batch"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who takes it back")),
    responses((status = 200, description = "The batch", body = BatchView), SamplingProblems))]
pub(super) async fn undo(
    State(room): State<Room>,
    PathId(id): PathId,
    caller: Caller,
) -> Result<Json<BatchView>> {
    let batch = undone(&room, id, &caller.name).await?;
    Ok(Json(detailed(&room, batch).await?))
}

pub(super) async fn undone(room: &Room, id: Uuid, by: &str) -> Result<ReviewBatch> {
    let mut batch = batch(room, id).await?;
    if !matches!(batch.state, BatchState::Approved | BatchState::Undone) {
        return Err(settled(&batch));
    }
    for item in &batch.clusters {
        let id = said(&batch, item).id(item.cluster_id);
        if room.store.decision(id).await?.is_some() {
            outcome::settled(room, id, PATIENCE).await?;
            outcome::undo(room, id, by, Some("the batch was taken back")).await?;
        }
    }
    if batch.state == BatchState::Approved {
        batch.state = BatchState::Undone;
        room.store.move_batch(&batch, BatchState::Approved).await?;
    }
    Ok(batch)
}
