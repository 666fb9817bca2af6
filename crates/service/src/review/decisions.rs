//! Decisions in and out.

use super::decide::{Said, Seen, Who, decide as write_down};
use super::views::{DecisionView, ReasonName, RelationName, VerdictName};
use super::{Room, comments, outcome};
use crate::paging::{NewestQuery, cut};
use crate::problem::{Problem, Result};
use crate::request::{Body, Caller, Headers, OptionalBody, Parameters, PathId};
use crate::responses::{DecideProblems, ListProblems, ReadProblems, UndoProblems};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use entity::{JudgementVerdict, OrganizationId, ReasonCode, RecordId, Relation};
use serde::{Deserialize, Serialize};
use store::resolution::FieldChoice;
use store::review::Teach;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a reviewer says of a cluster.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecisionBody {
    /// What was decided: of all that take part, or, with `partition`, what its parts are to each other.
    #[schema(value_type = Option<VerdictName>)]
    #[serde(default)]
    verdict: Option<JudgementVerdict>,
    /// The parts: records of one part are one organization, records of different parts are not. Who is named in no
    /// part is left out of the decision. Each part of two or more organizations becomes a merge.
    #[serde(default)]
    #[schema(max_items = 200)]
    partition: Option<Vec<Vec<Uuid>>>,
    /// For a merge, the golden id that stays; that of the member that arrived first unless told.
    #[serde(default)]
    survivor: Option<Uuid>,
    /// For several parts, the golden ids that stay.
    #[serde(default)]
    survivors: Vec<Uuid>,
    /// The golden ids concerned; all of the cluster unless told.
    #[serde(default)]
    organizations: Vec<Uuid>,
    /// Records that belong here though they are not in the cluster; name them in `partition` too.
    #[serde(default)]
    #[schema(max_items = 50)]
    added: Vec<Uuid>,
    /// For `related`: how.
    #[serde(default)]
    #[schema(value_type = Option<RelationName>)]
    relation: Option<Relation>,
    /// Why, from the list.
    #[serde(default)]
    #[schema(value_type = Vec<ReasonName>)]
    reason_codes: Vec<ReasonCode>,
    /// Why, in your words.
    #[serde(default)]
    reason: Option<String>,
    /// Whether models may learn from it; true unless told.
    #[serde(default = "yes")]
    teach: bool,
    /// A remark on the cluster, for those who come after.
    #[serde(default)]
    comment: Option<String>,
    /// What you looked at: the decision is taken only while it stands.
    #[serde(default)]
    seen: SeenBody,
    /// Fields whose value you chose.
    #[serde(default)]
    choices: Vec<ChoiceBody>,
    /// The sample that this answers blindly.
    #[serde(default)]
    blind_sample: Option<Uuid>,
    /// For how long you looked at it, in milliseconds.
    #[serde(default)]
    ms: Option<u64>,
}

fn yes() -> bool {
    true
}

/// What the decider looked at.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SeenBody {
    /// `revision` of the cluster.
    cluster_revision: Option<String>,
    /// `model_version` of the cluster.
    model_version: Option<String>,
    /// `evidence_digest` of the cluster.
    evidence_digest: Option<String>,
}

/// A field whose value is chosen.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChoiceBody {
    /// The field, as named in HSDS.
    field: String,
    /// The record whose value it takes.
    record_id: Uuid,
}

