//! Deleting what people added; what a source tells is deleted by the source.

use super::Room;
use super::conditional::require_match;
use super::held::look_up_to_write;
use crate::problem::{Kind, Problem, Result};
use crate::request::{Caller, Headers, Parameters, PathId};
use crate::responses::ConditionalProblems;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use store::{By, REST_SOURCE};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// How much of a golden record is meant.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RemoveQuery {
    /// `all`: every record that it is made of. Without it, a golden record of several members is not deleted.
    #[param(inline)]
    members: Option<Members>,
}

/// Which members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Members {
    /// Every record.
    All,
}

/// Deletes an organization that people created.
///
/// A golden id lives while it has a member: it ends with the last. One that has several is deleted with `members=all`
/// only.
#[utoipa::path(delete, path = "/v1/organizations/{id}", operation_id = "delete_organization", tag = "organizations",
    params(("id" = Uuid, Path, description = "The golden id"), RemoveQuery,
        ("If-Match" = String, Header, description = "The ETag that the decision rests on"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who deletes it")),
    responses((status = 204, description = "It is gone"), ConditionalProblems))]
pub(super) async fn remove(
    State(room): State<Room>,
    PathId(id): PathId,
    Parameters(query): Parameters<RemoveQuery>,
    headers: Headers,
    Caller { name: caller, .. }: Caller,
) -> Result<StatusCode> {
    let held = look_up_to_write(&*room.store, id.into()).await?;
    require_match(&headers, &held.etag)?;
    let members = &held.golden.members;
    if members.len() > 1 && query.members.is_none() {
        let count = members.len();
        let detail = format!(
            "organization {id} is made of {count} records: delete them all with ?members=all, or undo the merges first"
        );
        let members: Vec<_> = members.iter().map(ToString::to_string).collect();
        return Err(Problem::new(Kind::OtherMembers, detail).with("members", members));
    }
    for record in members.iter().filter_map(|member| held.record(*member)) {
        if record.source != REST_SOURCE {
            return Err(owned_by_source("organization", record.id.0, &record.source));
        }
    }
    room.store.delete_members(held.golden.id, &held.revisions(), &By::now(caller)).await?;
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
