//! Search for people: records by name, place or telephone, with typing errors.

use super::Room;
use crate::paging::limit;
use crate::problem::{Kind, Problem, Result};
use crate::request::Parameters;
use crate::responses::ListProblems;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// What is searched for.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchQuery {
    /// Words of a name or place, or digits of a telephone; 500 characters at most.
    q: String,
    /// At most so many, 20 unless told, 100 at most.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
}

const QUERY_CHARS_MAX: usize = 500;

/// What was found, best first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct SearchAnswer {
    hits: Vec<HitView>,
}

/// A record that was found.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SearchHit)]
pub(super) struct HitView {
    /// The record; `/v1/organizations/{id}` leads to its golden record.
    id: Uuid,
    /// Its name.
    name: String,
    /// Higher is better; comparable within one answer only.
    score: f64,
}

/// Searches records by name, place or telephone; typing errors are allowed.
#[utoipa::path(get, path = "/v1/search", tag = "search", params(SearchQuery),
    responses((status = 200, description = "What was found, best first", body = SearchAnswer), ListProblems))]
pub(super) async fn search(
    State(room): State<Room>,
    Parameters(query): Parameters<SearchQuery>,
) -> Result<Json<SearchAnswer>> {
    if query.q.contains('\0') || query.q.chars().count() > QUERY_CHARS_MAX {
        let detail = format!("q has at most {QUERY_CHARS_MAX} characters, no NUL among them");
        return Err(Problem::new(Kind::Malformed, detail));
    }
    let hits = room.ports.index.search(&query.q, limit(query.limit, 20, 100)?).await?;
    let view = |hit: index::SearchHit| HitView { id: hit.id.0, name: hit.name, score: hit.score };
    Ok(Json(SearchAnswer { hits: hits.into_iter().map(view).collect() }))
}
