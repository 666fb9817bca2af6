//! An Avro schema as a graph: names resolved, and everything that the specification forbids refused.

use crate::error::{Error, Result};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use std::fmt;

/// Far beyond any schema that people write; it bounds what a request can make us do.
const TEXT_SIZE_MAX: usize = 1 << 20;

/// The place of a node in [`Schema::nodes`].
pub(crate) type NodeId = usize;

/// A schema; recursive types point back into `nodes`.
#[derive(Debug)]
pub(crate) struct Schema {
    nodes: Vec<Node>,
    root: NodeId,
}

#[derive(Debug)]
pub(crate) enum Node {
    Primitive(Primitive),
    Array(NodeId),
    Map(NodeId),
    Union(Vec<NodeId>),
    Record { name: Name, fields: Vec<Field> },
    Enum { name: Name, symbols: Vec<String>, has_default: bool },
    Fixed { name: Name, size: u64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Primitive {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
}

#[derive(Debug)]
pub(crate) struct Name {
    /// With the namespace.
    pub(crate) full: String,
    /// Full names of which it is an alias.
    pub(crate) aliases: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) schema: NodeId,
    pub(crate) default: Option<Value>,
}

impl Primitive {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::Bytes => "bytes",
            Self::String => "string",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Null, Self::Boolean, Self::Int, Self::Long];
        let rest = [Self::Float, Self::Double, Self::Bytes, Self::String];
        all.into_iter().chain(rest).find(|primitive| primitive.as_str() == name)
    }
}

impl Name {
    /// Without the namespace.
    pub(crate) fn short(&self) -> &str {
        self.full.rsplit('.').next().unwrap_or_default()
    }

    fn namespace(&self) -> &str {
        self.full.rsplit_once('.').map_or("", |(namespace, _)| namespace)
    }
}

/// The text by which two schemas are the same: keys sorted, no white space.
///
/// # Errors
/// `Invalid` when it is no JSON.
pub(crate) fn identity(text: &str) -> Result<String> {
    let mut value = json(text)?;
    value.sort_all_objects();
    Ok(value.to_string())
}

fn json(text: &str) -> Result<Value> {
    if text.len() > TEXT_SIZE_MAX {
        return Err(Error::Invalid(format!("a schema of {} bytes is over {TEXT_SIZE_MAX}", text.len())));
    }
    serde_json::from_str(text).map_err(|error| Error::Invalid(format!("the schema is not JSON: {error}")))
}

impl Schema {
    /// Reads a schema.
    ///
    /// # Errors
    /// `Invalid`, with the path of the field at which it is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut parser = Parser::default();
        let root = parser.schema(&json(text)?, "")?;
        let schema = Self { nodes: parser.nodes, root };
        schema.check_defaults()?;
        Ok(schema)
    }

    pub(crate) fn root(&self) -> NodeId {
        self.root
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    /// What a message calls this type.
    pub(crate) fn describe(&self, id: NodeId) -> String {
        match self.node(id) {
            Node::Primitive(primitive) => primitive.as_str().to_owned(),
            Node::Array(_) => "array".to_owned(),
            Node::Map(_) => "map".to_owned(),
            Node::Union(branches) => {
                let branches: Vec<_> = branches.iter().map(|branch| self.describe(*branch)).collect();
                format!("[{}]", branches.join(", "))
            }
            Node::Record { name, .. } => format!("record {}", name.full),
            Node::Enum { name, .. } => format!("enum {}", name.full),
            Node::Fixed { name, size } => format!("fixed {} of {size} bytes", name.full),
        }
    }

    fn check_defaults(&self) -> Result<()> {
        for node in &self.nodes {
            let Node::Record { name, fields } = node else { continue };
            for field in fields {
                let Some(default) = &field.default else { continue };
                if !self.fits(field.schema, default) {
                    let place = format!("{}.{}", name.full, field.name);
                    let kind = self.describe(field.schema);
                    return Err(Error::Invalid(format!("{place}: the default {default} is no {kind}")));
                }
            }
        }
        Ok(())
    }

    /// Whether a default is a value of this type; of a union, of any of its branches (Avro 1.12; before, the
    /// first).
    fn fits(&self, id: NodeId, value: &Value) -> bool {
        match self.node(id) {
            Node::Primitive(Primitive::Null) => value.is_null(),
            Node::Primitive(Primitive::Boolean) => value.is_boolean(),
            Node::Primitive(Primitive::Int) => value.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
            Node::Primitive(Primitive::Long) => value.is_i64(),
            Node::Primitive(Primitive::Float | Primitive::Double) => value.is_number(),
            Node::Primitive(Primitive::Bytes | Primitive::String) => value.is_string(),
            Node::Array(items) => {
                value.as_array().is_some_and(|array| array.iter().all(|item| self.fits(*items, item)))
            }
            Node::Map(values) => {
                value.as_object().is_some_and(|map| map.values().all(|value| self.fits(*values, value)))
            }
            Node::Union(branches) => branches.iter().any(|branch| self.fits(*branch, value)),
            Node::Record { fields, .. } => value.as_object().is_some_and(|object| {
                fields.iter().all(|field| match object.get(&field.name) {
                    Some(value) => self.fits(field.schema, value),
                    None => field.default.is_some(),
                })
            }),
            Node::Enum { symbols, .. } => {
                value.as_str().is_some_and(|symbol| symbols.iter().any(|known| known == symbol))
            }
            // Bytes stand as the characters U+0000 to U+00FF.
            Node::Fixed { size, .. } => {
                value.as_str().is_some_and(|text| u64::try_from(text.chars().count()) == Ok(*size))
            }
        }
    }
}

