//! What the topics say: one value type per topic, matching its Avro schema in `schemas/` field by field.
//!
//! Every field but `id`, `version` and `op` is optional, so that any later schema can read any earlier value
//! and the other way round.

use crate::cluster::{ClusterMember, PairEvidence};
use crate::id::{ClusterId, LocationId, MergeId, OrganizationId, RecordId, ServiceId};
use crate::organization::{Location, Organization, Service};
use crate::record::{FieldOrigin, FoldedRow, Record};
use crate::transition::{ClusterTransition, TransitionCause, TransitionKind};
use crate::version::Version;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What happened to the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// The value is the state now.
    Upsert,
    /// The row is gone; a tombstone follows.
    Delete,
    /// The id was absorbed: `redirect_to` is where to look.
    Redirect,
}

impl Op {
    /// As written on topics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upsert => "upsert",
            Self::Delete => "delete",
            Self::Redirect => "redirect",
        }
    }
}

/// `organizations.record.v1`, keyed by record id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordChanged {
    /// The record.
    pub id: RecordId,
    /// The batch that read it.
    pub version: Version,
    /// `upsert` or `delete`.
    pub op: Op,
    /// The source that writes it.
    pub source: Option<String>,
    /// Its id in that source.
    pub source_id: Option<String>,
    /// When it first arrived.
    pub created_at: Option<DateTime<Utc>>,
    /// What the source says.
    pub organization: Option<Organization>,
}

impl RecordChanged {
    /// The record as it is now.
    #[must_use]
    pub fn upsert(record: Record, version: Version) -> Self {
        Self {
            id: record.id,
            version,
            op: Op::Upsert,
            source: Some(record.source),
            source_id: Some(record.source_id),
            created_at: Some(record.created_at),
            organization: Some(record.organization),
        }
    }

    /// The record is gone.
    #[must_use]
    pub fn delete(id: RecordId, version: Version) -> Self {
        Self {
            id,
            version,
            op: Op::Delete,
            source: None,
            source_id: None,
            created_at: None,
            organization: None,
        }
    }
}

/// `organizations.organization.v1`, the clean topic, keyed by organization id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrganizationChanged {
    /// The golden record, or the absorbed id.
    pub id: OrganizationId,
    /// The batch that read it.
    pub version: Version,
    /// `upsert`, `redirect` or `delete`.
    pub op: Op,
    /// The survivor, for a redirect; chains are flattened.
    pub redirect_to: Option<OrganizationId>,
    /// The records it is made of.
    pub members: Option<Vec<RecordId>>,
    /// When its oldest member first arrived.
    pub created_at: Option<DateTime<Utc>>,
    /// The projection.
    pub organization: Option<Organization>,
    /// Where each field came from.
    pub origins: Option<Vec<FieldOrigin>>,
    /// Children were too many to embed: read them from their own topics.
    pub truncated: Option<bool>,
    /// Rows that are left out of its lists because another of them tells the same; each keeps its id and its topic.
    pub folded: Option<Vec<FoldedRow>>,
    /// The survivorship policy by which values won, as `name/version`; absent where one record alone speaks.
    pub policy: Option<String>,
}

impl OrganizationChanged {
    /// What happened to an id, and nothing else of it.
    #[must_use]
    pub fn bare(id: OrganizationId, version: Version, op: Op) -> Self {
        Self {
            id,
            version,
            op,
            redirect_to: None,
            members: None,
            created_at: None,
            organization: None,
            origins: None,
            truncated: None,
            folded: None,
            policy: None,
        }
    }
}

/// `organizations.location.v1`, keyed by location id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LocationChanged {
    /// The location.
    pub id: LocationId,
    /// The batch that read it.
    pub version: Version,
    /// `upsert` or `delete`.
    pub op: Op,
    /// The golden record it belongs to.
    pub organization_id: Option<OrganizationId>,
    /// The record that owns it.
    pub source_organization_id: Option<RecordId>,
    /// The source that writes it.
    pub source: Option<String>,
    /// The row.
    pub location: Option<Location>,
}

/// `organizations.service.v1`, keyed by service id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceChanged {
    /// The service.
    pub id: ServiceId,
    /// The batch that read it.
    pub version: Version,
    /// `upsert` or `delete`.
    pub op: Op,
    /// The golden record it belongs to.
    pub organization_id: Option<OrganizationId>,
    /// The record that owns it.
    pub source_organization_id: Option<RecordId>,
    /// The source that writes it.
    pub source: Option<String>,
    /// The row.
    pub service: Option<Service>,
}

/// Whether a merge was made or taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MergeOp {
    /// The merge was applied.
    Merged,
    /// The merge with this id was undone.
    Unmerged,
}

impl MergeOp {
    /// As written on topics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Merged => "merged",
            Self::Unmerged => "unmerged",
        }
    }
}

/// `organizations.merge.v1`: facts, keyed by merge id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MergeChanged {
    /// The merge; its undo carries the same id.
    pub id: MergeId,
    /// The batch that read it.
    pub version: Version,
    /// `merged` or `unmerged`.
    pub op: MergeOp,
    /// The golden id that stays.
    pub survivor: Option<OrganizationId>,
    /// The golden ids that went.
    pub absorbed: Option<Vec<OrganizationId>>,
    /// Who did it.
    pub by: Option<String>,
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// Why.
    pub reason: Option<String>,
}

/// `organizations.redirect.v1`, keyed by absorbed id: the survivor's id, nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RedirectChanged {
    /// The absorbed id.
    pub id: OrganizationId,
    /// The batch that read it.
    pub version: Version,
    /// `redirect`, or `delete` once the id lives again or its survivor is gone.
    pub op: Op,
    /// The survivor.
    pub redirect_to: Option<OrganizationId>,
}

/// `resolution.duplicate-cluster.v1`, keyed by cluster id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClusterChanged {
    /// The cluster.
    pub id: ClusterId,
    /// The resolver's own count, growing per key.
    pub version: Version,
    /// `upsert` or `delete`.
    pub op: Op,
    /// The members, anchor first.
    pub members: Option<Vec<ClusterMember>>,
    /// That all members are one organization.
    pub probability: Option<f64>,
    /// Whether it waits for a reviewer.
    pub open: Option<bool>,
    /// Evidence per pair.
    pub pairs: Option<Vec<PairEvidence>>,
    /// The model that weighed it.
    pub model_version: Option<String>,
}

/// `resolution.cluster-transition.v1`: facts, keyed by transition id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransitionChanged {
    /// The transition: a function of all the rest.
    pub id: Uuid,
    /// The resolver's own count, growing.
    pub version: Version,
    /// What happened.
    pub op: TransitionKind,
    /// Why.
    pub cause: Option<TransitionCause>,
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// The clusters before.
    pub before: Option<Vec<ClusterId>>,
    /// The clusters after.
    pub after: Option<Vec<ClusterId>>,
    /// Records in the clusters before.
    pub members_before: Option<u64>,
    /// Records in the clusters after.
    pub members_after: Option<u64>,
}

impl TransitionChanged {
    /// What the topic says of a transition.
    #[must_use]
    pub fn new(transition: ClusterTransition, version: Version) -> Self {
        Self {
            id: transition.id,
            version,
            op: transition.kind,
            cause: Some(transition.cause),
            at: Some(transition.at),
            before: Some(transition.before),
            after: Some(transition.after),
            members_before: Some(transition.members_before),
            members_after: Some(transition.members_after),
        }
    }
}
