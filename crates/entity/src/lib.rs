//! Nouns of the loop: records, ids, pairs, judgements, clusters, and what the topics say of them.
//!
//! This crate never does I/O and holds no algorithm but what tells two states of its nouns apart: ports and pure core
//! exchange these types and nothing else. Start with [`record`], then [`event`].

pub mod clock;
pub mod cluster;
pub mod document;
pub mod event;
pub mod family;
pub mod id;
pub mod merge;
pub mod organization;
pub mod pair;
pub mod policy;
pub mod record;
pub mod review;
pub mod stage;
pub mod transition;
pub mod version;

pub use cluster::{Cluster, ClusterMember, PairEvidence};
pub use document::{IndexDocument, SearchFields};
pub use family::{Family, Forest};
pub use id::{ClusterId, LocationId, MergeId, OrganizationId, RecordId, ServiceId};
pub use merge::{Choosing, ChosenField, FieldChoice, Link, Merge, Split, StewardFact, Undo};
pub use organization::{Address, Identifier, Location, Organization, Phone, Service};
pub use pair::{CandidatePair, Judgement, JudgementVerdict, ScoredPair};
pub use policy::{Policy, PolicyDocument};
pub use record::{GoldenRecord, Record};
pub use review::{ReasonCode, Relation};
pub use stage::StageState;
pub use transition::{ClusterTransition, TransitionCause, TransitionKind};
pub use version::Version;
