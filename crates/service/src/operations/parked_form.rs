//! The button that sends a parked event to its stage once more.

use super::Room;
use crate::access::audit;
use crate::page::PageProblem;
use crate::problem::Problem;
use crate::request::{Caller, Raw};
use axum::extract::State;
use axum::response::Redirect;
use store::access::Role;
use url::form_urlencoded;

pub(super) async fn retry(
    State(room): State<Room>,
    caller: Caller,
    Raw(body): Raw,
) -> Result<Redirect, PageProblem> {
    // What the table says, said once more: whatever is parked goes to a stage again.
    caller.require(Role::Admin)?;
    let id = form_urlencoded::parse(&body).find(|(field, _)| field == "id").map(|(_, id)| id.into_owned());
    let id = id.ok_or_else(|| Problem::invalid("id", "is required"))?;
    if room.parking.retry(&id).await.map_err(Problem::from)? {
        audit::acted("parked-retried", &caller, &id);
        return Ok(Redirect::to("/#parked"));
    }
    Err(Problem::not_found(format!("a parked event {id}")).into())
}
