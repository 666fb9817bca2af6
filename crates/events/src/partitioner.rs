//! Which partition a key belongs to: the choice of Kafka's Java client, so that every producer agrees.

/// The partition of `key` among `partitions`, as Kafka's default partitioner chooses it.
#[must_use]
pub fn partition_of(key: &[u8], partitions: i32) -> i32 {
    let hash = (murmur2(key) & 0x7fff_ffff).cast_signed();
    // A topic without partitions cannot be created; one partition is the harmless reading of a wrong number.
    hash % partitions.max(1)
}

/// `MurmurHash2`, 32 bits, with the seed of Kafka's `Utils.murmur2`.
fn murmur2(bytes: &[u8]) -> u32 {
    const MULTIPLIER: u32 = 0x5bd1_e995;
    const SEED: u32 = 0x9747_b28c;
    // Java's length is an int; a longer key cannot be sent.
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let mut hash = SEED ^ length;
    let mut words = bytes.chunks_exact(4);
    for word in &mut words {
        let mut mixed = word.iter().rev().fold(0u32, |sum, byte| (sum << 8) | u32::from(*byte));
        mixed = mixed.wrapping_mul(MULTIPLIER);
        mixed ^= mixed >> 24;
        hash = hash.wrapping_mul(MULTIPLIER) ^ mixed.wrapping_mul(MULTIPLIER);
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        hash ^= rest.iter().rev().fold(0u32, |sum, byte| (sum << 8) | u32::from(*byte));
        hash = hash.wrapping_mul(MULTIPLIER);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(MULTIPLIER);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of Kafka's own `UtilsTest.testMurmur2`.
    #[test]
    fn agrees_with_kafka() {
        let vectors: [(&[u8], i32); 7] = [
            (b"21", -973_932_308),
            (b"foobar", -790_332_482),
            (b"a-little-bit-long-string", -985_981_536),
            (b"a-little-bit-longer-string", -1_486_304_829),
            (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            (b"abc", 479_470_107),
            (&[], 275_646_681),
        ];
        for (key, hash) in vectors {
            assert_eq!(murmur2(key).cast_signed(), hash, "{}", String::from_utf8_lossy(key));
            assert_eq!(partition_of(key, 12), (hash & 0x7fff_ffff) % 12);
        }
    }

    #[test]
    fn stays_within_the_topic() {
        for number in 0..10_000 {
            let partition = partition_of(format!("key-{number}").as_bytes(), 7);
            assert!((0..7).contains(&partition));
        }
    }
}
