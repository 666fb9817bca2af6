//! Records reduced to what the batch needs of them.

use super::hash::hash;
use chrono::{DateTime, Utc};
use entity::{Record, RecordId};
use scoring::Sketch;

/// How many parts the keys are sorted in: each fits a processor's cache, at ten million records too.
pub(super) const PARTITIONS: usize = 1 << PARTITION_BITS;
const PARTITION_BITS: u32 = 10;

/// A blocking key of a record. Two halves, so that an entry takes 12 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    high: u32,
    low: u32,
    /// The record, counted from its chunk's first; among all, its place.
    pub(super) record: u32,
}

impl Entry {
    #[expect(clippy::cast_possible_truncation, reason = "the halves are what is wanted")]
    fn new(hash: u64, record: u32) -> Self {
        Self { high: (hash >> 32) as u32, low: hash as u32, record }
    }

    pub(super) fn of(self, record: u32) -> Self {
        Self { record, ..self }
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
pub(super) struct Row {
    pub(super) id: RecordId,
    pub(super) created_at: DateTime<Utc>,
    /// Records of one area get near places.
    pub(super) area: u64,
    pub(super) line: u32,
    pub(super) features_end: u32,
    pub(super) name_end: u32,
}

/// Reduces the records of one chunk after the other.
#[derive(Debug, Default)]
pub struct Reducer {
    rows: Vec<Row>,
    sketches: Vec<Sketch>,
    features: Vec<u8>,
    names: String,
    keys: Vec<(u64, u32)>,
    /// The keys of the record at hand.
    own: Vec<u64>,
}

/// The records of a chunk, reduced.
#[derive(Debug)]
pub struct Reduced {
    pub(super) rows: Box<[Row]>,
    pub(super) sketches: Box<[Sketch]>,
    pub(super) features: Box<[u8]>,
    pub(super) names: Box<str>,
    pub(super) keys: ChunkKeys,
}

/// The keys of a chunk's records, by partition.
#[derive(Debug)]
pub(super) struct ChunkKeys {
    entries: Box<[Entry]>,
    ends: Box<[u32]>,
}

impl Reducer {
    /// Takes a record in; `line` is where it stands in its file.
    pub fn push(&mut self, record: &Record, line: u64) {
        let features = scoring::features(record);
        let at = place(self.rows.len());
        self.own.clear();
        scoring::each_blocking_key(&features, |key| self.own.push(hash(key)));
        self.own.sort_unstable();
        self.own.dedup();
        self.keys.extend(self.own.iter().map(|key| (*key, at)));
        self.sketches.push(Sketch::of(&features));
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
        starts(&mut ends);
        let mut parted = vec![Entry::default(); self.keys.len()];
        for entry in entries {
            let end = &mut ends[entry.partition()];
            parted[*end as usize] = entry;
            *end += 1;
        }
        self.keys.clear();
        let reduced = Reduced {
            rows: self.rows.as_slice().into(),
            sketches: self.sketches.as_slice().into(),
            features: self.features.as_slice().into(),
            names: self.names.as_str().into(),
            keys: ChunkKeys { entries: parted.into(), ends: ends.into() },
        };
        self.rows.clear();
        self.sketches.clear();
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

    pub(super) fn feature_bytes(&self) -> usize {
        self.features.len()
    }

    /// The bytes that it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let keys = size_of_val(&*self.keys.entries) + size_of_val(&*self.keys.ends);
        size_of_val(&*self.rows)
            + size_of_val(&*self.sketches)
            + self.features.len()
            + self.names.len()
            + keys
    }
}

impl ChunkKeys {
    pub(super) fn partition(&self, partition: usize) -> &[Entry] {
        let start = partition.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.entries[start as usize..self.ends[partition] as usize]
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

pub(super) fn place(at: usize) -> u32 {
    u32::try_from(at).expect("a batch has fewer than four billion records, a chunk less than 4 GiB")
}

/// Counts become where each one's own begin, one after the other; how many there are of all.
pub(super) fn starts(counts: &mut [u32]) -> u32 {
    counts.iter_mut().fold(0, |start: u32, count| {
        let own = std::mem::replace(count, start);
        start
            .checked_add(own)
            .expect("a batch has fewer than four billion keys in open blocks, or in a chunk")
    })
}
