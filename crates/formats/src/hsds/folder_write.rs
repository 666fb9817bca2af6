//! Writes a folder of HSDS CSV tables.

use crate::error::Error;
use crate::hsds::folder::csv_files;
use crate::hsds::to_tree::{Links, tree};
use crate::hsds::{LINKED, REFERENCES, depth, entity_name, foreign_key, table_of};
use crate::write::OrganizationView;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes HSDS 3 tables into a folder. Rows wait in files of their own until [`HsdsCsvWriter::finish`], because
/// only then is it known which columns there are; of what was written, memory holds ids alone.
#[derive(Debug)]
pub struct HsdsCsvWriter {
    folder: PathBuf,
    tables: BTreeMap<String, Spool>,
    /// The vocabulary written so far, by table and id.
    vocabulary: HashMap<(String, String), Map<String, Value>>,
    /// Ids that foreign keys lead to, hashed.
    written: HashSet<u64>,
}

/// The rows of one table, one JSON object a line.
#[derive(Debug)]
struct Spool {
    out: BufWriter<File>,
    columns: BTreeSet<String>,
}

impl HsdsCsvWriter {
    /// Starts in a folder, which is made if it is not there.
    ///
    /// # Errors
    /// When the folder cannot be made, or holds CSV files already.
    pub fn create(folder: &Path) -> Result<Self, Error> {
        std::fs::create_dir_all(folder).map_err(Error::write(folder))?;
        if !csv_files(folder)?.is_empty() {
            return Err(Error::FolderNotEmpty { path: folder.to_path_buf() });
        }
        let mut writer = Self {
            folder: folder.to_path_buf(),
            tables: BTreeMap::new(),
            vocabulary: HashMap::new(),
            written: HashSet::new(),
        };
        // An export of nothing is still a folder that can be read.
        writer.spool("organizations")?.columns.extend(["id", "name"].map(str::to_owned));
        Ok(writer)
    }

    /// Writes one organization.
    ///
    /// # Errors
    /// When the folder takes no more.
    pub fn write<'a>(&mut self, view: impl Into<OrganizationView<'a>>) -> Result<(), Error> {
        self.put("organizations", tree(&view.into(), Links::Name))
    }

    /// Makes the tables.
    ///
    /// # Errors
    /// When the folder takes no more.
    pub fn finish(mut self) -> Result<(), Error> {
        while let Some((table, spool)) = self.tables.pop_first() {
            self.make_table(&table, spool)?;
        }
        Ok(())
    }

    /// One row, and the rows of what hangs under it.
    fn put(&mut self, table: &str, map: Map<String, Value>) -> Result<(), Error> {
        let id =
            map.get("id").and_then(Value::as_str).map(str::to_owned).filter(|id| self.is_first(table, id));
        let mut row = Map::new();
        let mut children = Vec::new();
        for (key, value) in map {
            match value {
                Value::Null => {}
                Value::Array(list) if id.is_some() && makes_table(table, &key, &list) => {
                    children.push((key, list))
                }
                Value::Object(term) => self.put_reference(&mut row, &key, term)?,
                other @ (Value::Array(_) | Value::Bool(_)) => {
                    row.insert(format!("{key}_json"), Value::String(other.to_string()));
                }
                Value::Number(number) => {
                    row.insert(key, Value::String(number.to_string()));
                }
                Value::String(text) => {
                    row.insert(key, Value::String(text));
                }
            }
        }
        self.spool_row(table, &row)?;
        for (key, list) in children {
            for mut child in list.into_iter().filter_map(into_object) {
                name_parent(&mut child, &key, table, id.as_deref().unwrap_or_default());
                self.put(&key, child)?;
            }
        }
        Ok(())
    }

    /// Whether a foreign key with this id leads to the row at hand. A contact or telephone that HSDS JSON shows in
    /// several places has one id there; only the first row can have rows under it, the others keep cells.
    fn is_first(&mut self, table: &str, id: &str) -> bool {
        foreign_key(table).is_some() && self.written.insert(hash(table, id))
    }

    /// A term goes to its own table, once, and the row points at it.
    fn put_reference(
        &mut self,
        row: &mut Map<String, Value>,
        key: &str,
        term: Map<String, Value>,
    ) -> Result<(), Error> {
        let known = REFERENCES.iter().find(|(property, _, _)| *property == key);
        let id = term.get("id").and_then(Value::as_str).map(str::to_owned);
        if let (Some((_, foreign_key, table)), Some(id)) = (known, id) {
            let place = ((*table).to_owned(), id.clone());
            let before = self.vocabulary.get(&place);
            let is_new = before.is_none();
            if is_new || before == Some(&term) {
                if is_new {
                    self.vocabulary.insert(place, term.clone());
                    self.put(table, term)?;
                }
                row.insert((*foreign_key).to_owned(), Value::String(id));
                return Ok(());
            }
        }
        row.insert(format!("{key}_json"), Value::String(Value::Object(term).to_string()));
        Ok(())
    }

    fn spool_row(&mut self, table: &str, row: &Map<String, Value>) -> Result<(), Error> {
        let path = self.spool_path(table);
        let line = serde_json::to_string(row).map_err(|error| Error::write(&path)(error.into()))?;
        let spool = self.spool(table)?;
        for column in
            row.keys().filter(|column| !spool.columns.contains(*column)).cloned().collect::<Vec<_>>()
        {
            spool.columns.insert(column);
        }
        writeln!(spool.out, "{line}").map_err(Error::write(&path))
    }

    fn spool(&mut self, table: &str) -> Result<&mut Spool, Error> {
        let path = self.spool_path(table);
        match self.tables.entry(table.to_owned()) {
            std::collections::btree_map::Entry::Occupied(entry) => Ok(entry.into_mut()),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let file = File::create(&path).map_err(Error::write(&path))?;
                Ok(entry.insert(Spool { out: BufWriter::new(file), columns: BTreeSet::new() }))
            }
        }
    }

    fn spool_path(&self, table: &str) -> PathBuf {
        self.folder.join(format!(".{table}.rows"))
    }

    fn make_table(&self, table: &str, mut spool: Spool) -> Result<(), Error> {
        let rows_path = self.spool_path(table);
        let path = self.folder.join(format!("{table}.csv"));
        spool.out.flush().map_err(Error::write(&rows_path))?;
        let columns = in_order(spool.columns);
        let rows = BufReader::new(File::open(&rows_path).map_err(Error::write(&rows_path))?);
        let mut out = csv::Writer::from_path(&path).map_err(csv_error(&path))?;
        out.write_record(&columns).map_err(csv_error(&path))?;
        for line in rows.lines() {
            let line = line.map_err(Error::write(&rows_path))?;
            let row: Map<String, Value> =
                serde_json::from_str(&line).map_err(|error| Error::write(&rows_path)(error.into()))?;
            let cells =
                columns.iter().map(|column| row.get(column).and_then(Value::as_str).unwrap_or_default());
            out.write_record(cells).map_err(csv_error(&path))?;
        }
        out.flush().map_err(Error::write(&path))?;
        std::fs::remove_file(&rows_path).map_err(Error::write(&rows_path))
    }
}