#[derive(Default)]
struct Parser {
    nodes: Vec<Node>,
    names: HashMap<String, NodeId>,
    /// Names of the fields around the place being read, for messages.
    path: Vec<String>,
}

impl Parser {
    fn schema(&mut self, value: &Value, namespace: &str) -> Result<NodeId> {
        match value {
            Value::String(name) => self.reference(name, namespace),
            Value::Array(branches) => self.union(branches, namespace),
            Value::Object(object) => self.object(object, namespace),
            Value::Null | Value::Bool(_) | Value::Number(_) => Err(self.wrong(format_args!("{value} is no type"))),
        }
    }

    fn reference(&mut self, name: &str, namespace: &str) -> Result<NodeId> {
        if let Some(primitive) = Primitive::from_name(name) {
            return Ok(self.push(Node::Primitive(primitive)));
        }
        let known = self.names.get(&qualified(name, namespace)).or_else(|| self.names.get(name));
        known.copied().ok_or_else(|| self.wrong(format_args!("the type {name:?} is not defined before it is used")))
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
        let id = self.define(&name.full, Node::Primitive(Primitive::Null))?;
        let Some(Value::Array(list)) = object.get("fields") else {
            return Err(self.wrong(format_args!("the record {} has no \"fields\"", name.full)));
        };
        let mut fields = Vec::with_capacity(list.len());
        let mut seen = HashSet::new();
        for field in list {
            let field = self.field(field, &namespace)?;
            if !seen.insert(field.name.clone()) {
                return Err(self.wrong(format_args!("the record {} has two fields {}", name.full, field.name)));
            }
            fields.push(field);
        }
        self.nodes[id] = Node::Record { name, fields };
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
            return Err(self.wrong(format_args!("the symbol {bad:?} of {} is no name or stands twice", name.full)));
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

#[cfg(test)]
mod tests {
    use super::{Schema, identity};

    fn check(schema: &str, problem: &str) {
        match Schema::parse(schema) {
            Ok(_) => assert_eq!(problem, "", "{schema} was taken"),
            Err(error) => {
                let text = error.to_string();
                assert!(!problem.is_empty() && text.contains(problem), "{schema}: {text}");
            }
        }
    }

    #[test]
    fn what_the_specification_allows_is_read_and_the_rest_refused_with_its_place() {
        check(r#""string""#, "");
        check(r#"{"type":"string","logicalType":"uuid"}"#, "");
        check(r#"{"type":{"type":"array","items":"long"}}"#, "");
        check(r#"["null",{"type":"map","values":["null","int"]}]"#, "");
        check(r#"{"type":"record","name":"a.b.R","fields":[{"name":"next","type":["null","R"],"default":null}]}"#, "");
        check(r#"{"type":"record","name":"R","fields":[]}"#, "");
        check(r#"{"type":"enum","name":"E","symbols":["A"],"default":"A"}"#, "");
        check("{", "not JSON");
        check("7", "is no type");
        check(r#""strnig""#, "not defined");
        check(r#"{"name":"R"}"#, "no \"type\"");
        check(r#"{"type":"record","name":"R"}"#, "no \"fields\"");
        check(r#"{"type":"record","name":"R-1","fields":[]}"#, "no type name");
        check(r#"{"type":"record","name":"R","fields":[{"name":"a b","type":"int"}]}"#, "no field name");
        check(r#"{"type":"record","name":"R","fields":[{"name":"a"}]}"#, "a: the type is missing");
        check(
            r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}"#,
            "two fields a",
        );
        check(
            r#"{"type":"record","name":"R","fields":[{"name":"a","type":{"type":"array","items":"nowhere"}}]}"#,
            "a.items: the type \"nowhere\"",
        );
        check(r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int","default":"x"}]}"#, "R.a: the default");
        check(r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int","default":3000000000}]}"#, "R.a");
        check(r#"["int","int"]"#, "int twice");
        check(r#"["int",["null"]]"#, "union stands directly");
        check(r#"{"type":"enum","name":"E","symbols":["A","A"]}"#, "stands twice");
        check(r#"{"type":"enum","name":"E","symbols":["A"],"default":"B"}"#, "none of its symbols");
        check(r#"{"type":"enum","name":"E","symbols":[]}"#, "no \"symbols\"");
        check(r#"{"type":"fixed","name":"F"}"#, "no \"size\"");
        check(r#"{"type":"array"}"#, "items: the type is missing");
        check(
            r#"[{"type":"fixed","name":"F","size":1},{"type":"record","name":"F","fields":[]}]"#,
            "defined twice",
        );
    }

    #[test]
    fn the_same_schema_is_known_whatever_its_spelling() {
        let one = identity(r#"{"type":"fixed","name":"F","size":1}"#).unwrap();
        assert_eq!(one, identity("{ \"size\": 1,\n \"name\": \"F\", \"type\": \"fixed\" }").unwrap());
        assert_ne!(one, identity(r#"{"type":"fixed","name":"F","size":1,"doc":"x"}"#).unwrap());
    }
}
