//! All records of a batch.

use super::blocks::{Blocks, Keys};
use super::fetch::fetch;
use super::reduced::{Reduced, place};
use super::workers;
use chrono::{DateTime, Utc};
use entity::RecordId;
use scoring::{Model, RecordFeatures, Sketch};
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
    /// Features by place, so many records' in one piece: what is compared lies near.
    features: Vec<Box<[u8]>>,
    /// By place, where in its piece they end.
    feature_ends: Vec<u32>,
    /// By place.
    pub(super) sketches: Vec<Sketch>,
    repeated: Vec<u32>,
}

/// The place of a record that is left out.
pub(super) const OUT: u32 = u32::MAX;

impl Batch {
    /// All chunks together, and which of their records share a block. Of a record told twice the first telling counts,
    /// the others are left out.
    #[must_use]
    pub fn new(chunks: Vec<Reduced>, model: &Model, threads: NonZero<usize>) -> (Self, Blocks) {
        let records = chunks.iter().map(Reduced::len).sum();
        let mut batch = Self {
            ids: Vec::with_capacity(records),
            created_at: Vec::with_capacity(records),
            lines: Vec::with_capacity(records),
            name_ends: Vec::with_capacity(records),
            ..Self::default()
        };
        let mut keys = Keys::default();
        let mut areas: Vec<u64> = Vec::with_capacity(records);
        let mut features = Vec::with_capacity(chunks.len());
        let mut lengths: Vec<u32> = Vec::with_capacity(records);
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
                lengths.push(row.features_end - start);
                start = row.features_end;
            }
            batch.names.push_str(&chunk.names);
            features.push(chunk.features);
            sketches.push(chunk.sketches);
            keys.push(first, chunk.keys);
        }
        batch.leave_out_repeated();
        batch.arrange(&areas);
        // Keys are done with before there are features twice.
        let blocks = Blocks::new(keys, &batch.places, model.block_size_max(), threads);
        batch.arrange_features(&features, &lengths, threads);
        drop(features);
        batch.arrange_sketches(sketches);
        (batch, blocks)
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

    /// Reads ahead the ids of records that will be asked for.
    pub fn fetch_ids(&self, numbers: impl Iterator<Item = u32> + Clone) {
        let ends = numbers.clone().map(|number| self.name_ends[number as usize].to_le_bytes()[0]);
        fetch(numbers.clone().map(|number| self.id(number).0.as_bytes()[0]).chain(ends));
        fetch(numbers.map(|number| self.source_id(number).bytes().next().unwrap_or_default()));
    }

    /// Tellings of records that were told before: they are left out.
    #[must_use]
    pub fn repeated(&self) -> &[u32] {
        &self.repeated
    }

    /// Reads what is compared of the record at a place.
    pub(super) fn read_features<'a>(&'a self, place: u32, into: &mut RecordFeatures<'a>) {
        into.read_bytes(self.features(place)).expect("bytes that this process wrote");
    }

    /// Some of the bytes that are compared of the record at a place, a byte of each stretch that memory brings at once.
    pub(super) fn touch_features(&self, place: u32) -> u8 {
        const STRETCH: usize = 128;
        self.features(place).iter().step_by(STRETCH).fold(0, |sum, byte| sum ^ byte)
    }

    fn features(&self, place: u32) -> &[u8] {
        let (piece, at) = (place as usize / RECORDS_IN_ONE_PIECE, place as usize % RECORDS_IN_ONE_PIECE);
        let start = if at == 0 { 0 } else { self.feature_ends[place as usize - 1] };
        &self.features[piece][start as usize..self.feature_ends[place as usize] as usize]
    }

    /// The bytes that the records take, without their blocks.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let numbers = 4 * size_of::<u32>() + size_of::<u64>();
        let each = size_of::<RecordId>() + size_of::<DateTime<Utc>>() + size_of::<Sketch>() + numbers;
        let features = self.features.iter().map(|piece| piece.len()).sum::<usize>();
        self.ids.len() * each + self.names.len() + features
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
    fn arrange_features(&mut self, chunks: &[Box<[u8]>], lengths: &[u32], threads: NonZero<usize>) {
        let given = by_number(chunks, lengths);
        let given = |number: &u32| given[*number as usize];
        self.features = workers::map(threads, self.order.chunks(RECORDS_IN_ONE_PIECE), |numbers| {
            let mut piece = Vec::with_capacity(numbers.iter().map(|number| given(number).len()).sum());
            numbers.iter().for_each(|number| piece.extend_from_slice(given(number)));
            piece.into_boxed_slice()
        });
        self.feature_ends.reserve_exact(self.order.len());
        for numbers in self.order.chunks(RECORDS_IN_ONE_PIECE) {
            let mut end = 0;
            self.feature_ends.extend(numbers.iter().map(|number| {
                end += lengths[*number as usize];
                end
            }));
        }
    }
}

/// Records whose features are one piece of memory: small enough that an allocator finds its room where the keys of a
/// chunk were.
const RECORDS_IN_ONE_PIECE: usize = 128;

/// Per number, its features.
fn by_number<'a>(chunks: &'a [Box<[u8]>], lengths: &[u32]) -> Vec<&'a [u8]> {
    let mut chunks = chunks.iter();
    let mut rest: &[u8] = &[];
    let of_next = |length: &u32| {
        // Features are never empty: when the rest is, the next chunk's begin.
        while rest.is_empty() {
            rest = chunks.next().map(|chunk| &**chunk)?;
        }
        let (bytes, more) = rest.split_at(*length as usize);
        rest = more;
        Some(bytes)
    };
    lengths.iter().map_while(of_next).collect()
}

fn span(ends: &[u64], at: u32) -> std::ops::Range<usize> {
    let at = at as usize;
    let start = at.checked_sub(1).map_or(0, |before| ends[before]);
    bound(start)..bound(ends[at])
}

fn bound(end: u64) -> usize {
    usize::try_from(end).expect("an end of what is in memory")
}
