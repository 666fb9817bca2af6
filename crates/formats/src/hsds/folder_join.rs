//! Joins the rows of HSDS tables into one tree per organization.

use crate::error::RowError;
use crate::hsds::{LINKED, NUMBERS, PARENTS, REFERENCES, depth, foreign_key, table_of};
use crate::table::TableRow;
use crate::text::excerpt;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

/// All rows of a folder.
#[derive(Debug, Default)]
pub(crate) struct Join {
    files: Vec<TableFile>,
    rows: Vec<JoinRow>,
    /// Table and id to row.
    index: HashMap<(String, String), usize>,
}

#[derive(Debug)]
struct TableFile {
    name: String,
    table: String,
}

#[derive(Debug)]
struct JoinRow {
    file: usize,
    line: u64,
    map: Map<String, Value>,
    children: Vec<usize>,
    is_used: bool,
}

/// Whether a row found the row that it belongs to.
enum Parent {
    Found {
        row: usize,
        key: String,
    },
    /// It names none.
    None,
    /// It names one that is not there.
    Missing {
        key: String,
        table: String,
        id: String,
    },
}

impl Join {
    pub(crate) fn add_file(&mut self, name: &str, table: &str) -> usize {
        self.files.push(TableFile { name: name.to_owned(), table: table.to_owned() });
        self.files.len() - 1
    }

    pub(crate) fn has_table(&self, table: &str) -> bool {
        self.files.iter().any(|file| file.table == table)
    }

    pub(crate) fn add_row(
        &mut self,
        file: usize,
        address_type: Option<&str>,
        header: &[String],
        row: TableRow,
    ) {
        let mut map = Map::new();
        for (column, cell) in header.iter().zip(row.cells) {
            if !cell.trim().is_empty() {
                let (name, value) = cell_value(column, cell);
                map.insert(name, value);
            }
        }
        let table = self.table_name(file).to_owned();
        // Ohana's taxonomy goes by `taxonomy_id` alone.
        let id = text(&map, "id").or_else(|| text(&map, "taxonomy_id").filter(|_| table == "taxonomies"));
        if let Some(address_type) = address_type {
            self.mark_address(&mut map, file, address_type);
        }
        let place = self.rows.len();
        if let Some(id) = id {
            // The first of two rows with one id is the one that others mean.
            self.index.entry((table, id)).or_insert(place);
        }
        self.rows.push(JoinRow { file, line: row.line, map, children: Vec::new(), is_used: false });
    }

    /// Two tables of addresses become one: their ids must not run together.
    fn mark_address(&self, map: &mut Map<String, Value>, file: usize, address_type: &str) {
        let stem = self.files.get(file).map_or("", |file| file.name.as_str()).trim_end_matches(".csv");
        if let Some(id) = text(map, "id").filter(|id| crate::ids::given_uuid(id).is_none()) {
            map.insert("id".to_owned(), Value::String(format!("{stem}/{id}")));
        }
        map.entry("address_type").or_insert_with(|| Value::String(address_type.to_owned()));
    }

    /// Hangs every row under the one that it belongs to. Returns those that belong to nothing.
    pub(crate) fn link(&mut self) -> Vec<RowError> {
        self.link_services();
        self.link_locations();
        let mut errors = Vec::new();
        for row in 0..self.rows.len() {
            let table = self.table_of_row(row).to_owned();
            if table == "organizations" {
                continue;
            }
            match self.parent(row, &table) {
                Parent::Found { row: parent, key } => {
                    self.edit(row, |map| map.remove(&key));
                    if let Some(parent) = self.rows.get_mut(parent) {
                        parent.children.push(row);
                    }
                }
                Parent::None if is_vocabulary(&table) => {}
                Parent::None => errors.push(self.orphan(row, &table)),
                Parent::Missing { key, table, id } => errors.push(self.dangling(row, &key, &table, &id)),
            }
        }
        errors
    }

    /// HSDS 1 services name their location; HSDS 3 has `service_at_locations` for it.
    fn link_services(&mut self) {
        for row in 0..self.rows.len() {
            if self.table_of_row(row) != "services" {
                continue;
            }
            let Some(location) = self.cell(row, "location_id") else { continue };
            if self.cell(row, "organization_id").is_none()
                && let Some(place) = self.find("locations", &location)
                && let Some(owner) = self.cell(place, "organization_id")
            {
                self.edit(row, |map| map.insert("organization_id".to_owned(), Value::String(owner)));
            }
            if self.find("locations", &location).is_some() {
                self.edit(row, |map| {
                    map.remove("location_id");
                    let mut link = Map::new();
                    link.insert("location_id".to_owned(), Value::String(location));
                    let links = Value::Array(vec![Value::Object(link)]);
                    map.insert("service_at_locations".to_owned(), links)
                });
            }
        }
    }

