//! Leases: a role that only one process may play, with a fencing token.

use crate::error::Result;
use async_trait::async_trait;
use std::time::Duration;

/// The right to play a role until it runs out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The role, such as `poller`.
    pub role: String,
    /// Who holds it.
    pub holder: String,
    /// Grows with every change of holder: a write with an older fence is refused.
    pub fence: i64,
}

/// Leases of one database.
#[async_trait]
pub trait Leases: Send + Sync {
    /// Takes or renews a lease; `None` while another holder's has not run out. The database's clock counts.
    async fn acquire(&self, role: &str, holder: &str, duration: Duration) -> Result<Option<Lease>>;

    /// Gives a lease back, so that another may take it at once; harmless when it was lost already.
    async fn release(&self, lease: &Lease) -> Result<()>;
}
