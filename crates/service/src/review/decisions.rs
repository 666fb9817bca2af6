//! Decisions in and out.

use super::Room;
use super::decide::{Said, decide as write_down};
use super::outcome;
use super::views::{DecisionView, VerdictName};
use crate::paging::{NewestQuery, cut};
use crate::problem::Result;
use crate::request::{Body, Caller, OptionalBody, Parameters, PathId};
use crate::responses::{CreateWithinProblems, ListProblems, ReadProblems, UndoProblems};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use entity::{JudgementVerdict, OrganizationId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a reviewer says of a cluster.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecisionBody {
    /// What was decided.
    #[schema(value_type = VerdictName)]
    verdict: JudgementVerdict,
    /// For a merge, the golden id that stays; that of the member that arrived first unless told.
    #[serde(default)]
    survivor: Option<Uuid>,
    /// The golden ids concerned; all of the cluster unless told.
    #[serde(default)]
    organizations: Vec<Uuid>,
    /// Why.
    #[serde(default)]
    reason: Option<String>,
}

/// Decides on a cluster.
///
/// The decision is written down and answered at once; a worker carries it out, over HTTP where it is a merge,
/// and resumes after a crash. Look at `state` to see how far it has got. Until there are tokens, the header
/// `X-Orgloop-User` says who decided.
#[utoipa::path(post, path = "/v1/clusters/{id}/decisions", operation_id = "decide", tag = "review",
    params(("id" = Uuid, Path, description = "The cluster"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who decides")),
    request_body = DecisionBody,
    responses((status = 202, description = "The decision, written down", body = DecisionView,
        headers(("Location" = String))), CreateWithinProblems))]
pub(super) async fn decide(
    State(room): State<Room>,
    PathId(id): PathId,
    Caller { name: by, .. }: Caller,
    Body(body): Body<DecisionBody>,
) -> Result<(StatusCode, [(HeaderName, HeaderValue); 1], Json<DecisionView>)> {
    let said = Said {
        verdict: body.verdict,
        survivor: body.survivor.map(OrganizationId),
        organizations: body.organizations.into_iter().map(OrganizationId).collect(),
        reason: body.reason,
        by,
    };
    let decision = write_down(&room, id.into(), said).await?;
    let location = format!("/v1/decisions/{}", decision.id);
    let location = HeaderValue::from_str(&location).expect("a path of ours is ASCII");
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(decision.into())))
}

/// Decisions, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DecisionList {
    decisions: Vec<DecisionView>,
    /// The cursor of the next page; absent at the end.
    next: Option<String>,
}

/// Lists decisions, newest first.
#[utoipa::path(get, path = "/v1/decisions", operation_id = "list_decisions", tag = "review", params(NewestQuery),
    responses((status = 200, description = "A page", body = DecisionList), ListProblems))]
pub(super) async fn list(
    State(room): State<Room>,
    Parameters(query): Parameters<NewestQuery>,
) -> Result<Json<DecisionList>> {
    let limit = query.limit()?;
    let mut decisions = room.store.decisions(query.after()?, limit + 1).await?;
    let next = cut(&mut decisions, limit, |decision| (decision.decided_at, decision.id));
    Ok(Json(DecisionList { decisions: decisions.into_iter().map(DecisionView::from).collect(), next }))
}

/// Reads a decision.
#[utoipa::path(get, path = "/v1/decisions/{id}", operation_id = "get_decision", tag = "review",
    params(("id" = Uuid, Path, description = "The decision")),
    responses((status = 200, description = "The decision", body = DecisionView), ReadProblems))]
pub(super) async fn get(State(room): State<Room>, PathId(id): PathId) -> Result<Json<DecisionView>> {
    Ok(Json(outcome::decision(&room, id).await?.into()))
}

/// Why it is taken back.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = UndoBody)]
pub(crate) struct UndoDecisionBody {
    /// In the decider's words.
    reason: Option<String>,
}

/// Takes a decision back: its merge is undone, its judgements are withdrawn.
///
/// A second time changes nothing and gives the same answer.
#[utoipa::path(post, path = "/v1/decisions/{id}/undo", operation_id = "undo_decision", tag = "review",
    params(("id" = Uuid, Path, description = "The decision"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who takes it back")),
    request_body(content = Option<UndoDecisionBody>),
    responses((status = 200, description = "The decision", body = DecisionView), UndoProblems))]
pub(super) async fn undo(
    State(room): State<Room>,
    PathId(id): PathId,
    Caller { name: by, .. }: Caller,
    OptionalBody(body): OptionalBody<UndoDecisionBody>,
) -> Result<Json<DecisionView>> {
    let decision = outcome::undo(&room, id, &by, body.reason.as_deref()).await?;
    Ok(Json(decision.into()))
}
