//! The OpenAPI document as a page that works offline.

use maud::{Markup, html};
use serde_json::Value;

pub(super) fn render(_document: &Value) -> Markup {
    html! {}
}
