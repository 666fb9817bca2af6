//! Claims: a reviewer holds clusters for a while, and everybody sees who holds what until when.

use super::Room;
use super::queue::{QueueFilterQuery, QueuedView, Walk, walk};
use crate::problem::{Kind, Problem, Result};
use crate::request::{Body, Caller, OptionalBody, PathId};
use crate::responses::{ClaimProblems, ClaimedProblems};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use entity::ClusterId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;
use store::review::Claim;
use utoipa::ToSchema;
use uuid::Uuid;

const LEASE_DEFAULT_S: u64 = 300;
const LEASE_MAX_S: u64 = 3600;
const CLUSTERS_MAX: usize = 50;

/// What to claim: the next of the queue, or these.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ClaimBody {
    /// So many of the queue, 1 unless told, 50 at most.
    #[schema(minimum = 1, maximum = 50)]
    n: Option<usize>,
    /// Which of the queue.
    filter: QueueFilterQuery,
    /// These clusters instead of the next ones, 50 at most.
    #[schema(max_items = 50)]
    clusters: Vec<Uuid>,
    /// For so many seconds, 300 unless told, 3600 at most.
    #[schema(minimum = 1, maximum = 3600)]
    lease_s: Option<u64>,
}

/// Clusters that somebody holds.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Claim)]
pub(super) struct HeldView {
    /// The claim: renew it with PATCH, give it back with DELETE.
    id: Uuid,
    /// By whom.
    holder: String,
    /// Until when, by this service's clock; renew in time.
    until: DateTime<Utc>,
    /// For how many seconds from now.
    lease_s: u64,
    /// The clusters, in the order of the queue; fewer than asked for where others hold them.
    clusters: Vec<QueuedView>,
}

fn lease(asked: Option<u64>) -> Result<Duration> {
    match asked.unwrap_or(LEASE_DEFAULT_S) {
        seconds if (1..=LEASE_MAX_S).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        seconds => {
            let problem = format!("{seconds} is not between 1 and {LEASE_MAX_S}");
            Err(Problem::invalid("lease_s", problem))
        }
    }
}

/// Claims clusters: nobody else is given them, and nobody else's decision on them is taken, until the lease ends.
///
/// A claim that is not renewed runs out, and its clusters are back in the queue. A decision gives its cluster back.
#[utoipa::path(post, path = "/v1/review/claims", operation_id = "claim_clusters", tag = "review",
    params(("X-Orgloop-User" = Option<String>, Header, description = "Who claims")),
    request_body(content = Option<ClaimBody>),
    responses((status = 201, description = "What is held now", body = HeldView), ClaimProblems))]
pub(super) async fn claim(
    State(room): State<Room>,
    caller: Caller,
    OptionalBody(body): OptionalBody<ClaimBody>,
) -> Result<(StatusCode, Json<HeldView>)> {
    let lease = lease(body.lease_s)?;
    let (id, holder) = (Uuid::now_v7(), caller.name.as_str());
    let clusters = if body.clusters.is_empty() {
        let n = body.n.unwrap_or(1);
        if n == 0 || n > CLUSTERS_MAX {
            return Err(Problem::invalid("n", format!("{n} is not between 1 and {CLUSTERS_MAX}")));
        }
        take_next(&room, &body.filter, (id, holder, lease), n).await?
    } else {
        take_these(&room, &body.clusters, (id, holder, lease)).await?
    };
    Ok((StatusCode::CREATED, Json(held(&room, id, holder, (lease, &clusters)).await?)))
}

/// Who claims, under which id, for how long.
type Claiming<'a> = (Uuid, &'a str, Duration);

