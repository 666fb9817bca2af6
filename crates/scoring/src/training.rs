//! Training: from candidate pairs, few or none of them labelled, to a model.
//!
//! Without labels, expectation-maximisation of a Fellegi–Sunter mixture gives every level a first weight. Labels then
//! move the weights by logistic regression that is penalised for leaving where it began, be that those first weights
//! or a model at hand; so few labels move little and never ruin. Everything is deterministic: the same input gives
//! the same bytes. Start with [`train`].

mod assembly;
mod layout;
mod mixture;
mod regression;
mod reliability;

pub use layout::{Layout, Weights};
pub use mixture::fit_without_labels;
pub use regression::{Example, Penalties, fit};
pub use reliability::{Bin, Reliability, reliability};

use crate::comparison::FeatureVector;
use crate::error::Error;
use crate::model::Model;

/// Candidate pairs of one corpus, and what is known of them.
#[derive(Clone, Debug, Default)]
pub struct Corpus {
    /// How many records it has.
    pub records: u64,
    /// What its candidate pairs show.
    pub vectors: Vec<FeatureVector>,
    /// Whether they match, where that is known; as long as `vectors`.
    pub labels: Vec<Option<bool>>,
    /// How many pairs all its labelled ones count as together, so that a large corpus does not drown a small one;
    /// `None` counts each as one.
    pub counts_as: Option<f64>,
}

/// Where training begins, and what labels are measured against.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// Nothing weighs anything.
    Nothing,
    /// What the pairs tell without labels.
    Mixture,
    /// A model at hand.
    Model(&'a Model),
}

/// What goes with the weights, and is not learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Log-odds, prior included, from which on evidence joins.
    pub threshold: f64,
    /// Blocks of more records than this are not used.
    pub block_size_max: usize,
    /// The power of two of records from which on the prior falls…
    pub prior_from_power: u32,
    /// …by so much with each further one, to the last.
    pub prior_steps: Vec<f64>,
}

impl Default for Policy {
    /// That of the shipped model; its card gives the reasons.
    fn default() -> Self {
        const DOUBLINGS: usize = 10;
        Self { threshold: -0.3, block_size_max: 50, prior_from_power: 13, prior_steps: vec![-0.3; DOUBLINGS] }
    }
}

impl Policy {
    fn of(model: &Model) -> Self {
        let steps = model.prior.log_odds.windows(2).map(|pair| pair[1] - pair[0]).collect();
        Self {
            threshold: model.threshold(),
            block_size_max: model.block_size_max(),
            prior_from_power: model.prior.from_power,
            prior_steps: steps,
        }
    }

    /// How much lower the prior is among so many records than in the smallest corpora.
    fn prior_offset(&self, records: u64) -> f64 {
        let past = records.max(1).ilog2().saturating_sub(self.prior_from_power);
        self.prior_steps.iter().take(usize::try_from(past).unwrap_or(usize::MAX)).sum()
    }
}

/// How a model is made.
#[derive(Clone, Debug)]
pub struct Settings<'a> {
    /// The new model's version, such as `2026-11-4`.
    pub version: &'a str,
    /// Where it begins.
    pub start: Start<'a>,
    /// How dearly weights leave their start.
    pub penalties: Penalties,
}

impl<'a> Settings<'a> {
    /// For labels of several corpora, none of which may be like the next: weak on levels, so that they carry what they
    /// can alone; stronger on interactions.
    #[must_use]
    pub fn across_sets(version: &'a str) -> Self {
        let penalties = Penalties { level: 1.0, step: 2.0, cell: 10.0, prior: 0.1 };
        Self { version, start: Start::Nothing, penalties }
    }

    /// For many labels of one corpus, from nothing: measured best by cross-validation on three sets.
    #[must_use]
    pub fn from_labels(version: &'a str) -> Self {
        let penalties = Penalties { level: 1.0, step: 2.0, cell: 20.0, prior: 0.1 };
        Self { version, start: Start::Nothing, penalties }
    }

