//! The port of the resolution store: pairs from the scorer, clusters from the resolver, judgements and decisions
//! from people.

use crate::error::Result;
use crate::lease::Leases;
use crate::listing::TimeAndId;
use crate::review::Review;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entity::{
    Cluster, ClusterId, ClusterTransition, Judgement, MergeId, OrganizationId, RecordId, ScoredPair, Version,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What scoring one record found.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordScores {
    /// The record.
    pub id: RecordId,
    /// The version that was scored.
    pub version: Version,
    /// When it first arrived; `None` for a deletion.
    pub created_at: Option<DateTime<Utc>>,
    /// Its blocking keys; empty for a deletion.
    pub keys: Vec<String>,
    /// Each partner that was looked at or lost, with the pair if it is worth keeping.
    pub verdicts: Vec<PartnerVerdict>,
}

/// What was found of one partner.
#[derive(Clone, Debug, PartialEq)]
pub struct PartnerVerdict {
    /// The partner.
    pub partner: RecordId,
    /// The version of it that was seen; of one that no block holds any more, that which the stored pair rests on. Never a version
    /// that was met later than the blocks: its own scorer may have seen more.
    pub version: Version,
    /// The pair; `None` if they share no open block or too little speaks for them.
    pub pair: Option<ScoredPair>,
}

/// What the store already knows of records about to be scored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownScores {
    /// Blocking keys as last scored.
    pub keys: BTreeMap<RecordId, Vec<String>>,
    /// When each record first arrived, unless it is deleted.
    pub created_at: BTreeMap<RecordId, DateTime<Utc>>,
    /// Partners of stored pairs, in the version that the pair rests on.
    pub partners: BTreeMap<RecordId, BTreeMap<RecordId, Version>>,
}

/// Whether scores were taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApplyOutcome {
    /// They are in.
    Applied,
    /// These blocks opened or closed meanwhile: nothing was written; move them and score again.
    BlocksMoved(Vec<String>),
}

/// All that decides the clusters of some records: whole components.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ComponentRows {
    /// Records that exist, with the time they first arrived.
    pub records: BTreeMap<RecordId, DateTime<Utc>>,
    /// Stored pairs among them, and of them with others.
    pub pairs: Vec<ScoredPair>,
    /// Judgements that hold among them.
    pub judgements: Vec<Judgement>,
    /// The golden id of each record.
    pub organizations: BTreeMap<RecordId, OrganizationId>,
    /// Clusters that any of them is in now.
    pub clusters: Vec<Cluster>,
}

/// A piece of the resolver's queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResolveBatch {
    /// The records, each once.
    pub records: Vec<RecordId>,
    /// Queue rows that are done once the batch is resolved.
    pub seqs: Vec<i64>,
    /// How many records are scored in this generation, as the queue was read; the prior follows from it. 0 for an empty batch.
    pub record_count: u64,
}

/// A cluster event waiting for the topic.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxRow {
    /// Its number within the epoch.
    pub seq: i64,
    /// The cluster.
    pub id: ClusterId,
    /// The cluster; `None` withdraws it.
    pub cluster: Option<Cluster>,
}

/// Numbers of the corpus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Corpus {
    /// Records scored and not deleted.
    pub record_count: u64,
    /// The epoch of cluster versions; 0 before the first.
    pub event_epoch: i64,
}

/// Where a decision stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionState {
    /// Written down, not yet sent.
    Decided,
    /// Sent to the organizations' side; an answer is awaited.
    Applying,
    /// The merge is there.
    Applied,
    /// The organizations' side said no.
    Refused,
    /// The merge was taken back.
    Undone,
}

/// A reviewer's decision on a cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Its id, and the idempotency key of what it does.
    pub id: Uuid,
    /// The cluster.
    pub cluster_id: ClusterId,
    /// What was decided.
    pub verdict: entity::JudgementVerdict,
    /// The golden id that stays, for a merge.
    pub survivor: Option<OrganizationId>,
    /// The golden ids concerned; the others go, for a merge.
    pub organizations: Vec<OrganizationId>,
    /// Where it stands.
    pub state: DecisionState,
    /// By whom.
    pub decided_by: String,
    /// When.
    pub decided_at: DateTime<Utc>,
    /// Why.
    pub reason: Option<String>,
    /// The merge it became.
    pub merge_id: Option<MergeId>,
    /// Why it was refused.
    pub refusal: Option<String>,
    /// The merges that it asks for, where it parts the cluster or chooses fields; else all that is concerned is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<DecisionPart>,
    /// What else was said with it.
    #[serde(default)]
    pub notes: DecisionNotes,
}