impl Drop for HsdsCsvWriter {
    /// An export that was given up leaves no half tables behind.
    fn drop(&mut self) {
        for table in self.tables.keys() {
            // Nothing more can be done about it here.
            let _ = std::fs::remove_file(self.spool_path(table));
        }
    }
}

fn hash(table: &str, id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (table, id).hash(&mut hasher);
    hasher.finish()
}

pub(crate) fn csv_error(path: &Path) -> impl FnOnce(csv::Error) -> Error + use<> {
    let write = Error::write(path);
    move |error| write(error.into())
}

fn into_object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(map) => Some(map),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
    }
}

/// Whether a list under a row comes back to the same place when its table is read. The model's own tables hang
/// only where the model has them; anything else stays in a cell.
fn makes_table(parent: &str, key: &str, list: &[Value]) -> bool {
    let readable = match key {
        "organizations" | "taxonomy_terms" | "units" | "meta_table_descriptions" => false,
        "locations" | "services" | "organization_identifiers" | "programs" => parent == "organizations",
        "addresses" => parent == "locations",
        "service_at_locations" => parent == "services",
        other => depth(other) > depth(parent),
    };
    readable
        && foreign_key(parent).is_some()
        && !list.is_empty()
        && list.iter().all(Value::is_object)
        && table_of(key) == (key.to_owned(), None)
        && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Writes the foreign key that the reader finds the parent by.
fn name_parent(child: &mut Map<String, Value>, table: &str, parent: &str, id: &str) {
    let id = Value::String(id.to_owned());
    if let Some((_, entity, key)) = LINKED.iter().find(|(name, _, _)| *name == table)
        && child.get(*entity).and_then(Value::as_str) == entity_name(parent)
    {
        child.insert((*key).to_owned(), id);
    } else if let Some(key) = foreign_key(parent) {
        child.insert(key.to_owned(), id);
    }
}

/// Ids first, then names, then the rest by name.
fn in_order(columns: BTreeSet<String>) -> Vec<String> {
    let rank = |column: &str| match column {
        "id" => 0,
        "source" | "source_id" => 1,
        _ if column.ends_with("_id") => 2,
        "name" => 3,
        "alternate_name" => 4,
        _ => 5,
    };
    let mut columns: Vec<_> = columns.into_iter().collect();
    columns.sort_by_key(|column| rank(column));
    columns
}
