//! Normalise, block, compare, weigh, explain: is this pair one organization?
//!
//! This crate never does I/O, asks for no time and draws no random numbers: features and keys are functions of
//! a record, levels of two records' features, weights of levels and a model. Start with [`features()`], then
//! [`compare`], then [`Model`].

pub mod blocking;
pub mod comparison;
mod encoding;
mod error;
pub mod features;
mod lookup;
pub mod model;
mod search;
mod similarity;
mod text;
pub mod training;

pub use blocking::{Sketch, blocking_keys, each_blocking_key};
pub use comparison::{FeatureVector, compare};
pub use error::Error;
pub use features::{RecordFeatures, features};
pub use model::Model;
pub use search::search_fields;
pub use text::fold;
