//! Steward facts: a person's word on one field, above all sources.

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
