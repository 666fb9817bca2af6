//! Golden records out.

use super::Room;
use super::conditional::{is_known, quoted};
use super::held::{Addressed, look_up};
use super::views::{AbsorbedView, GoldenView};
use crate::paging::{PageQuery, bad_cursor, last_of_more, sealed};
use crate::problem::Result;
use crate::request::{Headers, Parameters, PathId};
use crate::responses::{ListProblems, ReadProblems};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use entity::{OrganizationId, RecordId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A page of golden records.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OrganizationPage {
    organizations: Vec<GoldenView>,
    /// The cursor of the next page; absent at the end.
    next: Option<String>,
}

/// Lists golden records by id.
#[utoipa::path(get, path = "/v1/organizations", operation_id = "list_organizations", tag = "organizations", params(PageQuery),
    responses((status = 200, description = "A page", body = OrganizationPage), ListProblems))]
pub(super) async fn list(
    State(room): State<Room>,
    Parameters(page): Parameters<PageQuery>,
) -> Result<Json<OrganizationPage>> {
    let limit = page.limit()?;
    let after =
        page.after()?.map(|id| id.parse::<OrganizationId>().map_err(|_| bad_cursor(&id))).transpose()?;
    let mut ids = room.store.list(after, limit + 1).await?;
    let next = last_of_more(&mut ids, limit).map(|id| sealed(&id.to_string()));
    let family = room.store.family(&ids.iter().map(|id| RecordId::from(*id)).collect::<Vec<_>>()).await?;
    let mut golden = golden::project(&family).golden;
    let view = |id: &OrganizationId| {
        let record = golden.remove(id)?;
        let etag = super::conditional::etag(&record.members, &family.revisions);
        Some(GoldenView::new(record, etag))
    };
    Ok(Json(OrganizationPage { organizations: ids.iter().filter_map(view).collect(), next }))
}

/// How an absorbed id is answered.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RedirectQuery {
    /// `false`: an absorbed id is answered with what it was merged into, instead of a redirect.
    redirect: Option<bool>,
}

/// Reads a golden record.
///
/// An absorbed id is answered with a redirect to its survivor. It may be kept for a minute only, because a
/// merge can be undone.
#[utoipa::path(get, path = "/v1/organizations/{id}", operation_id = "get_organization", tag = "organizations",
    params(("id" = Uuid, Path, description = "The golden id, or an absorbed one"), RedirectQuery),
    responses(
        (status = 200, description = "The golden record; with `redirect=false`, what an absorbed id was merged into",
            body = GoldenOrAbsorbed, headers(("ETag" = String, description = "The state of now"))),
        (status = 304, description = "`If-None-Match` names the state of now"),
        (status = 308, description = "The id was absorbed: `Location` leads to the survivor",
            headers(("Location" = String), ("Cache-Control" = String))),
        ReadProblems))]
pub(super) async fn get(
    State(room): State<Room>,
    PathId(id): PathId,
    Parameters(query): Parameters<RedirectQuery>,
    headers: Headers,
) -> Result<Response> {
    match look_up(&*room.store, id.into()).await? {
        Addressed::Golden(held) => {
            let etag = [(header::ETAG, quoted(&held.etag))];
            if is_known(&headers, &held.etag) {
                return Ok((StatusCode::NOT_MODIFIED, etag).into_response());
            }
            Ok((etag, Json(GoldenView::from(*held))).into_response())
        }
        Addressed::Absorbed { survivor, merge_id } if query.redirect == Some(false) => {
            let view = AbsorbedView { id, merged_into: survivor.0, merge_id: merge_id.0 };
            Ok(Json(view).into_response())
        }
        Addressed::Absorbed { survivor, .. } => Ok(redirect(&format!("/v1/organizations/{survivor}"))),
    }
}

/// What an id may be answered with.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "for the document: the handler answers with either view itself")]
enum GoldenOrAbsorbed {
    Golden(Box<GoldenView>),
    Absorbed(AbsorbedView),
}

/// To the survivor, for a short time only: a permanent redirect would outlive an undo in every cache.
pub(super) fn redirect(to: &str) -> Response {
    let location = HeaderValue::from_str(to).expect("a path of ours is ASCII");
    let headers =
        [(header::LOCATION, location), (header::CACHE_CONTROL, HeaderValue::from_static("max-age=60"))];
    (StatusCode::PERMANENT_REDIRECT, headers).into_response()
}
