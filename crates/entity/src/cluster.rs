//! Clusters: records held to be one organization, with the evidence for it.

use crate::id::{ClusterId, OrganizationId, RecordId};
use serde::{Deserialize, Serialize};

/// Two or more records held to be one organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cluster {
    /// A function of the anchor: the member with the smallest (created, id).
    pub id: ClusterId,
    /// The members, anchor first, then by (created, id).
    pub members: Vec<ClusterMember>,
    /// That all members are one organization: the least of the members' probabilities.
    pub probability: f64,
    /// The evidence between members, strongest first.
    pub pairs: Vec<PairEvidence>,
    /// The model that weighed it.
    pub model_version: String,
}

/// A record in a cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClusterMember {
    /// The record.
    pub record_id: RecordId,
    /// The golden record it belongs to now.
    pub organization_id: OrganizationId,
    /// That it belongs with the rest of the cluster.
    pub probability: f64,
}

/// Why two members were held to be one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairEvidence {
    /// The lower id.
    pub left: RecordId,
    /// The higher id.
    pub right: RecordId,
    /// Log-odds of all evidence, the prior included.
    pub match_weight: f64,
    /// The calibrated probability.
    pub probability: f64,
    /// One line per comparison that said something; the weights and the prior sum to `match_weight`.
    pub explanation: Vec<ExplanationLine>,
}

/// One comparison's part of the evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExplanationLine {
    /// Such as `name` or `phone`; `prior` for the prior.
    pub comparison: String,
    /// The level reached, such as `exact` or `different`.
    pub level: String,
    /// Log-odds, for (positive) or against.
    pub weight: f64,
}

impl Cluster {
    /// Whether it waits for a reviewer: its members belong to more than one golden record.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let first = self.members.first().map(|member| member.organization_id);
        self.members.iter().any(|member| Some(member.organization_id) != first)
    }
}
