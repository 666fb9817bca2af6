//! What a batch will take of memory, told before it is run.

use super::reduced::Reduced;

/// The memory of a whole batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct MemoryEstimate {
    /// How many records it is for.
    pub records: u64,
    /// The most that it takes at any time, in bytes.
    pub peak: u64,
}

/// What is held of each record besides what [`Reduced::bytes`] counts, while features are put in order; blocks stand
/// where the keys were.
const ARRANGING: u64 = 160;
/// Blocks and kept pairs of each record while pairs are compared: three memberships of four are in open blocks,
/// kept twice in four bytes, and two pairs of twelve bytes are kept, for a moment twice.
const COMPARING: u64 = 200;
/// Program, buffers, decoded features.
const FIXED: u64 = 24 << 20;

impl MemoryEstimate {
    /// The estimate for so many records of which these are some.
    #[must_use]
    pub fn new(some: &[Reduced], records: u64) -> Self {
        let known = some.iter().map(Reduced::len).sum::<usize>().max(1) as u64;
        let each = some.iter().map(Reduced::bytes).sum::<usize>() as u64 / known;
        let features = some.iter().map(Reduced::feature_bytes).sum::<usize>() as u64 / known;
        // In parts that grow, an allocator keeps some of what it was given back.
        let peak = (each + (features + ARRANGING).max(COMPARING)) * records * 9 / 8 + FIXED;
        Self { records, peak }
    }
}