/// The next of the queue: looked up, then claimed; what another was quicker with is made up for by the ones after.
async fn take_next(
    room: &Room,
    filter: &QueueFilterQuery,
    (id, holder, lease): Claiming<'_>,
    n: usize,
) -> Result<Vec<ClusterId>> {
    let mut taken: Vec<ClusterId> = Vec::new();
    let mut after = None;
    while taken.len() < n {
        let ahead = Walk { after, limit: n - taken.len(), free_for: Some(holder.to_owned()) };
        let piece = walk(room, filter, ahead).await?;
        let ids: Vec<ClusterId> = piece.clusters.iter().map(|queued| queued.cluster.id).collect();
        let got: BTreeSet<_> = room.store.claim(id, holder, lease, &ids).await?.into_iter().collect();
        taken.extend(ids.into_iter().filter(|id| got.contains(id)));
        match piece.next.as_deref().map(super::queue::place).transpose()? {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    Ok(taken)
}

async fn take_these(
    room: &Room,
    wanted: &[Uuid],
    (id, holder, lease): Claiming<'_>,
) -> Result<Vec<ClusterId>> {
    if wanted.len() > CLUSTERS_MAX {
        return Err(Problem::invalid(
            "clusters",
            format!("names {} of at most {CLUSTERS_MAX}", wanted.len()),
        ));
    }
    let mut there = Vec::with_capacity(wanted.len());
    for cluster in wanted.iter().copied().map(ClusterId) {
        super::clusters::cluster(room, cluster).await?;
        there.push(cluster);
    }
    let got = room.store.claim(id, holder, lease, &there).await?;
    if got.is_empty() {
        let mut holder = None;
        for cluster in &there {
            let queued = room.store.queued(*cluster).await?;
            holder = holder.or(queued.and_then(|queued| queued.claim));
        }
        return Err(holder.map_or_else(|| lost(id), |claim| held_by_another(&claim)));
    }
    there.retain(|id| got.contains(id));
    Ok(there)
}

/// For whoever meets somebody else's claim.
pub(super) fn held_by_another(claim: &Claim) -> Problem {
    let detail = format!("{} holds this cluster until {}", claim.holder, claim.until.to_rfc3339());
    Problem::new(Kind::ClaimLost, detail)
        .with("holder", claim.holder.clone())
        .with("until", claim.until.to_rfc3339())
}

fn lost(id: Uuid) -> Problem {
    let detail = format!("claim {id} ran out and others hold its clusters, or they are decided: claim anew");
    Problem::new(Kind::ClaimLost, detail)
}

async fn held(
    room: &Room,
    id: Uuid,
    holder: &str,
    (lease, clusters): (Duration, &[ClusterId]),
) -> Result<HeldView> {
    let mut views = Vec::with_capacity(clusters.len());
    for cluster in clusters {
        views.extend(room.store.queued(*cluster).await?.map(QueuedView::from));
    }
    let until = entity::clock::now() + lease;
    Ok(HeldView { id, holder: holder.to_owned(), until, lease_s: lease.as_secs(), clusters: views })
}

/// For how long.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RenewBody {
    /// For so many seconds from now, 300 unless told, 3600 at most.
    #[schema(minimum = 1, maximum = 3600)]
    lease_s: Option<u64>,
}

/// Holds a claim longer.
#[utoipa::path(patch, path = "/v1/review/claims/{id}", operation_id = "renew_claim", tag = "review",
    params(("id" = Uuid, Path, description = "The claim"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who holds it")),
    request_body = RenewBody,
    responses((status = 200, description = "What is still held", body = HeldView), ClaimedProblems))]
pub(super) async fn renew(
    State(room): State<Room>,
    PathId(id): PathId,
    caller: Caller,
    Body(body): Body<RenewBody>,
) -> Result<Json<HeldView>> {
    let lease = lease(body.lease_s)?;
    let clusters = room.store.renew_claim(id, &caller.name, lease).await?;
    if clusters.is_empty() {
        return Err(lost(id));
    }
    Ok(Json(held(&room, id, &caller.name, (lease, &clusters)).await?))
}

/// Gives a claim back; harmless when it ran out.
#[utoipa::path(delete, path = "/v1/review/claims/{id}", operation_id = "release_claim", tag = "review",
    params(("id" = Uuid, Path, description = "The claim"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who holds it")),
    responses((status = 204, description = "It is free"), ClaimedProblems))]
pub(super) async fn release(
    State(room): State<Room>,
    PathId(id): PathId,
    caller: Caller,
) -> Result<StatusCode> {
    room.store.release_claim(id, &caller.name).await?;
    Ok(StatusCode::NO_CONTENT)
}
