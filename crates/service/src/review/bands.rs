//! Ranges of probabilities by which the queue is filtered, counted, sampled and certified.

use crate::problem::{Problem, Result};
use store::review::sampling::Band;

/// A band with its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct NamedBand {
    /// What requests call it.
    pub(super) name: &'static str,
    /// What people call it.
    pub(super) label: &'static str,
    from: f64,
}

/// From the least sure to the surest; each goes up to the next.
pub(super) const BANDS: [NamedBand; 5] = [
    NamedBand { name: "p0", label: "below 50 %", from: 0.0 },
    NamedBand { name: "p50", label: "50 to 80 %", from: 0.5 },
    NamedBand { name: "p80", label: "80 to 95 %", from: 0.8 },
    NamedBand { name: "p95", label: "95 to 99 %", from: 0.95 },
    NamedBand { name: "p99", label: "99 % and over", from: 0.99 },
];

/// Above every probability.
const TOP: f64 = 1.1;

pub(super) fn bounds() -> Vec<f64> {
    BANDS.iter().map(|band| band.from).collect()
}

/// The band of this name.
pub(super) fn band(name: &str) -> Result<Band> {
    let at = BANDS.iter().position(|band| band.name == name).ok_or_else(|| {
        let names: Vec<_> = BANDS.iter().map(|band| band.name).collect();
        Problem::invalid("band", format!("{name:?} is no band: it is one of {}", names.join(", ")))
    })?;
    let below = BANDS.get(at + 1).map_or(TOP, |next| next.from);
    Ok(Band { from: BANDS[at].from, below })
}

/// The band that a probability is in.
pub(super) fn of(probability: f64) -> NamedBand {
    let found = BANDS.iter().rev().find(|band| band.from <= probability);
    *found.unwrap_or(&BANDS[0])
}

/// The name and the label of a band that is one of ours.
pub(super) fn named(band: Band) -> Option<NamedBand> {
    BANDS.iter().find(|named| (named.from - band.from).abs() < f64::EPSILON).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_probability_is_in_one_band() {
        for (probability, name) in
            [(0.0, "p0"), (0.499, "p0"), (0.5, "p50"), (0.95, "p95"), (0.99, "p99"), (1.0, "p99")]
        {
            assert_eq!(of(probability).name, name);
            let holding = BANDS.iter().filter(|named| band(named.name).unwrap().holds(probability)).count();
            assert_eq!(holding, 1, "{probability}");
            assert_eq!(named(band(name).unwrap()).unwrap().name, name);
        }
        assert!(band("p42").unwrap_err().detail.contains("p0, p50"));
    }
}