/// A merge that a decision asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionPart {
    /// The golden id that stays.
    pub survivor: OrganizationId,
    /// The golden ids of the part, the survivor's too.
    pub organizations: Vec<OrganizationId>,
    /// Fields whose value was chosen by hand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<FieldChoice>,
    /// The preview that the decider saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<SeenPreview>,
    /// The merge that it became.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge_id: Option<MergeId>,
}

/// A field whose value was chosen by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChoice {
    /// The field, as named in HSDS.
    pub field: String,
    /// The record whose value it takes.
    pub record_id: RecordId,
}

/// The preview that a merge has to cite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenPreview {
    /// Its digest.
    pub digest: String,
    /// What each member's version was.
    pub expected_versions: BTreeMap<RecordId, String>,
}

/// What else was said with a decision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DecisionNotes {
    /// Why, from the list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<entity::ReasonCode>,
    /// For related: how.
    pub relation: Option<entity::Relation>,
    /// Whether models may learn from it.
    pub teach: crate::review::Teach,
    /// The cluster's revision that it rests on.
    pub revision: String,
    /// What the parts are to each other, in a decision with parts: non-match unless said.
    pub between: Option<entity::JudgementVerdict>,
    /// The batch that it came from.
    pub batch_id: Option<Uuid>,
    /// The sample that it answered blindly.
    pub blind_sample: Option<Uuid>,
    /// What that answer says.
    pub blind_outcome: Option<crate::review::sampling::BlindOutcome>,
    /// How long the decider looked at it, in milliseconds.
    pub took_ms: Option<u64>,
    /// What the request said, to tell a repeated one from another one under the same key.
    pub fingerprint: Option<String>,
    /// Its judgements were written with it.
    pub judged: bool,
}

impl Decision {
    /// The merges that it asks for.
    #[must_use]
    pub fn merges(&self) -> Vec<DecisionPart> {
        if !self.parts.is_empty() || self.verdict != entity::JudgementVerdict::Match {
            return self.parts.clone();
        }
        let survivor = self.survivor.or_else(|| self.organizations.first().copied());
        let part = |survivor| DecisionPart {
            survivor,
            organizations: self.organizations.clone(),
            choices: Vec::new(),
            preview: None,
            merge_id: self.merge_id,
        };
        survivor.map(part).into_iter().collect()
    }

    /// How many golden records it folds away.
    #[must_use]
    pub fn folded(&self) -> usize {
        self.merges().iter().map(|part| part.organizations.len().saturating_sub(1)).sum()
    }
}

/// A page of clusters: by probability, highest first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClusterPage {
    /// Only those that wait for a reviewer.
    pub open_only: OpenOnly,
    /// After this one.
    pub after: Option<(f64, ClusterId)>,
    /// At most so many.
    pub limit: usize,
}

/// Which clusters a page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenOnly {
    /// Those that wait for a reviewer.
    Open,
    /// All.
    All,
}

/// The resolution store, for one generation.
#[async_trait]
pub trait Resolution: Leases + Review + std::fmt::Debug {
    /// What is known of records about to be scored.
    async fn known_scores(&self, ids: &[RecordId]) -> Result<KnownScores>;

    /// Takes scores in, in one transaction, and queues the records for the resolver. `blocks` are the keys that
    /// the scorer relied on, and whether it saw each closed. Older knowledge never replaces newer: a second or a
    /// late call is harmless.
    async fn apply_scores(
        &self,
        scores: &[RecordScores],
        blocks: &BTreeMap<String, bool>,
    ) -> Result<ApplyOutcome>;

    /// Opens or closes blocks and queues their members to be scored again.
    async fn move_blocks(&self, blocks: &BTreeMap<String, bool>, members: &[RecordId]) -> Result<()>;

    /// Records to be scored again, with the queue rows to be given to [`Resolution::rescored`] afterwards.
    async fn rescore_batch(&self, limit: usize) -> Result<ResolveBatch>;

    /// Those were scored again.
    async fn rescored(&self, seqs: &[i64]) -> Result<()>;

    /// Records whose clusters may have changed.
    async fn resolve_batch(&self, limit: usize) -> Result<ResolveBatch>;

