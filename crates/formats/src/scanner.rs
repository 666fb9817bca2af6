//! Splits delimiter-separated bytes into rows.
//!
//! Written here and not taken from the `csv` crate, because three promises need it: a field of any size costs
//! bounded memory, an open quote costs one row and not the rest of the file, and lines are counted as an
//! editor counts them.

mod rows;

pub(crate) use rows::{Room, Row, RowRef, Rows};

use std::io::{self, BufRead, Seek, SeekFrom};

/// A longer field is refused.
pub(crate) const FIELD_BYTES_MAX: usize = 1 << 20;
/// A row with more is refused.
const ROW_BYTES_MAX: usize = 16 << 20;
/// A row with more is refused.
const COLUMNS_MAX: usize = 4096;

const QUOTE: u8 = b'"';

/// What stands next in the file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Scanned {
    /// A row, now in the buffer that was passed.
    Row,
    /// A row that is left out; `column` counts from 0.
    Broken {
        /// Where it was seen.
        column: usize,
        /// What is wrong.
        fault: Fault,
    },
    /// The end of the file.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    OpenQuote,
    TextAfterQuote,
    FieldTooLong,
    RowTooLong,
}

impl Fault {
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::OpenQuote => {
                "a quotation mark is opened and not closed; close it, or double the quotation marks inside a \
                 quoted value"
            }
            Self::TextAfterQuote => {
                "text follows a closing quotation mark; double the quotation marks inside a quoted value"
            }
            Self::FieldTooLong => "the value is longer than 1 MiB; shorten it",
            Self::RowTooLong => "the row has over 4,096 columns or 16 MiB; is a line end missing?",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    FieldStart,
    Unquoted,
    Quoted,
    /// A quotation mark inside quotes: the end, or half of a doubled one.
    QuoteInQuoted,
    /// Blanks between a closing quotation mark and the delimiter.
    AfterQuote,
    /// The rest of a broken line.
    Skip,
}

/// Where reading goes on when a quotation mark turns out never to be closed.
#[derive(Clone, Copy)]
struct Place {
    offset: u64,
    line: u64,
    after_cr: bool,
}

impl Progress {
    /// How many bytes may be taken as they are: up to the next that means something, and only well within a
    /// field's limits.
    fn plain(&self, bytes: &[u8], delimiter: u8, row: &Row) -> usize {
        let field = row.bytes.len() - row.field_start();
        let most = FIELD_BYTES_MAX.saturating_sub(field).min(ROW_BYTES_MAX.saturating_sub(row.bytes.len()));
        let end = match self.state {
            _ if self.fault.is_some() => return 0,
            State::Unquoted => delimiter,
            State::Quoted => QUOTE,
            State::FieldStart | State::QuoteInQuoted | State::AfterQuote | State::Skip => return 0,
        };
        let bytes = &bytes[..bytes.len().min(most)];
        let meaning = |byte: &u8| *byte == end || *byte == b'\n' || *byte == b'\r';
        bytes.iter().position(meaning).unwrap_or(bytes.len())
    }
}

struct Progress {
    state: State,
    fault: Option<(usize, Fault)>,
    /// Just behind the first line end inside quotes.
    next_line: Option<Place>,
    quoted: bool,
}

/// Reads rows off a seekable input.
#[derive(Debug)]
pub(crate) struct Scanner<R> {
    input: R,
    delimiter: u8,
    offset: u64,
    line: u64,
    after_cr: bool,
}

impl<R: BufRead + Seek> Scanner<R> {
    /// `offset` is where `input` stands now.
    pub(crate) fn new(input: R, delimiter: u8, offset: u64) -> Self {
        Self { input, delimiter, offset, line: 1, after_cr: false }
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.offset
    }

    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// The next row that is not blank.
    pub(crate) fn next(&mut self, row: &mut Row) -> io::Result<Scanned> {
        loop {
            let scanned = self.next_line(row)?;
            let blank = matches!(scanned, Some((Scanned::Row, false))) && row.is_blank();
            if !blank {
                return Ok(scanned.map_or(Scanned::End, |(scanned, _)| scanned));
            }
        }
    }

