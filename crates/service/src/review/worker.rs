//! The worker that carries decisions out: one process at a time, from wherever the last one got to.
//!
//! ```text
//! decided ─▶ judgements written ─▶ applying ─▶ merge asked for over HTTP ─▶ applied, or refused with its reason
//! ```
//!
//! Each step may happen again after a crash: judgements are withdrawn before they are written, and the
//! decision's id is the merge's idempotency key.

use super::client::{Client, Refusal, WantedMerge};
use crate::ports::Ports;
use crate::problem::chain;
use entity::{CandidatePair, Cluster, Judgement, JudgementVerdict, MergeId};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use store::Resolution;
use store::resolution::{Decision, DecisionState};
use tokio::sync::Notify;
use uuid::Uuid;

/// Carries out what reviewers decide.
#[derive(Debug)]
pub struct DecisionWorker {
    store: Arc<dyn Resolution>,
    organizations: Client,
    decided: Arc<Notify>,
    /// Who we are, for the lease.
    holder: String,
}

/// The lease under which one process at a time carries decisions out.
const ROLE: &str = "decisions";
/// Longer than one decision takes, [`Client`]'s time-out included.
const LEASE: Duration = Duration::from_secs(10);
/// Between two looks when nobody rings, such as for a decision of another process.
const IDLE: Duration = Duration::from_secs(1);
/// After a failure.
const BACKOFF: Duration = Duration::from_millis(500);
const BATCH: usize = 100;

const CLUSTER_GONE: &str =
    "the cluster had changed before the decision could be carried out: look at it again";

/// Whether all that was waiting is done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Round {
    Done,
    /// Something has to be tried again.
    Unfinished,
}

impl DecisionWorker {
    /// A worker on these ports. Start one in each process that runs the service.
    #[must_use]
    pub fn new(ports: &Ports) -> Self {
        Self {
            store: Arc::clone(&ports.resolution),
            organizations: Client::of(ports),
            decided: Arc::clone(&ports.decided),
            holder: Uuid::now_v7().to_string(),
        }
    }

    /// Works until told to stop; what is in hand then is finished by the next start.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) {
        let mut stop = pin!(stop);
        tokio::select! {
            () = self.work() => {}
            () = &mut stop => {}
        }
        if let Ok(Some(lease)) = self.store.acquire(ROLE, &self.holder, LEASE).await {
            // Not given back, it would run out by itself.
            let _ = self.store.release(&lease).await;
        }
    }

    async fn work(&self) {
        loop {
            let pause = match self.round().await {
                Ok(Round::Done) => IDLE,
                Ok(Round::Unfinished) => BACKOFF,
                Err(error) => {
                    tracing::warn!(error = chain(&error), "decisions wait: the store did not answer");
                    BACKOFF
                }
            };
            tokio::select! {
                () = self.decided.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Everything that waits, oldest first.
    async fn round(&self) -> store::Result<Round> {
        let mut round = Round::Done;
        for state in [DecisionState::Applying, DecisionState::Decided] {
            if self.round_in(state).await? == Round::Unfinished {
                round = Round::Unfinished;
            }
        }
        Ok(round)
    }

    async fn round_in(&self, state: DecisionState) -> store::Result<Round> {
        let mut round = Round::Done;
        let mut after = None;
        loop {
            let decisions = self.store.decisions_in(state, after, BATCH).await?;
            // Past those that wait: they keep no later one from its turn.
            let Some(last) = decisions.last() else { return Ok(round) };
            after = Some((last.decided_at, last.id));
            for decision in decisions {
                // Before each decision: a worker that slept past its lease must not go on beside the next one.
                if self.store.acquire(ROLE, &self.holder, LEASE).await?.is_none() {
                    return Ok(Round::Done);
                }
                let id = decision.id;
                if self.carry_out(decision).await? == Round::Unfinished {
                    tracing::warn!(decision = %id, "a decision waits for the organizations and is tried again");
                    round = Round::Unfinished;
                }
            }
        }
    }

    async fn carry_out(&self, mut decision: Decision) -> store::Result<Round> {
        if decision.state == DecisionState::Decided {
            let judged = self.judge(&decision).await?;
            decision.state = match decision.verdict {
                JudgementVerdict::Match => DecisionState::Applying,
                _ if judged => DecisionState::Applied,
                _ => {
                    decision.refusal = Some(CLUSTER_GONE.to_owned());
                    DecisionState::Refused
                }
            };
            self.store.put_decision(&decision).await?;
        }
        if decision.state != DecisionState::Applying {
            return Ok(Round::Done);
        }
        match self.merge(&decision).await {
            Ok(merge) => {
                decision.merge_id = Some(merge);
                decision.state = DecisionState::Applied;
            }
            Err(Refusal::Later(cause)) => {
                tracing::warn!(decision = %decision.id, error = cause, "the organizations did not answer");
                return Ok(Round::Unfinished);
            }
            // Looked at again with the next round.
            Err(Refusal::Awaiting) => return Ok(Round::Done),
            Err(Refusal::No(problem)) => {
                tracing::info!(decision = %decision.id, problem = problem.kind, "a decision was refused");
                // Nothing of it holds: the cluster is back in the queue as it was.
                self.store.withdraw(decision.id, entity::clock::now()).await?;
                decision.refusal = Some(problem.detail);
                decision.state = DecisionState::Refused;
            }
        }
        self.store.put_decision(&decision).await?;
        Ok(Round::Done)
    }

    /// Writes a judgement for each pair of members across the golden ids; whether there was any.
    async fn judge(&self, decision: &Decision) -> store::Result<bool> {
        self.store.withdraw(decision.id, entity::clock::now()).await?;
        let Some(cluster) = self.store.cluster(decision.cluster_id).await? else { return Ok(false) };
        let judgements = judgements(&cluster, decision);
        self.store.judge(&judgements, Some(decision.id)).await?;
        Ok(!judgements.is_empty())
    }

    async fn merge(&self, decision: &Decision) -> Result<MergeId, Refusal> {
        let survivor = decision.survivor.or_else(|| decision.organizations.first().copied());
        let survivor =
            survivor.ok_or_else(|| Refusal::Later("a decision without organizations".to_owned()))?;
        let absorbed = decision.organizations.iter().copied().filter(|id| *id != survivor).collect();
        let wanted = WantedMerge {
            key: decision.id,
            survivor,
            absorbed,
            by: &decision.decided_by,
            reason: decision.reason.as_deref(),
        };
        self.organizations.merge(&wanted).await
    }
}

fn judgements(cluster: &Cluster, decision: &Decision) -> Vec<Judgement> {
    let concerned =
        |member: &&entity::ClusterMember| decision.organizations.contains(&member.organization_id);
    let members: Vec<_> = cluster.members.iter().filter(concerned).collect();
    let mut judgements = Vec::new();
    for (number, left) in members.iter().enumerate() {
        for right in
            members[number + 1..].iter().filter(|right| right.organization_id != left.organization_id)
        {
            judgements.extend(CandidatePair::new(left.record_id, right.record_id).map(|pair| Judgement {
                pair,
                verdict: decision.verdict,
                judged_by: decision.decided_by.clone(),
                judged_at: decision.decided_at,
                reason: decision.reason.clone(),
            }));
        }
    }
    judgements
}
