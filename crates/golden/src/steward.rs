//! Steward facts: a person's word on one field, above all sources.

use entity::record::FieldOrigin;
use entity::{Organization, StewardFact};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Why a fact cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactError {
    /// The field.
    pub field: String,
    /// What is wrong, in a sentence for the person who stated it.
    pub problem: String,
}

/// Fields that identify a row or come from elsewhere: no person's edit reaches them.
const FIXED: [&str; 6] = ["id", "source_id", "identifiers", "phones", "locations", "services"];

/// Sets one field of an HSDS object to a stated value.
///
/// # Errors
/// When the object has no such field, or the value does not fit it.
pub fn apply_fact<T: Serialize + DeserializeOwned>(
    row: &mut T,
    field: &str,
    value: &Value,
) -> Result<(), FactError> {
    let fail = |problem: String| FactError { field: field.to_owned(), problem };
    if FIXED.contains(&field) {
        return Err(fail(format!("{field} cannot be edited here")));
    }
    let mut object = serde_json::to_value(&*row).map_err(|error| fail(error.to_string()))?;
    let slot = object.get_mut(field).ok_or_else(|| fail(format!("there is no field {field}")))?;
    *slot = value.clone();
    *row = serde_json::from_value(object).map_err(|error| fail(format!("{field}: {error}")))?;
    Ok(())
}

/// The fields of `wanted` that differ from the representation the caller saw: only these become facts.
///
/// `wanted` may leave fields out; they are not touched.
///
/// # Errors
/// When a field is unknown, fixed, or of the wrong type.
pub fn changed_fields<T: Serialize + DeserializeOwned + Clone>(
    seen: &T,
    wanted: &serde_json::Map<String, Value>,
) -> Result<Vec<(String, Value)>, FactError> {
    let fail = |field: &str, problem: String| FactError { field: field.to_owned(), problem };
    let seen_object = serde_json::to_value(seen).map_err(|error| fail("", error.to_string()))?;
    let mut changed = Vec::new();
    for (field, value) in wanted {
        if seen_object.get(field) == Some(value) {
            continue;
        }
        apply_fact(&mut seen.clone(), field, value)?;
        changed.push((field.clone(), value.clone()));
    }
    Ok(changed)
}

/// Puts people's facts on a golden record, oldest first, so that the newest word on a field stands.
pub(crate) fn state_facts(
    golden: &mut Organization,
    origins: &mut Vec<FieldOrigin>,
    mut facts: Vec<&StewardFact>,
) {
    by_age(&mut facts);
    for fact in facts {
        // A fact was checked when it was stated; one that no longer fits its field is passed over, not guessed at.
        let applied = match fact.table.as_str() {
            "organization" => apply_fact(golden, &fact.field, &fact.value),
            "location" => match golden.locations.iter_mut().find(|row| row.id.0 == fact.row_id) {
                Some(row) => apply_fact(row, &fact.field, &fact.value),
                None => continue,
            },
            "service" => match golden.services.iter_mut().find(|row| row.id.0 == fact.row_id) {
                Some(row) => apply_fact(row, &fact.field, &fact.value),
                None => continue,
            },
            _ => continue,
        };
        if applied.is_ok() && fact.table == "organization" {
            let (record_id, origin) = (fact.record_id, "steward".to_owned());
            let stated = FieldOrigin { field: fact.field.clone(), record_id, origin };
            match origins.binary_search_by(|origin| origin.field.cmp(&fact.field)) {
                Ok(at) => origins[at] = stated,
                Err(at) => origins.insert(at, stated),
            }
        }
    }
}

/// Oldest first; facts of one moment in an order of their own, whatever order they were read in.
pub(crate) fn by_age(facts: &mut [&StewardFact]) {
    facts.sort_by(|one, other| {
        let key = |fact: &StewardFact| (fact.stated_at, fact.record_id);
        key(one)
            .cmp(&key(other))
            .then_with(|| (&one.field, one.value.to_string()).cmp(&(&other.field, other.value.to_string())))
    });
}
