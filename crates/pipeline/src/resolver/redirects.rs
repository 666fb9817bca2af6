//! Merges come back: redirects become must-links, and an undone merge ends the decision it came from, with its
//! judgements.

use crate::error::{Error, Result};
use crate::runner::Stage;
use async_trait::async_trait;
use entity::event::{MergeChanged, MergeOp, Op, RedirectChanged};
use events::Event;
use events::codec::Codec;
use events::topics::Product;
use std::sync::Arc;
use store::Resolution;
use store::resolution::DecisionState;

/// Follows `organizations.redirect.v1` and `organizations.merge.v1`.
#[derive(Debug)]
pub struct RedirectFollower {
    /// Reads values.
    pub codec: Arc<Codec>,
    /// Where they are kept.
    pub resolution: Arc<dyn Resolution>,
}

#[async_trait]
impl Stage for RedirectFollower {
    async fn apply(&mut self, events: &[Event]) -> Result<usize> {
        for event in events {
            // The delete before a tombstone said it all.
            let Some(value) = &event.value else { continue };
            match self.codec.names().product_of(&event.topic) {
                Some(Product::Redirect) => self.redirect(value).await?,
                Some(Product::Merge) => self.merge(value).await?,
                _ => return Err(Error::Unfit(format!("nothing of topic {} is expected here", event.topic))),
            }
        }
        Ok(events.len())
    }
}

impl RedirectFollower {
    async fn redirect(&self, value: &[u8]) -> Result<()> {
        let changed: RedirectChanged = self.codec.decode(value).await?;
        let survivor = changed.redirect_to.filter(|_| changed.op == Op::Redirect).map(Into::into);
        self.resolution.redirect(changed.id.into(), survivor, changed.version).await?;
        Ok(())
    }

    async fn merge(&self, value: &[u8]) -> Result<()> {
        let changed: MergeChanged = self.codec.decode(value).await?;
        if changed.op != MergeOp::Unmerged {
            return Ok(());
        }
        let Some(mut decision) = self.resolution.decision_of_merge(changed.id).await? else { return Ok(()) };
        // Of a refused one, the worker takes the merges back itself.
        if matches!(decision.state, DecisionState::Undone | DecisionState::Refused) {
            return Ok(());
        }
        // What was said with it goes first: after a crash in between, all of it is done again.
        self.resolution.withdraw(decision.id, entity::clock::now()).await?;
        self.resolution.forget_answer(decision.id).await?;
        decision.state = DecisionState::Undone;
        self.resolution.put_decision(&decision).await?;
        Ok(())
    }
}
