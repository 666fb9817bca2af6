//! The loop at work, on one page.

use super::Room;
use axum::extract::State;
use axum::response::Response;
use maud::html;

pub(super) async fn show(State(_room): State<Room>) -> Response {
    crate::page::framed("The loop", &html! {})
}