    /// The whole components of these records: pairs of at least `match_weight_min`, links, match judgements and
    /// present clusters, followed to the end.
    async fn components(&self, ids: &[RecordId], match_weight_min: f64) -> Result<ComponentRows>;

    /// Writes what the resolver found for a batch: clusters that are new or changed, and those that ended; their
    /// events go to the outbox in the same transaction.
    async fn apply_clusters(&self, changed: &[Cluster], ended: &[ClusterId], seqs: &[i64]) -> Result<()>;

    /// Events waiting for the topic, oldest first.
    async fn outbox(&self, limit: usize) -> Result<Vec<OutboxRow>>;

    /// The topic has acknowledged the events up to this one.
    async fn published(&self, seq: i64) -> Result<()>;

    /// What became of the live clusters, oldest first, after the given number. Written by [`Resolution::apply_clusters`]
    /// and by a switch of generations, in their transactions; each change is told once, in the order of commits.
    async fn transitions(&self, after: i64, limit: usize) -> Result<Vec<(i64, ClusterTransition)>>;

    /// Those that the topic has not acknowledged, oldest first.
    async fn unsent_transitions(&self, limit: usize) -> Result<Vec<(i64, ClusterTransition)>>;

    /// The topic has acknowledged those up to this one.
    async fn transitions_sent(&self, seq: i64) -> Result<()>;

    /// Forgets those that are older and were acknowledged; how many.
    async fn forget_transitions(&self, before: DateTime<Utc>) -> Result<u64>;

    /// Numbers of the corpus.
    async fn corpus(&self) -> Result<Corpus>;

    /// Sets the epoch of cluster versions.
    async fn set_event_epoch(&self, epoch: i64) -> Result<()>;

    /// Takes a redirect in (`None` ends it) unless a newer one is there; queues the records for the resolver.
    async fn redirect(&self, absorbed: RecordId, survivor: Option<RecordId>, version: Version) -> Result<()>;

    /// Clusters for people.
    async fn clusters(&self, page: &ClusterPage) -> Result<Vec<Cluster>>;

    /// The clusters of these ids that are there, in no order.
    async fn clusters_of(&self, ids: &[ClusterId]) -> Result<Vec<Cluster>>;

    /// One cluster.
    async fn cluster(&self, id: ClusterId) -> Result<Option<Cluster>> {
        Ok(self.clusters_of(&[id]).await?.pop())
    }

    /// How many clusters wait for a reviewer, and how many there are.
    async fn cluster_counts(&self) -> Result<(u64, u64)>;

    /// Adds judgements and queues their records. `decision` ties them to what they came from.
    async fn judge(&self, judgements: &[Judgement], decision: Option<Uuid>) -> Result<()>;

    /// Judgements that hold (the newest of each pair that was not withdrawn, without a no whose evidence has changed
    /// since), with their numbers, oldest first, after the given number.
    async fn judgements(&self, after: i64, limit: usize) -> Result<Vec<(i64, Judgement)>>;

    /// Withdraws the judgements of a decision and queues their records.
    async fn withdraw(&self, decision: Uuid, at: DateTime<Utc>) -> Result<()>;

    /// Writes a decision, new or moved on.
    async fn put_decision(&self, decision: &Decision) -> Result<()>;

    /// The decisions of these ids that are there, in no order.
    async fn decisions_of(&self, ids: &[Uuid]) -> Result<Vec<Decision>>;

    /// One decision.
    async fn decision(&self, id: Uuid) -> Result<Option<Decision>> {
        Ok(self.decisions_of(&[id]).await?.pop())
    }

    /// Decisions, newest first, after the given one (when it was made, and its id).
    async fn decisions(&self, after: Option<TimeAndId>, limit: usize) -> Result<Vec<Decision>>;

    /// Decisions in a state, oldest first, after the given one.
    async fn decisions_in(
        &self,
        state: DecisionState,
        after: Option<TimeAndId>,
        limit: usize,
    ) -> Result<Vec<Decision>>;

    /// The decision that became this merge.
    async fn decision_of_merge(&self, merge: MergeId) -> Result<Option<Decision>>;

    /// How many records wait to be scored again, and to be resolved.
    async fn queue_lengths(&self) -> Result<(u64, u64)>;

    /// Stored pairs, for the end-state check: sorted, after the given one.
    async fn scan_pairs(&self, after: Option<entity::CandidatePair>, limit: usize)
    -> Result<Vec<ScoredPair>>;
}