/// Decides on a cluster.
///
/// The decision is written down with a judgement of each pair and answered at once; a worker carries its merges out
/// over HTTP and resumes after a crash. Look at `state` to see how far it has got. With `If-Match` (the cluster's
/// `ETag`) or `seen` it is taken only on what you saw; while somebody else holds the cluster it is not taken. With an
/// `Idempotency-Key` the same request again gives the same decision. Who decided is
/// whose credentials came, or whom a service names in `X-Orgloop-User`.
#[utoipa::path(post, path = "/v1/clusters/{id}/decisions", operation_id = "decide", tag = "review",
    params(("id" = Uuid, Path, description = "The cluster"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the cluster that you saw"),
        ("Idempotency-Key" = Option<String>, Header, description = "New for each decision; the same again gives the same answer"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who decides")),
    request_body = DecisionBody,
    responses((status = 202, description = "The decision, written down", body = DecisionView,
        headers(("Location" = String))), DecideProblems))]
pub(super) async fn decide(
    State(room): State<Room>,
    PathId(id): PathId,
    headers: Headers,
    caller: Caller,
    Body(body): Body<DecisionBody>,
) -> Result<(StatusCode, [(HeaderName, HeaderValue); 1], Json<DecisionView>)> {
    let said = said(body, &headers, &caller.name)?;
    let decision = write_down(&room, id.into(), said).await?;
    let location = format!("/v1/decisions/{}", decision.id);
    let location = HeaderValue::from_str(&location).expect("a path of ours is ASCII");
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(decision.into())))
}

fn said(body: DecisionBody, headers: &Headers, by: &str) -> Result<Said> {
    let key = headers.idempotency_key()?.map(|key| {
        let text = serde_json::to_string(&body).expect("a body that came as JSON is JSON");
        (key.to_owned(), fingerprint(text.as_bytes()))
    });
    let verdict = match (body.verdict, &body.partition) {
        (Some(verdict), _) => verdict,
        (None, Some(_)) => JudgementVerdict::NonMatch,
        (None, None) => return Err(Problem::invalid("verdict", "is required without `partition`")),
    };
    let who = match body.partition {
        Some(_) if !body.organizations.is_empty() => {
            return Err(Problem::invalid("organizations", "is not given together with `partition`"));
        }
        Some(parts) => {
            Who::Parts(parts.into_iter().map(|part| part.into_iter().map(RecordId).collect()).collect())
        }
        None if body.organizations.is_empty() => Who::All,
        None => Who::Organizations(body.organizations.into_iter().map(OrganizationId).collect()),
    };
    if let Some(comment) = &body.comment {
        comments::checked("comment", comment)?;
    }
    let mut revisions = if_match(headers);
    revisions.extend(body.seen.cluster_revision);
    let choice =
        |choice: ChoiceBody| FieldChoice { field: choice.field, record_id: RecordId(choice.record_id) };
    Ok(Said {
        who,
        added: body.added.into_iter().map(RecordId).collect(),
        survivors: body.survivor.into_iter().chain(body.survivors).map(OrganizationId).collect(),
        choices: body.choices.into_iter().map(choice).collect(),
        relation: body.relation,
        codes: body.reason_codes,
        teach: if body.teach { Teach::Yes } else { Teach::No },
        reason: body.reason,
        comment: body.comment,
        seen: Seen {
            revisions,
            model_version: body.seen.model_version,
            evidence_digest: body.seen.evidence_digest,
        },
        blind_sample: body.blind_sample,
        took_ms: body.ms,
        key,
        ..Said::new(verdict, by)
    })
}

/// A digest of a request, to tell a repeated one from another one.
pub(super) fn fingerprint(request: &[u8]) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, request).simple().to_string()
}

/// The revision that `If-Match` names; none for `*`, which any cluster fulfils.
fn if_match(headers: &Headers) -> Vec<String> {
    let tag = headers.text(&header::IF_MATCH).map(str::trim).filter(|tag| *tag != "*" && !tag.is_empty());
    tag.map(|tag| tag.trim_start_matches("W/").trim_matches('"').to_owned()).into_iter().collect()
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
    pub(super) reason: Option<String>,
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
    caller: Caller,
    OptionalBody(body): OptionalBody<UndoDecisionBody>,
) -> Result<Json<DecisionView>> {
    let decision = outcome::undo(&room, id, &caller.name, body.reason.as_deref()).await?;
    Ok(Json(decision.into()))
}
