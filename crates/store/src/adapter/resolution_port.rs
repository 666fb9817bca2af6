//! The resolution port: each call goes to the file of its subject.

use super::queues::Queue;
use super::score_rows::PairRow;
use super::{ResolutionStore, limit_of};
use crate::error::{Doing, Result};
use crate::listing::TimeAndId;
use crate::resolution::{
    ApplyOutcome, ClusterPage, ComponentRows, Corpus, Decision, DecisionState, KnownScores, OutboxRow,
    RecordScores, Resolution, ResolveBatch,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entity::{
    CandidatePair, Cluster, ClusterId, ClusterTransition, Judgement, MergeId, RecordId, ScoredPair, Version,
};
use std::collections::BTreeMap;
use uuid::Uuid;

#[async_trait]
impl Resolution for ResolutionStore {
    async fn known_scores(&self, ids: &[RecordId]) -> Result<KnownScores> {
        self.read_known_scores(ids).await
    }
    async fn apply_scores(
        &self,
        scores: &[RecordScores],
        blocks: &BTreeMap<String, bool>,
    ) -> Result<ApplyOutcome> {
        self.take_scores(scores, blocks).await
    }
    async fn move_blocks(&self, blocks: &BTreeMap<String, bool>, members: &[RecordId]) -> Result<()> {
        self.set_blocks(blocks, members).await
    }
    async fn rescore_batch(&self, limit: usize) -> Result<ResolveBatch> {
        self.queue_head(Queue::Rescore, limit).await
    }
    async fn rescored(&self, seqs: &[i64]) -> Result<()> {
        self.finish_rescoring(seqs).await
    }
    async fn resolve_batch(&self, limit: usize) -> Result<ResolveBatch> {
        self.queue_head(Queue::Resolve, limit).await
    }
    async fn components(&self, ids: &[RecordId], match_weight_min: f64) -> Result<ComponentRows> {
        self.read_components(ids, match_weight_min).await
    }
    async fn apply_clusters(&self, changed: &[Cluster], ended: &[ClusterId], seqs: &[i64]) -> Result<()> {
        self.write_clusters(changed, ended, seqs).await
    }
    async fn outbox(&self, limit: usize) -> Result<Vec<OutboxRow>> {
        self.outbox_head(limit).await
    }
    async fn published(&self, seq: i64) -> Result<()> {
        self.empty_outbox(seq).await
    }
    async fn transitions(&self, after: i64, limit: usize) -> Result<Vec<(i64, ClusterTransition)>> {
        self.read_transitions(after, limit).await
    }
    async fn unsent_transitions(&self, limit: usize) -> Result<Vec<(i64, ClusterTransition)>> {
        self.read_unsent_transitions(limit).await
    }
    async fn transitions_sent(&self, seq: i64) -> Result<()> {
        self.mark_transitions_sent(seq).await
    }
    async fn forget_transitions(&self, before: DateTime<Utc>) -> Result<u64> {
        self.delete_transitions(before).await
    }
    async fn corpus(&self) -> Result<Corpus> {
        self.read_corpus().await
    }
    async fn set_event_epoch(&self, epoch: i64) -> Result<()> {
        self.write_event_epoch(epoch).await
    }
    async fn redirect(&self, absorbed: RecordId, survivor: Option<RecordId>, version: Version) -> Result<()> {
        self.take_redirect(absorbed, survivor, version).await
    }
    async fn clusters(&self, page: &ClusterPage) -> Result<Vec<Cluster>> {
        self.cluster_page(page).await
    }
    async fn clusters_of(&self, ids: &[ClusterId]) -> Result<Vec<Cluster>> {
        let mut connection =
            self.pools.read.acquire().await.doing(|| "reading clusters by their ids".into())?;
        self.read_clusters_of(&mut connection, ids).await
    }
    async fn cluster_counts(&self) -> Result<(u64, u64)> {
        self.count_clusters().await
    }
    async fn judge(&self, judgements: &[Judgement], decision: Option<Uuid>) -> Result<()> {
        self.add_judgements(judgements, decision).await
    }
    async fn judgements(&self, after: i64, limit: usize) -> Result<Vec<(i64, Judgement)>> {
        self.read_judgements(after, limit).await
    }
    async fn withdraw(&self, decision: Uuid, at: DateTime<Utc>) -> Result<()> {
        self.withdraw_judgements(decision, at).await
    }
    async fn put_decision(&self, decision: &Decision) -> Result<()> {
        self.write_decision(decision).await
    }
    async fn decisions_of(&self, ids: &[Uuid]) -> Result<Vec<Decision>> {
        self.read_decisions_of(ids).await
    }
    async fn decisions(&self, after: Option<TimeAndId>, limit: usize) -> Result<Vec<Decision>> {
        self.read_decisions(after, limit).await
    }
    async fn decisions_in(
        &self,
        state: DecisionState,
        after: Option<TimeAndId>,
        limit: usize,
    ) -> Result<Vec<Decision>> {
        self.read_decisions_in(state, after, limit).await
    }
    async fn decision_of_merge(&self, merge: MergeId) -> Result<Option<Decision>> {
        self.read_decision_of_merge(merge).await
    }
    async fn queue_lengths(&self) -> Result<(u64, u64)> {
        Ok((self.queue_length(Queue::Rescore).await?, self.queue_length(Queue::Resolve).await?))
    }

    async fn scan_pairs(&self, after: Option<CandidatePair>, limit: usize) -> Result<Vec<ScoredPair>> {
        let (left, right) = after.map_or((Uuid::nil(), Uuid::nil()), |pair| (pair.left().0, pair.right().0));
        let rows: Vec<PairRow> = sqlx::query_as(
            "SELECT left_id, right_id, match_weight, levels, left_version, right_version FROM pair
             WHERE generation = $1 AND (left_id > $2 OR (left_id = $2 AND right_id > $3))
             ORDER BY left_id, right_id LIMIT $4",
        )
        .bind(self.generation())
        .bind(left)
        .bind(right)
        .bind(limit_of(limit))
        .fetch_all(&self.pools.read)
        .await
        .doing(|| "walking through pairs".into())?;
        Ok(rows.into_iter().map(ScoredPair::from).collect())
    }
}
