//! One object of a tree, its fields taken one by one; what is left is `extra`.

use crate::ids::given_uuid;
use crate::text::{NUL, excerpt, tidy};
use entity::organization::Extra;
use serde_json::{Map, Value};

/// What is wrong in a tree, and where.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Such as `locations[2].latitude`.
    pub(crate) path: String,
    /// What is wrong and what to do.
    pub(crate) message: String,
}

/// An object at a path.
#[derive(Debug)]
pub(crate) struct Node {
    map: Map<String, Value>,
    path: String,
}

impl Node {
    pub(crate) fn root(map: Map<String, Value>) -> Self {
        Self { map, path: String::new() }
    }

    pub(crate) fn fault(&self, field: &str, message: impl Into<String>) -> Fault {
        let path = if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) };
        Fault { path, message: message.into() }
    }

    pub(crate) fn is_missing(&self, field: &str) -> bool {
        match self.map.get(field) {
            None | Some(Value::Null) => true,
            Some(Value::String(text)) => text.trim().is_empty(),
            Some(_) => false,
        }
    }

    /// A text, trimmed. Numbers are taken too: postal codes and telephones often come as such.
    pub(crate) fn text(&mut self, field: &str) -> Result<Option<String>, Fault> {
        match self.map.remove(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(Value::String(text)) if text.contains('\0') => Err(self.fault(field, NUL)),
            Some(Value::String(text)) => Ok(tidy(&text)),
            Some(other) => Err(self.fault(field, format!("must be text, not {}", kind(&other)))),
        }
    }

    /// A text under its HSDS 3 name, or else under the name that other dialects have for it.
    pub(crate) fn text_or(&mut self, field: &str, dialect: &str) -> Result<Option<String>, Fault> {
        if self.is_missing(field) {
            self.map.remove(field);
            return self.text(dialect);
        }
        self.text(field)
    }

    /// A text or number without taking it.
    pub(crate) fn peek(&self, field: &str) -> Option<String> {
        match self.map.get(field)? {
            Value::String(text) => tidy(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The id in the source, which our own exports write beside a derived UUID.
    pub(crate) fn source_id(&mut self, id: &str) -> Result<Option<String>, Fault> {
        if given_uuid(id).is_some() { self.text("source_id") } else { Ok(None) }
    }

    /// A list of texts.
    pub(crate) fn texts(&mut self, field: &str) -> Result<Vec<String>, Fault> {
        let is_list = self
            .map
            .get(field)
            .and_then(Value::as_array)
            .is_some_and(|list| list.iter().all(Value::is_string));
        if !is_list {
            return Ok(Vec::new());
        }
        let Some(Value::Array(list)) = self.map.remove(field) else { return Ok(Vec::new()) };
        let texts: Vec<String> = list.iter().filter_map(Value::as_str).filter_map(tidy).collect();
        if texts.iter().any(|text| text.contains('\0')) { Err(self.fault(field, NUL)) } else { Ok(texts) }
    }

    pub(crate) fn year(&mut self, field: &str) -> Result<Option<i32>, Fault> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        let year = text.parse::<i32>().ok().filter(|year| (0..=9999).contains(year));
        let message = || format!("{} is not a year; write four digits such as 1987", excerpt(&text));
        year.map(Some).ok_or_else(|| self.fault(field, message()))
    }

    /// Degrees. The HSDS samples themselves hold a latitude of 100: what lies beyond the globe is no place, but
    /// stays in `extra` as the source gave it.
    pub(crate) fn degrees(&mut self, field: &str, limit: f64) -> Result<Option<f64>, Fault> {
        let given = self.map.get(field).cloned();
        if let Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) = &given {
            let found = given.as_ref().map_or("nothing", kind);
            return Err(self.fault(field, format!("must be a number of degrees, not {found}")));
        }
        let Some(text) = self.text(field)? else { return Ok(None) };
        match text.parse::<f64>() {
            Ok(degrees) if degrees.abs() <= limit => Ok(Some(degrees)),
            Ok(degrees) if degrees.is_finite() => {
                self.map.insert(field.to_owned(), given.unwrap_or(Value::Null));
                Ok(None)
            }
            _ => {
                let message = format!("{} is not a number; write degrees such as 41.8781", excerpt(&text));
                Err(self.fault(field, message))
            }
        }
    }

    /// The objects of a list.
    pub(crate) fn list(&mut self, field: &str) -> Result<Vec<Self>, Fault> {
        let list = match self.map.remove(field) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(other) => {
                return Err(self.fault(field, format!("must be a list, not {}", kind(&other))));
            }
        };
        let mut nodes = Vec::with_capacity(list.len());
        for (n, item) in list.into_iter().enumerate() {
            let step = format!("{field}[{n}]");
            match item {
                Value::Object(map) => nodes.push(Self { map, path: self.fault(&step, "").path }),
                other => return Err(self.fault(&step, format!("must be an object, not {}", kind(&other)))),
            }
        }
        Ok(nodes)
    }

    /// The objects of a list that have a field which a row cannot do without; the others stay.
    pub(crate) fn list_with(&mut self, field: &str, needed: &str) -> Result<Vec<Self>, Fault> {
        let (with, without): (Vec<_>, Vec<_>) =
            self.list(field)?.into_iter().partition(|node| !node.is_missing(needed));
        self.keep_list(field, without.into_iter().map(|node| Value::Object(node.map)).collect());
        Ok(with)
    }

    pub(crate) fn keep_list(&mut self, field: &str, list: Vec<Value>) {
        if !list.is_empty() {
            self.map.insert(field.to_owned(), Value::Array(list));
        }
    }

    /// The location that a `service_at_location` names or embeds.
    pub(crate) fn location_reference(&mut self) -> Result<Option<String>, Fault> {
        let embedded = self.map.get("location").and_then(|location| location.get("id"));
        let embedded = embedded.and_then(Value::as_str).and_then(tidy);
        let named = self.peek("location_id");
        if named.is_none() && !self.is_missing("location_id") {
            return Err(self.fault("location_id", "must be text"));
        }
        Ok(named.or(embedded))
    }

    /// Gives an embedded location that stays the id that its row goes by, so that it is found again.
    pub(crate) fn name_embedded_location(&mut self, id: &str) {
        let Some(location) = self.map.get_mut("location").and_then(Value::as_object_mut) else { return };
        if let Some(Value::String(raw)) = location.get("id").cloned()
            && raw != id
        {
            location.insert("source_id".to_owned(), Value::String(raw));
            location.insert("id".to_owned(), Value::String(id.to_owned()));
        }
    }

    pub(crate) fn set(&mut self, field: &str, value: String) {
        self.map.insert(field.to_owned(), Value::String(value));
    }

    /// Whether nothing is there but `key`, with this value or absent, and `other`.
    pub(crate) fn is_only(&self, key: &str, value: &str, other: &str) -> bool {
        self.map.keys().all(|name| name == key || name == other)
            && self.map.get(key).is_none_or(|given| given.as_str() == Some(value))
    }

    pub(crate) fn into_map(self) -> Map<String, Value> {
        self.map
    }

    /// What was not taken.
    pub(crate) fn rest(self) -> Result<Extra, Fault> {
        for (field, value) in &self.map {
            if holds_nul(value) {
                return Err(self.fault(field, NUL));
            }
        }
        Ok(Extra(self.map))
    }
}

/// No deeper than the JSON reader lets a file be.
fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(list) => list.iter().any(holds_nul),
        Value::Object(map) => map.iter().any(|(key, value)| key.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
