//! The board: how far each stage is, for the page, readiness and metrics.

use entity::StageState;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Shared by all stages of a process.
#[derive(Clone, Debug, Default)]
pub struct Board(Arc<Mutex<BTreeMap<String, StageState>>>);

impl Board {
    /// All stages, by name.
    #[must_use]
    pub fn stages(&self) -> BTreeMap<String, StageState> {
        self.lock().clone()
    }

    /// A stage of this process begins.
    pub fn started(&self, stage: &str) {
        self.update(stage, |state| {
            state.here = true;
            state.progressed_at = Some(entity::clock::now());
        });
    }

    /// A stage of this process has ended, and nobody waits for it.
    pub fn ended(&self, stage: &str) {
        self.lock().remove(stage);
    }

    /// A stage finished a batch, or looked and found nothing.
    pub fn progressed(&self, stage: &str, events_in: usize, events_out: usize) {
        metrics::counter!("orgloop_stage_events_in_total", "stage" => stage.to_owned())
            .increment(events_in as u64);
        metrics::counter!("orgloop_stage_events_out_total", "stage" => stage.to_owned())
            .increment(events_out as u64);
        self.update(stage, |state| {
            state.events_in += events_in as u64;
            state.events_out += events_out as u64;
            state.progressed_at = Some(entity::clock::now());
            state.trouble = None;
        });
    }

    /// A stage failed and will try again.
    pub fn failed(&self, stage: &str, trouble: String) {
        metrics::counter!("orgloop_stage_errors_total", "stage" => stage.to_owned()).increment(1);
        self.update(stage, |state| {
            state.errors += 1;
            state.trouble = Some(trouble);
        });
    }

    /// What waits for a stage; since when is measured from the moment it was last seen to be none.
    pub fn lag(&self, stage: &str, events: u64, seconds: f64) {
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        metrics::gauge!("orgloop_stage_lag_events", "stage" => stage.to_owned()).set(events as f64);
        metrics::gauge!("orgloop_stage_lag_seconds", "stage" => stage.to_owned()).set(seconds);
        self.update(stage, |state| {
            state.lag_events = Some(events);
            state.lag_seconds = Some(seconds);
        });
    }

    fn update(&self, stage: &str, change: impl FnOnce(&mut StageState)) {
        change(self.lock().entry(stage.to_owned()).or_default());
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, StageState>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
