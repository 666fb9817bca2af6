//! The resolution store, for one generation at a time. Written once, compiled for each database.

use super::organizations::id_list;
use super::{Db, Pools};
use crate::error::{Doing, Error, Result};
use entity::TransitionCause;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use uuid::Uuid;

#[path = "claims.rs"]
mod claims;
#[path = "clusters.rs"]
mod clusters;
#[path = "components.rs"]
pub(super) mod components;
#[path = "decide.rs"]
mod decide;
#[path = "decisions.rs"]
mod decisions;
#[path = "generations.rs"]
mod generations;
#[path = "judgements.rs"]
mod judgements;
#[path = "resolution_port.rs"]
mod port;
#[path = "queues.rs"]
mod queues;
#[path = "review_port.rs"]
mod review_port;
#[path = "review_queue.rs"]
mod review_queue;
#[path = "sampling.rs"]
mod sampling;
#[path = "score_rows.rs"]
pub(super) mod score_rows;
#[path = "scores.rs"]
mod scores;
#[path = "transitions.rs"]
mod transitions;

/// Changes when the same model would come to other pairs or clusters: features, keys, comparisons, clustering.
const CODE_VERSION: &str = "6";

/// The resolution store in a database.
#[derive(Clone, Debug)]
pub struct ResolutionStore {
    pools: Pools,
    /// Shared by clones: the live generation may change under them.
    generation: Arc<AtomicI64>,
}

type Executor<'a> = &'a mut <Db as sqlx::Database>::Connection;

impl ResolutionStore {
    pub(super) fn pools(&self) -> &Pools {
        &self.pools
    }

    /// The generation it speaks for.
    fn generation(&self) -> i64 {
        self.generation.load(Ordering::Relaxed)
    }
}

const GENERATIONS: i64 = 0x6765_6e65;
/// The lock under which clusters change: the numbers of their events grow in the order of commits, so that what was
/// published is a beginning of the outbox.
const CLUSTERS: i64 = 0x636c_7573;
/// The lock under which pairs, blocks and queues change.
const SCORES: i64 = 0x7363_6f72;

/// Texts or numbers as the one parameter that `texts!` and `numbers!` unfold.
fn json_list<T: serde::Serialize>(items: &[T]) -> String {
    serde_json::to_string(items).expect("texts and numbers are JSON")
}

fn corrupt(doing: &str) -> impl FnOnce(serde_json::Error) -> Error {
    let doing = doing.to_owned();
    move |error| Error::Corrupt { doing, source: error.into() }
}

fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Queues records for the resolvers of all generations: what people decide concerns each.
async fn queue_for_all_resolvers(
    db: Executor<'_>,
    ids: impl IntoIterator<Item = Uuid>,
    cause: TransitionCause,
) -> Result<()> {
    sqlx::query(concat!(
        "INSERT INTO resolve_queue (generation, record_id, cause)
         SELECT generation.id, wanted.id, $2 FROM (SELECT ",
        id_column!("value"),
        " AS id FROM ",
        json_rows!("$1"),
        ") AS wanted CROSS JOIN generation"
    ))
    .bind(id_list(ids))
    .bind(cause.as_str())
    .execute(db)
    .await
    .map(drop)
    .doing(|| "queueing records for all resolvers".into())
}

/// Queues records that were scored for the resolver.
async fn queue_for_resolver(
    db: Executor<'_>,
    generation: i64,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<()> {
    let list = id_list(ids);
    sqlx::query(concat!(
        "INSERT INTO resolve_queue (generation, record_id) SELECT $1, wanted.id FROM (SELECT ",
        id_column!("value"),
        " AS id FROM ",
        json_rows!("$2"),
        ") AS wanted"
    ))
    .bind(generation)
    .bind(list)
    .execute(db)
    .await
    .map(drop)
    .doing(|| "queueing records for the resolver".into())
}
