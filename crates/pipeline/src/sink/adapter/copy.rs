//! The stage that keeps a SQL copy. Written once, compiled for each database.

use super::{Db, Id, IdList, begin, id, id_list, prepare};
use crate::error::Result;
use crate::runner::Stage;
use crate::sink::PRODUCTS;
use crate::sink::batch::Batch;
use crate::sink::failure::failed;
use async_trait::async_trait;
use events::Event;
use events::codec::Codec;
use events::log::{Position, TopicPartition};
use sqlx::{Pool, Transaction};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::OnceCell;

mod rows;
mod tables;
mod write;

type Connection = <Db as sqlx::Database>::Connection;

/// Keeps a copy of the clean topics in a database.
#[derive(Debug)]
pub struct SqlCopy {
    pool: Pool<Db>,
    prepared: OnceCell<()>,
    codec: Arc<Codec>,
    /// The next offset of the partitions that this member was given, as the target has it.
    next_offsets: BTreeMap<TopicPartition, i64>,
}

impl SqlCopy {
    pub(super) fn new(pool: Pool<Db>, codec: Arc<Codec>) -> Self {
        Self { pool, prepared: OnceCell::new(), codec, next_offsets: BTreeMap::new() }
    }

    async fn begin(&self) -> Result<Transaction<'static, Db>> {
        self.prepared.get_or_try_init(|| prepare(&self.pool)).await?;
        begin(&self.pool).await
    }

    /// Only partitions that this member follows move, and only forward: an event that was parked and comes again
    /// has its old place, perhaps in a partition of another member.
    fn forward(&self, next_offsets: BTreeMap<TopicPartition, i64>) -> BTreeMap<TopicPartition, i64> {
        let is_forward =
            |at: &TopicPartition, offset: i64| self.next_offsets.get(at).is_some_and(|known| offset > *known);
        next_offsets.into_iter().filter(|(at, offset)| is_forward(at, *offset)).collect()
    }

    fn is_ours(&self, at: &TopicPartition) -> bool {
        self.codec.names().product_of(&at.topic).is_some_and(|product| PRODUCTS.contains(&product))
    }
}

#[async_trait]
impl Stage for SqlCopy {
    async fn apply(&mut self, events: &[Event]) -> Result<usize> {
        let mut batch = Batch::read(&self.codec, events).await?;
        let next_offsets = self.forward(std::mem::take(&mut batch.next_offsets));
        let mut transaction = self.begin().await?;
        let written = write::batch(&mut transaction, batch).await?;
        write::positions(&mut transaction, &next_offsets).await?;
        transaction.commit().await.map_err(failed("committing a batch to the copy"))?;
        self.next_offsets.extend(next_offsets);
        Ok(written)
    }

    async fn positions(&mut self, assigned: &[TopicPartition]) -> Result<Vec<Position>> {
        let mut transaction = self.begin().await?;
        let stored = write::stored_positions(&mut transaction).await?;
        // The group's own note does not count: a copy made anew begins at the beginning.
        let ours = assigned.iter().filter(|at| self.is_ours(at)).cloned();
        let positions: Vec<_> =
            ours.map(|at| Position { offset: stored.get(&at).copied().unwrap_or(0), at }).collect();
        self.next_offsets.extend(positions.iter().map(|position| (position.at.clone(), position.offset)));
        Ok(positions)
    }

    /// Rows stay, and so do their versions: what is older changes nothing.
    async fn restarted(&mut self, positions: &[Position]) -> Result<()> {
        let mut transaction = self.begin().await?;
        for position in positions.iter().filter(|position| self.is_ours(&position.at)) {
            write::forget_position(&mut transaction, &position.at).await?;
        }
        transaction.commit().await.map_err(failed("forgetting positions of the copy"))?;
        for position in positions {
            self.next_offsets.entry(position.at.clone()).and_modify(|offset| *offset = position.offset);
        }
        Ok(())
    }

    /// Moves past events that were parked at the end of a batch; all others moved with their rows.
    async fn finished(&mut self, positions: &[Position]) -> Result<()> {
        let next_offsets = positions.iter().map(|position| (position.at.clone(), position.offset)).collect();
        let next_offsets = self.forward(next_offsets);
        if next_offsets.is_empty() {
            return Ok(());
        }
        let mut transaction = self.begin().await?;
        write::positions(&mut transaction, &next_offsets).await?;
        transaction.commit().await.map_err(failed("committing positions to the copy"))?;
        self.next_offsets.extend(next_offsets);
        Ok(())
    }
}
