//! What all pages share: the frame, the style, the script, and a problem as a person reads it.

mod words;

pub(crate) use words::{ago, count, percent, prose, sentence, signed};

use crate::access::frame::corner;
use crate::problem::Problem;
use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Everything a page needs comes from this service, and nothing else may frame it or be sent to.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
    img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const STYLE: &str = include_str!("../assets/page.css");
const SCRIPT: &str = include_str!("../assets/page.js");
const REVIEW_STYLE: &str = include_str!("../assets/review.css");
const REVIEW_SCRIPT: &str = include_str!("../assets/review.js");

/// Which entry of the navigation a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Loop,
    Clusters,
    Decisions,
    Quality,
    Api,
}

/// How often a page looks again for what has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refresh {
    Never,
    Milliseconds(u32),
}

/// A page before it is framed.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) title: String,
    pub(crate) place: Place,
    pub(crate) refresh: Refresh,
    /// A script of its own, besides that of all pages.
    pub(crate) script: Option<&'static str>,
    pub(crate) content: Markup,
}

impl Page {
    pub(crate) fn new(title: impl Into<String>, place: Place, content: Markup) -> Self {
        Self { title: title.into(), place, refresh: Refresh::Never, script: None, content }
    }

    pub(crate) fn render(&self) -> Markup {
        let refresh = match self.refresh {
            Refresh::Never => None,
            Refresh::Milliseconds(pause) => Some(pause),
        };
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " · orgloop" }
                    link rel="icon" href={ "data:image/svg+xml," (ICON) };
                    link rel="stylesheet" href="/assets/page.css";
                    link rel="stylesheet" href="/assets/review.css";
                    script src="/assets/page.js" defer {}
                    @if let Some(script) = self.script { script src=(script) defer {} }
                    @if let Some(pause) = refresh {
                        // Without JavaScript, the browser itself looks again, more slowly.
                        noscript { meta http-equiv="refresh" content=(pause.div_ceil(1000) * 3); }
                    }
                }
                body {
                    a.skip href="#content" { "Skip to the content" }
                    (self.top())
                    main #content data-refresh=[refresh] { (self.content) }
                }
            }
        }
    }

    fn top(&self) -> Markup {
        let entries = [
            (Place::Loop, "/", "Loop"),
            (Place::Clusters, "/clusters", "Clusters"),
            (Place::Decisions, "/decisions", "Decisions"),
            (Place::Quality, "/quality", "Quality"),
            (Place::Api, "/docs", "API"),
        ];
        html! {
            header.top {
                a.brand href="/" { (mark()) "orgloop" }
                nav aria-label="Main" {
                    @for (place, href, name) in entries {
                        a href=(href) aria-current=[(place == self.place).then_some("page")] { (name) }
                    }
                }
                (corner())
            }
        }
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        (page_headers(), self.render()).into_response()
    }
}

pub(crate) fn page_headers() -> [(HeaderName, HeaderValue); 4] {
    [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    ]
}

const ICON: &str = "%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'%3E%3Cpath d='M12 4a8 8 0 1 1-7.4 5' \
    fill='none' stroke='%230b7a75' stroke-width='3.4' stroke-linecap='round'/%3E%3Ccircle cx='6' cy='5.6' r='3' \
    fill='%23d1622b'/%3E%3C/svg%3E";

fn mark() -> Markup {
    PreEscaped(
        r#"<svg class="mark" viewBox="0 0 24 24" aria-hidden="true"><path d="M12 4a8 8 0 1 1-7.4 5"/><circle cx="6" cy="5.6" r="3"/></svg>"#
            .to_owned(),
    )
}

/// A problem where a person is looking at a page.
#[derive(Debug)]
pub(crate) struct PageProblem(Problem);

impl From<Problem> for PageProblem {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<store::Error> for PageProblem {
    fn from(error: store::Error) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for PageProblem {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let content = html! {
            h1 { (problem.kind.title()) }
            p.lead { (sentence(&problem.detail)) }
            p { (problem.kind.advice()) }
            p { a href="/" { "To the loop" } " · " a href="/clusters" { "To the clusters" } }
        };
        let page = Page::new(problem.kind.title(), Place::Loop, content);
        (problem.kind.status(), problem.headers(), page).into_response()
    }
}

/// The style and the script.
pub(crate) fn assets() -> Router {
    let asset = |content_type: &'static str, text: &'static str| {
        get(move || async move {
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
                (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            ];
            (StatusCode::OK, headers, text)
        })
    };
    Router::new()
        .route("/assets/page.css", asset("text/css; charset=utf-8", STYLE))
        .route("/assets/page.js", asset("text/javascript; charset=utf-8", SCRIPT))
        .route("/assets/review.css", asset("text/css; charset=utf-8", REVIEW_STYLE))
        .route("/assets/review.js", asset("text/javascript; charset=utf-8", REVIEW_SCRIPT))
}
