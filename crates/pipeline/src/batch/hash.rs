//! Blocking keys as 64 bits: of a billion keys, the chance that any two fall together is below three percent, and
//! then one pair too many is compared.

/// Odd numbers without pattern: the fractions of √2, √3 and √5.
const SEEDS: [u64; 3] = [0x6a09_e667_f3bc_c909, 0xbb67_ae85_84ca_a73b, 0x3c6e_f372_fe94_f82b];

/// The same on every machine and in every release, though nothing depends on it.
pub(super) fn hash(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let (words, rest) = bytes.as_chunks::<8>();
    let mut state = SEEDS[0] ^ bytes.len() as u64;
    for word in words {
        state = fold(state ^ u64::from_le_bytes(*word), SEEDS[1]);
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    state = fold(state ^ u64::from_le_bytes(last), SEEDS[1]);
    fold(state, SEEDS[2])
}

/// Both halves of the product, so that every bit moves every other.
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    #[expect(clippy::cast_possible_truncation, reason = "the halves are what is wanted")]
    let (low, high) = (product as u64, (product >> 64) as u64);
    low ^ high
}

#[cfg(test)]
mod tests {
    use super::hash;
    use std::collections::HashSet;

    #[test]
    fn near_keys_fall_far_apart() {
        let keys = (0..200_000).map(|n| format!("phone:{n:07}"));
        let hashes: Vec<u64> = keys.map(|key| hash(&key)).collect();
        assert_eq!(hashes.iter().collect::<HashSet<_>>().len(), hashes.len());
        // The first ten bits choose a partition: none is twice as full as the mean.
        let mut counts = [0; 1024];
        hashes.iter().for_each(|hash| counts[usize::try_from(hash >> 54).unwrap()] += 1);
        assert!(counts.iter().all(|count| (100..400).contains(count)), "{counts:?}");
        assert_ne!(hash("a"), hash("a\0"));
    }
}
