//! What became of clusters: a history that is read on from a number.

use super::Room;
use crate::paging::limit;
use crate::problem::{Kind, Problem, Result};
use crate::request::Parameters;
use crate::responses::ListProblems;
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use entity::ClusterTransition;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Where to read on.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TransitionQuery {
    /// `next` of the answer before; from the oldest that is kept without it.
    #[param(minimum = 0)]
    after: i64,
    /// At most so many, 100 unless told, 1000 at most.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// Transitions, oldest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TransitionList {
    transitions: Vec<TransitionView>,
    /// What to give as `after` to read on; at the end, the next ones that come.
    next: i64,
}

/// One transition of clusters.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ClusterTransition)]
pub(crate) struct TransitionView {
    /// Its number; numbers grow, with gaps.
    number: i64,
    /// Its id, the same on the topic.
    id: Uuid,
    /// `born`, `grew`, `shrank`, `split`, `merged`, `regrouped` or `retired`.
    kind: &'static str,
    /// `scores`, `judgement`, `merge` or `model`.
    cause: &'static str,
    at: DateTime<Utc>,
    /// The clusters before.
    before: Vec<Uuid>,
    /// The clusters after.
    after: Vec<Uuid>,
    members_before: u64,
    members_after: u64,
}

impl From<(i64, ClusterTransition)> for TransitionView {
    fn from((number, transition): (i64, ClusterTransition)) -> Self {
        Self {
            number,
            id: transition.id,
            kind: transition.kind.as_str(),
            cause: transition.cause.as_str(),
            at: transition.at,
            before: transition.before.into_iter().map(Into::into).collect(),
            after: transition.after.into_iter().map(Into::into).collect(),
            members_before: transition.members_before,
            members_after: transition.members_after,
        }
    }
}

/// Lists what became of clusters, oldest first.
///
/// Each change of the live clusters is told once, in order. They are kept for a while (`resolver.transitions_kept_days`);
/// `resolution.cluster-transition.v1` tells them too.
#[utoipa::path(get, path = "/v1/cluster-transitions", operation_id = "list_cluster_transitions", tag = "review",
    params(TransitionQuery), responses((status = 200, description = "A page", body = TransitionList), ListProblems))]
pub(super) async fn list(
    State(room): State<Room>,
    Parameters(query): Parameters<TransitionQuery>,
) -> Result<Json<TransitionList>> {
    let limit = limit(query.limit, 100, 1000)?;
    if query.after < 0 {
        return Err(Problem::new(Kind::Malformed, format!("after={} is below 0", query.after)));
    }
    let transitions = room.store.transitions(query.after, limit).await?;
    let next = transitions.last().map_or(query.after, |(number, _)| *number);
    Ok(Json(TransitionList { transitions: transitions.into_iter().map(Into::into).collect(), next }))
}
