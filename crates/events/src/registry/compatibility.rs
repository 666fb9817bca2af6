//! Whether one schema reads what another wrote: the schema resolution rules of the Avro specification, with
//! the path of every field at which they fail.
//!
//! Logical types do not count: they change what a value means to a program, not whether it can be read.

use super::parsed::{Field, Name, Node, NodeId, Primitive, Schema};
use super::{Compatibility, RegisteredSchema};
use crate::error::Result;
use std::collections::HashMap;
use std::fmt;

/// One place at which a schema and a registered version do not go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The registered version.
    pub version: i32,
    /// The field, such as `organization.locations.items.latitude`; empty for the schema as a whole.
    pub path: String,
    /// What clashes.
    pub reason: String,
}

impl Problem {
    /// The path and the reason, without the version.
    #[must_use]
    pub fn text(&self) -> String {
        Clash { path: self.path.clone(), reason: self.reason.clone() }.to_string()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version {}: {}", self.version, self.text())
    }
}

/// What breaks `level` if `schema` follows this history (ascending, the versions that are not deleted).
///
/// # Errors
/// `Invalid` when one of the schemas is not Avro.
pub fn problems(level: Compatibility, schema: &str, history: &[RegisteredSchema]) -> Result<Vec<Problem>> {
    let new = Schema::parse(schema)?;
    let first = if level.is_transitive() { 0 } else { history.len().saturating_sub(1) };
    let mut problems = Vec::new();
    for known in &history[first..] {
        let old = Schema::parse(&known.schema)?;
        let mut clashes = Vec::new();
        if level.is_backward() {
            clashes.extend(Resolver::new(&new, &old, ["the new schema", "the registered one"]).clashes());
        }
        if level.is_forward() {
            clashes.extend(Resolver::new(&old, &new, ["the registered one", "the new schema"]).clashes());
        }
        let version = known.version;
        problems.extend(clashes.into_iter().map(|Clash { path, reason }| Problem { version, path, reason }));
    }
    Ok(problems)
}

/// Clashes beyond these help nobody, and a type used in many places would multiply them.
const CLASHES_MAX: usize = 20;

/// Types inside types; a schema that goes deeper is hostile.
const DEPTH_MAX: usize = 200;

/// A place, seen from the type being compared, at which the reader cannot read what the writer writes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Clash {
    path: String,
    reason: String,
}

impl Clash {
    fn under(mut self, place: &str) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        self.path = format!("{place}{dot}{}", self.path);
        self
    }
}

impl fmt::Display for Clash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.reason)
        } else {
            write!(f, "{}: {}", self.path, self.reason)
        }
    }
}

struct Resolver<'a> {
    reader: &'a Schema,
    writer: &'a Schema,
    /// What messages call the reader and the writer.
    labels: [&'static str; 2],
    /// Pairs of records compared, or being compared: a record inside itself clashes no more than it does
    /// outside.
    seen: HashMap<(NodeId, NodeId), Vec<Clash>>,
    depth: usize,
}

