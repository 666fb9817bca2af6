//! The reviewers' side of the resolution store: the queue, who holds what, what was said of clusters and pairs,
//! on which evidence, and what samples say of the model.

use crate::error::Result;
use crate::listing::TimeAndId;
use crate::resolution::Decision;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entity::{CandidatePair, Cluster, ClusterId, Judgement, ReasonCode, Relation, ScoredPair};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use uuid::Uuid;

pub mod sampling;

pub use sampling::Sampling;

/// What comes first in the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueueOrder {
    /// The most golden records to fold, times the probability.
    #[default]
    Value,
    /// The surest.
    Probability,
    /// The one that has waited longest.
    Age,
    /// The largest.
    Size,
}

/// Which clusters of the queue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QueueFilter {
    /// At least this sure.
    pub probability_min: f64,
    /// Less sure than this.
    pub probability_below: f64,
    /// At least so many records.
    pub size_min: u32,
    /// At most so many records.
    pub size_max: u32,
    /// Those that wait, or those that were put aside.
    pub shelf: Shelf,
}

/// Where a cluster without a decision stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shelf {
    /// It waits.
    #[default]
    Waiting,
    /// Somebody was unsure of it, and nothing of it has changed since.
    Aside,
}

impl Default for QueueFilter {
    fn default() -> Self {
        Self {
            probability_min: 0.0,
            probability_below: f64::INFINITY,
            size_min: 0,
            size_max: u32::MAX,
            shelf: Shelf::Waiting,
        }
    }
}

/// A place in the queue: the number that orders it there, and the cluster.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QueuePlace {
    /// Value, probability, milliseconds or records.
    pub number: f64,
    /// Which cluster.
    pub id: ClusterId,
}

/// A piece of the queue.
#[derive(Clone, Debug, Default)]
pub struct QueuePage {
    /// What comes first.
    pub order: QueueOrder,
    /// Which clusters.
    pub filter: QueueFilter,
    /// After this place.
    pub after: Option<QueuePlace>,
    /// Without those that somebody other than this person holds.
    pub free_for: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// A cluster as it stands in the queue.
#[derive(Clone, Debug, PartialEq)]
pub struct QueuedCluster {
    /// The cluster.
    pub cluster: Cluster,
    /// Since when it waits.
    pub opened_at: DateTime<Utc>,
    /// Who holds it, while somebody does.
    pub claim: Option<Claim>,
}

impl QueuedCluster {
    /// Where it stands in this order.
    #[must_use]
    pub fn place(&self, order: QueueOrder) -> QueuePlace {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of this era are below 2^53")]
        let number = match order {
            QueueOrder::Value => self.cluster.review_value(),
            QueueOrder::Probability => self.cluster.probability,
            QueueOrder::Age => self.opened_at.timestamp_millis() as f64,
            QueueOrder::Size => self.cluster.members.len() as f64,
        };
        QueuePlace { number, id: self.cluster.id }
    }
}

/// The right to decide on a cluster, for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The claim; one may hold several clusters.
    pub id: Uuid,
    /// Who holds it.
    pub holder: String,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// On what evidence a pair was judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JudgedEvidence {
    /// The code whose levels these are.
    pub code_version: String,
    /// The model that weighed them.
    pub model_version: String,
    /// The pair as it was scored; `None` when nothing spoke for it.
    pub pair: Option<JudgedPair>,
}

/// A pair as it was scored when it was judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JudgedPair {
    /// Log-odds without the prior.
    pub match_weight: f64,
    /// The level of every comparison.
    pub levels: Vec<u8>,
}

impl JudgedEvidence {
    /// Whether the pair stands as it was judged: a pure function of both, so that no order of events shows.
    ///
    /// It does not once a comparison comes out at another level, or once something speaks for a pair of which nothing
    /// did. Evidence that is gone, another model and other code are no new evidence.
    #[must_use]
    pub fn stands(&self, generation: (&str, &str), now: Option<&ScoredPair>) -> bool {
        let Some(now) = now else { return true };
        let (model_version, code_version) = generation;
        if self.code_version != code_version {
            return true;
        }
        match &self.pair {
            Some(judged) => judged.levels.len() != now.levels.len() || judged.levels == now.levels,
            None => self.model_version != model_version,
        }
    }
}

