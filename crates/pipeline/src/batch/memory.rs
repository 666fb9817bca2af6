//! What a batch will take of memory, estimated before it is run.

/// Memory by what it is for, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct MemoryEstimate {
    /// Reduced records: features, keys, ids.
    pub records: u64,
    /// Blocks while pairs are compared.
    pub blocks: u64,
    /// Pairs that are kept, and clusters.
    pub pairs: u64,
}

impl MemoryEstimate {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.records + self.blocks + self.pairs
    }
}
