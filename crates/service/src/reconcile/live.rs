//! The live model: read from its generation, kept while that one is live.

use super::Room;
use crate::problem::{Kind, Problem, Result, chain};
use scoring::Model;
use std::sync::{Arc, PoisonError, RwLock};

/// What weighs.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) model: Arc<Model>,
    /// Records in the corpus, for the prior.
    pub(super) records: u64,
}

/// The model of the generation that was live at the last look.
#[derive(Debug, Default)]
pub(super) struct Kept(RwLock<Option<(i64, Arc<Model>)>>);

impl Room {
    pub(super) async fn live(&self) -> Result<Live> {
        let records = self.ports.resolution.corpus().await?.record_count;
        let generations = self.ports.generations.list().await?;
        let live = generations.into_iter().find(|generation| generation.live);
        let live = live
            .ok_or_else(|| Problem::new(Kind::Unavailable, "no model is live yet: try again in a moment"))?;
        let kept = self.kept.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, model)) = kept.filter(|(id, _)| *id == live.id) {
            return Ok(Live { model, records });
        }
        let model = Arc::new(Model::from_json(&live.model).map_err(|error| unusable(&error))?);
        *self.kept.0.write().unwrap_or_else(PoisonError::into_inner) = Some((live.id, Arc::clone(&model)));
        Ok(Live { model, records })
    }
}

/// The model or the index is of another release: a generation of this one is being filled beside it.
pub(super) fn unusable(error: &scoring::Error) -> Problem {
    tracing::error!(error = chain(error), "the live generation cannot be used for reconciliation");
    let detail =
        "the live model was built by another release, and its successor is not ready: try again later";
    Problem::new(Kind::Unavailable, detail)
}
