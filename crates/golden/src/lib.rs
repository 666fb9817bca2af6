//! Golden records: members, links, steward facts, choices and policy in, the clean organization out.
//!
//! This crate never reads or writes anything: a golden record is a pure function, so that an undone merge is as
//! if it had never happened. Start with [`project`]; [`explain`] says why, [`with_merge`], [`without_merges`] and
//! [`effects`] say what would be.

mod effects;
mod explain;
mod fields;
mod fold;
mod lists;
mod plan;
mod policy;
mod project;
mod steward;
mod survive;
mod words;

pub use effects::{
    Effects, FieldChange, GoldenChange, MovedChild, UndoEffects, changed_fields_of, effects, undo_effects,
};
pub use explain::{FieldOutcome, LosingValue, explain};
pub use fold::presented;
pub use plan::{PlanFault, ProposedMerge, check_choices, with_choices, with_merge, without_merges};
pub use policy::{PolicyFault, check_policy};
pub use project::{Projection, project};
pub use steward::{FactError, apply_fact, changed_fields};
pub use survive::WonBy;
