//! Taking a golden record apart, whatever merges made it, and taking that back.

use super::Room;
use super::conditional::require_match;
use super::effects::{DryRun, Effects, Undone};
use super::held::look_up_to_write;
use super::keys::request_key;
use super::merges::{UndoBody, stated};
use super::views::UndoView;
use crate::problem::{Problem, Result};
use crate::request::{Body, Caller, Headers, OptionalBody, Parameters, PathId};
use crate::responses::{ReadProblems, SplitProblems, UndoProblems};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use entity::{MergeId, OrganizationId, RecordId, Split, Undo};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use store::error::{Conflict, Error};
use store::link_log::{Act, Step};
use store::merging::{Answer, SplitOutcome, SplitRequest};
use utoipa::ToSchema;
use uuid::Uuid;

/// A golden record to be taken apart.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SplitBody {
    /// The golden id.
    organization: Uuid,
    /// The records that stay together: each record of the organization once, in two groups or more.
    #[schema(min_items = 2)]
    partition: Vec<Vec<Uuid>>,
    /// Why.
    #[serde(default)]
    reason: Option<String>,
}

/// A golden record that was taken apart.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Split)]
pub(crate) struct SplitView {
    id: Uuid,
    /// The golden id that was taken apart.
    organization: Uuid,
    /// The records that stay together.
    partition: Vec<Vec<Uuid>>,
    /// Who decided.
    split_by: String,
    /// When.
    split_at: DateTime<Utc>,
    /// Why.
    reason: Option<String>,
    /// Merges that it ended: on `organizations.merge.v1` they are `unmerged`.
    ended: Vec<Uuid>,
    /// Merges that it made of what stays together: on `organizations.merge.v1` they are `merged`.
    remade: Vec<Uuid>,
    /// The golden records that its records belong to now.
    organizations: Vec<PartView>,
    /// Its undo, if it was taken back.
    undo: Option<UndoView>,
}

/// A golden record and the records of the split that belong to it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PartView {
    id: Uuid,
    members: Vec<Uuid>,
}

/// Takes a golden record apart: whoever is named in different groups is together no more.
///
/// It works for organizations that were merged in several steps, and by whomever. Merges that hold records of
/// different groups together end; what they held together within a group is made again. The golden id stays with the
/// group of its own record, another group goes by the first record that it names or by what that leads to. Later
/// merges are not touched. The undo of a split is exact: as if it had never been.
#[utoipa::path(post, path = "/v1/splits", operation_id = "split_organization", tag = "merges", request_body = SplitBody,
    params(("Idempotency-Key" = String, Header, description = "New for each split; the same again gives the same answer"),
        ("If-Match" = String, Header, description = "The ETag of the organization that the split was decided on"),
        DryRun, ("X-Orgloop-User" = Option<String>, Header, description = "Who decided")),
    responses(
        (status = 200, description = "With `dry_run=true`: what it would do", body = Effects),
        (status = 201, description = "The split", body = SplitView, headers(("Location" = String))),
        SplitProblems))]
pub(super) async fn split(
    State(room): State<Room>,
    headers: Headers,
    Parameters(query): Parameters<DryRun>,
    Caller { name: caller, .. }: Caller,
    Body(body): Body<SplitBody>,
) -> Result<Response> {
    let reason = stated(body.reason.as_ref());
    let said = json!(["split", body.organization, body.partition, reason]);
    let key = request_key(&headers, &said)?;
    let _turn = room.running.begin(&key)?;
    match room.store.answer_to(&key).await? {
        None => {}
        Some(Answer::Split(outcome)) => return created(&room, outcome).await,
        Some(Answer::Merge(_) | Answer::Batch(_)) => return Err(Error::from(Conflict::KeyReused).into()),
    }
    let held = look_up_to_write(&*room.store, body.organization.into()).await?;
    require_match(&headers, &held.etag)?;
    check_partition(&body.partition, &held.golden.members)?;
    let groups: Vec<Vec<RecordId>> =
        body.partition.iter().map(|group| group.iter().copied().map(RecordId).collect()).collect();
    let split = Split {
        id: MergeId(Uuid::now_v7()),
        organization: body.organization.into(),
        groups,
        split_by: caller,
        split_at: entity::clock::now(),
        reason,
        undo: None,
    };
    if query.dry_run {
        let history = room.store.history(&[body.organization.into()]).await?;
        let step = Step { id: split.id, act: Act::Part(split.groups) };
        return Ok(Json(Effects::with(&history, step, split.split_at)).into_response());
    }
    let outcome = room.store.split(&SplitRequest { split, expected: held.revisions(), key }).await?;
    room.changed();
    created(&room, outcome).await
}

