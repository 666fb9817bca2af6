//! An Avro schema as a graph: names resolved, and everything that the specification forbids refused.

mod parser;

use crate::error::{Error, Result};
use parser::Parser;
use serde_json::Value;

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
        check(
            r#"{"type":"record","name":"a.b.R","fields":[{"name":"next","type":["null","R"],"default":null}]}"#,
            "",
        );
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
        check(
            r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int","default":"x"}]}"#,
            "R.a: the default",
        );
        check(
            r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int","default":3000000000}]}"#,
            "R.a",
        );
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
