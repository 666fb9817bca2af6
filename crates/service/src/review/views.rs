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
    /// A digest of what a decision rests on; also the `ETag` of the cluster.
    revision: String,
    /// A digest of the evidence alone.
    evidence_digest: String,
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
            revision: cluster.revision(),
            evidence_digest: cluster.evidence_digest(),
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
    /// The merges that it asks for.
    parts: Vec<PartView>,
    /// What the parts are to each other, where it parts the cluster.
    #[schema(value_type = Option<VerdictName>)]
    between: Option<entity::JudgementVerdict>,
    /// For related: how.
    #[schema(value_type = Option<RelationName>)]
    relation: Option<entity::Relation>,
    /// Why, from the list.
    #[schema(value_type = Vec<ReasonName>)]
    reason_codes: Vec<entity::ReasonCode>,
    /// Whether models may learn from it.
    teach: bool,
    /// The revision of the cluster that it rests on.
    revision: String,
    /// The batch that it came from.
    batch_id: Option<Uuid>,
    /// The sample that it answered blindly.
    blind_sample: Option<Uuid>,
}

/// A merge that a decision asks for.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DecisionPart)]
pub(crate) struct PartView {
    /// The golden id that stays.
    survivor: Uuid,
    /// The golden ids of the part, the survivor's too.
    organizations: Vec<Uuid>,
    /// The merge that it became.
    merge_id: Option<Uuid>,
}

/// Why, in a word.
#[derive(ToSchema)]
#[schema(as = ReasonCode, rename_all = "snake_case")]
#[expect(dead_code, reason = "for the document: the noun itself knows no document")]
pub(crate) enum ReasonName {
    /// One is a branch of the other, or both are branches of a third.
    BranchOf,
    /// One is the other's parent.
    ParentOf,
    /// One goes by a new name.
    Renamed,
    /// One took over from the other.
    Predecessor,
    /// Both work under one brand, each on its own account.
    Franchise,
    /// They share an address, and nothing else.
    SameAddressOnly,
    /// They share a telephone, and nothing else.
    SharedPhoneOnly,
    /// They share a name, and nothing else.
    SameNameOnly,
    /// What a source tells is wrong.
    BadData,
    /// It takes more than the sources tell.
    NeedsData,
    /// Something else: the comment says what.
    Other,
}

/// How two organizations belong together that are not the same.
#[derive(ToSchema)]
#[schema(as = Relation, rename_all = "snake_case")]
#[expect(dead_code, reason = "for the document: the noun itself knows no document")]
pub(crate) enum RelationName {
    /// Branches of one organization.
    Branch,
    /// One is the parent of the other.
    Parent,
    /// One was followed by the other, under a new name.
    Renamed,
    /// They are under one roof.
    SharedAddress,
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
        let parts = decision.merges();
        let part = |part: store::resolution::DecisionPart| PartView {
            survivor: part.survivor.0,
            organizations: part.organizations.into_iter().map(|id| id.0).collect(),
            merge_id: part.merge_id.map(|id| id.0),
        };
        Self {
            parts: parts.into_iter().map(part).collect(),
            between: decision.notes.between,
            relation: decision.notes.relation,
            reason_codes: decision.notes.codes,
            teach: decision.notes.teach == store::review::Teach::Yes,
            revision: decision.notes.revision,
            batch_id: decision.notes.batch_id,
            blind_sample: decision.notes.blind_sample,
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
