//! Reads the JSON of a schema, name by name.

use super::{Field, Name, Node, NodeId, Primitive};
use crate::error::{Error, Result};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use std::fmt;

/// Nodes and names found so far.
#[derive(Default)]
pub(super) struct Parser {
    pub(super) nodes: Vec<Node>,
    names: HashMap<String, NodeId>,
    /// Names of the fields around the place being read, for messages.
    path: Vec<String>,
}

impl Parser {
    pub(super) fn schema(&mut self, value: &Value, namespace: &str) -> Result<NodeId> {
        match value {
            Value::String(name) => self.reference(name, namespace),
            Value::Array(branches) => self.union(branches, namespace),
            Value::Object(object) => self.object(object, namespace),
            Value::Null | Value::Bool(_) | Value::Number(_) => {
                Err(self.wrong(format_args!("{value} is no type")))
            }
        }
    }

    fn reference(&mut self, name: &str, namespace: &str) -> Result<NodeId> {
        if let Some(primitive) = Primitive::from_name(name) {
            return Ok(self.push(Node::Primitive(primitive)));
        }
        let known = self.names.get(&qualified(name, namespace)).or_else(|| self.names.get(name));
        known
            .copied()
            .ok_or_else(|| self.wrong(format_args!("the type {name:?} is not defined before it is used")))
    }

    fn object(&mut self, object: &Map<String, Value>, namespace: &str) -> Result<NodeId> {
        let kind = match object.get("type") {
            Some(Value::String(kind)) => kind.as_str(),
            Some(nested) => return self.schema(nested, namespace),
            None => return Err(self.wrong("a type has no \"type\"")),
        };
        match kind {
            "array" => {
                let items = self.inside("items", object.get("items"), namespace)?;
                Ok(self.push(Node::Array(items)))
            }
            "map" => {
                let values = self.inside("values", object.get("values"), namespace)?;
                Ok(self.push(Node::Map(values)))
            }
            "record" | "error" => self.record(object, namespace),
            "enum" => self.enumeration(object, namespace),
            "fixed" => {
                let size = object.get("size").and_then(Value::as_u64);
                let size = size.ok_or_else(|| self.wrong("a fixed has no \"size\""))?;
                let name = self.name(object, namespace)?;
                self.define(&name.full.clone(), Node::Fixed { name, size })
            }
            name => self.reference(name, namespace),
        }
    }

    fn union(&mut self, branches: &[Value], namespace: &str) -> Result<NodeId> {
        let mut ids = Vec::with_capacity(branches.len());
        let mut kinds = HashSet::new();
        for branch in branches {
            let id = self.schema(branch, namespace)?;
            let kind = match &self.nodes[id] {
                Node::Primitive(primitive) => primitive.as_str().to_owned(),
                Node::Array(_) => "array".to_owned(),
                Node::Map(_) => "map".to_owned(),
                Node::Union(_) => return Err(self.wrong("a union stands directly in a union")),
                Node::Record { name, .. } | Node::Enum { name, .. } | Node::Fixed { name, .. } => {
                    name.full.clone()
                }
            };
            if !kinds.insert(kind.clone()) {
                return Err(self.wrong(format_args!("a union holds {kind} twice")));
            }
            ids.push(id);
        }
        Ok(self.push(Node::Union(ids)))
    }

    fn record(&mut self, object: &Map<String, Value>, namespace: &str) -> Result<NodeId> {
        let name = self.name(object, namespace)?;
        let namespace = name.namespace().to_owned();
        // Defined before its fields are read, so that they can name it.
        let (full, fields) = (name.full.clone(), Vec::new());
        let id = self.define(&full, Node::Record { name, fields })?;
        let Some(Value::Array(list)) = object.get("fields") else {
            return Err(self.wrong(format_args!("the record {full} has no \"fields\"")));
        };
        let mut fields = Vec::with_capacity(list.len());
        let mut seen = HashSet::new();
        for field in list {
            let field = self.field(field, &namespace)?;
            if !seen.insert(field.name.clone()) {
                return Err(self.wrong(format_args!("the record {full} has two fields {}", field.name)));
            }
            fields.push(field);
        }
        if let Node::Record { fields: read, .. } = &mut self.nodes[id] {
            *read = fields;
        }
        Ok(id)
    }

