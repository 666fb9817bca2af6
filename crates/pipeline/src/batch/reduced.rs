//! Records reduced to what the batch needs of them, and all of them together.

use super::hash::hash;
use chrono::{DateTime, Utc};
use entity::{Record, RecordId};
use scoring::RecordFeatures;

/// How many parts the keys are sorted in: each fits a processor's cache, at ten million records too.
pub(super) const PARTITIONS: usize = 1 << PARTITION_BITS;
const PARTITION_BITS: u32 = 10;

/// A blocking key of a record. Two halves, so that an entry takes 12 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    high: u32,
    low: u32,
    /// The record, counted from its chunk's first.
    pub(super) record: u32,
}

impl Entry {
    #[expect(clippy::cast_possible_truncation, reason = "the halves are what is wanted")]
    fn new(hash: u64, record: u32) -> Self {
        Self { high: (hash >> 32) as u32, low: hash as u32, record }
    }

    fn partition(&self) -> usize {
        (self.high >> (u32::BITS - PARTITION_BITS)) as usize
    }

    pub(super) fn same_key(&self, other: &Self) -> bool {
        (self.high, self.low) == (other.high, other.low)
    }
}

/// What is kept of a record besides its features and keys.
#[derive(Clone, Copy, Debug)]
struct Row {
    id: RecordId,
    created_at: DateTime<Utc>,
    /// Records of one area have near numbers.
    area: u64,
    line: u32,
    features_end: u32,
    name_end: u32,
}

/// Reduces the records of one chunk after the other.
#[derive(Debug, Default)]
pub struct Reducer {
    rows: Vec<Row>,
    features: Vec<u8>,
    names: String,
    keys: Vec<(u64, u32)>,
}

/// The records of a chunk, reduced.
#[derive(Debug)]
pub struct Reduced {
    rows: Box<[Row]>,
    features: Box<[u8]>,
    names: Box<str>,
    /// By partition.
    entries: Box<[Entry]>,
    partition_ends: Box<[u32]>,
}

impl Reducer {
    /// Takes a record in; `line` is where it stands in its file.
    pub fn push(&mut self, record: &Record, line: u64) {
        let features = scoring::features(record);
        let at = place(self.rows.len());
        self.keys.extend(scoring::blocking_keys(&features).iter().map(|key| (hash(key), at)));
        self.features.extend_from_slice(&features.to_bytes());
        self.names.push_str(&record.source_id);
        self.rows.push(Row {
            id: record.id,
            created_at: record.created_at,
            area: area(record),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            features_end: place(self.features.len()),
            name_end: place(self.names.len()),
        });
    }

    /// The records pushed so far; the reducer is empty again.
    pub(super) fn finish(&mut self) -> Reduced {
        let mut ends = vec![0u32; PARTITIONS];
        let entries = self.keys.iter().map(|(hash, record)| Entry::new(*hash, *record));
        for entry in entries.clone() {
            ends[entry.partition()] += 1;
        }
        let mut start = 0;
        for end in &mut ends {
            start += std::mem::replace(end, start);
        }
        let mut parted = vec![Entry::default(); self.keys.len()];
        for entry in entries {
            let end = &mut ends[entry.partition()];
            parted[*end as usize] = entry;
            *end += 1;
        }
        self.keys.clear();
        let reduced = Reduced {
            rows: self.rows.as_slice().into(),
            features: self.features.as_slice().into(),
            names: self.names.as_str().into(),
            entries: parted.into(),
            partition_ends: ends.into(),
        };
        self.rows.clear();
        self.features.clear();
        self.names.clear();
        reduced
    }
}

impl Reduced {
    /// How many records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The bytes that it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.rows)
            + self.features.len()
            + self.names.len()
            + size_of_val(&*self.entries)
            + size_of_val(&*self.partition_ends)
    }

    fn partition(&self, partition: usize) -> &[Entry] {
        let start = partition.checked_sub(1).map_or(0, |before| self.partition_ends[before]);
        &self.entries[start as usize..self.partition_ends[partition] as usize]
    }
}

/// Records go by their number, in the order of the input.
#[derive(Debug)]
pub struct Batch {
    chunks: Vec<Reduced>,
    /// Per chunk, the number of its first record.
    firsts: Vec<u32>,
    /// Per number, the chunk.
    chunk_of: Vec<u32>,
    /// Numbers by area: the places of the records that are in, neighbours near each other.
    pub(super) order: Vec<u32>,
    /// Per number, its place in `order`; [`OUT`] for a record left out.
    pub(super) places: Vec<u32>,
}

/// The place of a record that is left out.
pub(super) const OUT: u32 = u32::MAX;

impl Batch {
    /// All chunks together.
    ///
    /// # Panics
    /// With more than four billion records.
    #[must_use]
    pub fn new(chunks: Vec<Reduced>) -> Self {
        let mut firsts = Vec::with_capacity(chunks.len());
        let mut chunk_of = Vec::with_capacity(chunks.iter().map(Reduced::len).sum());
        for (at, chunk) in chunks.iter().enumerate() {
            firsts.push(place(chunk_of.len()));
            chunk_of.resize(chunk_of.len() + chunk.len(), place(at));
        }
        let mut batch = Self { chunks, firsts, places: vec![0; chunk_of.len()], chunk_of, order: Vec::new() };
        batch.arrange();
        batch
    }

