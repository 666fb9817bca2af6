//! Waiting for a decision to come true, and taking it back.

use super::Room;
use crate::problem::{Kind, Problem, Result};
use entity::MergeId;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use store::resolution::{Decision, DecisionState};
use uuid::Uuid;

/// Between two looks at a decision in flight.
const LOOK: Duration = Duration::from_millis(15);
/// How long taking back waits for a decision that is still on its way.
const ON_ITS_WAY: Duration = Duration::from_secs(5);

pub(super) fn is_final(decision: &Decision) -> bool {
    !matches!(decision.state, DecisionState::Decided | DecisionState::Applying)
}

pub(super) async fn decision(room: &Room, id: Uuid) -> Result<Decision> {
    let decision = room.store.decision(id).await?;
    decision.ok_or_else(|| Problem::not_found(format!("decision {id}")))
}

/// The decision once it is applied or refused, or as it stands when the patience is over.
pub(super) async fn settled(room: &Room, id: Uuid, patience: Duration) -> Result<Decision> {
    let began = Instant::now();
    loop {
        let decision = decision(room, id).await?;
        if is_final(&decision) || began.elapsed() > patience {
            return Ok(decision);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The merges that a decision became.
pub(super) fn merges(decision: &Decision) -> BTreeSet<MergeId> {
    decision.parts.iter().filter_map(|part| part.merge_id).chain(decision.merge_id).collect()
}

/// Takes a decision back: its merges are undone over HTTP first, its judgements are withdrawn, then it is undone.
/// After a crash in between, the same call finishes the work; a second call changes nothing.
pub(super) async fn undo(room: &Room, id: Uuid, by: &str, reason: Option<&str>) -> Result<Decision> {
    let mut decision = decision(room, id).await?;
    match decision.state {
        DecisionState::Decided | DecisionState::Applying => {
            let detail = format!("decision {id} is still being applied: take it back once it is applied");
            return Err(Problem::new(Kind::DecisionNotFinal, detail));
        }
        DecisionState::Refused => return Ok(decision),
        // Undone at the organizations: what people said with it goes too.
        DecisionState::Undone if merges(&decision).len() < 2 => {
            forget(room, id).await?;
            return Ok(decision);
        }
        // An undo of one of several merges, heard from the organizations, is no undo of the others.
        DecisionState::Applied | DecisionState::Undone => {}
    }
    for merge in merges(&decision) {
        room.organizations.undo(merge, by, reason).await?;
    }
    forget(room, id).await?;
    decision.state = DecisionState::Undone;
    room.store.put_decision(&decision).await?;
    Ok(decision)
}

/// Its judgements and its answer to a sample count no more; harmless a second time.
async fn forget(room: &Room, id: Uuid) -> Result<()> {
    room.store.withdraw(id, entity::clock::now()).await?;
    room.store.forget_answer(id).await?;
    Ok(())
}

/// Takes back the newest decision of a person that holds; `None` when there is none.
pub(super) async fn undo_last(room: &Room, by: &str, reason: Option<&str>) -> Result<Option<Decision>> {
    let mut before = None;
    loop {
        let Some(last) = room.store.standing_decisions_of(by, before, 1).await?.pop() else {
            return Ok(None);
        };
        let last = settled(room, last.id, ON_ITS_WAY).await?;
        // Refused meanwhile: there is nothing to take back of it.
        if last.state != DecisionState::Refused {
            return undo(room, last.id, by, reason).await.map(Some);
        }
        before = Some((last.decided_at, last.id));
    }
}
