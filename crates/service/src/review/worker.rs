//! The worker that carries decisions out: one process at a time, from wherever the last one got to.
//!
//! ```text
//! decided, with its judgements ─▶ applying ─▶ each merge asked for over HTTP ─▶ applied
//!                                     └─▶ one refused ─▶ the others undone, judgements withdrawn ─▶ refused
//! ```
//!
//! Each step may happen again after a crash: the idempotency key of a merge follows from the decision's id, and a
//! refusal is written down before anything is undone for it.

use super::client::{Client, Refusal, WantedMerge};
use crate::ports::Ports;
use crate::turn::{Round, Turn};
use entity::{CandidatePair, Cluster, Judgement, JudgementVerdict, MergeId};
use std::future::Future;
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
    turn: Turn,
}

/// Longer than looking at a merge and making it take, each with [`Client`]'s time-out.
const LEASE: Duration = Duration::from_secs(20);
const BATCH: usize = 100;

const CLUSTER_GONE: &str =
    "the cluster had changed before the decision could be carried out: look at it again";

impl DecisionWorker {
    /// A worker on these ports. Start one in each process that runs the service.
    #[must_use]
    pub fn new(ports: &Ports) -> Self {
        Self {
            store: Arc::clone(&ports.resolution),
            organizations: Client::of(ports),
            decided: Arc::clone(&ports.decided),
            turn: Turn::new("decisions", LEASE),
        }
    }

    /// Works until told to stop; what is in hand then is finished by the next start.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) {
        self.turn.until(stop, &*self.store, self.work()).await;
    }

    async fn work(&self) {
        loop {
            self.turn.rest(self.round().await, &self.decided).await;
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
                if !self.turn.is_ours(&*self.store).await? {
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
            if !decision.notes.judged {
                self.judge(&mut decision).await?;
            }
            if decision.state == DecisionState::Decided {
                decision.state = match decision.verdict {
                    JudgementVerdict::Match => DecisionState::Applying,
                    JudgementVerdict::NonMatch | JudgementVerdict::Related | JudgementVerdict::Unsure => {
                        DecisionState::Applied
                    }
                };
            }
            self.store.put_decision(&decision).await?;
        }
        if decision.state != DecisionState::Applying {
            return Ok(Round::Done);
        }
        if decision.refusal.is_none()
            && let Some(round) = self.merge(&mut decision).await?
        {
            return Ok(round);
        }
        if decision.refusal.is_some() {
            return self.take_back(decision).await;
        }
        decision.state = DecisionState::Applied;
        self.store.put_decision(&decision).await?;
        Ok(Round::Done)
    }

    /// Makes what merges are still to be made, or writes down why one is refused; the outcome of the round where the rest
    /// has to wait.
    async fn merge(&self, decision: &mut Decision) -> store::Result<Option<Round>> {
        if decision.parts.is_empty() {
            decision.parts = decision.merges();
        }
        for number in 0..decision.parts.len() {
            if decision.parts[number].merge_id.is_some() {
                continue;
            }
            if !self.turn.is_ours(&*self.store).await? {
                return Ok(Some(Round::Done));
            }
            let answer = self.organizations.merge(&wanted(decision, number)).await;
            match answer {
                Ok(merge) => {
                    decision.parts[number].merge_id = Some(merge);
                    decision.merge_id = decision.merge_id.or(Some(merge));
                    // Before the next: whatever happens, it is known what is there.
                    self.store.put_decision(decision).await?;
                }
                Err(Refusal::Later(cause)) => {
                    tracing::warn!(decision = %decision.id, error = cause, "the organizations did not answer");
                    return Ok(Some(Round::Unfinished));
                }
                // Looked at again with the next round.
                Err(Refusal::Awaiting) => return Ok(Some(Round::Done)),
                Err(Refusal::No(problem)) => {
                    tracing::info!(decision = %decision.id, problem = problem.kind, "a decision was refused");
                    decision.refusal = Some(problem.detail);
                    self.store.put_decision(decision).await?;
                    return Ok(None);
                }
            }
        }
        Ok(None)
    }

    /// Nothing of a refused decision holds: the cluster is back in the queue as it was.
    async fn take_back(&self, mut decision: Decision) -> store::Result<Round> {
        let made: Vec<MergeId> = decision.parts.iter().filter_map(|part| part.merge_id).collect();
        for merge in made {
            if !self.turn.is_ours(&*self.store).await? {
                return Ok(Round::Done);
            }
            let reason = "another part of the decision was refused";
            if let Err(Refusal::Later(cause)) =
                self.organizations.undo(merge, &decision.decided_by, Some(reason)).await
            {
                tracing::warn!(decision = %decision.id, error = cause, "the organizations did not answer");
                return Ok(Round::Unfinished);
            }
        }
        self.store.withdraw(decision.id, entity::clock::now()).await?;
        self.store.forget_answer(decision.id).await?;
        decision.state = DecisionState::Refused;
        self.store.put_decision(&decision).await?;
        Ok(Round::Done)
    }

    /// For a decision that was written without its judgements, by an earlier release: writes them.
    async fn judge(&self, decision: &mut Decision) -> store::Result<()> {
        self.store.withdraw(decision.id, entity::clock::now()).await?;
        let judgements = match self.store.cluster(decision.cluster_id).await? {
            Some(cluster) => judgements(&cluster, decision),
            None => Vec::new(),
        };
        if judgements.is_empty() && decision.verdict != JudgementVerdict::Match {
            decision.refusal = Some(CLUSTER_GONE.to_owned());
            decision.state = DecisionState::Refused;
        }
        decision.notes.judged = true;
        self.store.judge(&judgements, Some(decision.id)).await
    }
}

/// The merge that a part of a decision asks for. The first goes by the decision's own id.
fn wanted(decision: &Decision, number: usize) -> WantedMerge<'_> {
    let part = &decision.parts[number];
    let key =
        if number == 0 { decision.id } else { Uuid::new_v5(&decision.id, number.to_string().as_bytes()) };
    WantedMerge {
        key,
        survivor: part.survivor,
        absorbed: part.organizations.iter().copied().filter(|id| *id != part.survivor).collect(),
        by: &decision.decided_by,
        reason: decision.reason.as_deref(),
        choices: &part.choices,
        seen: part.preview.as_ref(),
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