    /// How many records are in, those left out not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether no record is in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The numbers of all records that are in.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        (0..).zip(&self.places).filter(|(_, place)| **place != OUT).map(|(number, _)| number)
    }

    /// The record's id.
    #[must_use]
    pub fn id(&self, number: u32) -> RecordId {
        self.row(number).id
    }

    /// When it first arrived.
    #[must_use]
    pub fn created_at(&self, number: u32) -> DateTime<Utc> {
        self.row(number).created_at
    }

    /// Where it stands in its file.
    #[must_use]
    pub fn line(&self, number: u32) -> u32 {
        self.row(number).line
    }

    /// Its id in its source.
    #[must_use]
    pub fn source_id(&self, number: u32) -> &str {
        let (chunk, at) = self.find(number);
        let start = at.checked_sub(1).map_or(0, |before| chunk.rows[before].name_end);
        &chunk.names[start as usize..chunk.rows[at].name_end as usize]
    }

    /// What is compared of it.
    pub(super) fn features(&self, number: u32) -> RecordFeatures {
        let (chunk, at) = self.find(number);
        let start = at.checked_sub(1).map_or(0, |before| chunk.rows[before].features_end);
        let bytes = &chunk.features[start as usize..chunk.rows[at].features_end as usize];
        RecordFeatures::from_bytes(bytes).expect("bytes that this process wrote")
    }

    /// Changes when records first arrived, which decides whose id a cluster has.
    pub fn set_created_at(&mut self, created_at: impl Fn(u32, &str) -> Option<DateTime<Utc>>) {
        for number in 0..place(self.chunk_of.len()) {
            if let Some(created_at) = created_at(number, self.source_id(number)) {
                let chunk = self.chunk_of[number as usize] as usize;
                self.chunks[chunk].rows[(number - self.firsts[chunk]) as usize].created_at = created_at;
            }
        }
    }

    /// Leaves out all tellings but the last of each record; their numbers, each with the last's.
    pub fn leave_out_repeated(&mut self) -> Vec<(u32, u32)> {
        let mut by_id: Vec<(RecordId, u32)> = self.numbers().map(|number| (self.id(number), number)).collect();
        by_id.sort_unstable();
        let repeated = by_id.windows(2).filter(|two| two[0].0 == two[1].0);
        let repeated: Vec<_> = repeated.map(|two| (two[0].1, two[1].1)).collect();
        if !repeated.is_empty() {
            for (number, _) in &repeated {
                self.places[*number as usize] = OUT;
            }
            self.arrange();
        }
        repeated
    }

    /// The keys of a partition, sorted; records by their places.
    pub(super) fn entries(&self, partition: usize) -> Vec<Entry> {
        let parts = self.chunks.iter().map(|chunk| chunk.partition(partition));
        let mut entries = Vec::with_capacity(parts.clone().map(<[Entry]>::len).sum());
        for (first, part) in self.firsts.iter().zip(parts) {
            let placed = part
                .iter()
                .map(|entry| Entry { record: self.places[(first + entry.record) as usize], ..*entry })
                .filter(|entry| entry.record != OUT);
            entries.extend(placed);
        }
        entries.sort_unstable();
        entries
    }

    /// The bytes that the reduced records take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let reduced: usize = self.chunks.iter().map(Reduced::bytes).sum();
        reduced + (self.chunk_of.len() + self.places.len() + self.order.len()) * size_of::<u32>()
    }

    fn find(&self, number: u32) -> (&Reduced, usize) {
        let chunk = self.chunk_of[number as usize] as usize;
        (&self.chunks[chunk], (number - self.firsts[chunk]) as usize)
    }

    fn row(&self, number: u32) -> &Row {
        let (chunk, at) = self.find(number);
        &chunk.rows[at]
    }

    fn arrange(&mut self) {
        let mut order: Vec<(u64, u32)> =
            self.numbers().map(|number| (self.row(number).area, number)).collect();
        order.sort_unstable();
        self.order = order.into_iter().map(|(_, number)| number).collect();
        for (at, number) in (0..).zip(&self.order) {
            self.places[*number as usize] = at;
        }
    }
}

/// Postcode and town of the first address: what is compared with each other then lies near in memory. It decides
/// nothing.
fn area(record: &Record) -> u64 {
    let mut addresses = record.organization.locations.iter().flat_map(|location| &location.addresses);
    let Some(address) = addresses.next() else { return 0 };
    let parts = [&address.postal_code, &address.city].map(|part| part.as_deref().unwrap_or_default());
    let letters = parts.map(|part| part.bytes().filter(u8::is_ascii_alphanumeric).take(5));
    let mut bytes = [0; 8];
    for (slot, byte) in bytes.iter_mut().zip(letters.into_iter().flatten()) {
        *slot = byte.to_ascii_lowercase();
    }
    u64::from_be_bytes(bytes)
}

fn place(at: usize) -> u32 {
    u32::try_from(at).expect("a batch has fewer than four billion records, a chunk less than 4 GiB")
}
