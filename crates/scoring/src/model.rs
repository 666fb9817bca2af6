//! The model: log-odds of every level, the prior, and the policy that goes with them.

mod table;

use crate::comparison::{COMPARISONS, FeatureVector, INTERACTIONS, Interaction};
use crate::error::Error;
use entity::cluster::ExplanationLine;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;
pub(crate) use table::Table;

/// The model of this release, from `models/` at the root of the workspace.
const SHIPPED: &str = include_str!("../../../models/2026-11-4/model.json");

/// Log-odds beyond which further evidence counts less: past it sums of dependent evidence claim more than they know,
/// and at 36 a probability would round to 1 and pairs would tie.
const SURE: f64 = 6.0;
/// How much less.
const SURE_SLOPE: f64 = 0.125;
/// Terms of less weight than this are told in one line.
const SMALL: f64 = 0.1;
/// No sum of weights may reach this, where pairs would tie after all.
const WEIGHT_MAX: f64 = 200.0;

/// An additive model: the weight of a pair is the sum of its levels' weights, its interactions' and the prior.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    pub(crate) version: String,
    pub(crate) prior: Prior,
    /// Log-odds, prior included, from which on evidence joins.
    pub(crate) threshold: f64,
    pub(crate) block_size_max: usize,
    pub(crate) pair_weight_min: f64,
    pub(crate) comparisons: Vec<ComparisonWeights>,
    pub(crate) interactions: Vec<InteractionWeights>,
    /// The same weights, laid out for weighing; empty until [`Self::lay_out`].
    #[serde(skip)]
    pub(crate) table: Table,
}

