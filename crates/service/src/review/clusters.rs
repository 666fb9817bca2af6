//! Clusters out: the queue, and one cluster with its members.

use super::Room;
use super::comments::CommentView;
use super::said::SaidView;
use super::views::{ClusterView, DecisionView};
use crate::paging::{bad_cursor, last_of_more, limit, opened, sealed};
use crate::problem::{Problem, Result};
use crate::request::{Parameters, PathId};
use crate::responses::{ListProblems, ReadProblems, ReviewProblems};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use entity::{CandidatePair, Cluster, ClusterId, RecordId};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use store::resolution::{ClusterPage, OpenOnly};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which clusters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// Those that wait for a reviewer.
    #[default]
    Open,
    /// All.
    All,
}

/// Which page of clusters.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ClusterQuery {
    /// `open` (those that wait for a reviewer) or `all`.
    #[param(inline)]
    pub(super) status: Status,
    /// `next` of the page before; the first page without it.
    pub(super) cursor: Option<String>,
    /// At most so many, 20 unless told, 200 at most.
    #[param(minimum = 1, maximum = 200)]
    pub(super) limit: Option<usize>,
}

/// A page of clusters, by probability, highest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ClusterPageView {
    clusters: Vec<ClusterView>,
    /// The cursor of the next page; absent at the end.
    next: Option<String>,
    /// How many wait for a reviewer.
    open: u64,
    /// How many there are.
    total: u64,
}

/// A page of clusters as read.
pub(super) struct Page {
    pub(super) clusters: Vec<Cluster>,
    pub(super) next: Option<String>,
}

/// Where a page ends: the probability's exact bits, so that no rounding skips or repeats a cluster.
pub(super) fn cursor_of(cluster: &Cluster) -> String {
    sealed(&format!("{:016x}{}", cluster.probability.to_bits(), cluster.id))
}

fn after(cursor: &str) -> Result<(f64, ClusterId)> {
    let text = opened(cursor)?;
    let parts = text.split_at_checked(16);
    let parsed = parts.and_then(|(bits, id)| {
        let bits = u64::from_str_radix(bits, 16).ok()?;
        Some((f64::from_bits(bits), id.parse().ok()?))
    });
    parsed.filter(|(probability, _)| probability.is_finite()).ok_or_else(|| bad_cursor(cursor))
}

pub(super) async fn page(room: &Room, query: &ClusterQuery) -> Result<Page> {
    let limit = limit(query.limit, 20, 200)?;
    let open_only = match query.status {
        Status::Open => OpenOnly::Open,
        Status::All => OpenOnly::All,
    };
    let after = query.cursor.as_deref().map(after).transpose()?;
    let mut clusters = room.store.clusters(&ClusterPage { open_only, after, limit: limit + 1 }).await?;
    let next = last_of_more(&mut clusters, limit).map(cursor_of);
    Ok(Page { clusters, next })
}

/// Lists clusters, the surest first.
#[utoipa::path(get, path = "/v1/clusters", operation_id = "list_clusters", tag = "review", params(ClusterQuery),
    responses((status = 200, description = "A page", body = ClusterPageView), ListProblems))]
pub(super) async fn list(
    State(room): State<Room>,
    Parameters(query): Parameters<ClusterQuery>,
) -> Result<Json<ClusterPageView>> {
    let page = page(&room, &query).await?;
    let (open, total) = room.store.cluster_counts().await?;
    let clusters = page.clusters.into_iter().map(ClusterView::from).collect();
    Ok(Json(ClusterPageView { clusters, next: page.next, open, total }))
}

pub(super) async fn cluster(room: &Room, id: ClusterId) -> Result<Cluster> {
    let cluster = room.store.cluster(id).await?;
    cluster.ok_or_else(|| Problem::not_found(format!("cluster {id}")))
}

/// Reads a cluster with its members' records and the evidence.
#[utoipa::path(get, path = "/v1/clusters/{id}", operation_id = "get_cluster", tag = "review",
    params(("id" = Uuid, Path, description = "The cluster")),
    responses((status = 200, description = "The cluster; its `ETag` is what a decision cites", body = ClusterView,
        headers(("ETag" = String))), ReviewProblems))]
pub(super) async fn get(
    State(room): State<Room>,
    PathId(id): PathId,
) -> Result<([(HeaderName, HeaderValue); 1], Json<ClusterView>)> {
    let cluster = cluster(&room, id.into()).await?;
    let etag = HeaderValue::from_str(&format!("\"{}\"", cluster.revision())).expect("a digest is ASCII");
    let ids: Vec<RecordId> = cluster.members.iter().map(|member| member.record_id).collect();
    let records = room.organizations.records(&ids).await?;
    let mut records: HashMap<Uuid, _> = records.into_iter().map(|record| (record.id.0, record)).collect();
    let mut view = ClusterView::from(cluster);
    for (member, id) in view.members.iter_mut().zip(ids) {
        member.record = records.remove(&id.0);
    }
    Ok(([(header::ETAG, etag)], Json(view)))
}

/// What happened to a cluster.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ClusterHistory {
    /// Decisions on it, newest first.
    decisions: Vec<DecisionView>,
    /// Remarks on it, oldest first.
    comments: Vec<CommentView>,
    /// What was ever said of the pairs of its members, oldest first.
    judgements: Vec<SaidView>,
}

/// All pairs of a cluster's members.
pub(super) fn pairs(cluster: &Cluster) -> Vec<CandidatePair> {
    let ids: Vec<RecordId> = cluster.members.iter().map(|member| member.record_id).collect();
    let pair = |(at, left): (usize, &RecordId)| {
        let left = *left;
        ids[at + 1..].iter().filter_map(move |right| CandidatePair::new(left, *right)).collect::<Vec<_>>()
    };
    ids.iter().enumerate().flat_map(pair).collect()
}

/// Reads what happened to a cluster: decisions, remarks, and what was said of its pairs.
///
/// A cluster that is gone keeps its decisions and remarks.
#[utoipa::path(get, path = "/v1/clusters/{id}/history", operation_id = "cluster_history", tag = "review",
    params(("id" = Uuid, Path, description = "The cluster")),
    responses((status = 200, description = "What happened", body = ClusterHistory), ReadProblems))]
pub(super) async fn history(State(room): State<Room>, PathId(id): PathId) -> Result<Json<ClusterHistory>> {
    let id = ClusterId(id);
    let present = room.store.cluster(id).await?;
    let pairs = present.as_ref().map(pairs).unwrap_or_default();
    let decisions = room.store.decisions_on(id).await?;
    let comments = room.store.comments(id).await?;
    if present.is_none() && decisions.is_empty() && comments.is_empty() {
        return Err(Problem::not_found(format!("cluster {id}")));
    }
    let judgements = room.store.pair_history(&pairs).await?;
    Ok(Json(ClusterHistory {
        decisions: decisions.into_iter().map(DecisionView::from).collect(),
        comments: comments.into_iter().map(CommentView::from).collect(),
        judgements: judgements.into_iter().map(SaidView::from).collect(),
    }))
}
