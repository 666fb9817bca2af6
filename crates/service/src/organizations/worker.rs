//! The worker that carries approved batches out, from wherever the last one got to.
//!
//! Each merge has a key of its own, so one that was made before a crash is not made twice; what became of it is
//! written down after it.

use super::merges::{Asked, request_of};
use super::proposal::{Choice, Proposal, Wanted};
use crate::ports::Ports;
use crate::problem::{Kind, Problem};
use crate::turn::{Round, Turn};
use chrono::TimeDelta;
use entity::Merge;
use serde_json::json;
use std::collections::BTreeMap;
use std::future::Future;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;
use store::Organizations;
use store::merging::{Answer, Batch, BatchItem, ItemState, RequestKey};
use tokio::sync::Notify;
use uuid::Uuid;

/// Carries approved batches of merges out, and forgets answers that nobody asks for any more.
#[derive(Debug)]
pub struct MergeWorker {
    store: Arc<dyn Organizations>,
    approved: Arc<Notify>,
    bell: Arc<Notify>,
    turn: Turn,
}

/// Longer than one merge takes.
const LEASE: Duration = Duration::from_secs(10);
/// Between two looks for old answers.
const PRUNE: Duration = Duration::from_secs(3600);
/// How long an answer is kept for whoever repeats a request.
const ANSWERS_KEPT: TimeDelta = TimeDelta::days(8);

impl MergeWorker {
    /// A worker on these ports. Start one in each process that runs the service.
    #[must_use]
    pub fn new(ports: &Ports) -> Self {
        Self {
            store: Arc::clone(&ports.organizations),
            approved: Arc::clone(&ports.merging.approved),
            bell: Arc::clone(&ports.bell),
            turn: Turn::new("merge-batches", LEASE),
        }
    }

    /// Works until told to stop; what is in hand then is finished by the next start.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) {
        self.turn.until(stop, &*self.store, self.work()).await;
    }

    async fn work(&self) {
        let mut pruned: Option<tokio::time::Instant> = None;
        loop {
            let round = async {
                if pruned.is_none_or(|pruned| pruned.elapsed() > PRUNE) {
                    self.store.prune_answers(entity::clock::now() - ANSWERS_KEPT).await?;
                    pruned = Some(tokio::time::Instant::now());
                }
                self.round().await
            };
            self.turn.rest(round.await, &self.approved).await;
        }
    }

    /// Everything that runs, oldest first.
    async fn round(&self) -> store::Result<Round> {
        for batch in self.store.running_batches().await? {
            for item in &batch.items {
                if !self.turn.is_ours(&*self.store).await? {
                    return Ok(Round::Done);
                }
                if self.carry_out(&batch, item.clone()).await?.is_break() {
                    break;
                }
            }
        }
        Ok(Round::Done)
    }

    /// Breaks when the batch was closed meanwhile: whoever did that has written down what becomes of its items.
    async fn carry_out(&self, batch: &Batch, mut item: BatchItem) -> store::Result<ControlFlow<()>> {
        match self.merge(batch, &item).await? {
            Ok(merge) => {
                item.merge = Some(merge.id);
                item.state = ItemState::Applied;
                self.bell.notify_one();
            }
            Err(problem) if problem.kind == Kind::BatchClosed => return Ok(ControlFlow::Break(())),
            Err(problem) => {
                tracing::info!(batch = %batch.id, item = item.position, problem = problem.kind.name(), "a merge of a batch was refused");
                item.problem = Some(json!(problem.document()));
                item.state = ItemState::Refused;
            }
        }
        self.store.settle_item(batch.id, &item).await?;
        Ok(ControlFlow::Continue(()))
    }

    /// The merge, or why it cannot be; an error where it may go through later.
    async fn merge(&self, batch: &Batch, item: &BatchItem) -> store::Result<Result<Merge, Problem>> {
        let key = RequestKey {
            key: format!("merge-batch:{}:{}", batch.id, item.position),
            fingerprint: json!(["merge-batch-item", batch.id, item.position]).to_string(),
        };
        if let Some(Answer::Merge(merge)) = self.store.answer_to(&key).await? {
            return Ok(Ok(merge));
        }
        let choices: Vec<Choice> = serde_json::from_value(item.request.choices.clone()).unwrap_or_default();
        let organizations: Vec<Uuid> = item.request.absorbed.iter().map(|id| id.0).collect();
        let wanted = Wanted {
            survivor: Some(item.request.survivor.0),
            organizations: &organizations,
            choices: &choices,
            by: &batch.created_by,
        };
        let expected: BTreeMap<Uuid, String> =
            item.request.expected.iter().map(|(id, revision)| (id.0, revision.to_string())).collect();
        let proposal = match Proposal::read(&*self.store, &wanted).await {
            Ok(proposal) => proposal,
            Err(problem) => return settled(problem),
        };
        if let Err(problem) = proposal.require(&item.request.preview_digest, &expected) {
            return settled(problem);
        }
        let asked =
            Asked { by: batch.created_by.clone(), reason: batch.reason.clone(), batch: Some(batch.id), key };
        match self.store.merge(&request_of(&proposal, asked)).await {
            Ok(merge) => Ok(Ok(merge)),
            Err(error @ store::Error::Transient { .. }) => Err(error),
            Err(error) => Ok(Err(error.into())),
        }
    }
}

/// A problem that is an answer; one that passes by itself is an error, to be tried again. All others are answers, also
/// those that are ours: tried again for ever, they would hold up every batch behind this one.
fn settled(problem: Problem) -> store::Result<Result<Merge, Problem>> {
    if problem.kind == Kind::Unavailable {
        return Err(store::Error::transient("reading what a batch is to merge", problem.detail));
    }
    Ok(Err(problem))
}

#[cfg(test)]
mod tests {
    use super::{Kind, Problem, settled};

    #[test]
    fn only_what_passes_by_itself_is_tried_again() {
        for kind in Kind::ALL {
            let tried_again = settled(Problem::new(*kind, "said")).is_err();
            assert_eq!(tried_again, *kind == Kind::Unavailable, "{}", kind.name());
        }
    }
}
