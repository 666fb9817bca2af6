//! `/v1/services`.

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
use entity::Service;

/// Lists services by id.
#[utoipa::path(get, path = "/v1/services", operation_id = "list_services", tag = "services", params(PageQuery),
    responses((status = 200, description = "A page", body = RowPage<hsds::Service>), ListProblems))]
pub(in crate::organizations) async fn list(
    State(room): State<Room>,
    Parameters(page): Parameters<PageQuery>,
) -> Result<Json<RowPage<hsds::Service>>> {
    super::list::<Service>(&room, &page).await.map(Json)
}

/// Adds a service to an organization.
///
/// It belongs to people, beside what the organization's source tells.
#[utoipa::path(post, path = "/v1/services", operation_id = "create_service", tag = "services",
    params(("X-Orgloop-User" = Option<String>, Header, description = "Who adds it")),
    request_body = NewRow<hsds::Service>,
    responses((status = 201, description = "The service", body = OwnedRow<hsds::Service>,
        headers(("Location" = String), ("ETag" = String))), CreateWithinProblems))]
pub(in crate::organizations) async fn create(
    State(room): State<Room>,
    Caller { name: caller, .. }: Caller,
    Body(body): Body<Object>,
) -> Result<Response> {
    let view = write::create::<Service>(&room, body, caller).await?;
    let location = format!("/v1/services/{}", view.row.id.unwrap_or_default());
    Ok(created(&location, &view.etag.clone(), view))
}

/// Reads a service.
#[utoipa::path(get, path = "/v1/services/{id}", operation_id = "get_service", tag = "services",
    params(("id" = Uuid, Path, description = "The service")),
    responses((status = 200, description = "The service, with what people stated of it", body = OwnedRow<hsds::Service>,
        headers(("ETag" = String))), ReadProblems))]
pub(in crate::organizations) async fn get(
    State(room): State<Room>,
    PathId(id): PathId,
) -> Result<Tagged<hsds::Service>> {
    Ok(super::read::<Service>(&room, id).await?.tagged())
}

/// Edits a service by JSON merge patch.
///
/// Of a source's service, each changed field becomes a statement of the caller that stands above the source.
#[utoipa::path(patch, path = "/v1/services/{id}", operation_id = "edit_service", tag = "services",
    params(("id" = Uuid, Path, description = "The service"),
        ("If-Match" = String, Header, description = "The ETag that the edit rests on"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who edits")),
    request_body(content = hsds::Service, content_type = "application/merge-patch+json",
        description = "The fields to change; null clears a field"),
    responses((status = 200, description = "The service as it is now", body = OwnedRow<hsds::Service>,
        headers(("ETag" = String))), EditProblems))]
pub(in crate::organizations) async fn edit(
    State(room): State<Room>,
    PathId(id): PathId,
    headers: Headers,
    Caller { name: caller, .. }: Caller,
    Body(patch): Body<Object>,
) -> Result<Tagged<hsds::Service>> {
    Ok(write::edit::<Service>(&room, id, &headers, caller, patch).await?.tagged())
}

/// Deletes a service that people added.
#[utoipa::path(delete, path = "/v1/services/{id}", operation_id = "delete_service", tag = "services",
    params(("id" = Uuid, Path, description = "The service"),
        ("If-Match" = String, Header, description = "The ETag that the decision rests on"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who deletes it")),
    responses((status = 204, description = "It is gone"), ConditionalProblems))]
pub(in crate::organizations) async fn remove(
    State(room): State<Room>,
    PathId(id): PathId,
    headers: Headers,
    Caller { name: caller, .. }: Caller,
) -> Result<StatusCode> {
    write::remove::<Service>(&room, id, &headers, caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
