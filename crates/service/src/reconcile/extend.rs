//! Data extension: values of organizations that were matched, for columns of the client's.

use super::properties::{Cell, Property};
use super::query::in_form;
use super::{Goldens, Room, TYPE_ID};
use crate::problem::{Kind, Problem, Result};
use crate::request::{Body, Parameters};
use crate::responses::{ListProblems, MatchProblems};
use axum::Json;
use axum::extract::State;
use entity::RecordId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// Organizations in one request.
const IDS_MAX: usize = 500;

/// Which values of which organizations.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = ExtensionQuery)]
pub(super) struct ExtensionQuery {
    /// Golden ids, or ids that were merged into one; 500 at most.
    ids: Vec<String>,
    /// The properties wanted.
    properties: Vec<Wanted>,
}

/// A property that is wanted.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = ExtensionProperty)]
pub(super) struct Wanted {
    /// Its id, such as `phone`.
    id: String,
}

/// A property as it is told.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = ReconciliationProperty)]
pub(super) struct Told {
    id: &'static str,
    name: &'static str,
}

impl From<Property> for Told {
    fn from(property: Property) -> Self {
        Self { id: property.id(), name: property.label() }
    }
}

/// The answer of 0.2: values by organization and property.
#[derive(Clone, Debug, Serialize)]
pub(super) struct PlainExtension {
    meta: Vec<Told>,
    rows: BTreeMap<String, BTreeMap<&'static str, Vec<Cell>>>,
}

/// The answer of the draft: rows in the order of the ids.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Extension)]
pub(super) struct DraftExtension {
    /// The properties, in the order asked for.
    meta: Vec<Told>,
    rows: Vec<Row>,
}

/// The values of one organization.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ExtensionRow)]
struct Row {
    /// The id as it was asked for.
    id: String,
    properties: Vec<Values>,
}

/// The values of one property; none for an organization that is not there.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ExtensionValues)]
struct Values {
    id: &'static str,
    values: Vec<Cell>,
}

impl ExtensionQuery {
    fn properties(&self) -> Result<Vec<Property>> {
        let named = self.properties.iter().enumerate();
        named
            .map(|(number, wanted)| Property::by_id(&wanted.id, &format!("properties[{number}].id")))
            .collect()
    }

    async fn goldens(&self, room: &Room) -> Result<Goldens> {
        if self.ids.len() > IDS_MAX {
            let detail = format!("{} ids in one request are more than {IDS_MAX}", self.ids.len());
            return Err(Problem::new(Kind::TooLarge, detail));
        }
        let ids: Vec<RecordId> = self.ids.iter().filter_map(|id| id.parse().ok()).collect();
        room.goldens(&ids).await
    }
}

fn values(goldens: &Goldens, id: &str, property: Property) -> Vec<Cell> {
    let golden = id.parse().ok().and_then(|id| goldens.of(id));
    golden.map(|golden| property.values(golden)).unwrap_or_default()
}

/// The answer to the JSON of an `extend` element.
pub(super) async fn plain(room: &Room, text: &str) -> Result<PlainExtension> {
    let query: ExtensionQuery = in_form("extend", text)?;
    let properties = query.properties()?;
    let goldens = query.goldens(room).await?;
    let row = |id: &String| {
        let cells = properties.iter().map(|property| (property.id(), values(&goldens, id, *property)));
        (id.clone(), cells.collect())
    };
    let rows = query.ids.iter().map(row).collect();
    Ok(PlainExtension { meta: properties.into_iter().map(Told::from).collect(), rows })
}

/// Fetches values of organizations (1.0-draft).
#[utoipa::path(post, path = "/reconcile/extend", operation_id = "reconcile_extend", tag = "reconciliation",
    request_body = ExtensionQuery,
    responses((status = 200, description = "Values, in the order of the ids", body = DraftExtension),
        MatchProblems))]
pub(super) async fn extend(
    State(room): State<Room>,
    Body(query): Body<ExtensionQuery>,
) -> Result<Json<DraftExtension>> {
    let properties = query.properties()?;
    let goldens = query.goldens(&room).await?;
    let row = |id: &String| Row {
        id: id.clone(),
        properties: properties
            .iter()
            .map(|property| Values { id: property.id(), values: values(&goldens, id, *property) })
            .collect(),
    };
    let rows = query.ids.iter().map(row).collect();
    Ok(Json(DraftExtension { meta: properties.into_iter().map(Told::from).collect(), rows }))
}

/// Of what to propose properties.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ProposalQuery {
    /// The type; `organization` is the only one.
    #[serde(default, rename = "type")]
    kind: String,
    /// At most so many.
    #[param(value_type = Option<usize>, minimum = 1)]
    limit: Option<String>,
}

/// Properties that can be fetched.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReconciliationProposals)]
pub(super) struct Proposals {
    /// The type that was asked for.
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
    properties: Vec<Told>,
}

/// Proposes properties to fetch.
#[utoipa::path(get, path = "/reconcile/extend/propose", operation_id = "propose_properties", tag = "reconciliation",
    params(ProposalQuery),
    responses((status = 200, description = "Properties", body = Proposals), ListProblems))]
pub(super) async fn propose(Parameters(query): Parameters<ProposalQuery>) -> Result<Json<Proposals>> {
    let limit = match query.limit.as_deref() {
        None | Some("") => None,
        Some(text) => {
            let read = text.parse::<usize>().ok().filter(|limit| *limit > 0);
            Some(read.ok_or_else(|| Problem::new(Kind::Malformed, "limit must be a number from 1 on"))?)
        }
    };
    let known = query.kind.is_empty() || query.kind == TYPE_ID;
    let all = Property::ALL.iter().copied().filter(|_| known).map(Told::from);
    let properties = all.take(limit.unwrap_or(usize::MAX)).collect();
    Ok(Json(Proposals { kind: query.kind, limit, properties }))
}