    /// The next row and whether a field of it was quoted; `None` at the end.
    fn next_line(&mut self, row: &mut Row) -> io::Result<Option<(Scanned, bool)>> {
        row.clear(self.line);
        let mut progress = Progress { state: State::FieldStart, fault: None, next_line: None, quoted: false };
        let mut begun = false;
        loop {
            let chunk = self.input.fill_buf()?;
            if chunk.is_empty() {
                return if begun { self.finish(&progress, row, AtEnd::Yes).map(Some) } else { Ok(None) };
            }
            let mut used = 0;
            let mut ended = false;
            let mut cursor = Cursor {
                delimiter: self.delimiter,
                offset: self.offset,
                line: self.line,
                after_cr: self.after_cr,
            };
            while let Some(&byte) = chunk.get(used) {
                let plain = progress.plain(&chunk[used..], self.delimiter, row);
                if plain > 0 {
                    row.bytes.extend_from_slice(&chunk[used..used + plain]);
                    used += plain;
                    cursor.skip(plain);
                    continue;
                }
                used += 1;
                let skipped = !begun && byte == b'\n' && cursor.after_cr;
                ended = cursor.feed(byte, &mut progress, row);
                begun |= !skipped;
                if !begun {
                    row.line = cursor.line;
                }
                if ended {
                    break;
                }
            }
            (self.offset, self.line, self.after_cr) = (cursor.offset, cursor.line, cursor.after_cr);
            self.input.consume(used);
            if ended {
                return self.finish(&progress, row, AtEnd::No).map(Some);
            }
        }
    }

