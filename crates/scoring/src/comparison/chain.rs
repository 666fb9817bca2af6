//! Chains: what their sites share tells none of them apart.

use super::levels;
use crate::features::RecordFeatures;

levels! {
    /// Whether one bears the name of a chain, or has a page in a list of sites.
    ChainLevel "chain" {
        Missing = "missing" / 0,
        One = "one is of a chain" / 1,
        Both = "both are of a chain" / 2,
    }
}

/// Whether they are of chains.
pub(super) fn compare_chains(a: &RecordFeatures, b: &RecordFeatures) -> ChainLevel {
    match (a.chain, b.chain) {
        (false, false) => ChainLevel::Missing,
        (true, true) => ChainLevel::Both,
        _ => ChainLevel::One,
    }
}
