//! Suggestions while people type: organizations, properties, types.

use super::candidates::{ORGANIZATION, Type};
use super::properties::Property;
use super::{Room, TYPE_ID, TYPE_NAME, line_of, name_of};
use crate::problem::{Kind, Problem, Result};
use crate::request::Parameters;
use crate::responses::ListProblems;
use axum::Json;
use axum::extract::State;
use entity::{OrganizationId, RecordId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::{IntoParams, ToSchema};

const PREFIX_CHARS_MAX: usize = 500;
const LIMIT_DEFAULT: usize = 10;
const LIMIT_MAX: usize = 50;
/// Further down nobody looks.
const OFFSET_MAX: usize = 100;
/// Records searched for one suggestion: several may be of one organization.
const RECORDS_PER_SUGGESTION: usize = 2;

/// What has been typed so far. Parameters that are not known are passed over: clients send more of them.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Typed {
    /// The text, or an id; 500 characters at most.
    #[serde(default)]
    prefix: String,
    /// How many to pass over, 100 at most; in the draft, `offset`.
    #[param(value_type = Option<usize>, minimum = 0, maximum = 100)]
    #[serde(alias = "offset")]
    cursor: Option<String>,
    /// At most so many, 10 unless told, 50 at most.
    #[param(value_type = Option<usize>, minimum = 1, maximum = 50)]
    limit: Option<String>,
}

impl Typed {
    /// The text, and which part of the suggestions is asked for.
    fn read(&self) -> Result<(&str, usize, usize)> {
        let prefix = self.prefix.trim();
        if prefix.contains('\0') || prefix.chars().count() > PREFIX_CHARS_MAX {
            let detail = format!("prefix has at most {PREFIX_CHARS_MAX} characters, no NUL among them");
            return Err(Problem::new(Kind::Malformed, detail));
        }
        let offset = number("cursor", self.cursor.as_deref(), 0..=OFFSET_MAX)?.unwrap_or(0);
        let limit = number("limit", self.limit.as_deref(), 1..=LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT);
        Ok((prefix, offset, limit))
    }
}

/// A number in the query; an empty one is as good as none.
fn number(name: &str, text: Option<&str>, range: std::ops::RangeInclusive<usize>) -> Result<Option<usize>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let read = text.parse().ok().filter(|number| range.contains(number));
    read.map(Some).ok_or_else(|| {
        let detail = format!("{name} must be a number from {} to {}", range.start(), range.end());
        Problem::new(Kind::Malformed, detail)
    })
}

/// What may be meant, best first.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReconciliationSuggestions)]
pub(super) struct Suggestions {
    result: Vec<Suggestion>,
}

/// One that may be meant.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReconciliationSuggestion)]
pub(super) struct Suggestion {
    id: String,
    name: String,
    /// What tells it from its namesakes.
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    /// Its type, for an organization.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notable: Vec<Type>,
}

/// Suggests organizations.
#[utoipa::path(get, path = "/reconcile/suggest/entity", operation_id = "suggest_entities", tag = "reconciliation",
    params(Typed), responses((status = 200, description = "Organizations, best first", body = Suggestions), ListProblems))]
pub(super) async fn entities(
    State(room): State<Room>,
    Parameters(typed): Parameters<Typed>,
) -> Result<Json<Suggestions>> {
    let (prefix, offset, limit) = typed.read()?;
    let ids: Vec<RecordId> = match prefix.parse::<RecordId>() {
        Ok(id) => vec![id],
        Err(_) if prefix.is_empty() => Vec::new(),
        Err(_) => {
            let hits = room.ports.index.search(prefix, (offset + limit) * RECORDS_PER_SUGGESTION).await?;
            hits.into_iter().map(|hit| hit.id).collect()
        }
    };
    let goldens = room.goldens(&ids).await?;
    let mut seen: BTreeSet<OrganizationId> = BTreeSet::new();
    let found = ids.iter().filter_map(|id| goldens.of(*id)).filter(|golden| seen.insert(golden.id));
    let result = found.skip(offset).take(limit).map(|golden| Suggestion {
        id: golden.id.to_string(),
        name: name_of(golden),
        description: line_of(golden),
        notable: vec![ORGANIZATION],
    });
    Ok(Json(Suggestions { result: result.collect() }))
}

/// Suggests properties, for queries and for the data extension.
#[utoipa::path(get, path = "/reconcile/suggest/property", operation_id = "suggest_properties", tag = "reconciliation",
    params(Typed), responses((status = 200, description = "Properties", body = Suggestions), ListProblems))]
pub(super) async fn properties(Parameters(typed): Parameters<Typed>) -> Result<Json<Suggestions>> {
    let (prefix, offset, limit) = typed.read()?;
    let fits = |property: &&Property| begins(property.id(), prefix) || begins(property.label(), prefix);
    let result = Property::ALL.iter().filter(fits).map(|property| Suggestion {
        id: property.id().to_owned(),
        name: property.label().to_owned(),
        description: property.says().to_owned(),
        notable: Vec::new(),
    });
    // Whoever has typed nothing yet wants to see what there is.
    let limit = if prefix.is_empty() && typed.limit.is_none() { LIMIT_MAX } else { limit };
    Ok(Json(Suggestions { result: result.skip(offset).take(limit).collect() }))
}

/// Suggests types: there is one.
#[utoipa::path(get, path = "/reconcile/suggest/type", operation_id = "suggest_types", tag = "reconciliation",
    params(Typed), responses((status = 200, description = "Types", body = Suggestions), ListProblems))]
pub(super) async fn types(Parameters(typed): Parameters<Typed>) -> Result<Json<Suggestions>> {
    let (prefix, offset, limit) = typed.read()?;
    let only = begins(TYPE_ID, prefix).then(|| Suggestion {
        id: TYPE_ID.to_owned(),
        name: TYPE_NAME.to_owned(),
        description: "A charity, clinic, school, church or the like".to_owned(),
        notable: Vec::new(),
    });
    Ok(Json(Suggestions { result: only.into_iter().skip(offset).take(limit).collect() }))
}

/// Whether a name or one of its words begins so.
fn begins(name: &str, prefix: &str) -> bool {
    let (name, prefix) = (name.to_lowercase(), prefix.to_lowercase());
    name.starts_with(&prefix) || name.split([' ', '_', '-']).any(|word| word.starts_with(&prefix))
}
