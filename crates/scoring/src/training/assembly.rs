//! Weights to a model and back.

use super::Policy;
use super::layout::{Layout, Weights};
use crate::comparison::{COMPARISONS, INTERACTIONS};
use crate::error::Error;
use crate::model::{ComparisonWeights, InteractionWeights, LevelWeight, Model, Prior, Table};

/// What labelled sets seldom show, by judgement: registry identifiers, and records of several locations. Where labels
/// do show it, they move it like every other weight.
const BY_HAND: [(&str, &str, f64); 4] = [
    ("identifier", "same", 5.0),
    ("identifier", "different in one register", -5.0),
    ("grain", "both have many, none shared", -2.0),
    ("grain", "branch: one a single site, the other has several", -14.0),
];

/// Sets the weights that are settled by hand before there are labels.
pub(super) fn set_by_hand(layout: &Layout, weights: &mut Weights) {
    for (name, level, weight) in BY_HAND {
        let Some(at) = COMPARISONS.iter().position(|comparison| comparison.name == name) else { continue };
        let Some(code) = COMPARISONS[at].levels.iter().position(|other| *other == level) else { continue };
        weights[layout.level(at, code)] = weight;
    }
}

/// The weights of a model; the prior is that of its smallest corpora.
pub(super) fn weights(layout: &Layout, model: &Model) -> Weights {
    let mut weights = vec![0.0; layout.len()];
    for (at, comparison) in model.comparisons.iter().enumerate() {
        for (level, of_level) in comparison.levels.iter().enumerate().skip(1) {
            weights[layout.level(at, level)] = of_level.weight;
        }
    }
    for (at, interaction) in model.interactions.iter().enumerate() {
        for (cell, weight) in interaction.weights.iter().enumerate() {
            weights[layout.cell(at, cell)] = *weight;
        }
    }
    weights[layout.prior()] = model.prior(0);
    weights
}

/// A model of these weights, with its policy.
pub(super) fn model(
    layout: &Layout,
    weights: &Weights,
    policy: &Policy,
    version: &str,
) -> Result<Model, Error> {
    let round = |weight: f64| (weight * 1e3).round() / 1e3;
    let comparisons = COMPARISONS.iter().enumerate().map(|(at, comparison)| ComparisonWeights {
        name: comparison.name.to_owned(),
        levels: (comparison.levels.iter().enumerate())
            .map(|(level, name)| LevelWeight {
                name: (*name).to_owned(),
                weight: if level == 0 { 0.0 } else { round(weights[layout.level(at, level)]) },
            })
            .collect(),
    });
    let interactions = INTERACTIONS.iter().enumerate().map(|(at, interaction)| InteractionWeights {
        of: [interaction.left, interaction.right].map(|of| COMPARISONS[of].name.to_owned()),
        weights: (0..interaction.cell_count()).map(|cell| round(weights[layout.cell(at, cell)])).collect(),
    });
    let mut log_odds = vec![round(weights[layout.prior()])];
    for step in &policy.prior_steps {
        log_odds.push(round(log_odds[log_odds.len() - 1] + step));
    }
    let prior = Prior { from_power: policy.prior_from_power, log_odds };
    let model = Model {
        version: version.to_owned(),
        pair_weight_min: round(policy.threshold - prior.log_odds[0] - KEPT_BELOW),
        prior,
        threshold: policy.threshold,
        block_size_max: policy.block_size_max,
        comparisons: comparisons.collect(),
        interactions: interactions.collect(),
        table: Table::default(),
    };
    model.check()?;
    Ok(model.lay_out())
}

/// Pairs are kept down to this far below the threshold of the smallest corpora: what is dropped counts as missing.
const KEPT_BELOW: f64 = 2.5;
