//! Exclusions: two records that are never put into one cluster, until what was seen of them changes.

use super::Room;
use super::said::SaidView;
use super::views::{ReasonName, RelationName};
use crate::problem::{Kind, Problem, Result};
use crate::request::{Caller, OptionalBody};
use crate::responses::{ExclusionProblems, ReadProblems, ReviewProblems};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use entity::{CandidatePair, Judgement, JudgementVerdict, ReasonCode, RecordId, Relation};
use serde::{Deserialize, Serialize};
use store::review::{PairJudgement, ReasonedJudgement, Standing, Teach};
use utoipa::ToSchema;
use uuid::Uuid;

/// The two ids of a path.
pub(super) fn pair(a: &str, b: &str) -> Result<CandidatePair> {
    let id = |text: &str| {
        let shown: String = text.chars().take(60).collect();
        let problem = move |_| {
            Problem::new(Kind::Malformed, format!("{shown:?} in the path is not an id: ids are UUIDs"))
        };
        text.parse::<RecordId>().map_err(problem)
    };
    CandidatePair::new(id(a)?, id(b)?).ok_or_else(|| {
        Problem::new(Kind::Malformed, "a record is not excluded from itself: name two records")
    })
}

/// Why two records are kept apart.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ExclusionBody {
    /// They are of one family: how.
    #[schema(value_type = Option<RelationName>)]
    relation: Option<Relation>,
    /// Why, from the list.
    #[schema(value_type = Vec<ReasonName>)]
    reason_codes: Vec<ReasonCode>,
    /// Why, in your words.
    reason: Option<String>,
    /// Whether models may learn from it; true unless told.
    teach: Option<bool>,
}

/// The newest that was said of the pair and not taken back, if it keeps it apart or did.
async fn standing(room: &Room, pair: CandidatePair) -> Result<Option<PairJudgement>> {
    let history = room.store.pair_history(&[pair]).await?;
    let newest =
        history.into_iter().rev().find(|said| matches!(said.standing, Standing::Holds | Standing::Reopened));
    let apart = |said: &PairJudgement| {
        let verdict = said.reasoned.judgement.verdict;
        matches!(verdict, JudgementVerdict::NonMatch | JudgementVerdict::Related)
    };
    Ok(newest.filter(apart))
}

async fn shown(room: &Room, pair: CandidatePair) -> Result<SaidView> {
    let said = standing(room, pair).await?;
    said.map(SaidView::from)
        .ok_or_else(|| Problem::not_found(format!("an exclusion of {} and {}", pair.left(), pair.right())))
}

/// Reads what keeps two records apart.
///
/// `standing` is `holds`, or `reopened` once a comparison comes out otherwise than when it was said; then it keeps
/// nothing apart, and `changed` names what is new.
#[utoipa::path(get, path = "/v1/exclusions/{a}/{b}", operation_id = "get_exclusion", tag = "review",
    params(("a" = Uuid, Path, description = "A record"), ("b" = Uuid, Path, description = "Another")),
    responses((status = 200, description = "The exclusion", body = SaidView), ReadProblems))]
pub(super) async fn get(
    State(room): State<Room>,
    Path((a, b)): Path<(String, String)>,
) -> Result<Json<SaidView>> {
    shown(&room, pair(&a, &b)?).await.map(Json)
}

/// Keeps two records apart, on the evidence of now; the same again changes nothing.
#[utoipa::path(put, path = "/v1/exclusions/{a}/{b}", operation_id = "put_exclusion", tag = "review",
    params(("a" = Uuid, Path, description = "A record"), ("b" = Uuid, Path, description = "Another"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who says so")),
    request_body(content = Option<ExclusionBody>),
    responses((status = 200, description = "The exclusion", body = SaidView), ExclusionProblems))]
pub(super) async fn put(
    State(room): State<Room>,
    Path((a, b)): Path<(String, String)>,
    caller: Caller,
    OptionalBody(body): OptionalBody<ExclusionBody>,
) -> Result<Json<SaidView>> {
    let pair = pair(&a, &b)?;
    let ids = [pair.left(), pair.right()];
    let records = room.organizations.records(&ids).await?;
    if let Some(absent) = ids.iter().find(|id| records.iter().all(|record| record.id != **id)) {
        return Err(Problem::not_found(format!("record {absent}")));
    }
    let verdict =
        if body.relation.is_some() { JudgementVerdict::Related } else { JudgementVerdict::NonMatch };
    let wanted = ReasonedJudgement {
        judgement: Judgement {
            pair,
            verdict,
            judged_by: caller.name.clone(),
            judged_at: entity::clock::now(),
            reason: body.reason.filter(|reason| !reason.trim().is_empty()),
        },
        codes: body.reason_codes,
        relation: body.relation,
        teach: if body.teach == Some(false) { Teach::No } else { Teach::Yes },
    };
    let present = standing(&room, pair).await?.filter(|said| said.standing == Standing::Holds);
    if !present.is_some_and(|said| same(&said.reasoned, &wanted)) {
        room.store.judge_pair(&wanted).await?;
    }
    shown(&room, pair).await.map(Json)
}

/// Whether it was said before, by the same person.
fn same(before: &ReasonedJudgement, wanted: &ReasonedJudgement) -> bool {
    let at = wanted.judgement.judged_at;
    let judgement = Judgement { judged_at: at, ..before.judgement.clone() };
    ReasonedJudgement { judgement, ..before.clone() } == *wanted
}

/// Lets two records come together again; harmless when nothing keeps them apart.
#[utoipa::path(delete, path = "/v1/exclusions/{a}/{b}", operation_id = "delete_exclusion", tag = "review",
    params(("a" = Uuid, Path, description = "A record"), ("b" = Uuid, Path, description = "Another"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who says so")),
    responses((status = 204, description = "Nothing keeps them apart"), ExclusionProblems))]
pub(super) async fn delete(
    State(room): State<Room>,
    Path((a, b)): Path<(String, String)>,
    _caller: Caller,
) -> Result<StatusCode> {
    room.store.lift_exclusion(pair(&a, &b)?, entity::clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// All that was ever said of two records.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct PairHistory {
    /// The lower id.
    left: Uuid,
    /// The higher id.
    right: Uuid,
    /// Oldest first.
    judgements: Vec<SaidView>,
}

/// Reads all that was ever said of two records, oldest first.
#[utoipa::path(get, path = "/v1/pairs/{a}/{b}/history", operation_id = "pair_history", tag = "review",
    params(("a" = Uuid, Path, description = "A record"), ("b" = Uuid, Path, description = "Another")),
    responses((status = 200, description = "What was said", body = PairHistory), ReviewProblems))]
pub(super) async fn history(
    State(room): State<Room>,
    Path((a, b)): Path<(String, String)>,
) -> Result<Json<PairHistory>> {
    let pair = pair(&a, &b)?;
    let judgements = room.store.pair_history(&[pair]).await?.into_iter().map(SaidView::from).collect();
    Ok(Json(PairHistory { left: pair.left().0, right: pair.right().0, judgements }))
}
