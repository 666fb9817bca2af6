//! `/v1/locations`.

use super::{NewRow, OwnedRow, RowPage, Tagged, write};
use crate::hsds;
use crate::organizations::Room;
use crate::organizations::create::created;
use crate::organizations::patch::Object;
use crate::paging::PageQuery;
use crate::problem::Result;
use crate::request::{Body, Caller, Headers, Parameters, PathId};
use crate::responses::{ConditionalProblems, CreateWithinProblems, EditProblems, ListProblems, ReadProblems};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use entity::Location;

/// Lists locations by id.
#[utoipa::path(get, path = "/v1/locations", operation_id = "list_locations", tag = "locations", params(PageQuery),
    responses((status = 200, description = "A page", body = RowPage<hsds::Location>), ListProblems))]
pub(in crate::organizations) async fn list(
    State(room): State<Room>,
    Parameters(page): Parameters<PageQuery>,
) -> Result<Json<RowPage<hsds::Location>>> {
    super::list::<Location>(&room, &page).await.map(Json)
}

/// Adds a location to an organization.
///
/// It belongs to people, beside what the organization's source tells.
#[utoipa::path(post, path = "/v1/locations", operation_id = "create_location", tag = "locations",
    params(("X-Orgloop-User" = Option<String>, Header, description = "Who adds it")),
    request_body = NewRow<hsds::Location>,
    responses((status = 201, description = "The location", body = OwnedRow<hsds::Location>,
        headers(("Location" = String), ("ETag" = String))), CreateWithinProblems))]
pub(in crate::organizations) async fn create(
    State(room): State<Room>,
    Caller { name: caller, .. }: Caller,
    Body(body): Body<Object>,
) -> Result<Response> {
    let view = write::create::<Location>(&room, body, caller).await?;
    let location = format!("/v1/locations/{}", view.row.id.unwrap_or_default());
    Ok(created(&location, &view.etag.clone(), view))
}

/// Reads a location.
#[utoipa::path(get, path = "/v1/locations/{id}", operation_id = "get_location", tag = "locations",
    params(("id" = Uuid, Path, description = "The location")),
    responses((status = 200, description = "The location, with what people stated of it", body = OwnedRow<hsds::Location>,
        headers(("ETag" = String))), ReadProblems))]
pub(in crate::organizations) async fn get(
    State(room): State<Room>,
    PathId(id): PathId,
) -> Result<Tagged<hsds::Location>> {
    Ok(super::read::<Location>(&room, id).await?.tagged())
}

/// Edits a location by JSON merge patch.
///
/// Of a source's location, each changed field becomes a statement of the caller that stands above the source.
#[utoipa::path(patch, path = "/v1/locations/{id}", operation_id = "edit_location", tag = "locations",
    params(("id" = Uuid, Path, description = "The location"),
        ("If-Match" = String, Header, description = "The ETag that the edit rests on"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who edits")),
    request_body(content = hsds::Location, content_type = "application/merge-patch+json",
        description = "The fields to change; null clears a field"),
    responses((status = 200, description = "The location as it is now", body = OwnedRow<hsds::Location>,
        headers(("ETag" = String))), EditProblems))]
pub(in crate::organizations) async fn edit(
    State(room): State<Room>,
    PathId(id): PathId,
    headers: Headers,
    Caller { name: caller, .. }: Caller,
    Body(patch): Body<Object>,
) -> Result<Tagged<hsds::Location>> {
    Ok(write::edit::<Location>(&room, id, &headers, caller, patch).await?.tagged())
}

/// Deletes a location that people added.
#[utoipa::path(delete, path = "/v1/locations/{id}", operation_id = "delete_location", tag = "locations",
    params(("id" = Uuid, Path, description = "The location"),
        ("If-Match" = String, Header, description = "The ETag that the decision rests on"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who deletes it")),
    responses((status = 204, description = "It is gone"), ConditionalProblems))]
pub(in crate::organizations) async fn remove(
    State(room): State<Room>,
    PathId(id): PathId,
    headers: Headers,
    Caller { name: caller, .. }: Caller,
) -> Result<StatusCode> {
    write::remove::<Location>(&room, id, &headers, caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
