//! The merge port: deliberate merges, and their exact undo.

use super::Room;
use super::conditional::{etag, unquoted};
use super::views::MergeView;
use crate::paging::{NewestQuery, cut};
use crate::problem::{Kind, Problem, Result};
use crate::request::{Body, Caller, Headers, OptionalBody, Parameters, PathId};
use crate::responses::{ListProblems, MergeProblems, ReadProblems, UndoProblems};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use entity::{MergeId, OrganizationId, RecordId, Undo};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use store::MergeRequest;
use store::error::{Conflict, Error};
use store::organizations::Revisions;
use utoipa::ToSchema;
use uuid::Uuid;

/// A merge to be made.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MergeBody {
    /// The golden id that stays.
    survivor: Uuid,
    /// The golden ids that go.
    #[schema(min_items = 1, max_items = 1000)]
    absorbed: Vec<Uuid>,
    /// The `etag` of each organization as the decider saw it; the merge goes through only while they stand.
    #[serde(default)]
    expected_versions: BTreeMap<Uuid, String>,
    /// Why.
    #[serde(default)]
    reason: Option<String>,
}

const ABSORBED_MAX: usize = 1000;
const KEY_CHARS_MAX: usize = 255;
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// A revision that no row ever has.
const NEVER: i64 = -1;

/// Merges organizations: the absorbed ids lead to the survivor until the merge is undone.
///
/// No row is rewritten: the golden record becomes that of all records together. Until there are tokens, the
/// header `X-Orgloop-User` says who decided.
#[utoipa::path(post, path = "/v1/merges", operation_id = "merge", tag = "merges", request_body = MergeBody,
    params(("Idempotency-Key" = String, Header, description = "New for each merge; the same again gives the same answer"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who decided")),
    responses((status = 201, description = "The merge", body = MergeView, headers(("Location" = String))), MergeProblems))]
pub(super) async fn merge(
    State(room): State<Room>,
    headers: Headers,
    Caller { name: caller, .. }: Caller,
    Body(body): Body<MergeBody>,
) -> Result<(StatusCode, [(HeaderName, HeaderValue); 1], Json<MergeView>)> {
    let key = idempotency_key(&headers)?;
    if body.absorbed.is_empty() || body.absorbed.len() > ABSORBED_MAX {
        return Err(Problem::invalid(
            "absorbed",
            format!("names between 1 and {ABSORBED_MAX} organizations"),
        ));
    }
    let mut request = MergeRequest {
        id: MergeId(Uuid::now_v7()),
        survivor: body.survivor.into(),
        absorbed: body.absorbed.iter().copied().map(OrganizationId).collect(),
        expected: Revisions::new(),
        merged_by: caller,
        merged_at: entity::clock::now(),
        reason: body.reason.clone().filter(|reason| !reason.trim().is_empty()),
        idempotency_key: key,
        fingerprint: fingerprint(&body),
    };
    request.expected = expected(&room, &body).await?;
    let merge = match room.store.merge(&request).await {
        Ok(merge) => merge,
        Err(Error::Conflict(Conflict::Stale(_))) => return Err(stale_members(&room, &body).await?),
        Err(error) => return Err(error.into()),
    };
    room.changed();
    let location =
        HeaderValue::from_str(&format!("/v1/merges/{}", merge.id)).expect("a path of ours is ASCII");
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(merge.into())))
}

fn idempotency_key(headers: &Headers) -> Result<String> {
    let key = headers.text(&IDEMPOTENCY_KEY).map(str::trim).unwrap_or_default();
    match key.chars().count() {
        0 => Err(Problem::new(
            Kind::IdempotencyKeyMissing,
            "send an Idempotency-Key header that is new for each merge, such as a UUID",
        )),
        1..=KEY_CHARS_MAX => Ok(key.to_owned()),
        _ => Err(Problem::new(
            Kind::Malformed,
            format!("the Idempotency-Key has over {KEY_CHARS_MAX} characters"),
        )),
    }
}

/// What the request says, in one order.
fn fingerprint(body: &MergeBody) -> String {
    let mut absorbed = body.absorbed.clone();
    absorbed.sort_unstable();
    let MergeBody { survivor, absorbed: _, expected_versions, reason } = body;
    json!([survivor, absorbed, expected_versions, reason]).to_string()
}

