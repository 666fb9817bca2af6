//! Expectation-maximisation of a Fellegi–Sunter mixture over the candidates of some corpora: no labels are seen.

use super::layout::{Layout, Weights};
use crate::comparison::{COMPARISONS, FeatureVector};

const ROUNDS: usize = 60;
/// Pairs added to every level of both sides, so that no level is impossible.
const SMOOTHING: f64 = 2.0;
/// Every corpus counts as many pairs, however large it is.
const PAIRS: f64 = 10_000.0;
/// Comparisons that the mixture takes for independent; the others say much the same again.
const INDEPENDENT: [&str; 14] = [
    "name",
    "name numbers",
    "name kind",
    "department",
    "legal form",
    "phone",
    "domain",
    "web page",
    "mailbox",
    "identifier",
    "street address",
    "unit",
    "town",
    "distance",
];

/// Log-odds of the levels of independent comparisons and of a match among candidates; 0 for all others.
#[must_use]
pub fn fit_without_labels(layout: &Layout, corpora: &[&[FeatureVector]]) -> Weights {
    let mut weights = start(layout);
    let mut priors = vec![-1.5; corpora.len()];
    for _ in 0..ROUNDS {
        let mut counts = [vec![SMOOTHING; layout.len()], vec![SMOOTHING; layout.len()]];
        for (corpus, prior) in corpora.iter().zip(&mut priors) {
            *prior = add(layout, &weights, corpus, *prior, &mut counts);
        }
        weights = ratios(layout, &counts);
    }
    #[expect(clippy::cast_precision_loss, reason = "a handful of corpora")]
    let prior = priors.iter().sum::<f64>() / priors.len().max(1) as f64;
    weights[layout.prior()] = prior;
    weights
}

fn is_independent(comparison: usize) -> bool {
    INDEPENDENT.contains(&COMPARISONS[comparison].name)
}

/// Adds what a corpus shows of matches and others; its prior, as it then looks.
fn add(
    layout: &Layout,
    weights: &Weights,
    corpus: &[FeatureVector],
    prior: f64,
    counts: &mut [Vec<f64>; 2],
) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "fewer pairs than 2^52")]
    let pairs = corpus.len().max(1) as f64;
    let share = PAIRS / pairs;
    let mut matches = 0.0;
    for vector in corpus {
        let said =
            vector.levels().iter().enumerate().filter(|(at, level)| **level > 0 && is_independent(*at));
        let places: Vec<usize> = said.map(|(at, level)| layout.level(at, usize::from(*level))).collect();
        let weight: f64 = places.iter().map(|at| weights[*at]).sum();
        let probability = 1.0 / (1.0 + (-weight - prior).exp());
        matches += probability;
        for at in places {
            counts[0][at] += share * probability;
            counts[1][at] += share * (1.0 - probability);
        }
    }
    let rate = (matches / pairs).clamp(0.005, 0.6);
    (rate / (1.0 - rate)).ln()
}

/// Where the search begins decides which of its optima it finds: the best levels speak for a match.
fn start(layout: &Layout) -> Weights {
    let mut weights = vec![0.0; layout.len()];
    for (at, comparison) in COMPARISONS.iter().enumerate().filter(|(at, _)| is_independent(*at)) {
        for (level, name) in comparison.levels.iter().enumerate().skip(1) {
            let agrees =
                name.starts_with("same") || name.starts_with("up to 200") || name.starts_with("up to 50");
            let differs =
                name.starts_with("different") || name.starts_with("nothing") || name.starts_with("over 30");
            weights[layout.level(at, level)] = f64::from(i8::from(agrees) * 2 - i8::from(differs) * 2);
        }
    }
    weights
}

fn ratios(layout: &Layout, counts: &[Vec<f64>; 2]) -> Weights {
    let mut weights = vec![0.0; layout.len()];
    for (at, comparison) in COMPARISONS.iter().enumerate().filter(|(at, _)| is_independent(*at)) {
        let places = || (1..comparison.levels.len()).map(|level| layout.level(at, level));
        let total = |side: usize| places().map(|place| counts[side][place]).sum::<f64>();
        let totals = [total(0), total(1)];
        for place in places() {
            weights[place] = (counts[0][place] / totals[0]).ln() - (counts[1][place] / totals[1]).ln();
        }
    }
    weights
}
