//! The port of generations: what one model and one code came to, several beside each other, one of them live.

use crate::error::Result;
use crate::resolution::Resolution;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// A generation of pairs and clusters.
#[derive(Clone, Debug, PartialEq)]
pub struct Generation {
    /// Its number: part of the names of its index and of its consumer groups; never given twice.
    pub id: i64,
    /// The model's version, such as `2026-11-1`.
    pub model_version: String,
    /// The text of its `model.json`.
    pub model: String,
    /// Whether it is what people and consumers see.
    pub live: bool,
    /// Whether this release's code is what it was built with: no other code may go on with it.
    pub of_this_code: bool,
    /// When it was staged.
    pub staged_at: DateTime<Utc>,
    /// When it last became the live one.
    pub activated_at: Option<DateTime<Utc>>,
}

/// Generations beside each other. Whoever holds a generation's [`Resolution`] keeps it up to date, live or not; only
/// the live one publishes.
#[async_trait]
pub trait Generations: Send + Sync + std::fmt::Debug {
    /// All of them, oldest first.
    async fn list(&self) -> Result<Vec<Generation>>;

    /// A generation for this model and this code beside the live one, empty at first. Asked twice, it gives the same.
    ///
    /// # Errors
    /// `Invalid` when there is one of this version with another text.
    async fn stage(&self, model_version: &str, model: &str) -> Result<Generation>;

    /// Makes a generation the live one; what differs from the one before goes to the outbox in the same
    /// transaction. The one before stays beside it.
    ///
    /// # Errors
    /// `NotFound` when there is none of this number.
    async fn activate(&self, id: i64) -> Result<()>;

    /// Ends a generation that is not live, with its pairs and clusters.
    ///
    /// # Errors
    /// `Invalid` for the live one, `NotFound` when there is none of this number.
    async fn retire(&self, id: i64) -> Result<()>;

    /// The store for one generation.
    fn of(&self, id: i64) -> Arc<dyn Resolution>;

    /// Lets this store itself, and its clones, speak for the generation that is live now; gives its number.
    async fn follow_live(&self) -> Result<i64>;
}