/// The revisions to hold the merge to. A version that is no longer the present one becomes a revision that never
/// holds: the store first looks whether it has answered this request before, and only then at revisions.
async fn expected(room: &Room, body: &MergeBody) -> Result<Revisions> {
    let mut revisions = Revisions::new();
    if body.expected_versions.is_empty() {
        return Ok(revisions);
    }
    let ids: Vec<RecordId> = body.expected_versions.keys().copied().map(RecordId).collect();
    let family = room.store.family(&ids).await?;
    let golden = golden::project(&family).golden;
    for (id, seen) in &body.expected_versions {
        if *id != body.survivor && !body.absorbed.contains(id) {
            return Err(Problem::invalid(format!("expected_versions.{id}"), "is no part of this merge"));
        }
        let Some(golden) = golden.get(&OrganizationId(*id)) else { continue };
        let stands = etag(&golden.members, &family.revisions) == unquoted(seen);
        let members = golden.members.iter().filter_map(|member| family.revisions.get_key_value(member));
        revisions.extend(members.map(|(member, revision)| (*member, if stands { *revision } else { NEVER })));
    }
    Ok(revisions)
}

async fn stale_members(room: &Room, body: &MergeBody) -> Result<Problem> {
    let ids: Vec<RecordId> = body.absorbed.iter().chain([&body.survivor]).copied().map(RecordId).collect();
    let family = room.store.family(&ids).await?;
    let current: serde_json::Map<_, _> = golden::project(&family)
        .golden
        .into_iter()
        .map(|(id, golden)| (id.to_string(), etag(&golden.members, &family.revisions).into()))
        .collect();
    let detail = "an organization of this merge has changed since it was seen: look again and decide anew";
    Ok(Problem::new(Kind::StaleMembers, detail).with("current", current))
}

/// Merges, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct MergeList {
    merges: Vec<MergeView>,
    /// The cursor of the next page; absent at the end.
    next: Option<String>,
}

/// Lists merges, newest first, undone ones too.
#[utoipa::path(get, path = "/v1/merges", operation_id = "list_merges", tag = "merges", params(NewestQuery),
    responses((status = 200, description = "A page", body = MergeList), ListProblems))]
pub(super) async fn list(
    State(room): State<Room>,
    Parameters(query): Parameters<NewestQuery>,
) -> Result<Json<MergeList>> {
    let limit = query.limit()?;
    let mut merges = room.store.merges(query.after()?, limit + 1).await?;
    let next = cut(&mut merges, limit, |merge| (merge.merged_at, merge.id.0));
    Ok(Json(MergeList { merges: merges.into_iter().map(MergeView::from).collect(), next }))
}

/// Reads a merge.
#[utoipa::path(get, path = "/v1/merges/{id}", operation_id = "get_merge", tag = "merges",
    params(("id" = Uuid, Path, description = "The merge")),
    responses((status = 200, description = "The merge", body = MergeView), ReadProblems))]
pub(super) async fn get(State(room): State<Room>, PathId(id): PathId) -> Result<Json<MergeView>> {
    let merge = room.store.merge_by_id(MergeId(id)).await?;
    merge.map(|merge| Json(merge.into())).ok_or_else(|| Problem::not_found(format!("merge {id}")))
}

/// Why it is taken back.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct UndoBody {
    /// In the decider's words.
    pub(crate) reason: Option<String>,
}

/// Undoes a merge: as if it had never happened, whatever was edited or merged since.
///
/// A second undo changes nothing and gives the same answer.
#[utoipa::path(post, path = "/v1/merges/{id}/undo", operation_id = "undo_merge", tag = "merges",
    params(("id" = Uuid, Path, description = "The merge"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who undoes")),
    request_body(content = Option<UndoBody>),
    responses((status = 200, description = "The merge with its undo", body = MergeView), UndoProblems))]
pub(super) async fn undo(
    State(room): State<Room>,
    PathId(id): PathId,
    Caller { name: undone_by, .. }: Caller,
    OptionalBody(UndoBody { reason }): OptionalBody<UndoBody>,
) -> Result<Json<MergeView>> {
    let undo = Undo { undone_by, undone_at: entity::clock::now(), reason };
    let merge = room.store.undo(MergeId(id), &undo).await?;
    room.changed();
    Ok(Json(merge.into()))
}
