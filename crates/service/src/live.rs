//! The live model: read from its generation, and kept while that one is live.

use crate::ports::Ports;
use crate::problem::{Kind, Problem, Result, chain};
use scoring::Model;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use store::{Generations, Resolution};

/// How long a model may be live before it is noticed: as long as in every process of the loop.
const FRESH: Duration = Duration::from_secs(1);

/// What weighs.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) model: Arc<Model>,
    /// Records in the corpus, for the prior.
    pub(crate) records: u64,
}

/// The model that is live; clones share what they keep.
#[derive(Clone, Debug)]
pub(crate) struct LiveModel {
    generations: Arc<dyn Generations>,
    resolution: Arc<dyn Resolution>,
    kept: Arc<RwLock<Option<Kept>>>,
}

/// The model of the generation that was live at the last look.
#[derive(Clone, Debug)]
struct Kept {
    at: Instant,
    generation: i64,
    model: Arc<Model>,
}

impl LiveModel {
    pub(crate) fn of(ports: &Ports) -> Self {
        Self {
            generations: Arc::clone(&ports.generations),
            resolution: Arc::clone(&ports.resolution),
            kept: Arc::default(),
        }
    }

    pub(crate) async fn look(&self) -> Result<Live> {
        let records = self.resolution.corpus().await?.record_count;
        Ok(Live { model: self.model().await?, records })
    }

    async fn model(&self) -> Result<Arc<Model>> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(kept) = &kept
            && kept.at.elapsed() < FRESH
        {
            return Ok(Arc::clone(&kept.model));
        }
        let at = Instant::now();
        let live = self.generations.list().await?.into_iter().find(|generation| generation.live);
        let live = live
            .ok_or_else(|| Problem::new(Kind::Unavailable, "no model is live yet: try again in a moment"))?;
        let model = match kept {
            Some(kept) if kept.generation == live.id => kept.model,
            _ => Arc::new(Model::from_json(&live.model).map_err(|error| unusable(&error))?),
        };
        let kept = Kept { at, generation: live.id, model: Arc::clone(&model) };
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        Ok(model)
    }
}

/// The model or the index is of another release: a generation of this one is being filled beside it.
pub(crate) fn unusable(error: &scoring::Error) -> Problem {
    tracing::error!(error = chain(error), "the live generation cannot be used by this release");
    let detail =
        "the live model was built by another release, and its successor is not ready: try again later";
    Problem::new(Kind::Unavailable, detail)
}
