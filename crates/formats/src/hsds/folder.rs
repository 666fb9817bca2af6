//! A folder of HSDS CSV tables.

use crate::error::{Error, RowError};
use crate::hsds::folder_join::Join;
use crate::hsds::from_tree;
use crate::hsds::table_of;
use crate::ids::Claims;
use crate::read::ReadOptions;
use crate::table::Table;
use entity::Record;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// The organizations of a folder: what could not be read first, then the records.
#[derive(Debug)]
pub(crate) struct FolderReader {
    join: Join,
    errors: VecDeque<RowError>,
    roots: VecDeque<usize>,
    options: ReadOptions,
    claims: Claims,
}

impl FolderReader {
    pub(crate) fn open(path: &Path, options: &ReadOptions) -> Result<Self, Error> {
        let files = csv_files(path)?;
        let mut join = Join::default();
        let mut errors = VecDeque::new();
        for file in &files {
            load(file, &mut join, &mut errors)?;
        }
        if !join.has_table("organizations") {
            let names: Vec<_> = files.iter().map(|file| file_name(file)).collect();
            let message = format!(
                "the folder has no organizations.csv (or organization.csv); it has {}",
                if names.is_empty() { "no CSV file at all".to_owned() } else { names.join(", ") }
            );
            return Err(Error::invalid(path, RowError::at(1, message)));
        }
        errors.extend(join.link());
        let roots = join.roots().collect();
        Ok(Self { join, errors, roots, options: options.clone(), claims: Claims::default() })
    }

    pub(crate) fn unused_rows(&self) -> Vec<(String, usize)> {
        self.join.unused_rows()
    }

    fn record(&mut self, root: usize) -> Result<Record, RowError> {
        let tree = self.join.tree(root);
        from_tree::record(tree, &self.options, &mut self.claims)
            .map_err(|fault| self.join.locate(root, &fault.path, fault.message))
    }
}

impl Iterator for FolderReader {
    type Item = Result<Record, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.errors.pop_front() {
            return Some(Err(error));
        }
        self.roots.pop_front().map(|root| self.record(root))
    }
}

/// By name, so that the same folder gives the same records.
pub(crate) fn csv_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = std::fs::read_dir(folder).map_err(Error::read(folder))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(Error::read(folder))?.path();
        if path.is_file() && path.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv")) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn load(path: &Path, join: &mut Join, errors: &mut VecDeque<RowError>) -> Result<(), Error> {
    let name = file_name(path);
    let in_file = |error: RowError| RowError { file: Some(name.clone()), ..error };
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let (table, address_type) = table_of(&stem);
    let rows = match Table::open(path) {
        Ok(rows) => rows,
        // An empty or unusable table is told, the others are read; without organizations there is nothing.
        Err(Error::Invalid { source, .. }) if table != "organizations" => {
            errors.push_back(in_file(source));
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let header = rows.header().to_vec();
    if table == "organizations" && !header.iter().any(|column| column == "id") {
        let message = format!("the header has no `id` column; it reads `{}`", header.join(","));
        return Err(Error::invalid(path, in_file(RowError::in_field(1, "id", message))));
    }
    let file = join.add_file(&name, &table);
    for row in rows {
        match row {
            Ok(row) => join.add_row(file, address_type, &header, row),
            Err(error) => errors.push_back(in_file(error)),
        }
    }
    Ok(())
}