    fn finish(&mut self, progress: &Progress, row: &mut Row, at_end: AtEnd) -> io::Result<(Scanned, bool)> {
        let open = at_end == AtEnd::Yes && progress.state == State::Quoted;
        let fault = if open { Some((row.ends.len(), Fault::OpenQuote)) } else { progress.fault };
        if let Some((column, fault)) = fault {
            if fault == Fault::OpenQuote
                && let Some(place) = progress.next_line
            {
                self.input.seek(SeekFrom::Start(place.offset))?;
                (self.offset, self.line, self.after_cr) = (place.offset, place.line, place.after_cr);
            }
            return Ok((Scanned::Broken { column, fault }, progress.quoted));
        }
        if at_end == AtEnd::Yes {
            row.ends.push(row.bytes.len());
        }
        Ok((Scanned::Row, progress.quoted))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum AtEnd {
    Yes,
    No,
}

/// The place in the file while a chunk is borrowed.
struct Cursor {
    delimiter: u8,
    offset: u64,
    line: u64,
    after_cr: bool,
}

impl Cursor {
    /// Goes over bytes that end no line.
    fn skip(&mut self, bytes: usize) {
        self.offset += bytes as u64;
        self.after_cr = false;
    }

    /// Takes one byte; true when the row has ended.
    fn feed(&mut self, byte: u8, progress: &mut Progress, row: &mut Row) -> bool {
        let second_half = byte == b'\n' && self.after_cr;
        let line_end = (byte == b'\n' || byte == b'\r') && !second_half;
        self.offset += 1;
        self.after_cr = byte == b'\r';
        self.line += u64::from(line_end);
        if progress.state == State::Quoted {
            self.feed_quoted(byte, line_end, progress, row);
            return false;
        }
        if second_half {
            return false;
        }
        if line_end {
            if progress.state != State::Skip {
                end_field(progress, row);
            }
            return true;
        }
        self.feed_unquoted(byte, progress, row)
    }

    fn feed_quoted(&self, byte: u8, line_end: bool, progress: &mut Progress, row: &mut Row) {
        if byte == QUOTE {
            progress.state = State::QuoteInQuoted;
            return;
        }
        if line_end && progress.next_line.is_none() {
            progress.next_line =
                Some(Place { offset: self.offset, line: self.line, after_cr: self.after_cr });
        }
        push(byte, progress, row);
    }

    /// A byte outside quotes that ends no line; true when the row is given up.
    fn feed_unquoted(&self, byte: u8, progress: &mut Progress, row: &mut Row) -> bool {
        match progress.state {
            State::Skip => {}
            _ if byte == self.delimiter => {
                end_field(progress, row);
                progress.state = State::FieldStart;
            }
            State::FieldStart if byte == QUOTE => {
                row.bytes.truncate(row.field_start());
                progress.state = State::Quoted;
                progress.quoted = true;
            }
            State::FieldStart if byte == b' ' => push(byte, progress, row),
            State::QuoteInQuoted if byte == QUOTE => {
                push(byte, progress, row);
                progress.state = State::Quoted;
            }
            State::QuoteInQuoted | State::AfterQuote if byte == b' ' => progress.state = State::AfterQuote,
            State::QuoteInQuoted | State::AfterQuote => return give_up(progress, row),
            State::FieldStart | State::Unquoted | State::Quoted => {
                push(byte, progress, row);
                progress.state = State::Unquoted;
            }
        }
        false
    }
}

/// Text follows a closing quotation mark. On a later line, the mark was the opening one of another value, and
/// the first one is what was never closed.
fn give_up(progress: &mut Progress, row: &Row) -> bool {
    let fault = if progress.next_line.is_some() { Fault::OpenQuote } else { Fault::TextAfterQuote };
    progress.fault = Some((row.ends.len(), fault));
    progress.state = State::Skip;
    progress.next_line.is_some()
}

fn push(byte: u8, progress: &mut Progress, row: &mut Row) {
    if progress.fault.is_some() {
        return;
    }
    if row.bytes.len() - row.field_start() >= FIELD_BYTES_MAX {
        progress.fault = Some((row.ends.len(), Fault::FieldTooLong));
    } else if row.bytes.len() >= ROW_BYTES_MAX {
        progress.fault = Some((row.ends.len(), Fault::RowTooLong));
    } else {
        row.bytes.push(byte);
    }
}

fn end_field(progress: &mut Progress, row: &mut Row) {
    if row.ends.len() < COLUMNS_MAX {
        row.ends.push(row.bytes.len());
    } else if progress.fault.is_none() {
        progress.fault = Some((COLUMNS_MAX, Fault::RowTooLong));
    }
}

#[cfg(test)]
mod tests {
    use super::{FIELD_BYTES_MAX, Fault, Row, Scanned, Scanner};
    use std::io::Cursor;

    /// Every row as `line:field|field`, every fault as `line:!fault@column`.
    fn scan(input: &[u8]) -> Vec<String> {
        let mut scanner = Scanner::new(Cursor::new(input), b',', 0);
        let mut row = Row::default();
        let mut seen = Vec::new();
        loop {
            match scanner.next(&mut row).unwrap() {
                Scanned::End => return seen,
                Scanned::Broken { column, fault } => seen.push(format!("{}:!{fault:?}@{column}", row.line)),
                Scanned::Row => {
                    let fields: Vec<_> = row.as_ref().fields().map(|f| String::from_utf8_lossy(f)).collect();
                    seen.push(format!("{}:{}", row.line, fields.join("|")));
                }
            }
        }
    }

    #[test]
    fn rows_lines_and_quotes() {
        let cases: &[(&str, &[&str])] = &[
            ("a,b\n1,2", &["1:a|b", "2:1|2"]),
            ("a,b\r\n1,2\r\n", &["1:a|b", "2:1|2"]),
            ("a,b\r1,2\r", &["1:a|b", "2:1|2"]),
            ("\n\na\r\n\r\n \nb", &["3:a", "6:b"]),
            ("\"a\n\"\"b\"\"\",c\nd,e", &["1:a\n\"b\"|c", "3:d|e"]),
            ("a, \"b\" ,c", &["1:a|b|c"]),
            ("5\" pipe,x", &["1:5\" pipe|x"]),
            ("\"\"\n", &["1:"]),
            ("a,", &["1:a|"]),
            ("", &[]),
        ];
        for (input, expected) in cases {
            assert_eq!(scan(input.as_bytes()), *expected, "{input:?}");
        }
    }

    #[test]
    fn an_open_quote_costs_one_row() {
        let cases: &[(&str, &[&str])] = &[
            ("1,\"a\n2,b\n3,c\n", &["1:!OpenQuote@1", "2:2|b", "3:3|c"]),
            ("1,\"a\r\n2,\"b\",c\r\n3,d\r\n", &["1:!OpenQuote@1", "2:2|b|c", "3:3|d"]),
            ("1,\"a\"b,c\n2,d", &["1:!TextAfterQuote@1", "2:2|d"]),
            ("1,\"a", &["1:!OpenQuote@1"]),
        ];
        for (input, expected) in cases {
            assert_eq!(scan(input.as_bytes()), *expected, "{input:?}");
        }
    }

    #[test]
    fn a_huge_field_costs_one_row_and_little_memory() {
        for quote in ["", "\""] {
            let huge = "x".repeat(10 * FIELD_BYTES_MAX);
            let input = format!("1,{quote}{huge}{quote},z\n2,b\n");
            let mut scanner = Scanner::new(Cursor::new(input.as_bytes()), b',', 0);
            let mut row = Row::default();
            let broken = Scanned::Broken { column: 1, fault: Fault::FieldTooLong };
            assert_eq!(scanner.next(&mut row).unwrap(), broken);
            assert!(row.bytes.capacity() <= 2 * FIELD_BYTES_MAX + 64);
            assert_eq!(scanner.next(&mut row).unwrap(), Scanned::Row);
            assert_eq!((row.line, row.len()), (2, 2));
        }
    }
}
