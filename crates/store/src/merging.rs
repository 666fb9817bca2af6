//! The port of deliberate merges: what was done to links, taking golden records apart, and merges that wait for a
//! second person.

use crate::error::Result;
use crate::link_log::{Act, Join, Step};
use crate::listing::TimeAndId;
use crate::organizations::Revisions;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entity::{Family, Merge, MergeId, OrganizationId, RecordId, Split, Undo};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use uuid::Uuid;

/// A caller's key and what came with it, to tell a repeat from a reuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// The caller's key.
    pub key: String,
    /// What the request said.
    pub fingerprint: String,
}

/// A split to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitRequest {
    /// The split, without an undo.
    pub split: Split,
    /// Revisions of all members, as the decider saw them.
    pub expected: Revisions,
    /// The caller's key.
    pub key: RequestKey,
}

/// A split and what it did to merges, as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitOutcome {
    /// The split.
    pub split: Split,
    /// Merges that it ended.
    pub ended: Vec<MergeId>,
    /// Merges that it made again of what stays together.
    pub remade: Vec<MergeId>,
}

/// Merges and splits with all that they ever concerned, in one snapshot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Merges in the order in which they were made, undone ones too.
    pub merges: Vec<Merge>,
    /// Splits in the order in which they were made, undone ones too.
    pub splits: Vec<Split>,
    /// Merges and splits in one order.
    order: Vec<MergeId>,
    /// The rows of all ids that are named.
    pub family: Family,
}

impl History {
    /// A history of these steps.
    #[must_use]
    pub fn new(order: Vec<MergeId>, merges: Vec<Merge>, splits: Vec<Split>, family: Family) -> Self {
        Self { merges, splits, order, family }
    }

    pub(crate) fn with_family(self, family: Family) -> Self {
        Self { family, ..self }
    }

    /// The steps that stand, without some.
    #[must_use]
    pub fn steps_without(&self, without: &BTreeSet<MergeId>) -> Vec<Step> {
        let standing = self.order.iter().filter(|id| !without.contains(*id));
        standing.filter_map(|id| self.step(*id)).collect()
    }

    fn step(&self, id: MergeId) -> Option<Step> {
        let taken_back = |undo: &Option<Undo>| undo.as_ref().is_some_and(|undo| undo.split.is_none());
        if let Some(merge) = self.merges.iter().find(|merge| merge.id == id) {
            let stands = merge.split.is_none() && !taken_back(&merge.undo);
            let absorbed = merge.absorbed.iter().copied().map(RecordId::from).collect();
            let join = Join { survivor: merge.survivor.into(), absorbed };
            return stands.then_some(Step { id, act: Act::Join(join) });
        }
        let split = self.splits.iter().find(|split| split.id == id && !taken_back(&split.undo))?;
        Some(Step { id, act: Act::Part(split.groups.clone()) })
    }

    /// Merges made again by a split that a person took back by themselves.
    #[must_use]
    pub fn withdrawn(&self) -> BTreeSet<MergeId> {
        let taken_back = |merge: &&Merge| {
            merge.split.is_some() && merge.undo.as_ref().is_some_and(|undo| undo.split.is_none())
        };
        self.merges.iter().filter(taken_back).map(|merge| merge.id).collect()
    }
}

/// How far a batch has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchState {
    /// A second person has yet to approve it.
    AwaitingApproval,
    /// It was approved, and items are being carried out.
    Running,
    /// Each item is applied, refused or skipped.
    Done,
    /// It was stopped; what was applied before stands.
    Cancelled,
    /// All that it merged was taken back.
    Undone,
}

/// How far an item of a batch has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// Its turn has yet to come.
    Pending,
    /// It is a merge.
    Applied,
    /// What it was decided on no longer stood, or it could not be.
    Refused,
    /// The batch was stopped before its turn.
    Skipped,
}

/// What an item wants merged, and what that was decided on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ItemRequest {
    /// The golden id that stays.
    pub survivor: OrganizationId,
    /// The golden ids that go.
    pub absorbed: Vec<OrganizationId>,
    /// Revisions of all members, as the decider saw them.
    pub expected: Revisions,
    /// The digest of the preview that was decided on.
    pub preview_digest: String,
    /// Choices per field, as the request gave them.
    #[serde(default)]
    pub choices: Value,
}

