//! Rows in memory: one that is being read, and many end to end.

/// One row, its fields end to end.
#[derive(Debug, Default)]
pub(crate) struct Row {
    /// The physical line that it starts on.
    pub(crate) line: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) ends: Vec<usize>,
}

/// A row somewhere in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowRef<'a> {
    /// The physical line that it starts on.
    pub(crate) line: u64,
    bytes: &'a [u8],
    ends: &'a [usize],
}

impl<'a> RowRef<'a> {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let bytes = self.bytes;
        self.spans().map(move |span| bytes.get(span).unwrap_or_default())
    }

    /// The fields as text: all of them at once, which is quick, or none of those that then need a closer look.
    pub(crate) fn texts(&self) -> impl Iterator<Item = Option<&'a str>> + use<'a> {
        let whole = std::str::from_utf8(self.bytes).ok().filter(|_| !self.bytes.contains(&0));
        self.spans().map(move |span| whole?.get(span))
    }

    fn spans(&self) -> impl Iterator<Item = std::ops::Range<usize>> + use<'a> {
        let mut start = 0;
        self.ends.iter().map(move |&end| std::mem::replace(&mut start, end)..end)
    }
}

/// What rows take, with some to spare: the next ones are much like the last.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Room {
    bytes: usize,
    ends: usize,
    rows: usize,
}

/// Rows end to end.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Per row: its line, and how far its bytes and fields go.
    rows: Vec<(u64, usize, usize)>,
}

impl Rows {
    /// None yet, with room for so much.
    pub(crate) fn with_room(room: Room) -> Self {
        Self {
            bytes: Vec::with_capacity(room.bytes),
            ends: Vec::with_capacity(room.ends),
            rows: Vec::with_capacity(room.rows),
        }
    }

    pub(crate) fn room(&self) -> Room {
        let spare = |length: usize| length + length / 8;
        Room { bytes: spare(self.bytes.len()), ends: spare(self.ends.len()), rows: self.rows.len() }
    }

    pub(crate) fn push(&mut self, row: RowRef<'_>) {
        self.bytes.extend_from_slice(row.bytes);
        self.ends.extend_from_slice(row.ends);
        self.rows.push((row.line, self.bytes.len(), self.ends.len()));
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = RowRef<'_>> {
        let mut start = (0, 0);
        self.rows.iter().map(move |&(line, bytes, ends)| {
            let (first_byte, first_end) = std::mem::replace(&mut start, (bytes, ends));
            RowRef { line, bytes: &self.bytes[first_byte..bytes], ends: &self.ends[first_end..ends] }
        })
    }
}

impl Row {
    pub(crate) fn as_ref(&self) -> RowRef<'_> {
        RowRef { line: self.line, bytes: &self.bytes, ends: &self.ends }
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn clear(&mut self, line: u64) {
        self.line = line;
        self.bytes.clear();
        self.ends.clear();
    }

    pub(super) fn field_start(&self) -> usize {
        self.ends.last().copied().unwrap_or_default()
    }

    pub(super) fn is_blank(&self) -> bool {
        self.bytes.iter().all(|byte| *byte == b' ') && self.ends.len() <= 1
    }
}
