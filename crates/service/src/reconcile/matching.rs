//! The endpoint itself: the manifest, batches of 0.2, and batches of the draft.

use super::candidates::Candidate;
use super::query::{Draft, plain_batch};
use super::{Room, extend, manifest};
use crate::problem::{Kind, Problem, Result};
use crate::request::{Body, Headers, Parameters, Raw};
use crate::responses::{AskProblems, MatchProblems};
use axum::Json;
use axum::extract::State;
use axum::http::{Extensions, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use url::form_urlencoded;
use utoipa::{IntoParams, ToSchema};

/// What is asked of the endpoint; without any of it, the manifest.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// A batch of queries as JSON, as in the form.
    queries: Option<String>,
    /// A data extension query as JSON, as in the form.
    extend: Option<String>,
    /// `1.0-draft` for the manifest in the words of the draft.
    version: Option<String>,
}

/// A form of 0.2: one of the two.
#[derive(ToSchema)]
#[schema(as = ReconciliationForm)]
#[expect(dead_code, reason = "for the document: the form is read element by element")]
pub(super) struct Form {
    /// A JSON object of queries, each `query`, `properties` (`pid`, `v`), `type`, `limit`; 50 at most.
    queries: Option<String>,
    /// A JSON object with `ids` and `properties`.
    extend: Option<String>,
}

/// The candidates of one query.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReconciliationResult)]
pub(super) struct PlainResult {
    /// Best first.
    result: Vec<Candidate>,
}

/// The candidates of one query of the draft.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReconciliationDraftResult)]
pub(super) struct DraftResult {
    /// Best first.
    candidates: Vec<Candidate>,
}

/// The answers to a batch of the draft, in the order of its queries.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReconciliationDraftResults)]
pub(super) struct DraftResults {
    results: Vec<DraftResult>,
}

/// What this reconciliation service offers; with `queries` or `extend`, the answer to those.
///
/// The manifest is that of version 0.2; with `version=1.0-draft`, that of the draft.
#[utoipa::path(get, path = "/reconcile", operation_id = "reconciliation_manifest", tag = "reconciliation",
    params(Asked),
    responses((status = 200, description = "The manifest, or results by the keys of the queries", body = serde_json::Value),
        AskProblems))]
pub(super) async fn endpoint(
    State(room): State<Room>,
    Parameters(asked): Parameters<Asked>,
    Headers(headers): Headers,
    extensions: Extensions,
) -> Result<Response> {
    match (asked.queries, asked.extend) {
        (Some(queries), _) => plain(&room, &queries).await,
        (None, Some(query)) => Ok(Json(extend::plain(&room, &query).await?).into_response()),
        (None, None) => {
            let draft = asked.version.as_deref() == Some(manifest::DRAFT);
            let base = room.ports.access.base_url(&headers, &extensions);
            Ok(Json(manifest::manifest(&base, draft)).into_response())
        }
    }
}

/// Matches a batch of queries, or fetches values of organizations that were matched (0.2, as OpenRefine does).
#[utoipa::path(post, path = "/reconcile", operation_id = "reconcile", tag = "reconciliation",
    request_body(content = Form, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "Results by the keys of the queries; for `extend`, rows by id", body = serde_json::Value),
        MatchProblems))]
pub(super) async fn endpoint_by_form(
    State(room): State<Room>,
    headers: Headers,
    Raw(body): Raw,
) -> Result<Response> {
    let media = headers.text(&header::CONTENT_TYPE).unwrap_or_default();
    let element = |name: &str| {
        form_urlencoded::parse(&body).find(|(element, _)| element == name).map(|(_, text)| text.into_owned())
    };
    if media.starts_with("application/x-www-form-urlencoded") {
        if let Some(queries) = element("queries") {
            return plain(&room, &queries).await;
        }
        if let Some(query) = element("extend") {
            return Ok(Json(extend::plain(&room, &query).await?).into_response());
        }
    }
    let detail = "send a form (application/x-www-form-urlencoded) with the element queries or extend; a batch of \
        1.0-draft goes to /reconcile/match as JSON";
    Err(Problem::new(Kind::Malformed, detail))
}

async fn plain(room: &Room, text: &str) -> Result<Response> {
    let batch = plain_batch(text)?;
    let (keys, queries): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
    let results = room.candidates(&queries).await?;
    let results = keys.into_iter().zip(results.into_iter().map(|result| PlainResult { result }));
    Ok(Json(results.collect::<BTreeMap<_, _>>()).into_response())
}

/// Matches a batch of queries (1.0-draft).
#[utoipa::path(post, path = "/reconcile/match", operation_id = "reconcile_match", tag = "reconciliation",
    request_body = Draft,
    responses((status = 200, description = "Candidates, in the order of the queries", body = DraftResults),
        MatchProblems))]
pub(super) async fn by_conditions(
    State(room): State<Room>,
    Body(batch): Body<Draft>,
) -> Result<Json<DraftResults>> {
    let results = room.candidates(&batch.into_queries()?).await?;
    Ok(Json(DraftResults {
        results: results.into_iter().map(|candidates| DraftResult { candidates }).collect(),
    }))
}
