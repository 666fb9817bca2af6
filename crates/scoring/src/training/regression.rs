//! Logistic regression with a penalty on leaving the start, by Newton's method.

use super::layout::{Layout, Weights};
use crate::comparison::{COMPARISONS, FeatureVector};
use std::collections::BTreeMap;

/// A labelled pair.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// What it shows.
    pub vector: FeatureVector,
    /// Whether it is a match.
    pub is_match: bool,
    /// How many pairs it stands for.
    pub weight: f64,
    /// What is known of the prior of its corpus beside the common one.
    pub offset: f64,
}

/// How dearly weights may leave their start.
#[derive(Clone, Copy, Debug)]
pub struct Penalties {
    /// Each level.
    pub level: f64,
    /// Each step between neighbouring levels.
    pub step: f64,
    /// Each cell of an interaction.
    pub cell: f64,
    /// The prior.
    pub prior: f64,
}

const ROUNDS: usize = 40;
/// Longest step of one weight in a round: far from the optimum the curve misleads.
const STEP_MAX: f64 = 2.0;
const STEP_ENOUGH: f64 = 1e-5;

/// Weights of least penalised loss.
#[must_use]
pub fn fit(layout: &Layout, examples: &[Example], start: &Weights, penalties: Penalties) -> Weights {
    let gathered = gather(layout, examples);
    let springs = springs(layout, penalties);
    let mut weights = start.clone();
    for _ in 0..ROUNDS {
        let mut system = System::new(layout.len());
        for pair in &gathered {
            system.add(pair, &weights);
        }
        for spring in &springs {
            system.pull(spring, &weights, start);
        }
        let step = system.solve();
        let longest = step.iter().fold(0.0, |longest: f64, part| longest.max(part.abs()));
        let scale = (STEP_MAX / longest).min(1.0);
        for (weight, part) in weights.iter_mut().zip(&step) {
            *weight -= scale * part;
        }
        if longest < STEP_ENOUGH {
            break;
        }
    }
    weights
}

/// Examples that show the same, counted together.
struct Gathered {
    terms: Vec<usize>,
    offset: f64,
    matches: f64,
    others: f64,
}

fn gather(layout: &Layout, examples: &[Example]) -> Vec<Gathered> {
    let mut counts: BTreeMap<(FeatureVector, u64), (f64, f64)> = BTreeMap::new();
    for example in examples {
        let count = counts.entry((example.vector, example.offset.to_bits())).or_default();
        *if example.is_match { &mut count.0 } else { &mut count.1 } += example.weight;
    }
    let counts = counts.into_iter();
    let gathered = counts.map(|((vector, offset), (matches, others))| {
        let mut terms = layout.terms(&vector);
        terms.push(layout.prior());
        Gathered { terms, offset: f64::from_bits(offset), matches, others }
    });
    gathered.collect()
}

/// Holds a weight, or the difference of two, near where it began.
struct Spring {
    at: usize,
    beside: Option<usize>,
    strength: f64,
}

fn springs(layout: &Layout, penalties: Penalties) -> Vec<Spring> {
    let mut springs = Vec::new();
    for (comparison, of_release) in COMPARISONS.iter().enumerate() {
        for level in 1..of_release.levels.len() {
            let at = layout.level(comparison, level);
            springs.push(Spring { at, beside: None, strength: penalties.level });
            let ordered = of_release.levels.len() > 6 && of_release.group_count() > 2;
            if level > 1 && ordered {
                springs.push(Spring { at, beside: Some(at - 1), strength: penalties.step });
            }
        }
    }
    let cells = layout.levels_end()..layout.prior();
    springs.extend(cells.map(|at| Spring { at, beside: None, strength: penalties.cell }));
    springs.push(Spring { at: layout.prior(), beside: None, strength: penalties.prior });
    springs
}

/// The second-order picture of the loss around the weights: lower triangle and slope.
struct System {
    size: usize,
    curve: Vec<f64>,
    slope: Vec<f64>,
}

impl System {
    fn new(size: usize) -> Self {
        Self { size, curve: vec![0.0; size * size], slope: vec![0.0; size] }
    }

    fn add(&mut self, pair: &Gathered, weights: &Weights) {
        let sum: f64 = pair.offset + pair.terms.iter().map(|at| weights[*at]).sum::<f64>();
        let probability = 1.0 / (1.0 + (-sum).exp());
        let all = pair.matches + pair.others;
        let residual = all * probability - pair.matches;
        let curve = all * (probability * (1.0 - probability)).max(1e-6);
        for (nth, &row) in pair.terms.iter().enumerate() {
            self.slope[row] += residual;
            let cells = &mut self.curve[row * self.size..];
            for &column in &pair.terms[..=nth] {
                cells[column] += curve;
            }
        }
    }

    fn pull(&mut self, spring: &Spring, weights: &Weights, start: &Weights) {
        let Spring { at, beside, strength } = *spring;
        let moved = |at: usize| weights[at] - start[at];
        let stretch = strength * (moved(at) - beside.map_or(0.0, moved));
        self.slope[at] += stretch;
        self.curve[at * self.size + at] += strength;
        if let Some(beside) = beside {
            self.slope[beside] -= stretch;
            self.curve[beside * self.size + beside] += strength;
            self.curve[at * self.size + beside] -= strength;
        }
    }

    /// Cholesky's decomposition, row by row in place.
    fn solve(self) -> Vec<f64> {
        let Self { size, curve: mut a, slope: mut b } = self;
        for i in 0..size {
            let (done, rest) = a.split_at_mut(i * size);
            let row = &mut rest[..size];
            for j in 0..i {
                let other = &done[j * size..j * size + j + 1];
                let dot: f64 = row[..j].iter().zip(other).map(|(x, y)| x * y).sum();
                row[j] = (row[j] - dot) / other[j];
            }
            let dot: f64 = row[..i].iter().map(|x| x * x).sum();
            row[i] = (row[i] - dot).max(1e-12).sqrt();
        }
        for i in 0..size {
            let dot: f64 = (0..i).map(|k| a[i * size + k] * b[k]).sum();
            b[i] = (b[i] - dot) / a[i * size + i];
        }
        for i in (0..size).rev() {
            let dot: f64 = (i + 1..size).map(|k| a[k * size + i] * b[k]).sum();
            b[i] = (b[i] - dot) / a[i * size + i];
        }
        b
    }
}