/// A judgement with why, and whether models may learn from it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReasonedJudgement {
    /// What was judged, by whom and when.
    pub judgement: Judgement,
    /// Why, from the list.
    pub codes: Vec<ReasonCode>,
    /// For related: how.
    pub relation: Option<Relation>,
    /// Whether models may learn from it.
    pub teach: Teach,
}

/// Whether models may learn from a judgement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Teach {
    /// It is an example.
    #[default]
    Yes,
    /// It is an exception.
    No,
}

/// Whether a judgement of a pair holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It holds.
    Holds,
    /// A no whose evidence has changed since: the pair is open again.
    Reopened,
    /// A newer one holds in its place.
    Superseded,
    /// It was taken back.
    Withdrawn,
}

/// What was said of a pair, and whether it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct PairJudgement {
    /// What was said.
    pub reasoned: ReasonedJudgement,
    /// On what evidence, where that was kept.
    pub evidence: Option<JudgedEvidence>,
    /// The levels of now, where the pair is scored.
    pub levels_now: Option<Vec<u8>>,
    /// The decision that it came from.
    pub decision_id: Option<Uuid>,
    /// Whether it holds.
    pub standing: Standing,
}

/// A decision to be written.
#[derive(Clone, Debug)]
pub struct DecisionWrite {
    /// The decision; its id makes it one, however often it is written.
    pub decision: Decision,
    /// The judgements that follow from it.
    pub judgements: Vec<ReasonedJudgement>,
    /// The revisions of the cluster on which it may rest; any, when empty.
    pub expected: Vec<String>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Decided {
    /// It is written.
    Written,
    /// It was written before, like this.
    Repeated(Box<Decision>),
    /// The cluster is another one now, or gone: nothing was written.
    Changed,
    /// Somebody else holds the cluster: nothing was written.
    Held(Claim),
    /// A merge of some of the same organizations is on its way: nothing was written.
    Pending(Box<Decision>),
}

/// A remark on a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Its id.
    pub id: Uuid,
    /// On which cluster.
    pub cluster_id: ClusterId,
    /// What it says.
    pub comment: String,
    /// By whom.
    pub written_by: String,
    /// When.
    pub written_at: DateTime<Utc>,
}

/// What one person did since some moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReviewerTally {
    /// Decisions that were not taken back or refused.
    pub decisions: u64,
    /// Golden records that they fold away.
    pub folded: u64,
}

/// How often several people say the same of a pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Pairs of which two people or more said yes or no; of each person what they said last counts, `related` as a no.
    pub pairs: u64,
    /// Those of which all said the same.
    pub agreed: u64,
}

/// The reviewers' side of the resolution store.
#[async_trait]
pub trait Review: Sampling + Send + Sync + std::fmt::Debug {
    /// A piece of the queue: clusters that wait for a person, or that were put aside.
    async fn queue(&self, page: &QueuePage) -> Result<Vec<QueuedCluster>>;

    /// One cluster with its place and its claim, whether it waits or not.
    async fn queued(&self, id: ClusterId) -> Result<Option<QueuedCluster>>;

    /// How many wait with a probability from each of these on, up to the next; the bounds ascend.
    async fn waiting_from(&self, bounds: &[f64]) -> Result<Vec<u64>>;

    /// Takes what of these nobody else holds, for so long. Which those are.
    async fn claim(
        &self,
        claim: Uuid,
        holder: &str,
        lease: Duration,
        clusters: &[ClusterId],
    ) -> Result<Vec<ClusterId>>;

    /// Holds a claim longer. What of it is still held; nothing, when it was lost.
    async fn renew_claim(&self, claim: Uuid, holder: &str, lease: Duration) -> Result<Vec<ClusterId>>;