    /// For labels of one corpus on top of a model at hand: chosen so that 200 labels improve it.
    #[must_use]
    pub fn on_top_of(model: &'a Model, version: &'a str) -> Self {
        let penalties = Penalties { level: 3.0, step: 3.0, cell: 6.0, prior: 0.1 };
        Self { version, start: Start::Model(model), penalties }
    }
}

/// A model, and how it stands to the labels that made it.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The model.
    pub model: Model,
    /// Labelled pairs: matches and others.
    pub labelled: (usize, usize),
    /// How far its probabilities are from the shares of matches among the labels that made it: an optimistic figure.
    pub reliability: Reliability,
}

/// Makes a model. The policy is that of the model it begins with, or the default.
///
/// # Errors
/// [`Error::Invalid`] when a corpus has not as many labels as pairs, or no pairs are given at all.
pub fn train(corpora: &[Corpus], settings: &Settings<'_>) -> Result<Trained, Error> {
    if corpora.iter().any(|corpus| corpus.labels.len() != corpus.vectors.len()) {
        return Err(Error::Invalid("a corpus has not as many labels as pairs".to_owned()));
    }
    if corpora.iter().all(|corpus| corpus.vectors.is_empty()) {
        return Err(Error::Invalid("there are no pairs to train on".to_owned()));
    }
    let layout = Layout::new();
    let policy = match settings.start {
        Start::Model(model) => Policy::of(model),
        Start::Nothing | Start::Mixture => Policy::default(),
    };
    let start = start(&layout, corpora, settings.start);
    let examples: Vec<Example> = corpora.iter().flat_map(|corpus| examples(corpus, &policy)).collect();
    let weights =
        if examples.is_empty() { start } else { fit(&layout, &examples, &start, settings.penalties) };
    let model = assembly::model(&layout, &weights, &policy, settings.version)?;
    let judged: Vec<(f64, bool)> = judged(corpora, &model).collect();
    let matches = judged.iter().filter(|(_, is_match)| *is_match).count();
    let labelled = (matches, judged.len() - matches);
    Ok(Trained { model, labelled, reliability: reliability(&judged) })
}

fn start(layout: &Layout, corpora: &[Corpus], start: Start<'_>) -> Weights {
    let mut weights = match start {
        Start::Model(model) => return assembly::weights(layout, model),
        Start::Nothing => {
            let mut weights = vec![0.0; layout.len()];
            weights[layout.prior()] = PRIOR;
            weights
        }
        Start::Mixture => {
            fit_without_labels(layout, &corpora.iter().map(|c| c.vectors.as_slice()).collect::<Vec<_>>())
        }
    };
    assembly::set_by_hand(layout, &mut weights);
    weights
}

/// About one candidate in five is a match.
const PRIOR: f64 = -1.5;

#[expect(clippy::cast_precision_loss, reason = "fewer labels than 2^52")]
fn examples<'a>(corpus: &'a Corpus, policy: &Policy) -> impl Iterator<Item = Example> + use<'a> {
    let labelled = corpus.labels.iter().flatten().count();
    let weight = corpus.counts_as.map_or(1.0, |pairs| pairs / labelled.max(1) as f64);
    let offset = policy.prior_offset(corpus.records);
    let labels = corpus.vectors.iter().zip(&corpus.labels);
    labels.filter_map(move |(vector, label)| {
        Some(Example { vector: *vector, is_match: (*label)?, weight, offset })
    })
}

fn judged<'a>(corpora: &'a [Corpus], model: &'a Model) -> impl Iterator<Item = (f64, bool)> + 'a {
    corpora.iter().flat_map(move |corpus| {
        let prior = model.prior(corpus.records);
        let labels = corpus.vectors.iter().zip(&corpus.labels);
        labels.filter_map(move |(vector, label)| {
            Some((model.probability(model.weigh(vector) + prior), (*label)?))
        })
    })
}