impl<'a> Resolver<'a> {
    fn new(reader: &'a Schema, writer: &'a Schema, labels: [&'static str; 2]) -> Self {
        Self { reader, writer, labels, seen: HashMap::new(), depth: 0 }
    }

    fn clashes(mut self) -> Vec<Clash> {
        self.resolve(self.reader.root(), self.writer.root())
    }

    fn resolve(&mut self, r: NodeId, w: NodeId) -> Vec<Clash> {
        if self.depth > DEPTH_MAX {
            return one(format!("types are nested deeper than {DEPTH_MAX}"));
        }
        self.depth += 1;
        let mut clashes = self.resolve_nodes(r, w);
        self.depth -= 1;
        clashes.truncate(CLASHES_MAX);
        clashes
    }

    fn resolve_nodes(&mut self, r: NodeId, w: NodeId) -> Vec<Clash> {
        let (reader, writer) = (self.reader, self.writer);
        match (reader.node(r), writer.node(w)) {
            // Whatever the writer chose must be readable.
            (_, Node::Union(branches)) => {
                branches.iter().flat_map(|branch| self.resolve(r, *branch)).collect()
            }
            (Node::Union(branches), _) => self.resolve_union(branches, w),
            (Node::Primitive(reads), Node::Primitive(writes)) if promotes(*writes, *reads) => Vec::new(),
            (Node::Array(reads), Node::Array(writes)) => under("items", self.resolve(*reads, *writes)),
            (Node::Map(reads), Node::Map(writes)) => under("values", self.resolve(*reads, *writes)),
            (Node::Fixed { name, size }, Node::Fixed { name: other, size: writes })
                if same_name(name, other) =>
            {
                if size == writes {
                    Vec::new()
                } else {
                    self.mismatch(r, w)
                }
            }
            (Node::Enum { name, symbols, has_default }, Node::Enum { name: other, symbols: writes, .. })
                if same_name(name, other) =>
            {
                if *has_default {
                    Vec::new()
                } else {
                    self.missing_symbols(symbols, writes)
                }
            }
            (Node::Record { name, fields }, Node::Record { name: other, fields: writes })
                if same_name(name, other) =>
            {
                if let Some(known) = self.seen.get(&(r, w)) {
                    return known.clone();
                }
                self.seen.insert((r, w), Vec::new());
                let clashes = self.resolve_fields(fields, writes);
                self.seen.insert((r, w), clashes.clone());
                clashes
            }
            _ => self.mismatch(r, w),
        }
    }

    /// One branch must read it. If none does, the branch that was meant says why.
    fn resolve_union(&mut self, branches: &[NodeId], w: NodeId) -> Vec<Clash> {
        let mut meant = None;
        for branch in branches {
            let clashes = self.resolve(*branch, w);
            if clashes.is_empty() {
                return clashes;
            }
            if same_kind(self.reader.node(*branch), self.writer.node(w)) {
                meant = Some(clashes);
            }
        }
        meant.unwrap_or_else(|| {
            let [reader, writer] = self.labels;
            let branches: Vec<_> = branches.iter().map(|branch| self.reader.describe(*branch)).collect();
            let wrote = self.writer.describe(w);
            one(format!("{reader} reads [{}], {writer} writes {wrote}", branches.join(", ")))
        })
    }

    fn resolve_fields(&mut self, fields: &[Field], writes: &[Field]) -> Vec<Clash> {
        let mut clashes = Vec::new();
        for field in fields {
            let named = |name: &str| writes.iter().find(|other| other.name == name);
            let written = named(&field.name).or_else(|| field.aliases.iter().find_map(|alias| named(alias)));
            match written {
                Some(written) => {
                    clashes.extend(under(&field.name, self.resolve(field.schema, written.schema)))
                }
                None if field.default.is_some() => {}
                None => {
                    let [reader, writer] = self.labels;
                    let reason = format!("{writer} does not have it, and {reader} gives it no default");
                    clashes.extend(under(&field.name, one(reason)));
                }
            }
        }
        clashes
    }

    fn missing_symbols(&self, symbols: &[String], writes: &[String]) -> Vec<Clash> {
        let missing: Vec<_> =
            writes.iter().filter(|symbol| !symbols.contains(symbol)).map(String::as_str).collect();
        if missing.is_empty() {
            return Vec::new();
        }
        let [reader, writer] = self.labels;
        let missing = missing.join(", ");
        one(format!("{reader} lacks the symbols {missing} of {writer}, and has no default symbol"))
    }

    fn mismatch(&self, r: NodeId, w: NodeId) -> Vec<Clash> {
        let [reader, writer] = self.labels;
        let (reads, writes) = (self.reader.describe(r), self.writer.describe(w));
        one(format!("{reader} reads {reads}, {writer} writes {writes}"))
    }
}

fn one(reason: String) -> Vec<Clash> {
    vec![Clash { path: String::new(), reason }]
}

fn under(place: &str, clashes: Vec<Clash>) -> Vec<Clash> {
    clashes.into_iter().map(|clash| clash.under(place)).collect()
}

fn promotes(from: Primitive, to: Primitive) -> bool {
    use Primitive::{Bytes, Double, Float, Int, Long, String};
    from == to
        || matches!(
            (from, to),
            (Int, Long | Float | Double)
                | (Long, Float | Double)
                | (Float, Double)
                | (String, Bytes)
                | (Bytes, String)
        )
}

/// The specification compares names without their namespace; an alias is a full name.
fn same_name(reader: &Name, writer: &Name) -> bool {
    reader.short() == writer.short() || reader.aliases.contains(&writer.full)
}

fn same_kind(reader: &Node, writer: &Node) -> bool {
    match (reader, writer) {
        (Node::Array(_), Node::Array(_)) | (Node::Map(_), Node::Map(_)) => true,
        (Node::Record { name, .. }, Node::Record { name: other, .. })
        | (Node::Enum { name, .. }, Node::Enum { name: other, .. })
        | (Node::Fixed { name, .. }, Node::Fixed { name: other, .. }) => same_name(name, other),
        _ => false,
    }
}
