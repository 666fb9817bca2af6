//! The port of survivorship policies: versions that never change, and the one in force.

use crate::error::Result;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entity::{Policy, PolicyDocument};

/// A version of a policy, and who wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedPolicy {
    /// Name, version, document.
    pub policy: Policy,
    /// Who wrote it.
    pub stated_by: String,
    /// When.
    pub stated_at: DateTime<Utc>,
    /// Since when and by whom it is in force, if it is the one.
    pub in_force: Option<InForce>,
}

/// How a policy came into force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// Who activated it.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Who writes, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Who.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Survivorship policies of the organizations store.
#[async_trait]
pub trait Policies {
    /// Writes the next version of a policy, if `seen` is its newest now (`None`: there is none of the name). A document
    /// that the newest version holds already changes nothing.
    ///
    /// # Errors
    /// `Stale` when another version was written since.
    async fn put_policy(
        &self,
        name: &str,
        document: &PolicyDocument,
        seen: Option<i64>,
        signature: &Signature,
    ) -> Result<StatedPolicy>;

    /// A version of a policy; without one, the newest.
    async fn policy(&self, name: &str, version: Option<i64>) -> Result<Option<StatedPolicy>>;

    /// The newest version of each policy, by name, after the given one.
    async fn policies(&self, after: Option<&str>, limit: usize) -> Result<Vec<StatedPolicy>>;

    /// The policy by which values win now.
    async fn policy_in_force(&self) -> Result<StatedPolicy>;

    /// Puts a version in force. It is a change of state: each golden record of several members is captured. The version
    /// that is in force already changes nothing.
    ///
    /// # Errors
    /// `NotFound` when there is no such version.
    async fn activate_policy(&self, name: &str, version: i64, signature: &Signature) -> Result<StatedPolicy>;
}
