//! A delimiter-separated file with a header: rows of text, each checked against the header.

use crate::error::{Error, RowError};
use crate::scanner::{Row, RowRef, Scanned, Scanner};
use crate::text::{decode, excerpt};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Long enough to see the whole header when guessing the delimiter.
const BUFFER_BYTES: usize = 64 << 10;

/// An open table, its header read.
#[derive(Debug)]
pub(crate) struct Table {
    scanner: Scanner<BufReader<File>>,
    row: Row,
    shape: Shape,
    ended: bool,
}

/// What every row of a table is checked against.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    header: Vec<String>,
}

/// One row, as many cells as the header has, untrimmed.
#[derive(Debug)]
pub(crate) struct TableRow {
    /// The physical line that it starts on.
    pub(crate) line: u64,
    /// One per column.
    pub(crate) cells: Vec<String>,
}

impl Table {
    /// Opens the file and reads its header.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(Error::read(path))?;
        let mut input = BufReader::with_capacity(BUFFER_BYTES, file);
        let start = input.fill_buf().map_err(Error::read(path))?;
        refuse_other_formats(start).map_err(|reason| Error::invalid(path, reason))?;
        let mark = if start.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let delimiter = likely_delimiter(start.get(mark..).unwrap_or_default());
        input.consume(mark);
        let mut scanner = Scanner::new(input, delimiter, mark as u64);
        let mut row = Row::default();
        let header = match scanner.next(&mut row).map_err(Error::read(path))? {
            Scanned::Row => header(&row),
            Scanned::Broken { fault, .. } => Err(RowError::at(row.line, fault.message())),
            Scanned::End => Err(RowError::at(1, "the file is empty; it must start with a header line")),
        };
        let header = header.map_err(|reason| Error::invalid(path, reason))?;
        Ok(Self { scanner, row, shape: Shape { header }, ended: false })
    }

    pub(crate) fn header(&self) -> &[String] {
        &self.shape.header
    }

    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.scanner.bytes_read()
    }

    /// Goes to the next row, which [`Self::row`] then is; `None` at the end.
    pub(crate) fn advance(&mut self) -> Option<Result<(), RowError>> {
        if self.ended {
            return None;
        }
        match self.scanner.next(&mut self.row) {
            Err(error) => {
                self.ended = true;
                let message = format!("reading stopped: {error}");
                Some(Err(RowError::at(self.scanner.line(), message)))
            }
            Ok(Scanned::End) => None,
            Ok(Scanned::Broken { column, fault }) => {
                Some(Err(self.shape.error_in(self.row.line, column, fault.message())))
            }
            Ok(Scanned::Row) => Some(Ok(())),
        }
    }

    /// The row at hand, not yet checked.
    pub(crate) fn row(&self) -> RowRef<'_> {
        self.row.as_ref()
    }

    fn next_row(&mut self) -> Result<TableRow, RowError> {
        let line = self.row.line;
        let cells = self
            .shape
            .cells(self.row.as_ref(), |cells| cells.iter().map(|cell| (*cell).to_owned()).collect())?;
        Ok(TableRow { line, cells })
    }
}

impl Shape {
    /// Gives the cells of a row, as many as the header has, untrimmed.
    pub(crate) fn cells<T>(&self, row: RowRef<'_>, take: impl FnOnce(&[&str]) -> T) -> Result<T, RowError> {
        let width = self.header.len();
        let mut cells = Vec::with_capacity(width);
        for (column, text) in row.texts().enumerate() {
            let text = match text {
                Some(text) => text,
                None => self.decode(row, column)?,
            };
            // Spreadsheets leave empty columns on the right.
            if column < width || !text.trim().is_empty() {
                cells.push(text);
            }
        }
        if cells.len() != width {
            let message = format!(
                "the row has {} columns, the header has {width}; is a value that holds the delimiter or a line \
                 end not quoted?",
                row.len(),
            );
            return Err(RowError::at(row.line, message));
        }
        Ok(take(&cells))
    }

    /// A cell of a row that is not text as a whole: it may be, and if not, says why.
    fn decode<'a>(&self, row: RowRef<'a>, column: usize) -> Result<&'a str, RowError> {
        let field = row.fields().nth(column).unwrap_or_default();
        decode(field).map_err(|message| self.error_in(row.line, column, message))
    }

    fn error_in(&self, line: u64, column: usize, message: impl Into<String>) -> RowError {
        let field = self.header.get(column).cloned();
        RowError { field, ..RowError::at(line, message) }
    }
}

impl Iterator for Table {
    type Item = Result<TableRow, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().map(|there| there.and_then(|()| self.next_row()))
    }
}

/// What is no text of one byte per letter is told apart by its first bytes.
pub(crate) fn refuse_other_formats(start: &[u8]) -> Result<(), RowError> {
    let marks: [(&[u8], &str); 5] = [
        (b"\xff\xfe", "the file is UTF-16; save it as UTF-8, or `iconv -f UTF-16 -t UTF-8`"),
        (b"\xfe\xff", "the file is UTF-16; save it as UTF-8, or `iconv -f UTF-16 -t UTF-8`"),
        (b"PK\x03\x04", "the file is a zip archive or an Excel workbook; unpack it or save it as CSV"),
        (b"\x1f\x8b", "the file is compressed with gzip; unpack it first"),
        (b"PAR1", "the file is Parquet, which `dedupe` reads; give CSV or JSON here"),
    ];
    match marks.iter().find(|(mark, _)| start.starts_with(mark)) {
        Some((_, message)) => Err(RowError::at(1, *message)),
        None => Ok(()),
    }
}

/// The one of `,` `;` and tab that stands most often in the first line, outside quotes.
fn likely_delimiter(start: &[u8]) -> u8 {
    let line =
        start.split(|byte| *byte == b'\n' || *byte == b'\r').find(|line| !line.trim_ascii().is_empty());
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for &byte in line.unwrap_or_default() {
        quoted ^= byte == b'"';
        for (delimiter, count) in &mut counts {
            *count += u32::from(!quoted && byte == *delimiter);
        }
    }
    let [comma, semicolon, tab] = counts;
    let most = if semicolon.1 > comma.1 { semicolon } else { comma };
    if tab.1 > most.1 { tab.0 } else { most.0 }
}

fn header(row: &Row) -> Result<Vec<String>, RowError> {
    let mut names: Vec<String> = Vec::with_capacity(row.len());
    for (column, field) in row.as_ref().fields().enumerate() {
        let name = decode(field).map_err(|message| {
            RowError::at(row.line, format!("the header: column {} {message}", column + 1))
        })?;
        let name = match name.trim() {
            "" => format!("column_{}", column + 1),
            name => name.to_owned(),
        };
        if let Some(first) = names.iter().position(|other| *other == name) {
            let message = format!(
                "the header names {} twice, as columns {} and {}; rename one",
                excerpt(&name),
                first + 1,
                column + 1
            );
            return Err(RowError::at(row.line, message));
        }
        names.push(name);
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::likely_delimiter;

    #[test]
    fn the_delimiter_is_seen_in_the_header() {
        assert_eq!(likely_delimiter(b"id,name\n1;2;3;4"), b',');
        assert_eq!(likely_delimiter(b"\nid;name;a,b\n"), b';');
        assert_eq!(likely_delimiter(b"id\tname"), b'\t');
        assert_eq!(likely_delimiter(b"\"a;b;c\",name"), b',');
        assert_eq!(likely_delimiter(b""), b',');
    }
}
