//! The review on pages.

use super::Room;
use axum::Router;

pub(super) fn routes() -> Router<Room> {
    Router::new()
}
