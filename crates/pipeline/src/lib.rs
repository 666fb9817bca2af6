//! The stages of the loop: poller, indexer, scorer, resolver, sinks.
//!
//! Each takes a bounded batch, writes it so that a second time is harmless, and commits its position last; none
//! runs ahead of the stage it reads from. This crate holds no adapter and decides nothing: what a golden record,
//! a pair or a cluster is stands in the pure crates. Start with [`runner`], then [`poller`].

pub mod batch;
pub mod board;
pub mod error;
pub mod indexer;
pub mod monitor;
pub mod poller;
pub mod publisher;
pub mod resolver;
pub mod runner;
pub mod scorer;
pub mod sink;
pub mod stop;

pub use board::Board;
pub use error::{Error, Result};
pub use events::parked;
pub use publisher::Publisher;
pub use runner::{Runner, Stage};
pub use stop::{Stop, Stopper};

/// Names of the stages: file, role, consumer group, metric label and compose service are one word each.
pub mod stage {
    /// Change log to topics.
    pub const POLLER: &str = "poller";
    /// Records to the index.
    pub const INDEXER: &str = "indexer";
    /// Records to pairs.
    pub const SCORER: &str = "scorer";
    /// Pairs to clusters.
    pub const RESOLVER: &str = "resolver";
    /// What people merged, to the resolver.
    pub const RESOLVER_MERGES: &str = "resolver-merges";
    /// Clean topics to SQL copies; each sink adds its name.
    pub const SINK: &str = "sink";
}
