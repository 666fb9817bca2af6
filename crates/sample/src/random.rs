//! A small seeded generator, so that a sample is the same on every machine and with every release of a library.

/// `SplitMix64` (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014). Its whole state
/// is one number, so that every organization can have a stream of its own and be made without those before it.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    state: u64,
}

/// The golden ratio as a 64-bit fraction, the step of the paper.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    /// The stream of one thing: of the `index`th of a topic.
    pub(crate) fn of(seed: u64, topic: u64, index: u64) -> Self {
        let mut random = Self { state: seed };
        for part in [topic, index] {
            let mixed = random.next();
            random.state = mixed ^ part.wrapping_mul(STEP);
        }
        random
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 when that is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.next()) * u128::from(bound);
        u64::try_from(product >> 64).expect("the upper half of a product of two 64-bit numbers")
    }

    /// A number below `bound`, the lower the likelier: some names are common, most are rare.
    pub(crate) fn skewed(&mut self, bound: u64) -> u64 {
        let first = self.below(bound);
        self.below(first + 1)
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// In [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        // 53 bits are what an f64 holds.
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// In [-1, 1).
    pub(crate) fn around(&mut self) -> f64 {
        self.unit().mul_add(2.0, -1.0)
    }

    pub(crate) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let place = usize::try_from(self.below(list.len() as u64)).expect("below the length of a list");
        list.get(place).expect("word lists are not empty")
    }

    pub(crate) fn place_in(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("below a length")
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_first_numbers_are_those_of_the_paper() {
        // Reference output for seed 1234567, as other implementations of SplitMix64 print it.
        let mut random = Random { state: 1_234_567 };
        let numbers: Vec<u64> = (0..3).map(|_| random.next()).collect();
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn streams_differ_and_numbers_stay_in_their_bounds() {
        let mut random = Random::of(1, 2, 3);
        assert_ne!(random.next(), Random::of(1, 2, 4).next());
        assert_ne!(Random::of(1, 3, 2).next(), Random::of(1, 2, 3).next());
        for _ in 0..1_000 {
            assert!(random.below(7) < 7 && random.skewed(7) < 7);
            assert!((-1.0..1.0).contains(&random.around()));
        }
        assert_eq!(random.below(0), 0);
    }
}
