//! Expectation-maximisation of a Fellegi–Sunter mixture over the candidates of all sets: no labels are seen.

use crate::{Evidence, Shape};
use scoring::comparison::COMPARISONS;

const ROUNDS: usize = 60;
/// Pairs added to every level of both sides, so that no level is impossible.
const SMOOTHING: f64 = 2.0;
/// Comparisons that depend on others by their making say nothing new to a model of independent ones.
const DEPENDENT: [&str; 1] = ["pattern"];

/// Log-odds per level (0 for the dependent comparisons), and the log-odds of a match among candidates.
pub(crate) fn fit(shape: &Shape, sets: &[Evidence]) -> (Vec<f64>, f64) {
    let dependent: Vec<bool> = COMPARISONS.iter().map(|(name, _)| DEPENDENT.contains(name)).collect();
    let mut weights = start(shape);
    let mut priors = vec![-1.5; sets.len()];
    for _ in 0..ROUNDS {
        let mut counts = [vec![SMOOTHING; shape.len], vec![SMOOTHING; shape.len]];
        for (set, prior) in sets.iter().zip(&mut priors) {
            let share = 10_000.0 / set.levels.len() as f64;
            let mut matches = 0.0;
            for levels in &set.levels {
                let probability = probability(shape, &weights, &dependent, levels, *prior);
                matches += probability;
                for term in shape.terms(levels) {
                    counts[0][term] += share * probability;
                    counts[1][term] += share * (1.0 - probability);
                }
            }
            let rate = (matches / set.levels.len() as f64).clamp(0.005, 0.6);
            *prior = (rate / (1.0 - rate)).ln();
        }
        weights = ratios(shape, &counts, &dependent);
    }
    println!("priors of the sets by EM: {priors:.2?}");
    (weights, priors.iter().sum::<f64>() / priors.len() as f64)
}

/// Where EM begins decides which of its optima it finds: the best level of each comparison speaks for a match.
fn start(shape: &Shape) -> Vec<f64> {
    let mut weights = vec![0.0; shape.len];
    for (comparison, (_, levels)) in COMPARISONS.iter().enumerate() {
        for (level, name) in levels.iter().enumerate().skip(1) {
            let agrees =
                name.starts_with("same") || name.starts_with("near") || name.starts_with("up to 200");
            let differs = name.starts_with("different")
                || name.starts_with("other")
                || name.starts_with("only generic");
            weights[shape.place(comparison, level)] = f64::from(i8::from(agrees) * 2 - i8::from(differs) * 2);
        }
    }
    weights
}

fn probability(shape: &Shape, weights: &[f64], dependent: &[bool], levels: &[u8], prior: f64) -> f64 {
    let said = levels.iter().enumerate().filter(|(at, level)| **level > 0 && !dependent[*at]);
    let weight: f64 = said.map(|(at, level)| weights[shape.place(at, usize::from(*level))]).sum();
    1.0 / (1.0 + (-weight - prior).exp())
}

fn ratios(shape: &Shape, counts: &[Vec<f64>; 2], dependent: &[bool]) -> Vec<f64> {
    let mut weights = vec![0.0; shape.len];
    for (comparison, (_, levels)) in COMPARISONS.iter().enumerate().filter(|(at, _)| !dependent[*at]) {
        let places = || (1..levels.len()).map(|level| shape.place(comparison, level));
        let [matches, others] =
            [0, 1].map(|side: usize| places().map(|place| counts[side][place]).sum::<f64>());
        for place in places() {
            weights[place] = (counts[0][place] / matches).ln() - (counts[1][place] / others).ln();
        }
    }
    weights
}
