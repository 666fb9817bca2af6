//! The OpenAPI document, written by the handlers themselves.

use super::docs_page;
use crate::page::{Page, Place};
use crate::problem::ProblemDocument;
use axum::Router;
use axum::http::header;
use axum::routing::get;
use maud::PreEscaped;
use serde_json::Value;
use std::sync::Arc;
use utoipa::OpenApi;

/// What the document says before any route is in it.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "orgloop",
        description = "Organizations as a data product, its topics over HTTP, and the review of duplicates.\n\n\
            Ids are UUIDs. Lists are read page by page with `cursor`. Writes name the state that they were decided \
            on (`If-Match`, `expected_versions`). Everything that goes wrong is answered as \
            `application/problem+json` with a stable `type`, explained at `/problems`."
    ),
    tags(
        (name = "organizations", description = "Golden records and the records behind them"),
        (name = "locations", description = "Places, one by one"),
        (name = "services", description = "Services, one by one"),
        (name = "merges", description = "Deliberate merges, many at once, taking apart, and exact undo"),
        (name = "survivorship", description = "Which value wins: policies, people's choices, and why"),
        (name = "audit", description = "What people did, each entry chained to the one before"),
        (name = "review", description = "Clusters of duplicates, and what people decide of them"),
        (name = "search", description = "Records by name, place or telephone"),
        (name = "reconciliation", description = "Rows of others matched to organizations (W3C reconciliation API)"),
        (name = "topics", description = "The events of the data products, to be read with curl"),
        (name = "operations", description = "Health and metrics"),
    ),
    components(schemas(ProblemDocument))
)]
struct Base;

/// Objects that are part of a larger one must allow the fields of the larger one: what refuses unknown fields by
/// itself would otherwise, in the document, refuse every answer that it is a part of.
fn open_parts(document: &mut Value) {
    let mut named = Vec::new();
    open_unnamed(document, &mut named);
    for part in named {
        if let Some(object) = part.strip_prefix('#').and_then(|pointer| document.pointer_mut(pointer)) {
            open(object);
        }
    }
}

fn open_unnamed(value: &mut Value, named: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for part in object.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten() {
                named.extend(part["$ref"].as_str().map(str::to_owned));
                open(part);
            }
            object.values_mut().for_each(|value| open_unnamed(value, named));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| open_unnamed(item, named)),
        _ => {}
    }
}

fn open(part: &mut Value) {
    if let Value::Object(object) = part {
        object.remove("additionalProperties");
    }
}

pub(crate) fn base() -> utoipa::openapi::OpenApi {
    Base::openapi()
}

/// The document itself, and a page that shows it.
pub(crate) fn routes(document: &utoipa::openapi::OpenApi) -> Router {
    let mut document = serde_json::to_value(document).expect("the document is JSON");
    open_parts(&mut document);
    crate::access::document::describe(&mut document);
    let json: Arc<str> = document.to_string().into();
    let content: Arc<str> = docs_page::content(&document).into_string().into();
    let json = get(move || {
        let json = Arc::clone(&json);
        async move { ([(header::CONTENT_TYPE, "application/json")], json.to_string()) }
    });
    let page = get(move || {
        let content = Arc::clone(&content);
        async move { Page::new("API", Place::Api, PreEscaped(content.to_string())) }
    });
    Router::new().route("/openapi.json", json).route("/docs", page)
}
