//! Clean topics to SQL copies: near 1:1 tables in any PostgreSQL or SQLite database.
//!
//! ```text
//! organizations.organization.v1 ─▶ organization, its identifiers, names and phones; or organization_redirect
//! organizations.location.v1     ─▶ location, its addresses and phones
//! organizations.service.v1      ─▶ service, its places and phones
//!                                  sink_version   the newest version applied, per key, also of those gone
//!                                  sink_position  the next offset, per partition
//! ```
//!
//! Rows, versions and positions move in one transaction of the target: an event is applied once, however often it
//! is delivered, and never over a newer one. Of two members that hold the same key for a moment the second waits for
//! the first at the key's row of `sink_version`.

mod batch;
mod failure;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod sqlite;

use events::topics::Product;

/// The topics that a copy is made of. A golden record's places and services come from their own topics, so it does
/// not matter how many of them the record itself embeds.
pub const PRODUCTS: [Product; 3] = [Product::Organization, Product::Location, Product::Service];
