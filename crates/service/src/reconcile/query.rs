//! Queries as clients send them, read into one form: what is sought, and what must hold of it.

use super::TYPE_ID;
use super::properties::Property;
use crate::problem::{Kind, Problem, Result};
use crate::request::misfit;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Queries in one batch.
pub(super) const BATCH_MAX: usize = 50;
const LIMIT_DEFAULT: usize = 5;
const LIMIT_MAX: usize = 50;
const TEXT_CHARS_MAX: usize = 500;
/// Values of one query, all properties together.
const VALUES_MAX: usize = 50;

/// One query.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Query {
    /// A name, or an id.
    pub(super) text: Option<String>,
    /// What else is said of the one that is sought.
    pub(super) values: Vec<(Property, String)>,
    /// What candidates must fulfil.
    pub(super) required: Vec<Condition>,
    /// At most so many candidates.
    pub(super) limit: usize,
    /// Whether something other than an organization is sought: there is none of it here.
    pub(super) foreign: bool,
}

/// What a candidate must fulfil.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition {
    pub(super) property: Property,
    pub(super) values: Vec<String>,
    pub(super) quantifier: Quantifier,
}

/// How many of a condition's values a candidate must have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ReconciliationQuantifier)]
pub(super) enum Quantifier {
    #[default]
    Any,
    All,
    None,
}

/// A batch of the draft: queries in order, each a list of conditions.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = ReconciliationBatch)]
pub(super) struct Draft {
    /// At most 50.
    queries: Vec<DraftQuery>,
}

/// A query of the draft.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = ReconciliationQuery)]
struct DraftQuery {
    /// At least one.
    conditions: Vec<DraftCondition>,
    /// `organization`, the only type here.
    #[serde(default, rename = "type")]
    #[schema(value_type = Option<String>)]
    kind: Option<OneOrMany<String>>,
    /// At most so many candidates: 5 unless told, 50 at most.
    #[serde(default)]
    limit: Option<f64>,
}

/// A condition of the draft.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReconciliationCondition)]
struct DraftCondition {
    /// `name` or `property`.
    match_type: MatchType,
    /// Which property, for `property`; earlier drafts call it `pid`.
    #[serde(default, alias = "pid")]
    property_id: Option<String>,
    /// One value or several; earlier drafts call it `v`.
    #[serde(alias = "v")]
    #[schema(value_type = serde_json::Value)]
    property_value: OneOrMany<Given>,
    /// Whether candidates must fulfil it; otherwise it only counts for or against them.
    #[serde(default)]
    required: bool,
    /// Which of the values must be met, if it is required.
    #[serde(default)]
    match_quantifier: Quantifier,
    /// None are known here.
    #[serde(default)]
    match_qualifier: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ReconciliationMatchType)]
enum MatchType {
    Name,
    Property,
}

/// A query of 0.2.
#[derive(Clone, Debug, Deserialize)]
struct PlainQuery {
    query: Option<String>,
    #[serde(default, rename = "type")]
    kind: Option<OneOrMany<String>>,
    limit: Option<f64>,
    #[serde(default)]
    properties: Vec<PlainProperty>,
}

#[derive(Clone, Debug, Deserialize)]
struct PlainProperty {
    pid: String,
    v: OneOrMany<Given>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    fn into_all(self) -> Vec<T> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

/// A value: text, a number, or an entity that was matched before.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Given {
    Text(String),
    Number(serde_json::Number),
    Flag(bool),
    Entity {
        id: String,
        name: Option<String>,
    },
    /// An empty cell.
    Nothing,
}

impl Given {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::Entity { id, name } => name.unwrap_or(id),
            Self::Nothing => String::new(),
        }
    }
}

/// JSON in an element of a form, which has this name.
pub(super) fn in_form<T: DeserializeOwned>(element: &str, text: &str) -> Result<T> {
    let mut json = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        if error.inner().is_syntax() || error.inner().is_eof() {
            let detail = format!("{element} is not well-formed JSON: {}", error.inner());
            return Problem::new(Kind::Malformed, detail);
        }
        misfit(&error)
    })?;
    json.end().map_err(|error| {
        Problem::new(Kind::Malformed, format!("{element} is not one JSON document: {error}"))
    })?;
    Ok(read)
}

