//! The model: log-odds of every level, the prior, and the policy that goes with them.

use crate::comparison::{COMPARISONS, FeatureVector};
use crate::error::Error;
use entity::cluster::ExplanationLine;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// The model of this release, from `models/` at the root of the workspace.
const SHIPPED: &str = include_str!("../../../models/2026-11-1/model.json");

/// Above this a probability would round to 1 and pairs would tie; no sum of weights may reach it.
const WEIGHT_MAX: f64 = 34.0;

/// An additive model: the weight of a pair is the sum of its levels' weights and the prior.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    version: String,
    prior: Prior,
    /// Log-odds, prior included, from which on evidence joins.
    threshold: f64,
    block_size_max: usize,
    pair_weight_min: f64,
    comparisons: Vec<ComparisonWeights>,
}

/// Log-odds that two candidates match before anything is compared, by the size of the corpus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Prior {
    /// Up to this power of two of records…
    from_power: u32,
    /// …it is this.
    log_odds: f64,
    /// What each further doubling adds; chance agreement grows with the corpus, so it is not positive.
    per_doubling: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ComparisonWeights {
    name: String,
    levels: Vec<LevelWeight>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LevelWeight {
    name: String,
    weight: f64,
}

static MODEL: LazyLock<Model> =
    LazyLock::new(|| Model::from_json(SHIPPED).expect("the shipped model is checked by a test"));

impl Model {
    /// The model that this release comes with; it needs no labels.
    #[must_use]
    pub fn shipped() -> &'static Self {
        &MODEL
    }

    /// The text of the shipped `model.json`.
    #[must_use]
    pub fn shipped_text() -> &'static str {
        SHIPPED
    }

    /// Reads a `model.json` and checks that it fits this release.
    ///
    /// # Errors
    /// [`Error::Json`] for another format; [`Error::Invalid`] naming the comparison, level or figure at fault.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let model: Self = serde_json::from_str(text)?;
        model.check()?;
        Ok(model)
    }

    /// Such as `2026-11-1`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Blocks of more records than this are not used.
    #[must_use]
    pub fn block_size_max(&self) -> usize {
        self.block_size_max
    }

    /// Pairs of less weight (without the prior) need not be kept: none of them joins at any size of corpus, and
    /// among the members of a cluster a pair that was not kept counts against it.
    #[must_use]
    pub fn pair_weight_min(&self) -> f64 {
        self.pair_weight_min
    }

    /// Log-odds, prior included, from which on evidence joins.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// Log-odds (natural) of the evidence, without the prior.
    #[must_use]
    pub fn weigh(&self, vector: &FeatureVector) -> f64 {
        let levels = self.comparisons.iter().zip(vector.levels());
        levels.map(|(comparison, level)| comparison.levels[usize::from(*level)].weight).sum()
    }

    /// Log-odds that two candidates match in a corpus of so many records; it changes at powers of two only.
    #[must_use]
    pub fn prior(&self, records: u64) -> f64 {
        let power = records.max(1).ilog2();
        self.prior.log_odds + self.prior.per_doubling * f64::from(power.saturating_sub(self.prior.from_power))
    }

    /// The probability that stands for a weight with its prior; below 1 for every pair.
    #[must_use]
    pub fn probability(&self, weight_with_prior: f64) -> f64 {
        1.0 / (1.0 + (-weight_with_prior.min(WEIGHT_MAX)).exp())
    }

    /// The parts of a pair's weight, strongest first, the prior last; levels that say nothing are left out.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the levels are not of this release's comparisons.
    pub fn explain(&self, levels: &[u8], records: u64) -> Result<Vec<ExplanationLine>, Error> {
        let vector = FeatureVector::from_levels(levels)?;
        let line = |(comparison, level): (&ComparisonWeights, &u8)| {
            let level = &comparison.levels[usize::from(*level)];
            ExplanationLine {
                comparison: comparison.name.clone(),
                level: level.name.clone(),
                weight: level.weight,
            }
        };
        let mut lines: Vec<_> = self.comparisons.iter().zip(vector.levels()).map(line).collect();
        lines.retain(|line| line.weight != 0.0);
        lines.sort_by(|a, b| {
            b.weight.abs().total_cmp(&a.weight.abs()).then_with(|| a.comparison.cmp(&b.comparison))
        });
        let level = format!("from 2^{} records", records.max(1).ilog2());
        lines.push(ExplanationLine { comparison: "prior".to_owned(), level, weight: self.prior(records) });
        Ok(lines)
    }

    fn check(&self) -> Result<(), Error> {
        let invalid = |what: String| Err(Error::Invalid(what));
        let names: Vec<&str> = self.comparisons.iter().map(|comparison| comparison.name.as_str()).collect();
        check_names("comparison", &names, &COMPARISONS.map(|(name, _)| name))?;
        let mut most = self.prior.log_odds;
        for (comparison, (name, levels)) in self.comparisons.iter().zip(COMPARISONS) {
            let given: Vec<&str> = comparison.levels.iter().map(|level| level.name.as_str()).collect();
            check_names(&format!("level of {name}"), &given, levels)?;
            if let Some(level) = comparison.levels.iter().find(|level| !level.weight.is_finite()) {
                return invalid(format!("the weight of {name}, {} is no number", level.name));
            }
            most += comparison.levels.iter().map(|level| level.weight).fold(0.0, f64::max);
        }
        let figures = [self.threshold, self.pair_weight_min, self.prior.log_odds, self.prior.per_doubling];
        if figures.iter().any(|figure| !figure.is_finite()) {
            return invalid("threshold, pair_weight_min and prior must be numbers".to_owned());
        }
        if self.prior.per_doubling > 0.0 {
            return invalid("prior.per_doubling must not be positive".to_owned());
        }
        if self.pair_weight_min + self.prior.log_odds >= self.threshold {
            return invalid(
                "pair_weight_min would drop pairs that join: lower it below threshold minus prior.log_odds"
                    .to_owned(),
            );
        }
        if self.block_size_max < 2 {
            return invalid("block_size_max must be 2 or more".to_owned());
        }
        if most >= WEIGHT_MAX {
            return invalid(format!("weights sum to {most:.1}, from {WEIGHT_MAX} on pairs would tie at 1"));
        }
        Ok(())
    }
}

/// Whether a model has the names of this release, in its order.
fn check_names(what: &str, given: &[&str], expected: &[&str]) -> Result<(), Error> {
    if given == expected {
        return Ok(());
    }
    let at = given.iter().zip(expected).take_while(|(given, expected)| given == expected).count();
    let named = |names: &[&str]| names.get(at).map_or_else(|| "none".to_owned(), |name| format!("`{name}`"));
    let (given, expected) = (named(given), named(expected));
    Err(Error::Invalid(format!("{what} {} is {given}, this release has {expected}", at + 1)))
}