/// Each member once, in two groups or more.
fn check_partition(partition: &[Vec<Uuid>], members: &[RecordId]) -> Result<()> {
    if partition.len() < 2 {
        return Err(Problem::invalid("partition", "name two groups of records or more"));
    }
    let mut seen = BTreeSet::new();
    for (number, group) in partition.iter().enumerate() {
        if group.is_empty() {
            return Err(Problem::invalid(format!("partition[{number}]"), "is empty: leave the group out"));
        }
        for (place, id) in group.iter().enumerate() {
            let field = format!("partition[{number}][{place}]");
            if !members.contains(&RecordId(*id)) {
                return Err(Problem::invalid(field, format!("{id} is no record of this organization")));
            }
            if !seen.insert(*id) {
                return Err(Problem::invalid(
                    field,
                    format!("{id} is named before: each record has one place"),
                ));
            }
        }
    }
    match members.iter().find(|id| !seen.contains(&id.0)) {
        Some(id) => {
            let problem = format!("record {id} of this organization is missing: give it a group");
            Err(Problem::invalid("partition", problem))
        }
        None => Ok(()),
    }
}

async fn created(room: &Room, outcome: SplitOutcome) -> Result<Response> {
    let location = format!("/v1/splits/{}", outcome.split.id);
    let location = HeaderValue::from_str(&location).expect("a path of ours is ASCII");
    let view = view(room, outcome).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(view)).into_response())
}

async fn view(room: &Room, outcome: SplitOutcome) -> Result<SplitView> {
    let SplitOutcome { split, ended, remade } = outcome;
    let ids: Vec<RecordId> = split.groups.iter().flatten().copied().collect();
    let family = room.store.family(&ids).await?;
    let roots = family.roots();
    let mut parts: BTreeMap<OrganizationId, Vec<Uuid>> = BTreeMap::new();
    for id in ids.iter().filter(|id| family.records.iter().any(|record| record.id == **id)) {
        parts.entry(roots.get(id).copied().unwrap_or((*id).into())).or_default().push(id.0);
    }
    let ids = |merges: Vec<MergeId>| merges.into_iter().map(|id| id.0).collect();
    Ok(SplitView {
        id: split.id.0,
        organization: split.organization.0,
        partition: split.groups.iter().map(|group| group.iter().map(|id| id.0).collect()).collect(),
        split_by: split.split_by,
        split_at: split.split_at,
        reason: split.reason,
        ended: ids(ended),
        remade: ids(remade),
        organizations: parts.into_iter().map(|(id, members)| PartView { id: id.0, members }).collect(),
        undo: split.undo.map(UndoView::from),
    })
}

/// Reads a split.
#[utoipa::path(get, path = "/v1/splits/{id}", operation_id = "get_split", tag = "merges",
    params(("id" = Uuid, Path, description = "The split")),
    responses((status = 200, description = "The split, with the merges that it ends and makes now", body = SplitView), ReadProblems))]
pub(super) async fn get(State(room): State<Room>, PathId(id): PathId) -> Result<Json<SplitView>> {
    let outcome = room.store.split_by_id(MergeId(id)).await?;
    let outcome = outcome.ok_or_else(|| Problem::not_found(format!("split {id}")))?;
    Ok(Json(view(&room, outcome).await?))
}

/// Undoes a split: as if it had never been, whatever was merged, split or undone since.
///
/// A second undo changes nothing and gives the same answer. With `dry_run=true` nothing is done; the answer says what
/// would be.
#[utoipa::path(post, path = "/v1/splits/{id}/undo", operation_id = "undo_split", tag = "merges",
    params(("id" = Uuid, Path, description = "The split"), DryRun,
        ("X-Orgloop-User" = Option<String>, Header, description = "Who undoes")),
    request_body(content = Option<UndoBody>),
    responses((status = 200, description = "The split with its undo, or the effects", body = Undone<SplitView>), UndoProblems))]
pub(super) async fn undo(
    State(room): State<Room>,
    PathId(id): PathId,
    Parameters(query): Parameters<DryRun>,
    Caller { name: undone_by, .. }: Caller,
    OptionalBody(UndoBody { reason }): OptionalBody<UndoBody>,
) -> Result<Json<Undone<SplitView>>> {
    if query.dry_run {
        let outcome = room.store.split_by_id(MergeId(id)).await?;
        let split = outcome.ok_or_else(|| Problem::not_found(format!("split {id}")))?.split;
        let history = room.store.history_of_step(split.id).await?;
        let effects = Effects::without(&history, &[split.id].into(), split.split_at);
        return Ok(Json(Undone::Effects(Box::new(effects))));
    }
    let undo = Undo::new(undone_by, entity::clock::now(), stated(reason.as_ref()));
    let outcome = room.store.undo_split(MergeId(id), &undo).await?;
    room.changed();
    Ok(Json(Undone::Done(view(&room, outcome).await?)))
}
