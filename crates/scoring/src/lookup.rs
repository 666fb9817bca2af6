//! Tables of words that are fixed at build time, looked up with a quick hash.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A table by words of ours. Nobody else puts words into it, so nobody can make them collide.
pub(crate) type WordTable<V> = HashMap<&'static str, V, BuildHasherDefault<WordHasher>>;

/// Eight bytes at a time, folded by multiplication.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WordHasher(u64);

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        let folded = words.iter().fold(self.0, |state, word| fold(state ^ u64::from_le_bytes(*word)));
        let last = rest.iter().fold(bytes.len() as u64, |last, byte| last << 8 | u64::from(*byte));
        self.0 = fold(folded ^ last);
    }

    /// What ends a text in a tuple: here a text stands alone.
    fn write_u8(&mut self, _: u8) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Both halves of the product, so that every bit moves every other.
fn fold(state: u64) -> u64 {
    let product = u128::from(state ^ 0x6a09_e667_f3bc_c909) * 0xbb67_ae85_84ca_a73b;
    #[expect(clippy::cast_possible_truncation, reason = "the halves are what is wanted")]
    let (low, high) = (product as u64, (product >> 64) as u64);
    low ^ high
}
