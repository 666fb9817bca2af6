//! The version of an event: one number per key that only grows.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// `epoch · 2^48 + number`, stamped by the poller; equal version means equal bytes.
///
/// It guards index documents and SQL copies. In JSON, headers and REST it is written as a decimal string,
/// because it passes 2^53; in Avro it is a `long`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub i64);

/// Numbers of one epoch; 2^48 batches at one a millisecond last nine thousand years.
const NUMBERS_PER_EPOCH: i64 = 1 << 48;

impl Version {
    /// The version of batch `number` in `epoch`, or `None` beyond 15 bits of epoch or 48 of number.
    #[must_use]
    pub fn new(epoch: i64, number: i64) -> Option<Self> {
        let fits = (0..1 << 15).contains(&epoch) && (0..NUMBERS_PER_EPOCH).contains(&number);
        fits.then(|| Self(epoch * NUMBERS_PER_EPOCH + number))
    }

    /// The epoch: it grows when a store is restored or replaced.
    #[must_use]
    pub fn epoch(self) -> i64 {
        self.0 / NUMBERS_PER_EPOCH
    }

    /// The number of the batch within its epoch.
    #[must_use]
    pub fn number(self) -> i64 {
        self.0 % NUMBERS_PER_EPOCH
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Version {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn a_later_epoch_outranks_every_number_of_the_last() {
        let old = Version::new(1, (1 << 48) - 1).unwrap();
        let new = Version::new(2, 0).unwrap();
        assert!(new > old);
        assert_eq!((old.epoch(), new.epoch(), new.number()), (1, 2, 0));
        assert_eq!(Version::new(1, 1 << 48), None);
        assert_eq!(Version::new(1 << 15, 0), None);
    }
}
