//! All weights of a model in one row: levels first, then the cells of interactions, then the prior.

use crate::comparison::{COMPARISONS, FeatureVector, INTERACTIONS};

/// Where each weight has its place. Missing levels have none: they weigh nothing.
#[derive(Clone, Debug)]
pub struct Layout {
    comparisons: Vec<usize>,
    interactions: Vec<usize>,
    prior: usize,
}

/// The weights of a model in the places of a [`Layout`].
pub type Weights = Vec<f64>;

impl Layout {
    /// The layout of this release's comparisons.
    #[must_use]
    pub fn new() -> Self {
        let mut end = 0;
        let mut take = |count: usize| {
            end += count;
            end - count
        };
        let comparisons = COMPARISONS.iter().map(|comparison| take(comparison.levels.len() - 1)).collect();
        let interactions = INTERACTIONS.iter().map(|interaction| take(interaction.cell_count())).collect();
        Self { comparisons, interactions, prior: end }
    }

    /// How many weights there are, the prior included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.prior + 1
    }

    /// Never: there is always the prior.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The place of the prior.
    #[must_use]
    pub fn prior(&self) -> usize {
        self.prior
    }

    /// The place of a level that is not missing.
    #[must_use]
    pub fn level(&self, comparison: usize, level: usize) -> usize {
        self.comparisons[comparison] + level - 1
    }

    /// The place of a cell of an interaction.
    #[must_use]
    pub fn cell(&self, interaction: usize, cell: usize) -> usize {
        self.interactions[interaction] + cell
    }

    /// Where the weights of interactions begin.
    #[must_use]
    pub fn levels_end(&self) -> usize {
        self.interactions.first().copied().unwrap_or(self.prior)
    }

    /// The places of what a pair shows, the prior left out; ascending.
    #[must_use]
    pub fn terms(&self, vector: &FeatureVector) -> Vec<usize> {
        let said = vector.levels().iter().zip(&self.comparisons).filter(|(level, _)| **level > 0);
        let levels = said.map(|(level, at)| at + usize::from(*level) - 1);
        let pairs = INTERACTIONS.iter().zip(&self.interactions);
        levels.chain(pairs.filter_map(|(pair, at)| Some(at + pair.cell_of(vector)?))).collect()
    }
}

impl Default for Layout {
    fn default() -> Self {
        Self::new()
    }
}
