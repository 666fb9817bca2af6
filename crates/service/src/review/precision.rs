//! What a sample proves of a precision: an exact lower bound, with no assumption on the shape of anything.

/// How often the bound may be wrong.
const ALPHA: f64 = 0.05;

/// The one-sided lower bound of Clopper and Pearson (Biometrika 26, 1934, pages 404–413) at 95 % confidence: the
/// precision at which so many right answers or more would come out in one sample of twenty.
pub(super) fn lower_bound(right: u64, answered: u64) -> f64 {
    if right == 0 || answered == 0 || right > answered {
        return 0.0;
    }
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    // Each step halves the interval: 60 of them reach the last bit of a double.
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if at_least(right, answered, middle) > ALPHA {
            high = middle;
        } else {
            low = middle;
        }
    }
    low
}

/// The probability of `right` or more in `answered` draws of which each is right with probability `p`.
#[expect(clippy::cast_precision_loss, reason = "samples have far fewer than 2^53 answers")]
fn at_least(right: u64, answered: u64, p: f64) -> f64 {
    if p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return 1.0;
    }
    let wrong = answered - right;
    // ln of (answered choose right), then the terms one after another.
    let choose: f64 = (1..=wrong).map(|i| ((right + i) as f64).ln() - (i as f64).ln()).sum();
    let mut term = choose + right as f64 * p.ln() + wrong as f64 * (1.0 - p).ln();
    let mut sum = term.exp();
    for count in right..answered {
        term += ((answered - count) as f64).ln() - ((count + 1) as f64).ln() + p.ln() - (1.0 - p).ln();
        sum += term.exp();
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::lower_bound;

    #[track_caller]
    fn check(right: u64, answered: u64, bound: f64) {
        let found = lower_bound(right, answered);
        assert!((found - bound).abs() < 5e-5, "{right} of {answered}: {found}");
    }

    #[test]
    fn bounds_are_those_of_the_tables() {
        // Without an error the bound is the answered-th root of 0.05.
        check(20, 20, 0.86089);
        check(149, 149, 0.98010);
        check(299, 299, 0.99003);
        check(598, 598, 0.99500);
        // The quantile of the beta distribution (0.05; right, wrong + 1).
        check(9, 10, 0.60584);
        check(50, 100, 0.41367);
        check(472, 473, 0.99001);
        check(626, 628, 0.99000);
        check(1, 1, 0.05);
        check(0, 10, 0.0);
        check(0, 0, 0.0);
    }
}
