//! Golden records: members, links, steward facts and policy in, the clean organization out.
//!
//! This crate never reads or writes anything: a golden record is a pure function, so that an undone merge is as
//! if it had never happened. Start with [`project`].

mod project;
mod steward;

pub use project::{Projection, project};
pub use steward::{FactError, apply_fact, changed_fields};

/// The version of the survivorship rules below; a golden record is a function of it, too.
pub const POLICY_VERSION: &str = "1";
