//! All records of a batch, and their keys.

use super::reduced::{ChunkKeys, Entry, Reduced, place};
use super::workers;
use chrono::{DateTime, Utc};
use entity::RecordId;
use scoring::{RecordFeatures, Sketch};
use std::num::NonZero;

/// Records go by their number, in the order of the input.
#[derive(Debug, Default)]
pub struct Batch {
    ids: Vec<RecordId>,
    created_at: Vec<DateTime<Utc>>,
    lines: Vec<u32>,
    /// Ids in the source, end to end.
    names: String,
    name_ends: Vec<u64>,
    /// Numbers by area, those left out not among them: a record's place is where its number stands.
    pub(super) order: Vec<u32>,
    /// Per number, its place; [`OUT`] for a record left out.
    pub(super) places: Vec<u32>,
    /// Features by place, end to end: what is compared lies near.
    features: Vec<u8>,
    feature_ends: Vec<u64>,
    /// By place.
    pub(super) sketches: Vec<Sketch>,
    repeated: Vec<u32>,
}

/// The place of a record that is left out.
pub(super) const OUT: u32 = u32::MAX;

/// The blocking keys of all records; comparing uses them up.
#[derive(Debug)]
pub struct Keys {
    chunks: Vec<(u32, ChunkKeys)>,
}

impl Batch {
    /// All chunks together. Of a record told twice the first telling counts, the others are left out.
    #[must_use]
    pub fn new(chunks: Vec<Reduced>, threads: NonZero<usize>) -> (Self, Keys) {
        let mut batch = Self::default();
        let mut keys = Keys { chunks: Vec::with_capacity(chunks.len()) };
        let mut areas: Vec<u64> = Vec::with_capacity(chunks.iter().map(Reduced::len).sum());
        let mut features = Vec::with_capacity(chunks.len());
        let mut sketches = Vec::with_capacity(chunks.len());
        for chunk in chunks {
            let first = place(batch.ids.len());
            let (names, mut start) = (batch.names.len() as u64, 0);
            for row in &chunk.rows {
                batch.ids.push(row.id);
                batch.created_at.push(row.created_at);
                batch.lines.push(row.line);
                batch.name_ends.push(names + u64::from(row.name_end));
                areas.push(row.area);
                batch.feature_ends.push(u64::from(row.features_end - start));
                start = row.features_end;
            }
            batch.names.push_str(&chunk.names);
            features.push(chunk.features);
            sketches.push(chunk.sketches);
            keys.chunks.push((first, chunk.keys));
        }
        batch.leave_out_repeated();
        batch.arrange(&areas);
        batch.arrange_features(&features, threads);
        batch.arrange_sketches(sketches);
        (batch, keys)
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
        self.ids[number as usize]
    }

    /// When it first arrived.
    #[must_use]
    pub fn created_at(&self, number: u32) -> DateTime<Utc> {
        self.created_at[number as usize]
    }

    /// Changes when it first arrived, which decides whose id a cluster has.
    pub fn set_created_at(&mut self, number: u32, created_at: DateTime<Utc>) {
        self.created_at[number as usize] = created_at;
    }

    /// Where it stands in its file.
    #[must_use]
    pub fn line(&self, number: u32) -> u32 {
        self.lines[number as usize]
    }

    /// Its id in its source.
    #[must_use]
    pub fn source_id(&self, number: u32) -> &str {
        &self.names[span(&self.name_ends, number)]
    }

    /// Tellings of records that were told before: they are left out.
    #[must_use]
    pub fn repeated(&self) -> &[u32] {
        &self.repeated
    }

