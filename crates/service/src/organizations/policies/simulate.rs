//! What another policy would change: golden records under the one in force and under the other, field by field.

use super::super::Room;
use super::document::PolicyDocumentBody;
use super::{PolicyName, check, missing};
use crate::paging::{bad_cursor, last_of_more, limit, opened, sealed};
use crate::problem::{Problem, Result};
use crate::request::Body;
use crate::responses::PolicyProblems;
use axum::Json;
use axum::extract::State;
use entity::{Family, GoldenRecord, OrganizationId, Policy, PolicyDocument, RecordId};
use golden::{FieldChange, FieldOutcome, WonBy};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// What to try.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SimulationBody {
    /// A document that is not saved yet.
    #[schema(value_type = Option<PolicyDocumentBody>)]
    document: Option<PolicyDocument>,
    /// A saved version; without it and without a document, the newest.
    version: Option<i64>,
    /// `next` of the page before; the first page without it.
    cursor: Option<String>,
    /// So many golden records are looked at, 100 unless told, 500 at most.
    #[schema(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

const LOOKED_AT: usize = 100;
const LOOKED_AT_MAX: usize = 500;
/// Golden records read at once, so that memory does not grow with the page.
const READ_TOGETHER: usize = 50;

/// What would change in a part of the golden records.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Simulation {
    /// The policy that was tried, as `name/version`; `name/draft` for a document that is not saved.
    policy: String,
    /// The policy in force, which it was compared with.
    in_force: String,
    /// How many golden records of several members were looked at.
    looked_at: usize,
    /// Those that would change.
    changed: Vec<SimulatedChange>,
    /// The cursor of the next page; absent at the end.
    next: Option<String>,
}

/// A golden record that would change.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SimulatedChange {
    /// The golden id.
    id: Uuid,
    /// The fields that would say something else.
    fields: Vec<SimulatedField>,
}

/// A field under both policies.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SimulatedField {
    /// The field.
    field: String,
    /// Under the policy in force.
    before: SimulatedValue,
    /// Under the other.
    after: SimulatedValue,
}

/// What a field says, and by whose word.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SimulatedValue {
    /// The value; of telephones, locations and services, the ids that are shown.
    value: Value,
    /// The record that tells it, where one value wins.
    record_id: Option<Uuid>,
    /// Its source, or `steward`.
    origin: Option<String>,
    /// Why it wins.
    #[schema(value_type = Option<String>, example = "source_trust")]
    won_by: Option<WonBy>,
}

/// Shows which golden records would change under another policy, field by field. Nothing is written.
///
/// Each call looks at a part of the golden records of several members; go on with `next` until there is none. A page
/// may hold no change and still have a next one.
#[utoipa::path(post, path = "/v1/survivorship-policies/{name}/simulate", operation_id = "simulate_survivorship_policy",
    tag = "survivorship", request_body = SimulationBody,
    params(("name" = String, Path, description = "The policy; for a document that is not saved, any name")),
    responses((status = 200, description = "What would change", body = Simulation), PolicyProblems))]
pub(crate) async fn simulate(
    State(room): State<Room>,
    PolicyName(name): PolicyName,
    Body(body): Body<SimulationBody>,
) -> Result<Json<Simulation>> {
    let limit = limit(body.limit, LOOKED_AT, LOOKED_AT_MAX)?;
    let after = body.cursor.as_deref().map(opened).transpose()?;
    let after = after.map(|id| id.parse::<OrganizationId>().map_err(|_| bad_cursor(&id))).transpose()?;
    let (label, tried) = tried(&room, &name, body).await?;
    let mut ids = room.store.list_merged(after, limit + 1).await?;
    let next = last_of_more(&mut ids, limit).map(|id| sealed(&id.to_string()));
    let mut changed = Vec::new();
    for ids in ids.chunks(READ_TOGETHER) {
        let family = room.store.family(&ids.iter().copied().map(RecordId::from).collect::<Vec<_>>()).await?;
        changed.extend(changes(&family, &tried));
    }
    let in_force = room.store.policy_in_force().await?.policy.label();
    Ok(Json(Simulation { policy: label, in_force, looked_at: ids.len(), changed, next }))
}

/// The policy to try, and what it is called.
async fn tried(room: &Room, name: &str, body: SimulationBody) -> Result<(String, Arc<Policy>)> {
    match (body.document, body.version) {
        (Some(_), Some(_)) => Err(Problem::invalid(
            "version",
            "goes without a document: try a saved version or a draft, not both",
        )),
        (Some(document), None) => {
            check(&document, "document.")?;
            let draft = Policy { name: name.to_owned(), version: 0, document };
            Ok((format!("{name}/draft"), Arc::new(draft)))
        }
        (None, version) => {
            let stated =
                room.store.policy(name, version).await?.ok_or_else(|| missing(name, version))?.policy;
            Ok((stated.label(), Arc::new(stated)))
        }
    }
}

fn changes(family: &Family, tried: &Arc<Policy>) -> Vec<SimulatedChange> {
    let other = Family { policy: Arc::clone(tried), ..family.clone() };
    let (now, then) = (golden::project(family).golden, golden::project(&other).golden);
    let pairs = now.into_iter().zip(then.into_values());
    let change = |((id, now), then): ((OrganizationId, GoldenRecord), GoldenRecord)| {
        let (now, then) = (golden::presented(now), golden::presented(then));
        let fields = golden::changed_fields_of(Some(&now), Some(&then));
        if fields.is_empty() {
            return None;
        }
        let why = (outcomes(family, id), outcomes(&other, id));
        let fields = fields.into_iter().map(|change| simulated(change, &why)).collect();
        Some(SimulatedChange { id: id.0, fields })
    };
    pairs.filter_map(change).collect()
}

fn outcomes(family: &Family, id: OrganizationId) -> Vec<FieldOutcome> {
    golden::explain(family, id).unwrap_or_default()
}

fn simulated(change: FieldChange, why: &(Vec<FieldOutcome>, Vec<FieldOutcome>)) -> SimulatedField {
    let FieldChange { field, before, after } = change;
    let side = |value: Value, outcomes: &[FieldOutcome]| {
        let outcome = outcomes.iter().find(|outcome| outcome.field == field);
        SimulatedValue {
            value: ids_of(&field, value),
            record_id: outcome.map(|outcome| outcome.record_id.0),
            origin: outcome.map(|outcome| outcome.origin.clone()),
            won_by: outcome.map(|outcome| outcome.won_by),
        }
    };
    let (before, after) = (side(before, &why.0), side(after, &why.1));
    SimulatedField { field, before, after }
}

/// Rows by their ids alone: what changes about them is whether they are shown.
fn ids_of(field: &str, value: Value) -> Value {
    match value {
        Value::Array(rows) if ["phones", "locations", "services"].contains(&field) => {
            rows.into_iter().map(|mut row| row["id"].take()).collect()
        }
        other => other,
    }
}
