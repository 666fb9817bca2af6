//! A new organization, told by people.

use super::Room;
use super::conditional::quoted;
use super::held::look_up_to_write;
use super::views::GoldenView;
use crate::hsds::{self, RowIds};
use crate::problem::{Problem, Result};
use crate::request::{Body, Caller};
use crate::responses::CreateProblems;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use entity::{Record, RecordId};
use store::organizations::Revisions;
use store::{By, REST_SOURCE};
use uuid::Uuid;

/// Creates an organization with its children.
///
/// It becomes a record of the source `rest`; the service gives all ids.
#[utoipa::path(post, path = "/v1/organizations", operation_id = "create_organization", tag = "organizations",
    params(("X-Orgloop-User" = Option<String>, Header, description = "Who creates it")),
    request_body = hsds::Organization,
    responses(
        (status = 201, description = "The golden record", body = GoldenView,
            headers(("Location" = String), ("ETag" = String))),
        CreateProblems))]
pub(super) async fn create(
    State(room): State<Room>,
    Caller { name: caller, .. }: Caller,
    Body(organization): Body<hsds::Organization>,
) -> Result<Response> {
    let organization = organization.taken(&mut RowIds::default())?;
    if organization.name.is_none() {
        return Err(Problem::invalid("name", "is required"));
    }
    let id = RecordId(Uuid::now_v7());
    let record = Record {
        id,
        source: REST_SOURCE.to_owned(),
        source_id: id.to_string(),
        created_at: entity::clock::now(),
        organization,
    };
    room.store.rewrite(record, &Revisions::new(), &By::now(caller)).await?;
    room.changed();
    let held = look_up_to_write(&*room.store, id.into()).await?;
    Ok(created(&format!("/v1/organizations/{id}"), &held.etag.clone(), GoldenView::from(held)))
}

/// The answer to a creation.
pub(super) fn created<T: serde::Serialize>(location: &str, etag: &str, view: T) -> Response {
    let location = HeaderValue::from_str(location).expect("a path of ours is ASCII");
    (StatusCode::CREATED, [(header::LOCATION, location), (header::ETAG, quoted(etag))], Json(view))
        .into_response()
}
