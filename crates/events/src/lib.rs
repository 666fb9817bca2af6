//! Topics: an ordered, replayable log with versioned schemas, on SQLite and on Kafka.
//!
//! This crate never knows what an event means. Start with [`log`], the port; [`codec`] puts typed values on
//! it, [`registry`] keeps their schemas, [`topics`] lists the topics of the loop.

pub mod codec;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod error;
#[cfg(feature = "kafka")]
pub mod kafka;
pub mod log;
pub mod parked;
pub mod partitioner;
pub mod registry;
pub mod sqlite;
pub mod topics;

pub use error::{Error, Result};
pub use log::{Delivery, Event, EventLog, GroupReader, NewEvent, Position, TopicPartition};
