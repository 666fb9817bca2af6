//! Waiting for a decision to come true, and taking it back.

use super::Room;
use crate::problem::{Kind, Problem, Result};
use std::time::{Duration, Instant};
use store::resolution::{Decision, DecisionState};
use uuid::Uuid;

/// Between two looks at a decision in flight.
const LOOK: Duration = Duration::from_millis(15);

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

/// Takes a decision back: its merge is undone over HTTP first, its judgements are withdrawn, then it is undone.
/// After a crash in between, the same call finishes the work; a second call changes nothing.
pub(super) async fn undo(room: &Room, id: Uuid, by: &str, reason: Option<&str>) -> Result<Decision> {
    let mut decision = decision(room, id).await?;
    match decision.state {
        DecisionState::Decided | DecisionState::Applying => {
            let detail = format!("decision {id} is still being applied: take it back once it is applied");
            return Err(Problem::new(Kind::DecisionNotFinal, detail));
        }
        DecisionState::Refused | DecisionState::Undone => return Ok(decision),
        DecisionState::Applied => {}
    }
    if let Some(merge) = decision.merge_id {
        room.organizations.undo(merge, by, reason).await?;
    }
    room.store.withdraw(id, entity::clock::now()).await?;
    decision.state = DecisionState::Undone;
    room.store.put_decision(&decision).await?;
    Ok(decision)
}
