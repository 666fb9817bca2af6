//! What the service is given: the ports it reads and writes, and where it finds itself.

use crate::access::{Access, Secret};
use events::EventLog;
use events::codec::Codec;
use index::Index;
use metrics_exporter_prometheus::PrometheusHandle;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use store::{Generations, Organizations, Resolution};
use tokio::sync::Notify;

/// Everything behind the routes.
#[derive(Clone, Debug)]
pub struct Ports {
    /// The data product.
    pub organizations: Arc<dyn Organizations>,
    /// Clusters, judgements, decisions.
    pub resolution: Arc<dyn Resolution>,
    /// Models and what they came to; the live one weighs what is reconciled.
    pub generations: Arc<dyn Generations>,
    /// Topics.
    pub log: Arc<dyn EventLog>,
    /// Values of topics, and the registry of their schemas.
    pub codec: Arc<Codec>,
    /// People's searches.
    pub index: Arc<dyn Index>,
    /// How far each stage is.
    pub stages: Stages,
    /// Rung after each write to the organizations, so that the poller looks at once.
    pub bell: Arc<Notify>,
    /// Rung after each decision, so that the [`crate::DecisionWorker`] of this process looks at once.
    pub decided: Arc<Notify>,
    /// How merges are decided.
    pub merging: Merging,
    /// Numbers for Prometheus.
    pub metrics: PrometheusHandle,
    /// Where the review reaches the organizations' REST port, such as `http://127.0.0.1:8080`.
    pub organizations_url: String,
    /// By what the organizations' REST port there knows the review: [`Access::own_token`] where it is this process's.
    pub organizations_token: Secret,
    /// Who may do what.
    pub access: Access,
    /// Whether the registry's REST calls are answered here.
    pub registry: RegistryRoutes,
}

/// How merges are decided.
#[derive(Clone, Debug)]
pub struct Merging {
    /// A merge of more members than this waits for a second person.
    pub members_max_alone: usize,
    /// Rung when a batch was approved, so that the [`crate::MergeWorker`] of this process looks at once.
    pub approved: Arc<Notify>,
}

impl Default for Merging {
    fn default() -> Self {
        Self { members_max_alone: 20, approved: Arc::new(Notify::new()) }
    }
}

/// Whether the Confluent REST calls of the schema registry are answered by this service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistryRoutes {
    /// The registry is the embedded one: this is its address.
    Mounted,
    /// The registry is a server of its own.
    Elsewhere,
}

/// The board of all stages, read anew at each look.
#[derive(Clone)]
pub struct Stages(Arc<dyn Fn() -> BTreeMap<String, entity::StageState> + Send + Sync>);

impl Stages {
    /// The board behind this function.
    pub fn new(look: impl Fn() -> BTreeMap<String, entity::StageState> + Send + Sync + 'static) -> Self {
        Self(Arc::new(look))
    }

    /// All stages, by name, as they are now.
    #[must_use]
    pub fn look(&self) -> BTreeMap<String, entity::StageState> {
        (self.0)()
    }
}

impl fmt::Debug for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stages").finish_non_exhaustive()
    }
}