/// The batch of 0.2: queries by keys of the caller's.
pub(super) fn plain_batch(text: &str) -> Result<BTreeMap<String, Query>> {
    let batch: BTreeMap<String, PlainQuery> = in_form("queries", text)?;
    check_size(batch.len())?;
    batch
        .into_iter()
        .map(|(key, query)| {
            let query = query.read(&key)?;
            Ok((key, query))
        })
        .collect()
}

impl PlainQuery {
    fn read(self, key: &str) -> Result<Query> {
        let mut query = Query::of(self.kind, self.limit, &format!("{key}.limit"))?;
        let text = self.query.unwrap_or_default();
        query.text = checked(&text, &format!("{key}.query"))?;
        if query.text.is_none() && self.properties.is_empty() {
            return Err(Problem::invalid(
                format!("{key}.query"),
                "is required, or at least one of properties",
            ));
        }
        for (number, property) in self.properties.into_iter().enumerate() {
            let field = format!("{key}.properties[{number}]");
            let of = Property::by_id(&property.pid, &format!("{field}.pid"))?;
            query.say(of, property.v, &field)?;
        }
        Ok(query)
    }
}

impl Draft {
    /// The queries, in their order.
    pub(super) fn into_queries(self) -> Result<Vec<Query>> {
        check_size(self.queries.len())?;
        self.queries
            .into_iter()
            .enumerate()
            .map(|(number, query)| query.read(&format!("queries[{number}]")))
            .collect()
    }
}

impl DraftQuery {
    fn read(self, at: &str) -> Result<Query> {
        let mut query = Query::of(self.kind, self.limit, &format!("{at}.limit"))?;
        if self.conditions.is_empty() {
            return Err(Problem::invalid(format!("{at}.conditions"), "needs at least one condition"));
        }
        for (number, condition) in self.conditions.into_iter().enumerate() {
            condition.read(&mut query, &format!("{at}.conditions[{number}]"))?;
        }
        Ok(query)
    }
}

impl DraftCondition {
    fn read(self, query: &mut Query, at: &str) -> Result<()> {
        if self.match_qualifier.is_some() {
            let problem = "no qualifiers are known here: leave it out, and the model compares";
            return Err(Problem::invalid(format!("{at}.matchQualifier"), problem));
        }
        let property = match (self.match_type, &self.property_id) {
            (MatchType::Name, _) => Property::Name,
            (MatchType::Property, Some(id)) => Property::by_id(id, &format!("{at}.propertyId"))?,
            (MatchType::Property, None) => {
                return Err(Problem::invalid(
                    format!("{at}.propertyId"),
                    "is required where matchType is property",
                ));
            }
        };
        if self.required {
            let values = texts(self.property_value.clone(), at)?;
            query.required.push(Condition { property, values, quantifier: self.match_quantifier });
        }
        // What a candidate should not have says nothing of what the sought one has.
        if self.match_quantifier != Quantifier::None {
            query.say(property, self.property_value, at)?;
        }
        Ok(())
    }
}

impl Query {
    fn of(kind: Option<OneOrMany<String>>, limit: Option<f64>, field: &str) -> Result<Self> {
        let kinds: Vec<String> = kind.map(OneOrMany::into_all).unwrap_or_default();
        let foreign = !kinds.is_empty() && kinds.iter().all(|kind| kind != TYPE_ID && !kind.is_empty());
        Ok(Self { limit: read_limit(limit, field)?, foreign, ..Self::default() })
    }

    fn say(&mut self, property: Property, values: OneOrMany<Given>, field: &str) -> Result<()> {
        for text in texts(values, field)? {
            match property {
                Property::Name if self.text.is_none() => self.text = Some(text),
                _ => self.values.push((property, text)),
            }
        }
        if self.values.len() > VALUES_MAX {
            return Err(Problem::invalid(field, format!("a query may have {VALUES_MAX} values in all")));
        }
        Ok(())
    }
}

fn texts(values: OneOrMany<Given>, field: &str) -> Result<Vec<String>> {
    let texts = values.into_all().into_iter().map(|value| checked(&value.into_text(), field));
    texts.filter_map(Result::transpose).collect()
}

/// A text within bounds; nothing for one that is blank.
fn checked(text: &str, field: &str) -> Result<Option<String>> {
    if text.contains('\0') || text.chars().count() > TEXT_CHARS_MAX {
        let problem = format!("has at most {TEXT_CHARS_MAX} characters, no NUL among them");
        return Err(Problem::invalid(field, problem));
    }
    Ok(Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be whole and within 1 to 50"
)]
fn read_limit(limit: Option<f64>, field: &str) -> Result<usize> {
    match limit {
        None => Ok(LIMIT_DEFAULT),
        Some(limit) if limit >= 1.0 && limit.fract().abs() < f64::EPSILON => {
            Ok(limit.min(LIMIT_MAX as f64) as usize)
        }
        Some(_) => Err(Problem::invalid(field, "must be a whole number from 1 on")),
    }
}