/// Log-odds that two candidates match before anything is compared, by the size of the corpus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Prior {
    /// The power of two of records up to which the first of the log-odds holds.
    pub(crate) from_power: u32,
    /// One for each power of two from there on; the last holds for all beyond. Chance agreement grows with the
    /// corpus, so they do not rise.
    pub(crate) log_odds: Vec<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ComparisonWeights {
    pub(crate) name: String,
    pub(crate) levels: Vec<LevelWeight>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LevelWeight {
    pub(crate) name: String,
    pub(crate) weight: f64,
}

/// Weights of the cells of two comparisons' groups, row by row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InteractionWeights {
    pub(crate) of: [String; 2],
    pub(crate) weights: Vec<f64>,
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
        Ok(model.lay_out())
    }

    /// Lays the weights of a checked model out for weighing.
    pub(crate) fn lay_out(mut self) -> Self {
        self.table = Table::new(&self);
        self
    }

    /// The model as `model.json` holds it.
    ///
    /// # Errors
    /// [`Error::Json`] never for a model that was checked: its figures are numbers.
    pub fn to_json(&self) -> Result<String, Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Such as `2026-11-4`.
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
        self.table.weigh(vector.levels())
    }

    /// The same, when the pair is to be kept ([`Self::keeps`]); else [`Err`] with the weight to the ten-thousandth.
    ///
    /// # Errors
    /// For what need not be kept, which is most of what is compared: it is weighed in fewer steps.
    pub fn weigh_if_kept(&self, vector: &FeatureVector) -> Result<f64, f64> {
        const TOLERANCE: f64 = 1e-4;
        let nearly = f64::from(self.table.weigh_nearly(vector.levels())) / 1e6;
        if nearly < self.pair_weight_min - TOLERANCE && !vector.is_listed_site() {
            return Err(nearly);
        }
        let weight = self.weigh(vector);
        if self.keeps(vector, weight) { Ok(weight) } else { Err(weight) }
    }

    /// Whether a pair of this weight (without the prior) is to be kept: when it is at least [`Self::pair_weight_min`],
    /// and for what it says of others when one is a listed site of the other.
    #[must_use]
    pub fn keeps(&self, vector: &FeatureVector, weight: f64) -> bool {
        weight >= self.pair_weight_min || vector.is_listed_site()
    }

    /// The interactions that a pair has, each with its weight.
    fn cells(&self, vector: &FeatureVector) -> impl Iterator<Item = (&'static Interaction, f64)> {
        let weighed = INTERACTIONS.iter().zip(&self.interactions);
        weighed.filter_map(|(interaction, weights)| {
            Some((interaction, weights.weights[interaction.cell_of(vector)?]))
        })
    }

    /// Log-odds that two candidates match in a corpus of so many records; it changes at powers of two only.
    #[must_use]
    pub fn prior(&self, records: u64) -> f64 {
        let past = records.max(1).ilog2().saturating_sub(self.prior.from_power);
        let last = self.prior.log_odds.len() - 1;
        self.prior.log_odds[usize::try_from(past).unwrap_or(last).min(last)]
    }

    /// The probability that stands for a weight with its prior; below 1 for every pair.
    #[must_use]
    pub fn probability(&self, weight_with_prior: f64) -> f64 {
        let beyond = (weight_with_prior.abs() - SURE).max(0.0);
        let tempered = weight_with_prior.abs() - beyond * (1.0 - SURE_SLOPE);
        1.0 / (1.0 + (-tempered.copysign(weight_with_prior)).exp())
    }

    /// The parts of a pair's weight, strongest first, then the small ones in one line, the prior last.
    ///
    /// Their weights add up to the pair's. Levels that say nothing are left out.
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
        lines.extend(self.cells(&vector).map(|(interaction, weight)| {
            let named = |at: usize| {
                let comparison = &COMPARISONS[at];
                (comparison.name, comparison.levels[usize::from(vector.levels()[at])])
            };
            let ((left, left_level), (right, right_level)) =
                (named(interaction.left), named(interaction.right));
            ExplanationLine {
                comparison: format!("{left} and {right}"),
                level: format!("{left_level}, {right_level}"),
                weight,
            }
        }));
        let said = lines.iter().filter(|line| line.weight != 0.0).count();
        let small: Vec<_> = lines.extract_if(.., |line| line.weight.abs() < SMALL).collect();
        lines.sort_by(|a, b| {
            b.weight.abs().total_cmp(&a.weight.abs()).then_with(|| a.comparison.cmp(&b.comparison))
        });
        if said > lines.len() {
            let level = format!("{} small terms together", said - lines.len());
            let weight = small.iter().map(|line| line.weight).sum();
            lines.push(ExplanationLine { comparison: "the rest".to_owned(), level, weight });
        }
        let level = format!("from 2^{} records", records.max(1).ilog2());
        lines.push(ExplanationLine { comparison: "prior".to_owned(), level, weight: self.prior(records) });
        Ok(lines)
    }

    /// Whether it fits this release.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let invalid = |what: String| Err(Error::Invalid(what));
        let mut most = self.check_comparisons()? + self.check_interactions()?;
        let priors = &self.prior.log_odds;
        let figures = [self.threshold, self.pair_weight_min].into_iter().chain(priors.iter().copied());
        if priors.is_empty() || figures.into_iter().any(|figure| !figure.is_finite()) {
            return invalid("threshold, pair_weight_min and prior must be numbers".to_owned());
        }
        if priors.windows(2).any(|pair| pair[1] > pair[0]) {
            return invalid("prior.log_odds must not rise".to_owned());
        }
        most += priors[0];
        if self.pair_weight_min + priors[0] >= self.threshold {
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

    /// Checks the comparisons; the most that they can weigh together.
    fn check_comparisons(&self) -> Result<f64, Error> {
        let names: Vec<&str> = self.comparisons.iter().map(|comparison| comparison.name.as_str()).collect();
        check_names("comparison", &names, &COMPARISONS.map(|comparison| comparison.name))?;
        let mut most = 0.0;
        for (comparison, of_release) in self.comparisons.iter().zip(COMPARISONS) {
            let given: Vec<&str> = comparison.levels.iter().map(|level| level.name.as_str()).collect();
            check_names(&format!("level of {}", of_release.name), &given, of_release.levels)?;
            if let Some(level) = comparison.levels.iter().find(|level| !level.weight.is_finite()) {
                let what = format!("the weight of {}, {} is no number", of_release.name, level.name);
                return Err(Error::Invalid(what));
            }
            most += comparison.levels.iter().map(|level| level.weight).fold(0.0, f64::max);
        }
        Ok(most)
    }

    /// Checks the interactions; the most that they can weigh together.
    fn check_interactions(&self) -> Result<f64, Error> {
        let given: Vec<String> = self.interactions.iter().map(|pair| pair.of.join(" and ")).collect();
        let given: Vec<&str> = given.iter().map(String::as_str).collect();
        let expected: Vec<String> = INTERACTIONS
            .iter()
            .map(|pair| format!("{} and {}", COMPARISONS[pair.left].name, COMPARISONS[pair.right].name))
            .collect();
        check_names("interaction", &given, &expected.iter().map(String::as_str).collect::<Vec<_>>())?;
        let mut most = 0.0;
        for (pair, of_release) in self.interactions.iter().zip(&INTERACTIONS) {
            if pair.weights.len() != of_release.cell_count() || pair.weights.iter().any(|w| !w.is_finite()) {
                let of = pair.of.join(" and ");
                return Err(Error::Invalid(format!("{of} has not {} numbers", of_release.cell_count())));
            }
            most += pair.weights.iter().copied().fold(0.0, f64::max);
        }
        Ok(most)
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
