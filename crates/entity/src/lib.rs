//! Nouns of the loop: records, ids, pairs, judgements, clusters, and what the topics say of them.
//!
//! This crate never does I/O and holds no algorithm: ports and pure core exchange these types and nothing
//! else. Start with [`record`], then [`event`].

pub mod clock;
pub mod cluster;
pub mod document;
pub mod event;
pub mod family;
pub mod id;
pub mod merge;
pub mod organization;
pub mod pair;
pub mod record;
pub mod review;
pub mod stage;
pub mod version;

pub use cluster::{Cluster, ClusterMember, PairEvidence};
pub use document::{IndexDocument, SearchFields};
pub use family::Family;
pub use id::{ClusterId, LocationId, MergeId, OrganizationId, RecordId, ServiceId};
pub use merge::{Link, Merge, StewardFact, Undo};
pub use organization::{Address, Identifier, Location, Organization, Phone, Service};
pub use pair::{CandidatePair, Judgement, JudgementVerdict, ScoredPair};
pub use record::{GoldenRecord, Record};
pub use review::{ReasonCode, Relation};
pub use stage::StageState;
pub use version::Version;
