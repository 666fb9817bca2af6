//! Open blocks from sorted keys: which records share one, and which blocks a record is in.

use super::records::OUT;
use super::reduced::{ChunkKeys, Entry, PARTITIONS, starts};
use super::workers;
use std::num::NonZero;

/// How many blocks there were, and what closing the large ones left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct BlockCounts {
    /// Keys that records have, each once a record.
    pub keys: u64,
    /// Blocks of two records or more that are used.
    pub open: u64,
    /// Blocks that are too large.
    pub closed: u64,
    /// Records of the largest closed one.
    pub largest: u64,
}

/// The blocking keys of all records.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// Each with the number of its first record.
    chunks: Vec<(u32, ChunkKeys)>,
}

/// The open blocks of two records or more. Records go by their places.
#[derive(Debug)]
pub struct Blocks {
    /// Of one block after the other, ascending within each.
    members: Vec<u32>,
    member_ends: Vec<u32>,
    /// The blocks of one record after the other.
    blocks: Vec<u32>,
    block_ends: Vec<u32>,
    pub(super) counts: BlockCounts,
}

/// The open blocks of one partition.
#[derive(Debug, Default)]
struct Part {
    members: Vec<u32>,
    sizes: Vec<u32>,
    counts: BlockCounts,
}

impl Keys {
    pub(super) fn push(&mut self, first: u32, keys: ChunkKeys) {
        self.chunks.push((first, keys));
    }

    /// Those of a partition, sorted; records by their places.
    fn entries(&self, places: &[u32], partition: usize) -> Vec<Entry> {
        let parts = self.chunks.iter().map(|(first, keys)| (*first, keys.partition(partition)));
        let mut entries = Vec::with_capacity(parts.clone().map(|(_, part)| part.len()).sum());
        for (first, part) in parts {
            let placed = part
                .iter()
                .map(|entry| entry.of(places[(first + entry.record) as usize]))
                .filter(|entry| entry.record != OUT);
            entries.extend(placed);
        }
        entries.sort_unstable();
        entries
    }
}

impl Blocks {
    /// Of the keys of records, whose places are given by their numbers.
    pub(super) fn new(keys: Keys, places: &[u32], size_max: usize, threads: NonZero<usize>) -> Self {
        let parts = workers::map(threads, 0..PARTITIONS, |partition| {
            part(&keys.entries(places, partition), size_max)
        });
        drop(keys);
        let mut counts = BlockCounts::default();
        parts.iter().for_each(|part| counts.add(&part.counts));
        let (members, member_ends) = in_order(&parts, places.len());
        drop(parts);
        let mut blocks = Self { members, member_ends, blocks: Vec::new(), block_ends: Vec::new(), counts };
        blocks.invert(places.len());
        blocks
    }

    /// The blocks of a record.
    pub(super) fn of(&self, record: u32) -> &[u32] {
        slice(&self.blocks, &self.block_ends, record)
    }

    /// The records of a block, ascending.
    pub(super) fn members(&self, block: u32) -> &[u32] {
        slice(&self.members, &self.member_ends, block)
    }

    fn invert(&mut self, records: usize) {
        let mut ends = vec![0u32; records];
        for member in &self.members {
            ends[*member as usize] += 1;
        }
        starts(&mut ends);
        let mut blocks = vec![0u32; self.members.len()];
        for block in 0..at(self.member_ends.len()) {
            for member in slice(&self.members, &self.member_ends, block) {
                let end = &mut ends[*member as usize];
                blocks[*end as usize] = block;
                *end += 1;
            }
        }
        (self.blocks, self.block_ends) = (blocks, ends);
    }
}

/// The blocks of all parts by their first members: those of records that lie near lie near, too.
fn in_order(parts: &[Part], records: usize) -> (Vec<u32>, Vec<u32>) {
    let (mut numbers, mut ends) = (vec![0; records], vec![0; records]);
    for block in parts.iter().flat_map(Part::blocks) {
        numbers[block[0] as usize] += 1;
        ends[block[0] as usize] += at(block.len());
    }
    let (blocks, members) = (starts(&mut numbers), starts(&mut ends));
    let (mut member_ends, mut in_order) = (vec![0; blocks as usize], vec![0; members as usize]);
    for block in parts.iter().flat_map(Part::blocks) {
        let (number, end) = (&mut numbers[block[0] as usize], &mut ends[block[0] as usize]);
        let start = *end as usize;
        in_order[start..start + block.len()].copy_from_slice(block);
        *end += at(block.len());
        member_ends[*number as usize] = *end;
        *number += 1;
    }
    (in_order, member_ends)
}

impl Part {
    fn blocks(&self) -> impl Iterator<Item = &[u32]> {
        let mut rest = self.members.as_slice();
        self.sizes.iter().map(move |size| {
            let (block, more) = rest.split_at(*size as usize);
            rest = more;
            block
        })
    }
}

fn part(entries: &[Entry], size_max: usize) -> Part {
    let mut part = Part::default();
    part.counts.keys = entries.len() as u64;
    for block in entries.chunk_by(Entry::same_key) {
        if block.len() > size_max {
            part.counts.closed += 1;
            part.counts.largest = part.counts.largest.max(block.len() as u64);
        } else if block.len() > 1 {
            part.counts.open += 1;
            part.members.extend(block.iter().map(|entry| entry.record));
            part.sizes.push(at(block.len()));
        }
    }
    part
}

impl BlockCounts {
    fn add(&mut self, other: &Self) {
        self.keys += other.keys;
        self.open += other.open;
        self.closed += other.closed;
        self.largest = self.largest.max(other.largest);
    }
}

fn slice<'a>(values: &'a [u32], ends: &[u32], at: u32) -> &'a [u32] {
    let at = at as usize;
    let start = at.checked_sub(1).map_or(0, |before| ends[before]);
    &values[start as usize..ends[at] as usize]
}

fn at(length: usize) -> u32 {
    u32::try_from(length).expect("a batch has fewer than four billion memberships in open blocks")
}
