//! How much is left, what one did today, and taking back the last of it.

use super::bands::{BANDS, bounds};
use super::decisions::UndoDecisionBody;
use super::views::DecisionView;
use super::{Room, outcome};
use crate::problem::{Kind, Problem, Result};
use crate::request::{Caller, OptionalBody};
use crate::responses::{PlainProblems, UndoProblems};
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, NaiveTime, Utc};
use serde::Serialize;
use store::review::ReviewerTally;
use utoipa::ToSchema;

/// What is left, and what the caller did.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Progress {
    /// How many clusters wait.
    waiting: u64,
    /// Of those, by band, the surest first.
    bands: Vec<BandCount>,
    /// Decisions of the caller today (UTC), without those taken back.
    decided_today: u64,
    /// Golden records that those fold away.
    folded_today: u64,
    /// Pairs of which two people or more said yes or no, `related` being a no.
    judged_by_several: u64,
    /// Those of which all said the same.
    agreed: u64,
}

/// How many clusters wait in a band.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct BandCount {
    /// Its name.
    pub(super) band: String,
    /// Its name for people.
    pub(super) label: String,
    /// How many wait.
    pub(super) waiting: u64,
}

/// The bands with how many wait in each, the surest first.
pub(super) async fn waiting(room: &Room) -> Result<Vec<BandCount>> {
    let counts = room.store.waiting_from(&bounds()).await?;
    let band = |(band, waiting): (&super::bands::NamedBand, u64)| BandCount {
        band: band.name.to_owned(),
        label: band.label.to_owned(),
        waiting,
    };
    Ok(BANDS.iter().zip(counts).rev().map(band).collect())
}

/// What somebody did today.
pub(super) async fn today(room: &Room, by: &str, now: DateTime<Utc>) -> Result<ReviewerTally> {
    let midnight = now.date_naive().and_time(NaiveTime::MIN).and_utc();
    Ok(room.store.tally(by, midnight).await?)
}

/// Reads what is left in the queue, and what the caller did today.
#[utoipa::path(get, path = "/v1/review/progress", operation_id = "review_progress", tag = "review",
    params(("X-Orgloop-User" = Option<String>, Header, description = "Whose progress")),
    responses((status = 200, description = "The progress", body = Progress), PlainProblems))]
pub(super) async fn progress(State(room): State<Room>, caller: Caller) -> Result<Json<Progress>> {
    let bands = waiting(&room).await?;
    let tally = today(&room, &caller.name, entity::clock::now()).await?;
    let agreement = room.store.agreement().await?;
    Ok(Json(Progress {
        waiting: bands.iter().map(|band| band.waiting).sum(),
        bands,
        decided_today: tally.decisions,
        folded_today: tally.folded,
        judged_by_several: agreement.pairs,
        agreed: agreement.agreed,
    }))
}

/// Takes back the caller's newest decision that holds: again and again, as far back as there are any.
#[utoipa::path(post, path = "/v1/review/undo", operation_id = "undo_last_decision", tag = "review",
    params(("X-Orgloop-User" = Option<String>, Header, description = "Whose decision")),
    request_body(content = Option<UndoDecisionBody>),
    responses((status = 200, description = "The decision that was taken back", body = DecisionView), UndoProblems))]
pub(super) async fn undo(
    State(room): State<Room>,
    caller: Caller,
    OptionalBody(body): OptionalBody<UndoDecisionBody>,
) -> Result<Json<DecisionView>> {
    let by = &caller.name;
    let undone = outcome::undo_last(&room, by, body.reason.as_deref()).await?;
    let undone = undone.ok_or_else(|| nothing(by))?;
    Ok(Json(undone.into()))
}

/// For whoever has nothing to take back.
pub(super) fn nothing(by: &str) -> Problem {
    Problem::new(Kind::NotFound, format!("no decision of {by} holds that could be taken back"))
}
