//! What no body may hold, whatever its type: refused where it comes in, with the path of the field.

use crate::problem::{Problem, Result};
use serde_json::{Map, Value};

/// The longest text of one field, in bytes: more is an upload, not a field.
const TEXT_BYTES_MAX: usize = 1024 * 1024;

/// Refuses what is no object, lists in lists, NUL characters (PostgreSQL keeps none) and texts that are too long.
///
/// Lists in lists, because serde reads a list as an object whose fields come in order; nobody means that here.
pub(super) fn check(body: &Value) -> Result<()> {
    let Value::Object(fields) = body else {
        return Err(Problem::invalid("", "the body must be a JSON object"));
    };
    check_fields(fields, &mut String::new(), Inside::Model)
}

/// Whether a value is part of what we model, or of what its source says beyond that.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Model,
    Extra,
}

fn check_fields(fields: &Map<String, Value>, path: &mut String, inside: Inside) -> Result<()> {
    fields.iter().try_for_each(|(name, field)| {
        check_text(name, path)?;
        let inside = if name == "extra" { Inside::Extra } else { inside };
        let name = if path.is_empty() { name.clone() } else { format!(".{name}") };
        step(path, &name, |path| check_value(field, path, inside))
    })
}

fn check_value(value: &Value, path: &mut String, inside: Inside) -> Result<()> {
    match value {
        Value::String(text) => check_text(text, path),
        Value::Array(items) => items.iter().enumerate().try_for_each(|(number, item)| {
            step(path, &format!("[{number}]"), |path| {
                // A partition is a list of lists, and the only one.
                if item.is_array() && inside == Inside::Model && !path.starts_with("partition[") {
                    return Err(Problem::invalid(path.as_str(), "a list is not expected here"));
                }
                check_value(item, path, inside)
            })
        }),
        Value::Object(fields) => check_fields(fields, path, inside),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn step(path: &mut String, name: &str, within: impl FnOnce(&mut String) -> Result<()>) -> Result<()> {
    let length = path.len();
    path.push_str(name);
    within(path)?;
    path.truncate(length);
    Ok(())
}

fn check_text(text: &str, path: &str) -> Result<()> {
    if text.contains('\0') {
        return Err(Problem::invalid(path, "a text holds a NUL character: remove it"));
    }
    if text.len() > TEXT_BYTES_MAX {
        let problem = format!("a text of {} bytes is over the limit of {TEXT_BYTES_MAX}", text.len());
        return Err(Problem::invalid(path, problem));
    }
    Ok(())
}