    /// Gives a claim back; harmless when it ran out.
    async fn release_claim(&self, claim: Uuid, holder: &str) -> Result<()>;

    /// Writes a decision with its judgements, in one transaction with the checks of what it rests on; gives the
    /// decider's claim on the cluster back.
    async fn decide(&self, write: &DecisionWrite) -> Result<Decided>;

    /// Adds one judgement that comes from no decision, on the evidence of now.
    async fn judge_pair(&self, judgement: &ReasonedJudgement) -> Result<()>;

    /// Withdraws what keeps a pair apart; whether there was anything.
    async fn lift_exclusion(&self, pair: CandidatePair, at: DateTime<Utc>) -> Result<bool>;

    /// What was ever said of these pairs, oldest first.
    async fn pair_history(&self, pairs: &[CandidatePair]) -> Result<Vec<PairJudgement>>;

    /// As [`crate::Resolution::judgements`], without those from which models may not learn.
    async fn taught_judgements(&self, after: i64, limit: usize) -> Result<Vec<(i64, Judgement)>>;

    /// Decisions on a cluster, newest first.
    async fn decisions_on(&self, cluster: ClusterId) -> Result<Vec<Decision>>;

    /// Decisions of one person that hold or are on their way, newest first, before the given one.
    async fn standing_decisions_of(
        &self,
        by: &str,
        before: Option<TimeAndId>,
        limit: usize,
    ) -> Result<Vec<Decision>>;

    /// What one person did since.
    async fn tally(&self, by: &str, since: DateTime<Utc>) -> Result<ReviewerTally>;

    /// How often several people say the same of a pair, by all judgements that were not withdrawn.
    async fn agreement(&self) -> Result<Agreement>;

    /// Adds a remark.
    async fn add_comment(&self, comment: &Comment) -> Result<()>;

    /// Remarks on a cluster, oldest first.
    async fn comments(&self, cluster: ClusterId) -> Result<Vec<Comment>>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::{RecordId, Version};

    fn scored(levels: &[u8]) -> ScoredPair {
        let id = |n| RecordId(Uuid::from_u128(n));
        ScoredPair {
            pair: CandidatePair::new(id(1), id(2)).unwrap(),
            match_weight: 1.0,
            levels: levels.to_vec(),
            left_version: Version(1),
            right_version: Version(1),
        }
    }

    fn judged(levels: Option<&[u8]>) -> JudgedEvidence {
        let pair = levels.map(|levels| JudgedPair { match_weight: 1.0, levels: levels.to_vec() });
        JudgedEvidence { code_version: "c".to_owned(), model_version: "m".to_owned(), pair }
    }

    #[track_caller]
    fn check(was: Option<&[u8]>, now: Option<&[u8]>, generation: (&str, &str), stands: bool) {
        let now = now.map(scored);
        assert_eq!(judged(was).stands(generation, now.as_ref()), stands, "{was:?} {now:?} {generation:?}");
    }

    #[test]
    fn a_no_stands_until_a_level_changes() {
        let same = ("m", "c");
        check(Some(&[1, 2]), Some(&[1, 2]), same, true);
        check(Some(&[1, 2]), Some(&[1, 3]), same, false);
        check(Some(&[1, 2]), None, same, true);
        check(None, None, same, true);
        check(None, Some(&[1, 2]), same, false);
        // Another model weighs the same levels otherwise, and keeps other pairs.
        check(Some(&[1, 2]), Some(&[1, 2]), ("n", "c"), true);
        check(Some(&[1, 2]), Some(&[1, 3]), ("n", "c"), false);
        check(None, Some(&[1, 2]), ("n", "c"), true);
        // Other code may call the same thing another level.
        check(Some(&[1, 2]), Some(&[1, 3]), ("m", "d"), true);
        check(Some(&[1, 2]), Some(&[1, 2, 1]), same, true);
    }
}
