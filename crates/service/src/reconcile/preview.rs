//! The preview: an organization on a small page of its own, as clients show it in a frame.

use super::properties::{Cell, Property};
use super::{Room, name_of};
use crate::problem::{Kind, Problem, Result};
use crate::request::Parameters;
use crate::responses::ReadProblems;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use entity::{GoldenRecord, RecordId};
use maud::{DOCTYPE, Markup, html};
use serde::Deserialize;
use utoipa::IntoParams;

/// Programs on this machine may frame it, as OpenRefine does; nothing else may, and it loads nothing but its style.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; \
    frame-ancestors 'self' http://localhost:* http://127.0.0.1:*";

const STYLE: &str = include_str!("../../assets/preview.css");

/// What a frame has room for.
const VALUES_MAX: usize = 3;

const SHOWN: [Property; 7] = [
    Property::AlternateName,
    Property::Address,
    Property::Phone,
    Property::Email,
    Property::Website,
    Property::Identifier,
    Property::Services,
];

/// What to preview.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PreviewQuery {
    /// A golden id, or one that was merged.
    #[param(value_type = uuid::Uuid)]
    id: String,
}

/// A small page of an organization, for a frame.
#[utoipa::path(get, path = "/reconcile/preview", operation_id = "preview_organization", tag = "reconciliation",
    params(PreviewQuery),
    responses((status = 200, description = "The page", body = String, content_type = "text/html"), ReadProblems))]
pub(super) async fn show(
    State(room): State<Room>,
    Parameters(query): Parameters<PreviewQuery>,
) -> Result<Response> {
    let id: RecordId = query
        .id
        .parse()
        .map_err(|_| Problem::new(Kind::Malformed, "id must be the id of an organization: ids are UUIDs"))?;
    let goldens = room.goldens(&[id]).await?;
    let golden = goldens.of(id).ok_or_else(|| Problem::not_found(format!("organization {id}")))?;
    Ok((headers(), page(golden)).into_response())
}

fn headers() -> [(HeaderName, HeaderValue); 3] {
    [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ]
}

fn page(golden: &GoldenRecord) -> Markup {
    let name = name_of(golden);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (name) " · orgloop" }
                link rel="stylesheet" href="/reconcile/preview.css";
            }
            body {
                main {
                    h1 { (name) }
                    @if let Some(description) = &golden.organization.description { p { (description) } }
                    dl {
                        @for property in SHOWN { (row(golden, property)) }
                    }
                    p.quiet {
                        @match golden.members.len() { 1 => "One record", many => { (many) " records, merged" } }
                        " · " code { (golden.id) }
                    }
                }
            }
        }
    }
}

fn row(golden: &GoldenRecord, property: Property) -> Markup {
    let values = property.values(golden);
    let more = values.len().saturating_sub(VALUES_MAX);
    html! {
        @if !values.is_empty() {
            dt { (property.label()) }
            @for value in values.into_iter().take(VALUES_MAX).map(Cell::into_text) { dd { (value) } }
            @if more > 0 { dd.quiet { "and " (more) " more" } }
        }
    }
}

pub(super) async fn style() -> Response {
    let content_type = (header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"));
    ([content_type, (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))], STYLE).into_response()
}
