//! Samples that are answered blindly, what they prove of a band, and batches that rest on the proof.

use crate::error::Result;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entity::ClusterId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A range of probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// From this on.
    pub from: f64,
    /// Up to this, which is not in it.
    pub below: f64,
}

impl Band {
    /// Whether a probability is in it.
    #[must_use]
    pub fn holds(&self, probability: f64) -> bool {
        self.from <= probability && probability < self.below
    }
}

/// A sample, drawn uniformly without replacement from the clusters that waited in a band.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlindSample {
    /// Its id.
    pub id: Uuid,
    /// The band.
    pub band: Band,
    /// The model whose clusters they are.
    pub model_version: String,
    /// What it was drawn with: the same seed on the same population draws the same sample.
    pub seed: u64,
    /// How many clusters waited in the band.
    pub population: u64,
    /// By whom.
    pub drawn_by: String,
    /// When.
    pub drawn_at: DateTime<Utc>,
}

/// What an answer says of the model's proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlindOutcome {
    /// All members are one organization.
    Right,
    /// They are not, or nobody can say.
    Wrong,
    /// The cluster changed before anybody answered: it counts for nothing.
    Void,
}

/// A cluster of a sample.
#[derive(Clone, Debug, PartialEq)]
pub struct BlindItem {
    /// Its place in the sample.
    pub position: u32,
    /// The cluster.
    pub cluster_id: ClusterId,
    /// As it was drawn.
    pub revision: String,
    /// What was answered.
    pub outcome: Option<BlindOutcome>,
    /// By whom.
    pub answered_by: Option<String>,
    /// The decision that answered it.
    pub decision_id: Option<Uuid>,
}

/// What a sample proved of a band.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// Its id.
    pub id: Uuid,
    /// The band.
    pub band: Band,
    /// The model whose clusters it is about.
    pub model_version: String,
    /// The precision that it vouches for.
    pub precision: f64,
    /// Lower bound of the precision, at 95 % confidence, when it was issued.
    pub bound: f64,
    /// Clusters answered.
    pub answered: u64,
    /// Of those, how many the model had right.
    pub right: u64,
    /// The sample that it rests on.
    pub sample_id: Uuid,
    /// By whom.
    pub issued_by: String,
    /// When.
    pub issued_at: DateTime<Utc>,
    /// It is worth nothing from then on.
    pub expires_at: DateTime<Utc>,
    /// When it was withdrawn, and why.
    #[serde(skip)]
    pub withdrawn: Option<(DateTime<Utc>, String)>,
}

/// Where a batch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchState {
    /// Started by one person; a second has to approve.
    Proposed,
    /// Approved: its clusters are decided.
    Approved,
    /// Turned down.
    Rejected,
    /// Taken back as a whole.
    Undone,
}

/// Clusters of a certified band, to be accepted together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReviewBatch {
    /// Its id.
    pub id: Uuid,
    /// The certificate that it rests on.
    pub certificate_id: Uuid,
    /// The clusters, as they stood when it was started.
    pub clusters: Vec<BatchItem>,
    /// Where it stands.
    pub state: BatchState,
    /// Who started it.
    pub started_by: String,
    /// When.
    pub started_at: DateTime<Utc>,
    /// Who approved it or turned it down.
    pub answered_by: Option<String>,
    /// When.
    pub answered_at: Option<DateTime<Utc>>,
}

/// A cluster of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchItem {
    /// The cluster.
    pub cluster_id: ClusterId,
    /// As it stood when the batch was started; another revision is not accepted.
    pub revision: String,
}

/// Samples, certificates and batches.
#[async_trait]
pub trait Sampling {
    /// The version of the model whose clusters these are.
    async fn live_model(&self) -> Result<String>;

    /// The clusters that wait in a band, with their revisions, by id.
    async fn population(&self, band: Band) -> Result<Vec<BatchItem>>;

    /// Writes a sample.
    async fn add_sample(&self, sample: &BlindSample, items: &[BatchItem]) -> Result<()>;

    /// Samples, newest first.
    async fn samples(&self, limit: usize) -> Result<Vec<BlindSample>>;

    /// One sample.
    async fn sample(&self, id: Uuid) -> Result<Option<BlindSample>>;

    /// What a sample holds, in the order in which it was drawn.
    async fn blind_items(&self, sample: Uuid) -> Result<Vec<BlindItem>>;

    /// Takes a cluster out of a sample that changed before anybody answered.
    async fn void_item(&self, sample: Uuid, cluster: ClusterId, at: DateTime<Utc>) -> Result<()>;

    /// Takes the answer of a decision back.
    async fn forget_answer(&self, decision: Uuid) -> Result<()>;

    /// Writes a certificate.
    async fn add_certificate(&self, certificate: &Certificate) -> Result<()>;

    /// Certificates, newest first.
    async fn certificates(&self) -> Result<Vec<Certificate>>;

    /// Withdraws a certificate, unless it was before.
    async fn withdraw_certificate(&self, id: Uuid, at: DateTime<Utc>, reason: &str) -> Result<()>;

    /// Writes a new batch.
    async fn add_batch(&self, batch: &ReviewBatch) -> Result<()>;

    /// Moves a batch on from this state; whether it was in it.
    async fn move_batch(&self, batch: &ReviewBatch, from: BatchState) -> Result<bool>;

    /// One batch.
    async fn batch(&self, id: Uuid) -> Result<Option<ReviewBatch>>;

    /// Batches, newest first.
    async fn batches(&self, limit: usize) -> Result<Vec<ReviewBatch>>;
}
