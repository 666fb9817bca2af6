//! Health: whether the process answers, whether its stages move, and the numbers behind it.

use super::Room;
use crate::problem::{Kind, Problem, Result};
use crate::responses::PlainProblems;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use chrono::{DateTime, TimeDelta, Utc};
use entity::StageState;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A stage that has not finished a batch or looked for one for so long stands still.
const STILL: TimeDelta = TimeDelta::seconds(60);

/// Whether the process answers.
#[utoipa::path(get, path = "/healthz", tag = "operations",
    responses((status = 200, description = "It does", body = String, content_type = "text/plain"), PlainProblems))]
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether all stages that run in this process move.
///
/// By progress, not by port: a stage that has finished no batch and has not looked for one for 60 seconds is
/// named, with its trouble.
#[utoipa::path(get, path = "/readyz", tag = "operations",
    responses((status = 200, description = "They do", body = String, content_type = "text/plain"),
        (status = 503, description = "Problem: `not-ready`, naming the stages",
            body = crate::problem::ProblemDocument, content_type = "application/problem+json")))]
pub(super) async fn readyz(State(room): State<Room>) -> Result<&'static str> {
    let still = standing_still(&room.ports.stages.look(), entity::clock::now());
    if still.is_empty() {
        return Ok("ready\n");
    }
    let names: Vec<_> = still.iter().filter_map(|stage| stage["stage"].as_str()).collect();
    let detail = format!("no progress for {} seconds: {}", STILL.num_seconds(), names.join(", "));
    Err(Problem::new(Kind::NotReady, detail).with("stages", still))
}

fn standing_still(stages: &BTreeMap<String, StageState>, now: DateTime<Utc>) -> Vec<Value> {
    let is_still = |state: &StageState| state.here && state.progressed_at.is_none_or(|at| now - at > STILL);
    let stages = stages.iter().filter(|(_, state)| is_still(state));
    stages
        .map(|(stage, state)| json!({"stage": stage, "progressed_at": state.progressed_at, "trouble": state.trouble}))
        .collect()
}

/// Numbers in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "operations",
    responses((status = 200, description = "The numbers", body = String, content_type = "text/plain"), PlainProblems))]
pub(super) async fn metrics(State(room): State<Room>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], room.ports.metrics.render())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_runs_here_and_does_not_move_is_named() {
        let now = entity::clock::now();
        let stage = |here, seconds| StageState {
            here,
            progressed_at: Some(now - TimeDelta::seconds(seconds)),
            trouble: Some("broken".into()),
            ..StageState::default()
        };
        let stages =
            [("moves", stage(true, 59)), ("still", stage(true, 61)), ("elsewhere", stage(false, 600))];
        let stages = stages.into_iter().map(|(name, state)| (name.to_owned(), state)).collect();
        let still = standing_still(&stages, now);
        assert_eq!(still.len(), 1);
        assert_eq!((&still[0]["stage"], &still[0]["trouble"]), (&json!("still"), &json!("broken")));
    }
}
