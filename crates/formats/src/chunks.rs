//! Records for comparing, in chunks that threads make records of: cutting a file into rows is one thread's work,
//! everything after is not.

use crate::columns::{ColumnMap, Columns};
use crate::error::{Error, RowError};
use crate::parquet::ParquetTable;
use crate::plain::{ChildIds, Layout};
use crate::read::{Format, ReadOptions, Reader, format_of, read};
use crate::scanner;
use crate::table::{Shape, Table};
use entity::Record;
use std::path::Path;
use std::sync::Arc;

/// Rows of a chunk.
const CHUNK_ROWS: usize = 4096;

/// A file or folder, chunk by chunk, in its order.
#[derive(Debug)]
pub struct Chunks {
    format: Format,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Plain { table: Box<Table>, rules: Arc<Rules>, room: scanner::Room },
    Parquet { table: Box<ParquetTable>, layout: Arc<Layout> },
    Records(Box<Reader>),
}

/// What the rows of a chunk are read by.
#[derive(Debug)]
struct Rules {
    shape: Shape,
    layout: Layout,
}

/// Some rows, not yet records.
#[derive(Debug)]
pub struct Chunk {
    rows: Rows,
    /// How far reading is behind this chunk, in bytes of the file's length; `None` where that is not known.
    pub bytes_read: Option<u64>,
}

#[derive(Debug)]
enum Rows {
    Plain { rows: scanner::Rows, left_out: Vec<RowError>, rules: Arc<Rules> },
    Parquet { rows: Vec<(u64, Result<Vec<String>, RowError>)>, layout: Arc<Layout> },
    Records(Vec<Result<Record, RowError>>),
}

/// Opens what [`read`] opens, for comparing only: children have no ids, columns that are none of ours are left
/// out, and an id that was there before is for the caller to find.
///
/// # Errors
/// When there is nothing to read, or nothing of it can be used.
pub fn chunks(path: &Path, options: &ReadOptions, map: &ColumnMap) -> Result<Chunks, Error> {
    let format = format_of(path)?;
    let layout = |header: &[String]| -> Result<Layout, Error> {
        let columns = Columns::find(header, map).map_err(|reason| Error::invalid(path, reason))?;
        let (columns, options) = (columns.without_extra(), options.clone());
        Ok(Layout { columns, options, children: ChildIds::Left })
    };
    let source = match format {
        Format::PlainCsv => {
            let table = Table::open(path)?;
            let rules = Rules { shape: table.shape().clone(), layout: layout(table.header())? };
            Source::Plain { table: Box::new(table), rules: Arc::new(rules), room: scanner::Room::default() }
        }
        Format::Parquet => {
            let table = ParquetTable::open(path)?;
            let layout = layout(table.header())?;
            Source::Parquet { table: Box::new(table), layout: Arc::new(layout) }
        }
        Format::HsdsCsv | Format::HsdsJson => Source::Records(Box::new(read(path, options)?)),
    };
    Ok(Chunks { format, source })
}

impl Chunks {
    /// What the file was taken for.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }
}

impl Iterator for Chunks {
    type Item = Chunk;

    fn next(&mut self) -> Option<Chunk> {
        let (rows, empty, bytes_read) = match &mut self.source {
            Source::Plain { table, rules, room } => {
                let (mut rows, mut left_out) = (scanner::Rows::with_room(*room), Vec::new());
                while rows.len() + left_out.len() < CHUNK_ROWS
                    && let Some(there) = table.advance()
                {
                    match there {
                        Ok(()) => rows.push(table.row()),
                        Err(problem) => left_out.push(problem),
                    }
                }
                *room = rows.room();
                let empty = rows.len() + left_out.len() == 0;
                (Rows::Plain { rows, left_out, rules: Arc::clone(rules) }, empty, Some(table.bytes_read()))
            }
            Source::Parquet { table, layout } => {
                let rows: Vec<_> = table.by_ref().take(CHUNK_ROWS).collect();
                let empty = rows.is_empty();
                let bytes_read = table.bytes_read();
                (Rows::Parquet { rows, layout: Arc::clone(layout) }, empty, Some(bytes_read))
            }
            Source::Records(reader) => {
                let records: Vec<_> = reader.by_ref().take(CHUNK_ROWS).collect();
                let empty = records.is_empty();
                (Rows::Records(records), empty, reader.bytes_read())
            }
        };
        (!empty).then_some(Chunk { rows, bytes_read })
    }
}

impl Chunk {
    /// How many rows, those that will be left out too.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.rows {
            Rows::Plain { rows, left_out, .. } => rows.len() + left_out.len(),
            Rows::Parquet { rows, .. } => rows.len(),
            Rows::Records(records) => records.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes records of the rows, and gives each with its line, or why it is left out.
    pub fn records(self, mut take: impl FnMut(Result<(u64, Record), RowError>)) {
        match self.rows {
            Rows::Plain { rows, left_out, rules } => {
                left_out.into_iter().for_each(|problem| take(Err(problem)));
                for row in rows.iter() {
                    let read = |cells: &[&str]| rules.layout.record(row.line, cells);
                    let record = rules.shape.cells(row, read).flatten();
                    take(record.map(|record| (row.line, record)));
                }
            }
            Rows::Parquet { rows, layout } => {
                for (number, row) in rows {
                    let record = row.and_then(|row| {
                        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
                        layout.record(number, &cells)
                    });
                    take(record.map(|record| (number, record)));
                }
            }
            // Readers that join or nest do not say where an organization stands; they find repeated ids themselves.
            Rows::Records(records) => {
                records.into_iter().for_each(|record| take(record.map(|record| (0, record))));
            }
        }
    }
}
