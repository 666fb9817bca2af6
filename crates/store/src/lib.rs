//! The organizations store (the data product) and the resolution store, on SQLite and on PostgreSQL.
//!
//! This crate never decides anything: no survivorship, no clustering, no publishing. The ports are
//! [`Organizations`] and [`ChangeLog`] over one database, [`Resolution`] (with [`Review`]) over the other; no type gets both.
//! Each statement is written once, in `adapter/`, and compiled for each database; what the databases do not
//! share stands in `sqlite` and `postgres`.

pub mod access;
pub mod audit;
pub mod change_log;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod error;
pub mod generations;
pub mod lease;
pub mod link_log;
mod listing;
pub mod merging;
pub mod organizations;
pub mod policies;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod resolution;
pub mod review;
pub mod sqlite;

pub use access::Credentials;
pub use audit::{AuditEntry, AuditLog, AuditQuery, Deed};
pub use change_log::{Capture, CaptureState, ChangeLog, ChangeRow};
pub use error::{Error, Result};
pub use generations::{Generation, Generations};
pub use lease::{Lease, Leases};
pub use listing::TimeAndId;
pub use merging::{By, Merging};
pub use organizations::{
    ChoiceRequest, MergeRequest, Organizations, REST_SOURCE, RestRow, RowTable, UpsertCounts,
    is_added_over_rest,
};
pub use policies::{Policies, StatedPolicy};
pub use resolution::Resolution;
pub use review::Review;
