//! The reviewers' port: each call goes to the file of its subject.

use super::ResolutionStore;
use crate::error::Result;
use crate::listing::TimeAndId;
use crate::resolution::Decision;
use crate::review::{
    Agreement, Comment, Decided, DecisionWrite, PairJudgement, QueuePage, QueuedCluster, ReasonedJudgement,
    Review, ReviewerTally,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entity::{CandidatePair, ClusterId, Judgement};
use std::time::Duration;
use uuid::Uuid;

#[async_trait]
impl Review for ResolutionStore {
    async fn queue(&self, page: &QueuePage) -> Result<Vec<QueuedCluster>> {
        self.read_queue(page).await
    }
    async fn queued(&self, id: ClusterId) -> Result<Option<QueuedCluster>> {
        self.read_queued(id).await
    }
    async fn waiting_from(&self, bounds: &[f64]) -> Result<Vec<u64>> {
        self.count_from(bounds).await
    }
    async fn claim(
        &self,
        claim: Uuid,
        holder: &str,
        lease: Duration,
        clusters: &[ClusterId],
    ) -> Result<Vec<ClusterId>> {
        self.take_claims(claim, holder, lease, clusters).await
    }
    async fn renew_claim(&self, claim: Uuid, holder: &str, lease: Duration) -> Result<Vec<ClusterId>> {
        self.hold_claim(claim, holder, lease).await
    }
    async fn release_claim(&self, claim: Uuid, holder: &str) -> Result<()> {
        self.drop_claim(claim, holder).await
    }
    async fn decide(&self, write: &DecisionWrite) -> Result<Decided> {
        self.take_decision(write).await
    }
    async fn judge_pair(&self, judgement: &ReasonedJudgement) -> Result<()> {
        self.add_reasoned(std::slice::from_ref(judgement), None).await
    }
    async fn lift_exclusion(&self, pair: CandidatePair, at: DateTime<Utc>) -> Result<bool> {
        self.withdraw_exclusion(pair, at).await
    }
    async fn pair_history(&self, pairs: &[CandidatePair]) -> Result<Vec<PairJudgement>> {
        self.read_pair_history(pairs).await
    }
    async fn taught_judgements(&self, after: i64, limit: usize) -> Result<Vec<(i64, Judgement)>> {
        self.read_taught(after, limit).await
    }
    async fn decisions_on(&self, cluster: ClusterId) -> Result<Vec<Decision>> {
        self.read_decisions_on(cluster).await
    }
    async fn standing_decisions_of(
        &self,
        by: &str,
        before: Option<TimeAndId>,
        limit: usize,
    ) -> Result<Vec<Decision>> {
        self.read_standing_of(by, before, limit).await
    }
    async fn tally(&self, by: &str, since: DateTime<Utc>) -> Result<ReviewerTally> {
        self.read_tally(by, since).await
    }
    async fn agreement(&self) -> Result<Agreement> {
        self.read_agreement().await
    }
    async fn add_comment(&self, comment: &Comment) -> Result<()> {
        self.write_comment(comment).await
    }
    async fn comments(&self, cluster: ClusterId) -> Result<Vec<Comment>> {
        self.read_comments(cluster).await
    }
}