/// One merge of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchItem {
    /// Its place in the batch, from 0.
    pub position: u32,
    /// What it wants.
    pub request: ItemRequest,
    /// How far it has got.
    pub state: ItemState,
    /// The merge that it became.
    pub merge: Option<MergeId>,
    /// Why it was refused: a problem as REST tells it.
    pub problem: Option<Value>,
}

/// Merges that one person asks for and a second approves.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Its id.
    pub id: Uuid,
    /// How far it has got.
    pub state: BatchState,
    /// Who asked for it.
    pub created_by: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Why.
    pub reason: Option<String>,
    /// Who approved it, and when.
    pub approved: Option<(String, DateTime<Utc>)>,
    /// Who stopped it or took it back, when, and why.
    pub closed: Option<(String, DateTime<Utc>, Option<String>)>,
    /// Its merges, by position.
    pub items: Vec<BatchItem>,
}

/// What a request was answered before.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The merge as it was made.
    Merge(Merge),
    /// The split as it was made.
    Split(SplitOutcome),
    /// The batch that it became, as it is now.
    Batch(Batch),
}

/// Something that a person did, for the log: who, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// Who.
    pub actor: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl By {
    /// This person, now.
    #[must_use]
    pub fn now(actor: impl Into<String>) -> Self {
        Self { actor: actor.into(), at: entity::clock::now() }
    }
}

/// Deliberate merges beyond one at a time.
#[async_trait]
pub trait Merging: Send + Sync {
    /// What the same request was answered before, if it was.
    ///
    /// # Errors
    /// `Conflict::KeyReused` when the key came with another request.
    async fn answer_to(&self, request: &RequestKey) -> Result<Option<Answer>>;

    /// What was ever done to these ids and, through it, to others: enough to replay it with or without a step.
    async fn history(&self, ids: &[RecordId]) -> Result<History>;

    /// The history of one merge or split; empty when there is none.
    async fn history_of_step(&self, id: MergeId) -> Result<History>;

    /// Merges after this one in the order in which they were made, oldest first; from the beginning without one.
    ///
    /// # Errors
    /// `NotFound` when there is no such merge.
    async fn merges_since(&self, after: Option<MergeId>, limit: usize) -> Result<Vec<Merge>>;

    /// Takes a golden record apart, or gives the answer of the same request before.
    async fn split(&self, request: &SplitRequest) -> Result<SplitOutcome>;

    /// Takes a split back, as if it had never been; a second time changes nothing.
    async fn undo_split(&self, id: MergeId, undo: &Undo) -> Result<SplitOutcome>;

    /// One split.
    async fn split_by_id(&self, id: MergeId) -> Result<Option<SplitOutcome>>;

    /// Writes a batch down, or gives the answer of the same request before.
    async fn create_batch(&self, batch: &Batch, key: &RequestKey) -> Result<Batch>;

    /// One batch with its items.
    async fn batch(&self, id: Uuid) -> Result<Option<Batch>>;

    /// Batches with their items, newest first, after the given one.
    async fn batches(&self, after: Option<TimeAndId>, limit: usize) -> Result<Vec<Batch>>;

    /// Lets a batch run; a second time by the same person changes nothing.
    ///
    /// # Errors
    /// `Conflict::OwnApproval` for the person who created it, `Conflict::BatchClosed` when it waits for nobody.
    async fn approve_batch(&self, id: Uuid, by: &By) -> Result<Batch>;

    /// Stops a batch that waits or runs: what is pending is skipped, what was applied stands.
    async fn cancel_batch(&self, id: Uuid, by: &By, reason: Option<&str>) -> Result<Batch>;

    /// Stops a batch and takes back all that it merged, in one transaction; a second time changes nothing.
    async fn undo_batch(&self, id: Uuid, undo: &Undo) -> Result<Batch>;

    /// Batches that run, oldest first, each with its pending items.
    async fn running_batches(&self) -> Result<Vec<Batch>>;

    /// Writes down what became of an item, unless it was skipped meanwhile; the last one ends the batch.
    async fn settle_item(&self, batch: Uuid, item: &BatchItem) -> Result<()>;

    /// Forgets answers that were given before a moment; how many.
    async fn prune_answers(&self, before: DateTime<Utc>) -> Result<u64>;
}
