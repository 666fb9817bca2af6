//! How far probabilities are from what comes true.

/// A stretch of probabilities: what was said, and what came true.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Least and greatest probability in it.
    pub from_to: (f64, f64),
    /// How many pairs it holds.
    pub pairs: usize,
    /// Their mean probability.
    pub said: f64,
    /// The share of matches among them.
    pub came_true: f64,
    /// How far their share would be from `said` by chance if every probability were right.
    pub by_chance: f64,
    /// Within which the true share lies at 95 % (Wilson).
    pub interval: (f64, f64),
}

/// Expected calibration error, in bins of equal mass.
#[derive(Clone, Debug, PartialEq)]
pub struct Reliability {
    /// Over all pairs.
    pub error: f64,
    /// Over those between 0.05 and 0.95, so that easy pairs do not hide it.
    pub open_error: f64,
    /// The error that probabilities would show by chance if each came true exactly as often as it says: what so few
    /// pairs cannot tell from none.
    pub by_chance: f64,
    /// The same of the open pairs.
    pub open_by_chance: f64,
    /// The open pairs' bins.
    pub open_bins: Vec<Bin>,
}

const BINS: usize = 15;
const OPEN: std::ops::RangeInclusive<f64> = 0.05..=0.95;

/// Holds probabilities against labels.
#[must_use]
pub fn reliability(judged: &[(f64, bool)]) -> Reliability {
    let mut all = judged.to_vec();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let open: Vec<_> = all.iter().copied().filter(|(said, _)| OPEN.contains(said)).collect();
    let (bins, open_bins) = (bins(&all), bins(&open));
    Reliability {
        error: mean(&bins, |bin| (bin.said - bin.came_true).abs()),
        open_error: mean(&open_bins, |bin| (bin.said - bin.came_true).abs()),
        by_chance: mean(&bins, |bin| bin.by_chance),
        open_by_chance: mean(&open_bins, |bin| bin.by_chance),
        open_bins,
    }
}

fn bins(sorted: &[(f64, bool)]) -> Vec<Bin> {
    let mass = sorted.len().div_ceil(BINS).max(1);
    let mut bins = Vec::new();
    let mut rest = sorted;
    while !rest.is_empty() {
        // Of equal probabilities none comes before another: they stay in one bin.
        let last = rest[mass.min(rest.len()) - 1].0;
        let end = rest.partition_point(|(said, _)| *said <= last);
        bins.push(bin(&rest[..end]));
        rest = &rest[end..];
    }
    bins
}

#[expect(clippy::cast_precision_loss, reason = "fewer pairs than 2^52")]
fn bin(pairs: &[(f64, bool)]) -> Bin {
    let n = pairs.len() as f64;
    let variance = pairs.iter().map(|(said, _)| said * (1.0 - said)).sum::<f64>() / n;
    let came_true = pairs.iter().filter(|(_, is_match)| *is_match).count() as f64 / n;
    Bin {
        from_to: (pairs[0].0, pairs[pairs.len() - 1].0),
        pairs: pairs.len(),
        said: pairs.iter().map(|(said, _)| said).sum::<f64>() / n,
        came_true,
        // The mean distance of a normal variable from its mean is √(2/π) of its deviation.
        by_chance: (2.0 / std::f64::consts::PI * variance / n).sqrt(),
        interval: wilson(came_true, n),
    }
}

fn wilson(share: f64, n: f64) -> (f64, f64) {
    const Z: f64 = 1.96;
    let middle = (share + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    (middle - half, middle + half)
}

#[expect(clippy::cast_precision_loss, reason = "fewer pairs than 2^52")]
fn mean(bins: &[Bin], of: impl Fn(&Bin) -> f64) -> f64 {
    let pairs: usize = bins.iter().map(|bin| bin.pairs).sum();
    bins.iter().map(|bin| of(bin) * bin.pairs as f64).sum::<f64>() / pairs.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::reliability;

    #[test]
    fn what_comes_true_as_often_as_said_has_no_error() {
        let judged: Vec<(f64, bool)> = (0..1_000).map(|nth| (0.25, nth % 4 == 0)).collect();
        let honest = reliability(&judged);
        assert!(honest.error < 0.3 && honest.open_bins.iter().map(|bin| bin.pairs).sum::<usize>() == 1_000);
        let overconfident: Vec<(f64, bool)> = (0..1_000).map(|nth| (0.9, nth % 2 == 0)).collect();
        assert!(reliability(&overconfident).open_error > 0.3);
        assert_eq!(reliability(&[]).open_bins.len(), 0);
    }
}
