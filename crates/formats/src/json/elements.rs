//! Cuts a JSON file into its elements without holding more than one, so that neither length nor depth of the
//! input can exhaust memory or stack, and a broken element leaves the next ones whole.

use super::scan::{ELEMENT_BYTES_MAX, Element, Scan, Step, TOO_LARGE, Watch, check_line};
use crate::error::{Error, RowError};
use crate::table::refuse_other_formats;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// The elements of a file.
#[derive(Debug)]
pub(crate) struct Elements {
    input: BufReader<File>,
    mode: Mode,
    offset: u64,
    line: u64,
    column: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Nothing read yet.
    Start,
    /// Values one after the other.
    Stream,
    /// One value a line.
    Lines,
    /// Within an array; whether a comma must come before the next element.
    Array { page: bool, first: bool },
    /// Behind the contents of a page.
    PageEnd,
    /// Nothing more.
    Done,
}

impl Elements {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(Error::read(path))?;
        let mut input = BufReader::with_capacity(64 << 10, file);
        let start = input.fill_buf().map_err(Error::read(path))?;
        refuse_other_formats(start).map_err(|reason| Error::invalid(path, reason))?;
        let mark = if start.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        input.consume(mark);
        let mode = if is_one_a_line(path).map_err(Error::read(path))? { Mode::Lines } else { Mode::Start };
        Ok(Self { input, mode, offset: mark as u64, line: 1, column: 1 })
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.offset
    }

    fn next_element(&mut self) -> Result<Option<Element>, RowError> {
        loop {
            if self.mode == Mode::Lines {
                return self.next_line();
            }
            let Some(byte) = self.peek_solid()? else { return self.end() };
            match (self.mode, byte) {
                (Mode::Done, _) => return Ok(None),
                (Mode::Start, b'[') => {
                    self.bump()?;
                    self.mode = Mode::Array { page: false, first: true };
                }
                (Mode::Array { page, .. }, b']') => {
                    self.bump()?;
                    self.mode = if page { Mode::PageEnd } else { Mode::Stream };
                }
                (Mode::Array { first: false, .. }, b',') => {
                    self.bump()?;
                    let Some(byte) = self.peek_solid()? else { return self.end() };
                    if byte == b']' || byte == b',' {
                        return Err(self.fatal("a value is missing behind a comma"));
                    }
                    return self.next_value().map(Some);
                }
                (Mode::Array { first: false, .. }, _) => {
                    return Err(self.fatal("a comma or `]` is missing between two values"));
                }
                (Mode::Array { page, first: true }, _) => {
                    self.mode = Mode::Array { page, first: false };
                    return self.next_value().map(Some);
                }
                (Mode::PageEnd, _) => {
                    self.skip_page_end()?;
                    self.mode = Mode::Stream;
                }
                (Mode::Start | Mode::Stream | Mode::Lines, b'{') => {
                    if let Some(element) = self.next_object()? {
                        return Ok(Some(element));
                    }
                }
                (Mode::Start | Mode::Stream | Mode::Lines, _) => {
                    return Err(self.fatal("a JSON object or array is expected here"));
                }
            }
        }
    }

    fn end(&mut self) -> Result<Option<Element>, RowError> {
        let mode = std::mem::replace(&mut self.mode, Mode::Done);
        match mode {
            Mode::Start => Err(self.fatal("the file is empty; it must hold an HSDS organization or a list")),
            Mode::Array { .. } | Mode::PageEnd => {
                Err(self.fatal("the file ends before its closing bracket; was it cut off?"))
            }
            Mode::Stream | Mode::Lines | Mode::Done => Ok(None),
        }
    }

    /// An object at the top: an element, or a page, whose contents come one by one (`None`).
    fn next_object(&mut self) -> Result<Option<Element>, RowError> {
        let mut scan = Scan::new(self.line, self.column, Watch::Contents);
        if self.scan(&mut scan)? == Step::Contents {
            self.mode = Mode::Array { page: true, first: true };
            return Ok(None);
        }
        self.mode = Mode::Stream;
        scan.element().map(Some)
    }

    /// An element of an array, of any kind.
    fn next_value(&mut self) -> Result<Element, RowError> {
        if self.peek()? == Some(b'}') {
            return Err(self.fatal("a value is missing"));
        }
        let mut scan = Scan::new(self.line, self.column, Watch::Nothing);
        self.scan(&mut scan)?;
        scan.element()
    }

    /// Skips the fields of a page behind its contents.
    fn skip_page_end(&mut self) -> Result<(), RowError> {
        let mut scan = Scan::new(self.line, self.column, Watch::Nothing);
        scan.depth = 1;
        scan.is_discarded = true;
        self.scan(&mut scan).map(drop)
    }

    /// Reads on until the value is complete, or its contents begin.
    fn scan(&mut self, scan: &mut Scan) -> Result<Step, RowError> {
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) => return Err(self.io_error(&error)),
            };
            if chunk.is_empty() {
                self.mode = Mode::Done;
                return Err(scan.cut_off());
            }
            let mut used = 0;
            let mut step = Step::More;
            for &byte in chunk {
                if scan.ends_before(byte) {
                    step = Step::Complete;
                    break;
                }
                used += 1;
                self.column += 1;
                if byte == b'\n' {
                    (self.line, self.column) = (self.line + 1, 1);
                }
                step = scan.feed(byte);
                if step != Step::More {
                    break;
                }
            }
            self.input.consume(used);
            self.offset += used as u64;
            if step != Step::More {
                return Ok(step);
            }
        }
    }

    /// The next line that is not blank.
    fn next_line(&mut self) -> Result<Option<Element>, RowError> {
        loop {
            let line = self.line;
            let mut bytes = Vec::new();
            let limit = ELEMENT_BYTES_MAX as u64 + 1;
            let read = self.input.by_ref().take(limit).read_until(b'\n', &mut bytes);
            let read = read.map_err(|error| self.io_error(&error))?;
            if read == 0 {
                self.mode = Mode::Done;
                return Ok(None);
            }
            self.offset += read as u64;
            self.line += 1;
            if bytes.len() > ELEMENT_BYTES_MAX {
                self.skip_line()?;
                return Err(RowError::at(line, TOO_LARGE));
            }
            if !bytes.trim_ascii().is_empty() {
                return check_line(bytes, line).map(Some);
            }
        }
    }

    fn skip_line(&mut self) -> Result<(), RowError> {
        loop {
            let chunk = self.input.fill_buf().map_err(|error| RowError::at(self.line, error.to_string()))?;
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(chunk.len(), |end| end + 1);
            let is_done = end.is_some() || chunk.is_empty();
            self.input.consume(used);
            self.offset += used as u64;
            if is_done {
                return Ok(());
            }
        }
    }

    fn peek(&mut self) -> Result<Option<u8>, RowError> {
        let line = self.line;
        let chunk =
            self.input.fill_buf().map_err(|error| RowError::at(line, format!("reading stopped: {error}")));
        match chunk {
            Ok(chunk) => Ok(chunk.first().copied()),
            Err(error) => {
                self.mode = Mode::Done;
                Err(error)
            }
        }
    }

    /// The next byte that is no blank, without taking it.
    fn peek_solid(&mut self) -> Result<Option<u8>, RowError> {
        while let Some(byte) = self.peek()? {
            if !byte.is_ascii_whitespace() {
                return Ok(Some(byte));
            }
            self.bump()?;
        }
        Ok(None)
    }

    fn bump(&mut self) -> Result<Option<u8>, RowError> {
        let byte = self.peek()?;
        if let Some(byte) = byte {
            self.input.consume(1);
            self.offset += 1;
            self.column += 1;
            if byte == b'\n' {
                (self.line, self.column) = (self.line + 1, 1);
            }
        }
        Ok(byte)
    }

    fn fatal(&mut self, message: &str) -> RowError {
        self.mode = Mode::Done;
        let column = self.column;
        RowError::at(
            self.line,
            format!("the JSON is broken at column {column}: {message}; reading ends here"),
        )
    }

    fn io_error(&mut self, error: &io::Error) -> RowError {
        self.mode = Mode::Done;
        RowError::at(self.line, format!("reading stopped: {error}"))
    }
}

impl Iterator for Elements {
    type Item = Result<Element, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_element().transpose()
    }
}

/// Whether each line holds a value of its own: by the file's name, or because the second line starts an object
/// though the first is no page or list that leads up to it.
fn is_one_a_line(path: &Path) -> io::Result<bool> {
    let named = path
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("ndjson") || end.eq_ignore_ascii_case("jsonl"));
    if named {
        return Ok(true);
    }
    let mut start = BufReader::new(File::open(path)?.take(ELEMENT_BYTES_MAX as u64));
    let mut lines = Vec::new();
    let mut line = Vec::new();
    while lines.len() < 2 && start.read_until(b'\n', &mut line)? > 0 {
        let solid = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line).trim_ascii();
        if !solid.is_empty() {
            if lines.is_empty() && !solid.starts_with(b"{") {
                return Ok(false);
            }
            lines.push((solid.len() > 1, solid.first().copied(), solid.last().copied()));
        }
        line.clear();
    }
    let [(is_long, _, last), (_, Some(b'{'), _)] = lines.as_slice() else { return Ok(false) };
    Ok(*is_long && !matches!(last, Some(b'[' | b',' | b':')))
}
