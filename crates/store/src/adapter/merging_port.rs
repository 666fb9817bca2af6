//! The merging port: each method where its subject is.

use super::OrganizationsStore;
use crate::error::Result;
use crate::listing::TimeAndId;
use crate::merging::{
    Answer, Batch, BatchItem, By, History, Merging, RequestKey, SplitOutcome, SplitRequest,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entity::{Merge, MergeId, RecordId, Undo};
use uuid::Uuid;

#[async_trait]
impl Merging for OrganizationsStore {
    async fn answer_to(&self, request: &RequestKey) -> Result<Option<Answer>> {
        self.read_answer(request).await
    }
    async fn history(&self, ids: &[RecordId]) -> Result<History> {
        self.read_history(ids).await
    }
    async fn history_of_step(&self, id: MergeId) -> Result<History> {
        self.read_history_of_step(id).await
    }
    async fn merges_since(&self, after: Option<MergeId>, limit: usize) -> Result<Vec<Merge>> {
        self.read_merges_since(after, limit).await
    }
    async fn split(&self, request: &SplitRequest) -> Result<SplitOutcome> {
        self.apply_split(request).await
    }
    async fn undo_split(&self, id: MergeId, undo: &Undo) -> Result<SplitOutcome> {
        self.apply_split_undo(id, undo).await
    }
    async fn split_by_id(&self, id: MergeId) -> Result<Option<SplitOutcome>> {
        self.read_split(id).await
    }
    async fn create_batch(&self, batch: &Batch, key: &RequestKey) -> Result<Batch> {
        self.insert_batch(batch, key).await
    }
    async fn batch(&self, id: Uuid) -> Result<Option<Batch>> {
        self.read_batch(id).await
    }
    async fn batches(&self, after: Option<TimeAndId>, limit: usize) -> Result<Vec<Batch>> {
        self.read_batches(after, limit).await
    }
    async fn approve_batch(&self, id: Uuid, by: &By) -> Result<Batch> {
        self.approve(id, by).await
    }
    async fn cancel_batch(&self, id: Uuid, by: &By, reason: Option<&str>) -> Result<Batch> {
        self.cancel(id, by, reason).await
    }
    async fn undo_batch(&self, id: Uuid, undo: &Undo) -> Result<Batch> {
        self.undo_all(id, undo).await
    }
    async fn running_batches(&self) -> Result<Vec<Batch>> {
        self.read_running_batches().await
    }
    async fn settle_item(&self, batch: Uuid, item: &BatchItem) -> Result<()> {
        self.settle(batch, item).await
    }
    async fn prune_answers(&self, before: DateTime<Utc>) -> Result<u64> {
        self.forget_answers(before).await
    }
}
