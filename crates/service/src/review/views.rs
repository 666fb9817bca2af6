//! What the answers of this room look like.

use super::client::MemberRecord;
use chrono::{DateTime, Utc};
use entity::{Cluster, PairEvidence};
use serde::Serialize;
use store::resolution::Decision;
use utoipa::ToSchema;
use uuid::Uuid;

/// Records held to be one organization.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Cluster)]
pub(crate) struct ClusterView {
    /// A function of its anchor, the member that arrived first.
    pub(super) id: Uuid,
    /// Whether it waits for a reviewer: its members belong to more than one golden record.
    open: bool,
    /// That all members are one organization.
    probability: f64,
    /// The members, the anchor first.
    pub(super) members: Vec<MemberView>,
    /// The evidence between members, strongest first.
    pairs: Vec<PairView>,
    /// The model that weighed it.
    model_version: String,
}

/// A record in a cluster.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ClusterMember)]
pub(crate) struct MemberView {
    /// The record.
    record_id: Uuid,
    /// The golden record that it belongs to now.
    organization_id: Uuid,
    /// That it belongs with the rest of the cluster.
    probability: f64,
    /// What its source says; not in lists, and absent when the record is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) record: Option<MemberRecord>,
}

/// Why two members were held to be one.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PairEvidence)]
pub(crate) struct PairView {
    /// The lower id.
    left: Uuid,
    /// The higher id.
    right: Uuid,
    /// Log-odds of all evidence: the sum of the lines.
    match_weight: f64,
    /// The calibrated probability.
    probability: f64,
    /// One line per comparison that said something, and the prior.
    explanation: Vec<LineView>,
}

/// One comparison's part of the evidence.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ExplanationLine)]
pub(crate) struct LineView {
    /// Such as `name` or `phone`.
    comparison: String,
    /// What was found, such as `same` or `different`.
    level: String,
    /// Log-odds, for (positive) or against.
    weight: f64,
}

impl From<Cluster> for ClusterView {
    fn from(cluster: Cluster) -> Self {
        let open = cluster.is_open();
        let member = |member: entity::ClusterMember| MemberView {
            record_id: member.record_id.0,
            organization_id: member.organization_id.0,
            probability: member.probability,
            record: None,
        };
        Self {
            id: cluster.id.0,
            open,
            probability: cluster.probability,
            members: cluster.members.into_iter().map(member).collect(),
            pairs: cluster.pairs.into_iter().map(PairView::from).collect(),
            model_version: cluster.model_version,
        }
    }
}

impl From<PairEvidence> for PairView {
    fn from(pair: PairEvidence) -> Self {
        let line = |line: entity::cluster::ExplanationLine| LineView {
            comparison: line.comparison,
            level: line.level,
            weight: line.weight,
        };
        Self {
            left: pair.left.0,
            right: pair.right.0,
            match_weight: pair.match_weight,
            probability: pair.probability,
            explanation: pair.explanation.into_iter().map(line).collect(),
        }
    }
}

/// A reviewer's decision.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Decision)]
pub(crate) struct DecisionView {
    /// Its id, and the idempotency key of the merge that it asks for.
    pub(super) id: Uuid,
    /// The cluster.
    cluster_id: Uuid,
    /// What was decided.
    #[schema(value_type = VerdictName)]
    verdict: entity::JudgementVerdict,
    /// The golden id that stays, for a merge.
    survivor: Option<Uuid>,
    /// The golden ids concerned.
    organizations: Vec<Uuid>,
    /// Where it stands: decided → applying → applied, or refused; undone once it was taken back.
    #[schema(value_type = StateName)]
    state: store::resolution::DecisionState,
    /// By whom.
    decided_by: String,
    /// When.
    decided_at: DateTime<Utc>,
    /// Why.
    reason: Option<String>,
    /// The merge that it became.
    merge_id: Option<Uuid>,
    /// Why it was refused.
    refusal: Option<String>,
}

/// What may be decided.
#[derive(ToSchema)]
#[schema(as = Verdict, rename_all = "snake_case")]
#[expect(dead_code, reason = "for the document: the noun itself knows no document")]
pub(crate) enum VerdictName {
    /// The same organization: merge.
    Match,
    /// Different organizations.
    NonMatch,
    /// Not the same, but of one family: branch, parent, renamed.
    Related,
    /// Looked at, not decided.
    Unsure,
}

/// Where a decision stands.
#[derive(ToSchema)]
#[schema(as = DecisionState, rename_all = "snake_case")]
#[expect(dead_code, reason = "for the document: the noun itself knows no document")]
pub(crate) enum StateName {
    /// Written down.
    Decided,
    /// Sent to the organizations; an answer is awaited.
    Applying,
    /// It holds.
    Applied,
    /// The organizations said no.
    Refused,
    /// It was taken back.
    Undone,
}

impl From<Decision> for DecisionView {
    fn from(decision: Decision) -> Self {
        Self {
            id: decision.id,
            cluster_id: decision.cluster_id.0,
            verdict: decision.verdict,
            survivor: decision.survivor.map(|id| id.0),
            organizations: decision.organizations.into_iter().map(|id| id.0).collect(),
            state: decision.state,
            decided_by: decision.decided_by,
            decided_at: decision.decided_at,
            reason: decision.reason,
            merge_id: decision.merge_id.map(|id| id.0),
            refusal: decision.refusal,
        }
    }
}
