//! Texts that no store should be asked to keep are refused where they come in.

use crate::problem::{Problem, Result};
use serde_json::Value;

/// The longest text of one field, in bytes: more is an upload, not a field.
const TEXT_BYTES_MAX: usize = 1024 * 1024;

/// Refuses NUL characters (PostgreSQL keeps none) and texts that are too long, naming the field.
pub(super) fn check(value: &Value) -> Result<()> {
    walk(value, &mut String::new())
}

fn walk(value: &Value, path: &mut String) -> Result<()> {
    match value {
        Value::String(text) => check_text(text, path),
        Value::Array(items) => items.iter().enumerate().try_for_each(|(number, item)| {
            step(path, &format!("[{number}]"), |path| walk(item, path))
        }),
        Value::Object(fields) => fields.iter().try_for_each(|(name, field)| {
            check_text(name, path)?;
            let name = if path.is_empty() { name.clone() } else { format!(".{name}") };
            step(path, &name, |path| walk(field, path))
        }),
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
