//! JSON merge patch (RFC 7396): which fields of a representation a person means to change, and into what.

use crate::problem::{FieldProblem, Kind, Problem, Result};
use crate::request::misfit;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// The fields that differ from what the caller saw, as the patch wants them. Fields that are sent back as they
/// were read are no change, whatever they are.
///
/// # Errors
/// When a field is unknown, or is not one of `writable` and differs.
pub(super) fn changes(shown: &Object, patch: Object, writable: &Object) -> Result<Object> {
    let mut changed = Object::new();
    for (field, wanted) in patch {
        let Some(now) = shown.get(&field) else {
            return Err(Problem::invalid(field, "there is no such field"));
        };
        let mut merged = now.clone();
        merge(&mut merged, wanted);
        if is_same(now, &merged) {
            continue;
        }
        if field == "id" || !writable.contains_key(&field) {
            return Err(Problem::invalid(field, "cannot be edited: it is a function of other things"));
        }
        changed.insert(field, merged);
    }
    Ok(changed)
}

/// Applies a merge patch to one value.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Object::new());
    }
    let Value::Object(object) = target else { return };
    for (key, value) in patch {
        match value {
            Value::Null => drop(object.remove(&key)),
            value => merge(object.entry(key).or_insert(Value::Null), value),
        }
    }
}

/// Whether two values say the same; 40 and 40.0 do.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => {
            let order = x.as_f64().zip(y.as_f64()).map(|(x, y)| x.total_cmp(&y));
            x == y || order == Some(std::cmp::Ordering::Equal)
        }
        _ => a == b,
    }
}

/// An object of a shown type.
pub(super) fn object_of<T: Serialize>(shown: &T) -> Object {
    match serde_json::to_value(shown) {
        Ok(Value::Object(object)) => object,
        _ => unreachable!("what REST shows is a JSON object"),
    }
}

/// Reads an object back as what REST takes; a field that is null is one that is left out.
pub(super) fn read<T: DeserializeOwned>(mut object: Object) -> Result<T> {
    object.retain(|_, value| !value.is_null());
    serde_path_to_error::deserialize(Value::Object(object)).map_err(|error| misfit(&error))
}

/// The fields that a source alone writes were to be changed.
pub(super) fn sources_own(fields: &[&str], advice: &str) -> Problem {
    let problem = |field: &&str| FieldProblem { field: (*field).to_owned(), problem: advice.to_owned() };
    let detail = format!("{}: {advice}", fields.join(", "));
    Problem { errors: fields.iter().map(problem).collect(), ..Problem::new(Kind::Invalid, detail) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Object {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn only_what_differs_is_a_change() {
        let writable =
            json!({"name": "a", "extra": {"x": 1, "y": 2}, "latitude": 40.0, "phones": [{"number": "1"}]});
        let mut shown = object(writable.clone());
        shown.insert("members".into(), json!(["m"]));
        let patch = json!({
            "name": "b", "extra": {"x": null, "z": 3}, "latitude": 40, "phones": [{"number": "1"}], "members": ["m"],
        });
        let changed = changes(&shown, object(patch), &object(writable.clone())).unwrap();
        assert_eq!(Value::Object(changed), json!({"name": "b", "extra": {"y": 2, "z": 3}}));
        for (patch, field) in [(json!({"naem": "b"}), "naem"), (json!({"members": []}), "members")] {
            let problem = changes(&shown, object(patch), &object(writable.clone())).unwrap_err();
            assert_eq!(problem.errors[0].field, field);
        }
    }
}
