//! The button that sends a parked event to its stage once more.

use super::Room;
use crate::page::PageProblem;
use crate::problem::Problem;
use crate::request::Raw;
use axum::extract::State;
use axum::response::Redirect;
use url::form_urlencoded;

pub(super) async fn retry(State(room): State<Room>, Raw(body): Raw) -> Result<Redirect, PageProblem> {
    let id = form_urlencoded::parse(&body).find(|(field, _)| field == "id").map(|(_, id)| id.into_owned());
    let id = id.ok_or_else(|| Problem::invalid("id", "is required"))?;
    if room.parking.retry(&id).await.map_err(Problem::from)? {
        return Ok(Redirect::to("/#parked"));
    }
    Err(Problem::not_found(format!("a parked event {id}")).into())
}
