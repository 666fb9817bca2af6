//! Why a golden record says what it says, and people's choices of the member whose value wins.

use super::Room;
use super::conditional::{quoted, require_match};
use super::held::{Addressed, Held, look_up, look_up_to_write};
use super::read::redirect;
use crate::problem::Result;
use crate::request::{Body, Caller, Headers, PathId};
use crate::responses::{EditProblems, ReadProblems};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use entity::{ChosenField, FieldChoice, RecordId};
use golden::{FieldOutcome, LosingValue, WonBy};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use store::ChoiceRequest;
use utoipa::ToSchema;
use uuid::Uuid;

/// Why a golden record says what it says.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Survivorship {
    /// The golden id.
    id: Uuid,
    /// The policy in force, as `name/version`.
    policy: String,
    /// Per field, the value that won and those that lost.
    fields: Vec<OutcomeView>,
    /// People's choices that hold, newest last; of one field the newest decides.
    choices: Vec<ChoiceView>,
    /// The state of now, for `If-Match`.
    etag: String,
}

/// How one field came about.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FieldOutcome)]
pub(crate) struct OutcomeView {
    /// The field.
    field: String,
    /// The value that won; null where a person cleared the field.
    value: Value,
    /// The record that tells it, or the id that a person's word is about.
    record_id: Uuid,
    /// The record's source, or `steward`.
    origin: String,
    /// Why it won: `steward`, `choice`, a rule of the policy, `arrival` (the rules leave it open, it was there first), or
    /// `agreed` (no record says otherwise).
    #[schema(value_type = String, example = "source_trust")]
    won_by: WonBy,
    /// The person whose word it is.
    by: Option<String>,
    /// What the other members tell.
    losers: Vec<LoserView>,
}

/// A value that did not win.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LosingValue)]
pub(crate) struct LoserView {
    /// The record that tells it.
    record_id: Uuid,
    /// Its source.
    source: String,
    /// The value.
    value: Value,
    /// What it lost to.
    #[schema(value_type = String, example = "recency")]
    lost_to: WonBy,
}

/// A person's choice of the member whose value wins a field.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FieldChoice)]
pub(crate) struct ChoiceView {
    /// The field.
    field: String,
    /// The chosen record; null: what the policy says.
    record_id: Option<Uuid>,
    /// The golden id that it was made for.
    organization_id: Uuid,
    /// The merge that it was made in; null: by itself.
    merge_id: Option<Uuid>,
    /// Who chose.
    chosen_by: String,
    /// When.
    chosen_at: DateTime<Utc>,
}

impl From<FieldOutcome> for OutcomeView {
    fn from(outcome: FieldOutcome) -> Self {
        let loser = |loser: LosingValue| LoserView {
            record_id: loser.record_id.0,
            source: loser.source,
            value: loser.value,
            lost_to: loser.lost_to,
        };
        Self {
            field: outcome.field,
            value: outcome.value,
            record_id: outcome.record_id.0,
            origin: outcome.origin,
            won_by: outcome.won_by,
            by: outcome.by,
            losers: outcome.losers.into_iter().map(loser).collect(),
        }
    }
}

impl From<FieldChoice> for ChoiceView {
    fn from(choice: FieldChoice) -> Self {
        Self {
            field: choice.chosen.field,
            record_id: choice.chosen.record_id.map(|record| record.0),
            organization_id: choice.organization_id.0,
            merge_id: choice.merge_id.map(|merge| merge.0),
            chosen_by: choice.chosen_by,
            chosen_at: choice.chosen_at,
        }
    }
}

impl From<Held> for Survivorship {
    fn from(held: Held) -> Self {
        let outcomes = golden::explain(&held.family, held.golden.id).unwrap_or_default();
        let forest = held.family.forest();
        let here = |choice: &FieldChoice| forest.root(choice.organization_id.into()) == held.golden.id;
        Self {
            id: held.golden.id.0,
            policy: held.family.policy.label(),
            fields: outcomes.into_iter().map(OutcomeView::from).collect(),
            choices: held
                .family
                .choices
                .iter()
                .filter(|choice| here(choice))
                .cloned()
                .map(Into::into)
                .collect(),
            etag: held.etag,
        }
    }
}

type Tagged = ([(HeaderName, HeaderValue); 1], Json<Survivorship>);

fn tagged(held: Held) -> Tagged {
    let etag = quoted(&held.etag);
    ([(header::ETAG, etag)], Json(held.into()))
}

/// Says why a golden record says what it says: per field the winner, the losers, and what they lost to.
#[utoipa::path(get, path = "/v1/organizations/{id}/survivorship", operation_id = "get_survivorship", tag = "survivorship",
    params(("id" = Uuid, Path, description = "The golden id, or an absorbed one")),
    responses(
        (status = 200, description = "Field by field", body = Survivorship, headers(("ETag" = String))),
        (status = 308, description = "The id was absorbed: `Location` leads to the survivor's"),
        ReadProblems))]
pub(super) async fn get(State(room): State<Room>, PathId(id): PathId) -> Result<Response> {
    match look_up(&*room.store, id.into()).await? {
        Addressed::Golden(held) => Ok(tagged(*held).into_response()),
        Addressed::Absorbed { survivor, .. } => {
            Ok(redirect(&format!("/v1/organizations/{survivor}/survivorship")))
        }
    }
}

/// Whose value is to win.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChoicesBody {
    /// By field, the member whose value wins; null gives the field back to the policy.
    choices: BTreeMap<String, Option<Uuid>>,
}

/// Chooses which member's value wins, field by field.
///
/// A choice is above the policy and below what people state of the field. It holds while the merges hold that made the
/// chosen record a member, and ends with them.
#[utoipa::path(post, path = "/v1/organizations/{id}/choices", operation_id = "choose_values", tag = "survivorship",
    request_body = ChoicesBody,
    params(("id" = Uuid, Path, description = "The golden id"),
        ("If-Match" = String, Header, description = "The ETag that the choice rests on"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who chooses")),
    responses((status = 200, description = "Field by field, as it is now", body = Survivorship,
        headers(("ETag" = String))), EditProblems))]
pub(super) async fn choose(
    State(room): State<Room>,
    PathId(id): PathId,
    headers: Headers,
    Caller { name: chosen_by, .. }: Caller,
    Body(body): Body<ChoicesBody>,
) -> Result<Tagged> {
    let held = look_up_to_write(&*room.store, id.into()).await?;
    require_match(&headers, &held.etag)?;
    let chosen =
        |(field, record): (String, Option<Uuid>)| ChosenField { field, record_id: record.map(RecordId) };
    let choices: Vec<_> = body.choices.into_iter().map(chosen).collect();
    if !choices.is_empty() {
        let (expected, chosen_at) = (held.revisions(), entity::clock::now());
        let made = entity::Choosing {
            organization_id: held.golden.id,
            merge_id: None,
            by: &chosen_by,
            at: chosen_at,
        };
        golden::with_choices(&held.family, &made, &choices)?;
        let organization_id = held.golden.id;
        let request = ChoiceRequest { organization_id, choices, expected, chosen_by, chosen_at };
        room.store.choose(&request).await?;
        room.changed();
    }
    look_up_to_write(&*room.store, id.into()).await.map(tagged)
}
