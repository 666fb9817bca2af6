//! One JSON value cut out of a stream of bytes, within limits.

use crate::error::RowError;

/// An organization with more is refused.
pub(super) const ELEMENT_BYTES_MAX: usize = 32 << 20;
/// A longer text is refused.
const STRING_BYTES_MAX: usize = 1 << 20;
/// HSDS needs 8; the parser allows 128.
const DEPTH_MAX: usize = 64;

/// One value of the file.
#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) bytes: Vec<u8>,
    /// Where it starts, from 1.
    pub(crate) line: u64,
    /// Where it starts, from 1, in bytes.
    pub(crate) column: u64,
}

pub(super) const TOO_LARGE: &str = "the value is larger than 32 MiB; split it";

#[derive(PartialEq, Eq)]
pub(super) enum Step {
    More,
    Complete,
    Contents,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Watch {
    /// For the `contents` of a page.
    Contents,
    Nothing,
}

/// One value being cut out. Brackets are counted, not matched: that is the parser's part.
pub(super) struct Scan {
    bytes: Vec<u8>,
    line: u64,
    column: u64,
    watch: Watch,
    pub(super) depth: usize,
    in_string: bool,
    is_escaped: bool,
    string_start: usize,
    string_length: usize,
    /// At depth 1: the last string, and whether a colon followed it.
    key: Option<(usize, usize)>,
    is_key: bool,
    problem: Option<&'static str>,
    pub(super) is_discarded: bool,
}

impl Scan {
    pub(super) fn new(line: u64, column: u64, watch: Watch) -> Self {
        Self {
            bytes: Vec::new(),
            line,
            column,
            watch,
            depth: 0,
            in_string: false,
            is_escaped: false,
            string_start: 0,
            string_length: 0,
            key: None,
            is_key: false,
            problem: None,
            is_discarded: false,
        }
    }

    pub(super) fn feed(&mut self, byte: u8) -> Step {
        self.keep(byte);
        if self.in_string {
            return self.feed_string(byte);
        }
        match byte {
            b'"' => {
                self.in_string = true;
                (self.string_start, self.string_length) = (self.bytes.len(), 0);
            }
            b':' if self.depth == 1 => self.is_key = true,
            b',' if self.depth == 1 => (self.key, self.is_key) = (None, false),
            b'{' | b'[' => {
                if byte == b'[' && self.depth == 1 && self.is_contents() {
                    return Step::Contents;
                }
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    self.refuse("the value is nested deeper than 64 levels; HSDS needs 8");
                }
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    return Step::Complete;
                }
            }
            _ => {}
        }
        Step::More
    }

    /// A number or a word in an array ends where something else follows it.
    pub(super) fn ends_before(&self, byte: u8) -> bool {
        self.depth == 0 && !self.in_string && !self.bytes.is_empty() && matches!(byte, b',' | b']' | b'}')
    }

    fn feed_string(&mut self, byte: u8) -> Step {
        self.string_length += 1;
        if self.string_length > STRING_BYTES_MAX {
            self.refuse("a text is longer than 1 MiB; shorten it");
        }
        if self.is_escaped {
            self.is_escaped = false;
        } else if byte == b'\\' {
            self.is_escaped = true;
        } else if byte == b'"' {
            self.in_string = false;
            if self.depth == 1 && !self.is_key {
                self.key = Some((self.string_start, self.bytes.len().saturating_sub(1)));
            }
            if self.depth == 0 {
                return Step::Complete;
            }
        }
        Step::More
    }

    fn is_contents(&self) -> bool {
        let name = self.key.and_then(|(start, end)| self.bytes.get(start..end));
        self.watch == Watch::Contents && self.is_key && name == Some(b"contents")
    }

    fn keep(&mut self, byte: u8) {
        if self.problem.is_none() && !self.is_discarded {
            self.bytes.push(byte);
            if self.bytes.len() > ELEMENT_BYTES_MAX {
                self.refuse(TOO_LARGE);
            }
        }
    }

    /// The rest is read past and not kept.
    fn refuse(&mut self, problem: &'static str) {
        if self.problem.is_none() {
            self.problem = Some(problem);
            self.bytes = Vec::new();
        }
    }

    pub(super) fn element(self) -> Result<Element, RowError> {
        match self.problem {
            Some(problem) => Err(RowError::at(self.line, problem)),
            None => Ok(Element { bytes: self.bytes, line: self.line, column: self.column }),
        }
    }

    /// The file ended within the value: say where its syntax broke, if it did before the end.
    pub(super) fn cut_off(&mut self) -> RowError {
        let (line, column) = (self.line, self.column);
        let element = Element { bytes: std::mem::take(&mut self.bytes), line, column };
        let parsed = serde_json::from_slice::<serde_json::Value>(&element.bytes);
        match parsed {
            Err(error) if self.problem.is_none() && !self.is_discarded && !error.is_eof() => {
                super::syntax_error(&element, &error)
            }
            _ => RowError::at(
                line,
                "the value that starts here is not closed before the file ends; was it cut off?",
            ),
        }
    }
}

/// The limits of an element, for one that came as a line.
pub(super) fn check_line(bytes: Vec<u8>, line: u64) -> Result<Element, RowError> {
    let mut scan = Scan::new(line, 1, Watch::Nothing);
    scan.is_discarded = true;
    for &byte in &bytes {
        scan.feed(byte);
    }
    match scan.problem {
        Some(problem) => Err(RowError::at(line, problem)),
        None => Ok(Element { bytes, line, column: 1 }),
    }
}
