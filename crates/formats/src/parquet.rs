//! Parquet: rows of text coming in, pairs going out. Without Arrow, which is five times as much to build.

use crate::error::{Error, RowError};
use crate::pairs::PairRow;
use parquet::basic::Compression;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use parquet::schema::parser::parse_message_type;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// A Parquet file being read.
pub(crate) struct ParquetTable {
    header: Vec<String>,
    rows: RowIter<'static>,
    read: u64,
    total: u64,
    length: u64,
}

impl std::fmt::Debug for ParquetTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetTable").field("header", &self.header).finish_non_exhaustive()
    }
}

impl ParquetTable {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let invalid = |error: ParquetError| Error::invalid(path, RowError::at(1, message(&error)));
        let file = File::open(path).map_err(Error::read(path))?;
        let length = file.metadata().map_err(Error::read(path))?.len();
        let reader = SerializedFileReader::new(file).map_err(invalid)?;
        let about = reader.metadata().file_metadata();
        let columns = about.schema_descr().root_schema().get_fields();
        let header = columns.iter().map(|column| column.name().to_owned()).collect();
        let total = u64::try_from(about.num_rows()).unwrap_or(0);
        let rows = RowIter::from_file_into(Box::new(reader));
        Ok(Self { header, rows, read: 0, total, length })
    }

    pub(crate) fn header(&self) -> &[String] {
        &self.header
    }

    /// How far reading is, in bytes of the file's length, by the rows.
    pub(crate) fn bytes_read(&self) -> u64 {
        let share = u128::from(self.length) * u128::from(self.read) / u128::from(self.total.max(1));
        u64::try_from(share).unwrap_or(self.length)
    }
}

impl Iterator for ParquetTable {
    type Item = (u64, Result<Vec<String>, RowError>);

    /// The next row's number, from 1, and its cells.
    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next()?;
        self.read += 1;
        let row = row.map_err(|error| RowError::at(self.read, message(&error)));
        Some((self.read, row.and_then(|row| cells(self.read, &row))))
    }
}

fn message(error: &ParquetError) -> String {
    format!("the Parquet file cannot be read: {error}; snappy, gzip and no compression are understood")
}

fn cells(number: u64, row: &Row) -> Result<Vec<String>, RowError> {
    let cell = |(name, field): (&String, &Field)| {
        text(field).ok_or_else(|| {
            RowError::in_field(number, name, "the value is neither text, a number nor a list of them")
        })
    };
    row.get_column_iter().map(cell).collect()
}

/// A value as a cell of plain CSV would say it.
fn text(field: &Field) -> Option<String> {
    Some(match field {
        Field::Null => String::new(),
        Field::Str(text) => text.clone(),
        Field::Bytes(bytes) => std::str::from_utf8(bytes.data()).ok()?.to_owned(),
        Field::ListInternal(list) => {
            let values: Option<Vec<String>> = list.elements().iter().map(text).collect();
            values?.join(" | ")
        }
        Field::Group(_) | Field::MapInternal(_) => return None,
        number => number.to_string(),
    })
}

/// Pairs of a row group, by column.
#[derive(Debug, Default)]
struct Columns {
    left: Vec<ByteArray>,
    right: Vec<ByteArray>,
    weight: Vec<f64>,
    probability: Vec<f64>,
    same_cluster: Vec<bool>,
    evidence: Vec<ByteArray>,
}

/// Pairs of a row group.
const GROUP_ROWS: usize = 1 << 17;

/// A Parquet file of pairs being written.
pub(crate) struct ParquetPairs<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    columns: Columns,
}

const SCHEMA: &str = "message pairs {
    REQUIRED BYTE_ARRAY left_id (STRING);
    REQUIRED BYTE_ARRAY right_id (STRING);
    REQUIRED DOUBLE weight;
    REQUIRED DOUBLE probability;
    REQUIRED BOOLEAN same_cluster;
    REQUIRED BYTE_ARRAY evidence (STRING);
}";

impl<W: Write + Send> ParquetPairs<W> {
    pub(crate) fn new(out: W) -> io::Result<Self> {
        let schema = parse_message_type(SCHEMA).map_err(io::Error::other)?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let writer = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties));
        Ok(Self { writer: writer.map_err(io::Error::other)?, columns: Columns::default() })
    }

    pub(crate) fn write(&mut self, pair: &PairRow<'_>) -> io::Result<()> {
        let columns = &mut self.columns;
        columns.left.push(pair.left_id.into());
        columns.right.push(pair.right_id.into());
        columns.weight.push(pair.weight);
        columns.probability.push(pair.probability);
        columns.same_cluster.push(pair.same_cluster);
        columns.evidence.push(pair.evidence.into());
        if columns.left.len() >= GROUP_ROWS { self.write_group() } else { Ok(()) }
    }

    pub(crate) fn finish(mut self) -> io::Result<W> {
        if !self.columns.left.is_empty() {
            self.write_group()?;
        }
        self.writer.into_inner().map_err(io::Error::other)
    }

    fn write_group(&mut self) -> io::Result<()> {
        let columns = std::mem::take(&mut self.columns);
        let mut write = || -> Result<(), ParquetError> {
            let mut group = self.writer.next_row_group()?;
            column::<ByteArrayType, W>(&mut group, &columns.left)?;
            column::<ByteArrayType, W>(&mut group, &columns.right)?;
            column::<DoubleType, W>(&mut group, &columns.weight)?;
            column::<DoubleType, W>(&mut group, &columns.probability)?;
            column::<BoolType, W>(&mut group, &columns.same_cluster)?;
            column::<ByteArrayType, W>(&mut group, &columns.evidence)?;
            group.close().map(|_| ())
        };
        write().map_err(io::Error::other)
    }
}

fn column<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
) -> Result<(), ParquetError> {
    let next = group.next_column()?;
    let mut column = next.ok_or_else(|| ParquetError::General("the schema has fewer columns".to_owned()))?;
    column.typed::<T>().write_batch(values, None, None)?;
    column.close()
}