    fn field(&mut self, value: &Value, namespace: &str) -> Result<Field> {
        let name = value.get("name").and_then(Value::as_str).unwrap_or_default();
        if !is_name(name) {
            return Err(self.wrong(format_args!("{name:?} is no field name (A-Z, a-z, 0-9 and _)")));
        }
        let schema = self.inside(name, value.get("type"), namespace)?;
        let aliases = texts(value.get("aliases"));
        Ok(Field { name: name.to_owned(), aliases, schema, default: value.get("default").cloned() })
    }

    fn enumeration(&mut self, object: &Map<String, Value>, namespace: &str) -> Result<NodeId> {
        let name = self.name(object, namespace)?;
        let symbols = texts(object.get("symbols"));
        let mut seen = HashSet::new();
        if let Some(bad) = symbols.iter().find(|symbol| !is_name(symbol) || !seen.insert(symbol.as_str())) {
            return Err(
                self.wrong(format_args!("the symbol {bad:?} of {} is no name or stands twice", name.full))
            );
        }
        if symbols.is_empty() {
            return Err(self.wrong(format_args!("the enum {} has no \"symbols\"", name.full)));
        }
        let default = object.get("default");
        let has_default = default.is_some();
        if has_default && !default.and_then(Value::as_str).is_some_and(|symbol| seen.contains(symbol)) {
            return Err(self.wrong(format_args!("the default of {} is none of its symbols", name.full)));
        }
        self.define(&name.full.clone(), Node::Enum { name, symbols, has_default })
    }

    fn name(&self, object: &Map<String, Value>, enclosing: &str) -> Result<Name> {
        let name = object.get("name").and_then(Value::as_str).unwrap_or_default();
        let namespace = object.get("namespace").and_then(Value::as_str).unwrap_or(enclosing);
        let full = qualified(name, namespace);
        if !full.split('.').all(is_name) || Primitive::from_name(&full).is_some() {
            return Err(self.wrong(format_args!("{name:?} is no type name")));
        }
        let mut name = Name { full, aliases: Vec::new() };
        let aliases = texts(object.get("aliases"));
        name.aliases = aliases.iter().map(|alias| qualified(alias, name.namespace())).collect();
        Ok(name)
    }

    /// The type inside another one, with its place added to the path while it is read.
    fn inside(&mut self, place: &str, value: Option<&Value>, namespace: &str) -> Result<NodeId> {
        self.path.push(place.to_owned());
        let value = value.ok_or_else(|| self.wrong("the type is missing"))?;
        let id = self.schema(value, namespace)?;
        self.path.pop();
        Ok(id)
    }

    fn define(&mut self, name: &str, node: Node) -> Result<NodeId> {
        let id = self.push(node);
        if self.names.insert(name.to_owned(), id).is_some() {
            return Err(self.wrong(format_args!("the type {name} is defined twice")));
        }
        Ok(id)
    }

    fn push(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn wrong(&self, problem: impl fmt::Display) -> Error {
        let place = if self.path.is_empty() { "schema".to_owned() } else { self.path.join(".") };
        Error::Invalid(format!("{place}: {problem}"))
    }
}

fn qualified(name: &str, namespace: &str) -> String {
    match (name.strip_prefix('.'), namespace) {
        (Some(name), _) => name.to_owned(),
        (None, "") => name.to_owned(),
        (None, _) if name.contains('.') => name.to_owned(),
        (None, namespace) => format!("{namespace}.{name}"),
    }
}

fn is_name(text: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(first) && text.chars().all(|c| first(c) || c.is_ascii_digit())
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let list = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}
