//! Open blocks from sorted keys: which records share one, and which blocks a record is in.

use super::records::{Batch, Keys};
use super::reduced::{Entry, PARTITIONS};
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

/// The open blocks of two records or more. Records go by their places.
#[derive(Debug)]
pub(super) struct Blocks {
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

impl Blocks {
    pub(super) fn new(batch: &Batch, keys: Keys, size_max: usize, threads: NonZero<usize>) -> Self {
        let parts = workers::map(threads, 0..PARTITIONS, |partition| {
            part(&batch.entries(&keys, partition), size_max)
        });
        drop(keys);
        let total = parts.iter().map(|part| part.members.len()).sum();
        let mut counts = BlockCounts::default();
        let mut members = Vec::with_capacity(total);
        let mut member_ends = Vec::with_capacity(parts.iter().map(|part| part.sizes.len()).sum());
        for part in parts {
            let mut end = at(members.len());
            members.extend_from_slice(&part.members);
            member_ends.extend(part.sizes.iter().map(|size| {
                end += size;
                end
            }));
            counts.add(&part.counts);
        }
        let mut blocks = Self { members, member_ends, blocks: Vec::new(), block_ends: Vec::new(), counts };
        blocks.invert(batch.len());
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
        let mut start = 0;
        for end in &mut ends {
            start += std::mem::replace(end, start);
        }
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
