//! Plain CSV: one organization a row.

mod row;

use crate::columns::{Column, ColumnMap, Columns};
use crate::error::{Error, RowError};
use crate::ids::{Claims, id_of};
use crate::read::ReadOptions;
use crate::table::Table;
use crate::text::tidy;
use entity::Record;
use row::{Cells, RowIds};
use std::path::Path;

/// A plain CSV file being read.
#[derive(Debug)]
pub(crate) struct PlainReader {
    table: Table,
    layout: Layout,
    claims: Claims,
}

impl PlainReader {
    pub(crate) fn open(path: &Path, options: &ReadOptions) -> Result<Self, Error> {
        let table = Table::open(path)?;
        let columns = Columns::find(table.header(), &ColumnMap::default());
        let columns = columns.map_err(|reason| Error::invalid(path, reason))?;
        let layout = Layout { columns, options: options.clone(), children: ChildIds::Derived };
        Ok(Self { table, layout, claims: Claims::default() })
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.table.bytes_read()
    }

    fn record(&mut self) -> Result<Record, RowError> {
        let row = self.table.row();
        let record = self.table.shape().cells(row, |cells| self.layout.record(row.line, cells))??;
        let is_new = self.claims.take("organization", record.id.0);
        self.claims.settle(true);
        if is_new { Ok(record) } else { Err(RowError::repeated(row.line, &record.source_id)) }
    }
}

impl Iterator for PlainReader {
    type Item = Result<Record, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.table.advance().map(|there| there.and_then(|()| self.record()))
    }
}

/// Whether the children of a record need ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChildIds {
    /// To be stored: derived from where they came from.
    Derived,
    /// To be compared only: nil.
    Left,
}

/// How rows are read: one organization each, whatever kind of file they stand in.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) columns: Columns,
    pub(crate) options: ReadOptions,
    pub(crate) children: ChildIds,
}

impl Layout {
    /// The organization of a row; `line` is for messages.
    pub(crate) fn record(&self, line: u64, cells: &[&str]) -> Result<Record, RowError> {
        let cells = Cells { columns: &self.columns, line, cells };
        let source_id = cells.required(Column::Id)?.to_owned();
        let source = cells.get(Column::Source).unwrap_or(&self.options.source).to_owned();
        let id = id_of(&source, "organization", &source_id);
        let ids = RowIds { source: &source, id: &source_id, children: self.children };
        let organization = cells.organization(&ids)?;
        Ok(Record { id: id.into(), source, source_id, created_at: self.options.created_at, organization })
    }
}

/// Splits a cell with several values at `|`, or else at `;`.
fn split_list(text: &str) -> Vec<String> {
    let delimiter = if text.contains('|') { '|' } else { ';' };
    text.split(delimiter).filter_map(tidy).collect()
}

/// The reverse of [`split_list`].
pub(crate) fn join_list<'a>(values: impl Iterator<Item = &'a str> + Clone) -> String {
    if values.clone().any(|value| value.contains(';')) {
        // The last delimiter keeps a single value with a semicolon whole.
        return values.map(|value| format!("{value} |")).collect::<Vec<_>>().join(" ");
    }
    values.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::{join_list, split_list};

    #[test]
    fn a_list_comes_back_from_its_cell() {
        for list in [&["a", "b"][..], &["a; b"], &["a; b", "c"], &["a"], &[]] {
            assert_eq!(split_list(&join_list(list.iter().copied())), list);
        }
        assert_eq!(split_list("food pantry; ;  worship"), ["food pantry", "worship"]);
        assert_eq!(split_list("a;b|c"), ["a;b", "c"]);
    }
}
