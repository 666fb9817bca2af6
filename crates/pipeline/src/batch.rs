//! The batch without services: the same pure code over one file's records.
//!
//! Records are reduced at once to compact features and hashed blocking keys ([`Reducer`]); what stays in memory
//! is some hundreds of bytes each. Then, on all threads: blocks from sorted keys, each pair that shares an open
//! block compared once, components from a union-find, and agglomeration inside each. The answer is the one that
//! the loop reaches record by record, in whatever order and on however many threads.

mod blocks;
mod clusters;
mod components;
mod fetch;
mod hash;
mod memory;
mod pairs;
mod records;
mod reduced;
mod workers;

pub use blocks::{BlockCounts, Blocks};
pub use clusters::{Clusters, Constraints, Members};
pub use memory::MemoryEstimate;
pub use pairs::{Histogram, Pairs, ScoredPair};
pub use records::Batch;
pub use reduced::{Reduced, Reducer};
pub use workers::{gather, map};

use entity::Record;
use resolution::{Group, GroupMember};
use scoring::Model;
use std::num::NonZero;

/// How a batch is run.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// Weights and policy.
    pub model: &'a Model,
    /// How many threads work.
    pub threads: NonZero<usize>,
    /// What stays known of each pair that is kept.
    pub evidence: Evidence,
}

/// What stays known of each pair that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Its weight.
    Weights,
    /// Its levels too: a dozen bytes a pair more.
    Levels,
}

/// Finds the clusters of these records; singletons included.
///
/// The same records, told to the loop one by one in any order, end in the same clusters. Of a record told twice
/// the first telling counts.
#[must_use]
pub fn dedupe(records: &[Record], model: &Model, progress: impl Fn(u64) + Sync) -> Vec<Group> {
    let threads = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    let plan = Plan { model, threads, evidence: Evidence::Weights };
    let chunks = records.chunks(CHUNK_RECORDS);
    let reduced = gather(threads, chunks, |chunk: &[Record], reducer: &mut Reducer| {
        for (line, record) in (1..).zip(chunk) {
            reducer.push(record, line);
        }
    });
    let (batch, blocks) = Batch::new(reduced, model, threads);
    let pairs = batch.pairs(&blocks, &plan, progress);
    let clusters = batch.clusters(&pairs, &Constraints::default(), &plan);
    clusters.iter().map(|members| group(&batch, &members)).collect()
}

/// Records that are reduced in one go.
pub const CHUNK_RECORDS: usize = 4096;

fn group(batch: &Batch, members: &Members<'_>) -> Group {
    let members: Vec<GroupMember> = members
        .iter()
        .map(|(record, probability)| GroupMember { record_id: batch.id(record), probability })
        .collect();
    let probability = members.iter().map(|member| member.probability).fold(1.0, f64::min);
    let id = resolution::cluster_id(members[0].record_id);
    Group { id, members, probability, conflicts: Vec::new() }
}
