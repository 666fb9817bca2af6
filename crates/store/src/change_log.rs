//! The port of change capture: which keys changed since a position, with their rows, in one snapshot.
//!
//! On PostgreSQL a position is a pair of snapshots: the next window holds what the later one sees and the
//! earlier did not. On SQLite one writer makes the log's order the order of commits, and a position is a number.

use crate::error::Result;
use crate::lease::{Lease, Leases};
use async_trait::async_trait;
use entity::{Family, Merge, RecordId};
use uuid::Uuid;

/// A row of the change log: key and owners only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRow {
    /// Its number.
    pub seq: i64,
    /// `organization`, `location`, `service`, `link`, `merge`, `field_choice`, `survivorship` (another policy decides
    /// this family), or `steward_` and one of the first three.
    pub table: String,
    /// `I`, `U`, `D`; `R` where a republication was asked for.
    pub op: String,
    /// The key of the row.
    pub row_id: Uuid,
    /// The record that owned it before.
    pub owner_before: Option<RecordId>,
    /// The record that owns it since.
    pub owner_after: Option<RecordId>,
}

/// What changed since a position, and the rows as one snapshot holds them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Capture {
    /// The log rows, in order.
    pub rows: Vec<ChangeRow>,
    /// The families of all owners, whole.
    pub family: Family,
    /// The merges named in the log.
    pub merges: Vec<Merge>,
    /// Where the next capture begins, once this one is acknowledged.
    pub next: String,
    /// Whether more rows were waiting.
    pub more: bool,
}

/// The poller's durable state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureState {
    /// Which database this is.
    pub store_id: Uuid,
    /// The epoch of versions; 0 before the first.
    pub epoch: i64,
    /// Numbers up to this one may have been used.
    pub number_reserved: i64,
    /// What was acknowledged.
    pub position: Option<String>,
}

/// Change capture of the organizations store.
#[async_trait]
pub trait ChangeLog: Leases + std::fmt::Debug {
    /// The durable state.
    async fn capture_state(&self) -> Result<CaptureState>;

    /// Begins an epoch: sets it, forgets the reserved numbers, and logs every row for republication.
    async fn begin_epoch(&self, lease: &Lease, epoch: i64) -> Result<()>;

    /// Reserves version numbers up to `number`, durably, before any of them is used.
    async fn reserve(&self, lease: &Lease, number: i64) -> Result<()>;

    /// Up to about `rows_max` changes after a position, with everything needed to publish them.
    ///
    /// # Errors
    /// `Invalid` when the database is a standby or has gone back in time: a new epoch is needed.
    async fn capture(&self, position: Option<&str>, rows_max: usize) -> Result<Capture>;

    /// Records that everything before this position is acknowledged.
    async fn advance(&self, lease: &Lease, position: &str) -> Result<()>;

    /// Deletes log rows before the acknowledged position, in small steps.
    async fn prune(&self, lease: &Lease) -> Result<u64>;

    /// Logs records for republication, as if they had changed.
    async fn republish(&self, ids: &[RecordId]) -> Result<()>;

    /// How many log rows wait after a position (counted up to a bound).
    async fn waiting(&self, position: Option<&str>) -> Result<u64>;
}