    /// Reads what is compared of the record at a place.
    pub(super) fn read_features<'a>(&'a self, place: u32, into: &mut RecordFeatures<'a>) {
        let bytes = &self.features[span(&self.feature_ends, place)];
        into.read_bytes(bytes).expect("bytes that this process wrote");
    }

    /// Some of the bytes that are compared of the record at a place, a byte of each stretch that memory brings at once.
    pub(super) fn touch_features(&self, place: u32) -> u8 {
        const STRETCH: usize = 128;
        let bytes = &self.features[span(&self.feature_ends, place)];
        bytes.iter().step_by(STRETCH).fold(0, |sum, byte| sum ^ byte)
    }

    /// The keys of a partition, sorted; records by their places.
    pub(super) fn entries(&self, keys: &Keys, partition: usize) -> Vec<Entry> {
        let parts = keys.chunks.iter().map(|(first, keys)| (*first, keys.partition(partition)));
        let mut entries = Vec::with_capacity(parts.clone().map(|(_, part)| part.len()).sum());
        for (first, part) in parts {
            let placed = part
                .iter()
                .map(|entry| entry.of(self.places[(first + entry.record) as usize]))
                .filter(|entry| entry.record != OUT);
            entries.extend(placed);
        }
        entries.sort_unstable();
        entries
    }

    /// The bytes that the records take, without their keys.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let each =
            size_of::<RecordId>() + size_of::<DateTime<Utc>>() + 3 * size_of::<u32>() + 2 * size_of::<u64>();
        self.ids.len() * each + size_of_val(self.sketches.as_slice()) + self.names.len() + self.features.len()
    }

    fn leave_out_repeated(&mut self) {
        self.places = vec![0; self.ids.len()];
        let mut by_id: Vec<(RecordId, u32)> = self.ids.iter().copied().zip(0..).collect();
        by_id.sort_unstable();
        let repeated = by_id.windows(2).filter(|two| two[0].0 == two[1].0);
        self.repeated = repeated.map(|two| two[1].1).collect();
        for number in &self.repeated {
            self.places[*number as usize] = OUT;
        }
    }

    fn arrange(&mut self, areas: &[u64]) {
        let mut order: Vec<(u64, u32)> =
            self.numbers().map(|number| (areas[number as usize], number)).collect();
        order.sort_unstable();
        self.order = order.into_iter().map(|(_, number)| number).collect();
        for (at, number) in (0..).zip(&self.order) {
            self.places[*number as usize] = at;
        }
    }

    /// Puts the sketches, given in the order of the numbers, in the order of the places.
    fn arrange_sketches(&mut self, chunks: Vec<Box<[Sketch]>>) {
        self.sketches = vec![Sketch::default(); self.order.len()];
        for (place, sketch) in self.places.iter().zip(chunks.into_iter().flatten()) {
            if *place != OUT {
                self.sketches[*place as usize] = sketch;
            }
        }
    }

    /// Puts the features, given in the order of the numbers, in the order of the places.
    fn arrange_features(&mut self, chunks: &[Box<[u8]>], threads: NonZero<usize>) {
        let lengths = std::mem::take(&mut self.feature_ends);
        let mut end = 0;
        let mut ends = Vec::with_capacity(self.order.len());
        ends.extend(self.order.iter().map(|number| {
            end += lengths[*number as usize];
            end
        }));
        self.feature_ends = ends;
        let given = by_number(chunks, &lengths);
        let mut features = vec![0; bound(end)];
        let mut rest = features.as_mut_slice();
        let parts: Vec<_> = (self.order.chunks(RECORDS_IN_ONE_GO))
            .map(|numbers| {
                let length = numbers.iter().map(|number| given[*number as usize].len()).sum();
                let (part, more) = std::mem::take(&mut rest).split_at_mut(length);
                rest = more;
                (numbers, part)
            })
            .collect();
        workers::map(threads, parts.into_iter(), |(numbers, mut part)| {
            for number in numbers {
                let bytes = given[*number as usize];
                let (head, more) = part.split_at_mut(bytes.len());
                head.copy_from_slice(bytes);
                part = more;
            }
        });
        self.features = features;
    }
}

/// Records whose features are put in order in one go.
const RECORDS_IN_ONE_GO: usize = 1 << 14;

/// Per number, its features.
fn by_number<'a>(chunks: &'a [Box<[u8]>], lengths: &[u64]) -> Vec<&'a [u8]> {
    let mut chunks = chunks.iter();
    let mut rest: &[u8] = &[];
    let of_next = |length: &u64| {
        // Features are never empty: when the rest is, the next chunk's begin.
        while rest.is_empty() {
            rest = chunks.next().map(|chunk| &**chunk)?;
        }
        let (bytes, more) = rest.split_at(bound(*length));
        rest = more;
        Some(bytes)
    };
    lengths.iter().map_while(of_next).collect()
}

impl Keys {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.chunks.iter().map(|(_, keys)| keys.len()).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn span(ends: &[u64], at: u32) -> std::ops::Range<usize> {
    let at = at as usize;
    let start = at.checked_sub(1).map_or(0, |before| ends[before]);
    bound(start)..bound(ends[at])
}

fn bound(end: u64) -> usize {
    usize::try_from(end).expect("an end of what is in memory")
}