fn check_size(queries: usize) -> Result<()> {
    if queries > BATCH_MAX {
        let detail =
            format!("{queries} queries in one batch are more than {BATCH_MAX}, the manifest's batchSize");
        return Err(Problem::new(Kind::TooLarge, detail));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Draft, Property, Quantifier, plain_batch};
    use crate::problem::Kind;

    #[test]
    fn a_batch_as_openrefine_sends_it_is_read() {
        let text = r#"{"q0": {"query": " River Clinic ", "type": "organization", "type_strict": "should", "limit": 3,
            "properties": [{"pid": "city", "v": "Albany"}, {"pid": "phone", "v": ["518 555 0142", ""]},
                {"pid": "postcode", "v": 12207}, {"pid": "name", "v": {"id": "x", "name": "River"}}]},
            "q1": {"query": "x", "type": ["Person"], "limit": 1e9}}"#;
        let batch = plain_batch(text).unwrap();
        let query = &batch["q0"];
        assert_eq!((query.text.as_deref(), query.limit, query.foreign), (Some("River Clinic"), 3, false));
        let values: Vec<_> = query.values.iter().map(|(property, text)| (*property, text.as_str())).collect();
        let expected = [
            (Property::City, "Albany"),
            (Property::Phone, "518 555 0142"),
            (Property::Postcode, "12207"),
            (Property::Name, "River"),
        ];
        assert_eq!(values, expected);
        assert_eq!((batch["q1"].limit, batch["q1"].foreign), (50, true));
    }

    #[track_caller]
    fn refused(text: &str, kind: Kind, field: Option<&str>) {
        let problem = plain_batch(text).unwrap_err();
        assert_eq!(problem.kind, kind, "{}", problem.detail);
        assert_eq!(problem.errors.first().map(|error| error.field.as_str()), field, "{}", problem.detail);
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_its_place() {
        refused("{", Kind::Malformed, None);
        refused("{} {}", Kind::Malformed, None);
        refused("[]", Kind::Invalid, Some(""));
        refused(r#"{"q0": {}}"#, Kind::Invalid, Some("q0.query"));
        refused(r#"{"q0": {"query": "x", "limit": 0}}"#, Kind::Invalid, Some("q0.limit"));
        refused(r#"{"q0": {"query": "x", "limit": 1.5}}"#, Kind::Invalid, Some("q0.limit"));
        refused(r#"{"q0": {"query": "a\u0000b"}}"#, Kind::Invalid, Some("q0.query"));
        let property = r#"{"q0": {"query": "x", "properties": [{"pid": "P1", "v": "x"}]}}"#;
        refused(property, Kind::Invalid, Some("q0.properties[0].pid"));
        refused(
            r#"{"q0": {"query": "x", "properties": [{"v": 1}]}}"#,
            Kind::Invalid,
            Some("q0.properties[0].pid"),
        );
        let many: Vec<_> = (0..51).map(|number| format!(r#""q{number}": {{"query": "x"}}"#)).collect();
        refused(&format!("{{{}}}", many.join(",")), Kind::TooLarge, None);
    }

    #[test]
    fn conditions_of_the_draft_are_read_in_the_words_of_either_of_its_ages() {
        for (id, value) in [("propertyId", "propertyValue"), ("pid", "v")] {
            let text = format!(
                r#"{{"queries": [{{"conditions": [{{"matchType": "name", "{value}": "River"}},
                    {{"matchType": "property", "{id}": "city", "{value}": ["Albany", "Troy"], "required": true}},
                    {{"matchType": "property", "{id}": "state", "{value}": "CA", "required": true,
                      "matchQuantifier": "none"}}]}}]}}"#
            );
            let queries = serde_json::from_str::<Draft>(&text).unwrap().into_queries().unwrap();
            assert_eq!(queries[0].text.as_deref(), Some("River"));
            assert_eq!(queries[0].values.len(), 2, "what it must not have is no evidence");
            assert_eq!(queries[0].required[0].quantifier, Quantifier::Any);
            assert_eq!(queries[0].required[1].quantifier, Quantifier::None);
        }
    }
}
