//! Pairs of records, how much speaks for them, and what people judged.

use crate::id::RecordId;
use crate::version::Version;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Two records that share a blocking key: lower id first, never one with itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CandidatePair {
    left: RecordId,
    right: RecordId,
}

impl CandidatePair {
    /// The pair of two records, in whichever order; `None` for a record and itself.
    #[must_use]
    pub fn new(a: RecordId, b: RecordId) -> Option<Self> {
        match a.cmp(&b) {
            std::cmp::Ordering::Less => Some(Self { left: a, right: b }),
            std::cmp::Ordering::Greater => Some(Self { left: b, right: a }),
            std::cmp::Ordering::Equal => None,
        }
    }

    /// The lower id.
    #[must_use]
    pub fn left(&self) -> RecordId {
        self.left
    }

    /// The higher id.
    #[must_use]
    pub fn right(&self) -> RecordId {
        self.right
    }

    /// The member that is not `id`.
    #[must_use]
    pub fn other(&self, id: RecordId) -> RecordId {
        if self.left == id { self.right } else { self.left }
    }
}

/// A pair with its evidence, as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoredPair {
    /// Which pair.
    pub pair: CandidatePair,
    /// Log-odds (natural) of all evidence, without the prior: the prior depends on the corpus.
    pub match_weight: f64,
    /// The level of every comparison, in the model's order; with the model it explains the weight exactly.
    pub levels: Vec<u8>,
    /// The version of the left record that was compared.
    pub left_version: Version,
    /// The version of the right record that was compared.
    pub right_version: Version,
}

/// What a person decided of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JudgementVerdict {
    /// The same organization.
    Match,
    /// Different organizations: never in one cluster.
    NonMatch,
    /// Branch, parent, renamed: not the same, but of one family; never in one cluster.
    Related,
    /// Looked at, not decided.
    Unsure,
}

/// A decision of a person about a pair, with its provenance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// Which pair.
    pub pair: CandidatePair,
    /// What was decided.
    pub verdict: JudgementVerdict,
    /// By whom.
    pub judged_by: String,
    /// When.
    pub judged_at: DateTime<Utc>,
    /// Why.
    pub reason: Option<String>,
}
