//! Deleting what people added; what a source tells is deleted by the source.

use super::Room;
use super::conditional::require_match;
use super::held::look_up_to_write;
use crate::problem::{Kind, Problem, Result};
use crate::request::{Caller, Headers, PathId};
use crate::responses::ConditionalProblems;
use axum::extract::State;
use axum::http::StatusCode;
use store::{By, REST_SOURCE};
use uuid::Uuid;

/// Deletes an organization that people created.
#[utoipa::path(delete, path = "/v1/organizations/{id}", operation_id = "delete_organization", tag = "organizations",
    params(("id" = Uuid, Path, description = "The golden id"),
        ("If-Match" = String, Header, description = "The ETag that the decision rests on"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who deletes it")),
    responses((status = 204, description = "It is gone"), ConditionalProblems))]
pub(super) async fn remove(
    State(room): State<Room>,
    PathId(id): PathId,
    headers: Headers,
    Caller(caller): Caller,
) -> Result<StatusCode> {
    let held = look_up_to_write(&*room.store, id.into()).await?;
    require_match(&headers, &held.etag)?;
    if held.golden.members.len() > 1 || !held.family.links.is_empty() {
        let detail = format!("organization {id} is part of merges that hold: undo them first");
        return Err(Problem::new(Kind::PartOfMerges, detail));
    }
    let record = held.principal();
    if record.source != REST_SOURCE {
        return Err(owned_by_source("organization", id, &record.source));
    }
    let revision = held.family.revisions.get(&record.id).copied().unwrap_or_default();
    room.store.delete(record.id, revision, &By::now(caller)).await?;
    room.changed();
    Ok(StatusCode::NO_CONTENT)
}

/// For rows that only their source may delete.
pub(super) fn owned_by_source(what: &str, id: Uuid, source: &str) -> Problem {
    let detail = format!(
        "{what} {id} belongs to the source {source:?}: delete it there and import again with --snapshot"
    );
    Problem::new(Kind::OwnedBySource, detail).with("source", source)
}