    /// A location without an organization belongs to the first whose service is offered there.
    fn link_locations(&mut self) {
        for row in 0..self.rows.len() {
            if self.table_of_row(row) != "service_at_locations" {
                continue;
            }
            let location = self.cell(row, "location_id").and_then(|id| self.find("locations", &id));
            let service = self.cell(row, "service_id").and_then(|id| self.find("services", &id));
            let (Some(location), Some(service)) = (location, service) else { continue };
            if let Some(owner) = self.cell(service, "organization_id")
                && self.cell(location, "organization_id").is_none()
            {
                self.edit(location, |map| map.insert("organization_id".to_owned(), Value::String(owner)));
            }
        }
    }

    fn parent(&self, row: usize, table: &str) -> Parent {
        if let Some(found) = self.linked_parent(row, table) {
            return found;
        }
        // A service and a location belong to their organization whatever else they name.
        let outermost = matches!(table, "services" | "locations" | "organization_identifiers" | "programs");
        let innermost = if outermost { 1 } else { depth(table) };
        for (parent, key) in PARENTS.iter().take(innermost).rev() {
            if table == "service_at_locations" && *parent == "locations" {
                continue;
            }
            if let Some(id) = self.cell(row, key) {
                let key = (*key).to_owned();
                return match self.find(parent, &id) {
                    Some(row) => Parent::Found { row, key },
                    None => Parent::Missing { key, table: (*parent).to_owned(), id },
                };
            }
        }
        Parent::None
    }

    /// The parent of a row that names it by table and id; `None` to look for plain foreign keys.
    fn linked_parent(&self, row: usize, table: &str) -> Option<Parent> {
        let (_, entity, key) = LINKED.iter().find(|(name, _, _)| *name == table)?;
        let id = self.cell(row, key)?;
        let (parent, _) = table_of(&self.cell(row, entity)?);
        let key = (*key).to_owned();
        match self.find(&parent, &id) {
            Some(row) if foreign_key(&parent).is_some() => Some(Parent::Found { row, key }),
            _ => Some(Parent::Missing { key, table: parent, id }),
        }
    }

    fn orphan(&self, row: usize, table: &str) -> RowError {
        let keys: Vec<_> = PARENTS.iter().take(depth(table)).map(|(_, key)| *key).collect();
        self.error(row, None, format!("the row belongs to nothing; fill in one of {}", keys.join(", ")))
    }

    fn dangling(&self, row: usize, key: &str, table: &str, id: &str) -> RowError {
        let file = self.files.iter().find(|file| file.table == table);
        let place = file.map_or_else(|| format!("a file of {table}"), |file| file.name.clone());
        let message = format!("there is no row with the id {} in {place}; the row is left out", excerpt(id));
        self.error(row, Some(key), message)
    }

    pub(crate) fn roots(&self) -> impl Iterator<Item = usize> {
        (0..self.rows.len()).filter(|row| self.table_of_row(*row) == "organizations")
    }

    /// The row with everything that hangs under it. No deeper than `PARENTS` and one leaf.
    pub(crate) fn tree(&mut self, row: usize) -> Map<String, Value> {
        let Some(own) = self.rows.get_mut(row) else { return Map::new() };
        own.is_used = true;
        let mut map = own.map.clone();
        let mut lists: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for child in own.children.clone() {
            let key = self.table_of_row(child).to_owned();
            let tree = self.tree(child);
            lists.entry(key).or_default().push(Value::Object(tree));
        }
        for (key, mut list) in lists {
            if let Some(Value::Array(before)) = map.remove(&key) {
                list.extend(before);
            }
            map.insert(key, Value::Array(list));
        }
        let table = self.table_of_row(row).to_owned();
        self.resolve_references(&mut map, &table, 0);
        map
    }

