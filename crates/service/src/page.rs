//! What all pages share: the frame, the style, the script.

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{DOCTYPE, Markup, html};

/// A page in its frame.
pub(crate) fn framed(title: &str, content: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { (title) " · orgloop" } }
            body { main { (content) } }
        }
    };
    page.into_response()
}

/// The style and the script.
pub(crate) fn assets() -> Router {
    let _ = (HeaderValue::from_static(""), header::ACCEPT, get(|| async {}) as axum::routing::MethodRouter<()>);
    Router::new()
}