    /// Puts the vocabulary that a row points at into it: a term in an attribute, a taxonomy in a term.
    fn resolve_references(&mut self, map: &mut Map<String, Value>, own: &str, level: usize) {
        for (property, key, table) in
            REFERENCES.iter().filter(|(_, _, table)| *table != own && level < REFERENCES.len())
        {
            let found = text(map, key).and_then(|id| self.find(table, &id));
            if let Some(found) = found
                && let Some(row) = self.rows.get_mut(found)
            {
                row.is_used = true;
                let mut term = row.map.clone();
                self.resolve_references(&mut term, table, level + 1);
                map.remove(*key);
                map.insert((*property).to_owned(), Value::Object(term));
            }
        }
        self.resolve_taxonomy_ids(map);
    }

    /// Ohana's services name their terms in one cell.
    fn resolve_taxonomy_ids(&mut self, map: &mut Map<String, Value>) {
        let Some(ids) = text(map, "taxonomy_ids").filter(|_| !map.contains_key("taxonomies")) else { return };
        let mut terms = Vec::new();
        for id in ids.split(',').map(str::trim) {
            if let Some(found) = self.find("taxonomies", id)
                && let Some(row) = self.rows.get_mut(found)
            {
                row.is_used = true;
                terms.push(Value::Object(row.map.clone()));
            }
        }
        if !terms.is_empty() {
            map.insert("taxonomies".to_owned(), Value::Array(terms));
        }
    }

    /// The file and line of a fault in the tree of an organization.
    pub(crate) fn locate(&self, root: usize, path: &str, message: String) -> RowError {
        let mut row = root;
        let mut field = path;
        while let Some((step, rest)) = field.split_once('.')
            && let Some(child) = self.child(row, step)
        {
            (row, field) = (child, rest);
        }
        self.error(row, Some(field), message)
    }

    fn child(&self, row: usize, step: &str) -> Option<usize> {
        let (table, nth) = step.strip_suffix(']')?.split_once('[')?;
        let children = self.rows.get(row)?.children.iter().copied();
        children.filter(|child| self.table_of_row(*child) == table).nth(nth.parse().ok()?)
    }

    pub(crate) fn unused_rows(&self) -> Vec<(String, usize)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for row in self.rows.iter().filter(|row| !row.is_used && is_vocabulary(self.table_name(row.file))) {
            *counts.entry(self.files.get(row.file).map_or("", |file| &file.name)).or_default() += 1;
        }
        counts.into_iter().map(|(file, rows)| (file.to_owned(), rows)).collect()
    }

    fn find(&self, table: &str, id: &str) -> Option<usize> {
        self.index.get(&(table.to_owned(), id.to_owned())).copied()
    }

    fn cell(&self, row: usize, column: &str) -> Option<String> {
        text(&self.rows.get(row)?.map, column)
    }

    fn edit<T>(&mut self, row: usize, change: impl FnOnce(&mut Map<String, Value>) -> T) -> Option<T> {
        self.rows.get_mut(row).map(|row| change(&mut row.map))
    }

    fn table_name(&self, file: usize) -> &str {
        self.files.get(file).map_or("", |file| &file.table)
    }

    fn table_of_row(&self, row: usize) -> &str {
        self.rows.get(row).map_or("", |row| self.table_name(row.file))
    }

    fn error(&self, row: usize, field: Option<&str>, message: String) -> RowError {
        let (file, line) = self.rows.get(row).map_or((0, 0), |row| (row.file, row.line));
        let file = self.files.get(file).map(|file| file.name.clone());
        RowError { file, line, field: field.map(str::to_owned), message }
    }
}

/// Shared words that rows point at and that belong to no organization.
fn is_vocabulary(table: &str) -> bool {
    REFERENCES.iter().any(|(_, _, name)| *name == table) || table == "meta_table_descriptions"
}

fn text(map: &Map<String, Value>, column: &str) -> Option<String> {
    map.get(column).and_then(Value::as_str).map(|text| text.trim().to_owned())
}

/// The folder writer marks what has no form in CSV by `_json` behind the column's name.
fn cell_value(column: &str, cell: String) -> (String, Value) {
    if let Some(name) = column.strip_suffix("_json")
        && let Ok(value) = serde_json::from_str(&cell)
    {
        return (name.to_owned(), value);
    }
    if NUMBERS.contains(&column)
        && let Some(number) = number(cell.trim())
    {
        return (column.to_owned(), number);
    }
    (column.to_owned(), Value::String(cell))
}

/// A number that is written out the same again; `012` is none.
fn number(text: &str) -> Option<Value> {
    let whole = text.parse::<i64>().ok().map(Value::from);
    let number = whole.or_else(|| text.parse::<f64>().ok().map(Value::from))?;
    let written = number.to_string();
    (written == text).then_some(number)
}
