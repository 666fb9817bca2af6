//! What became of clusters, written in the transaction that changes them.

use super::super::organizations::id_list;
use super::decisions::from_word;
use super::{Db, Executor, ResolutionStore, corrupt, json_list, limit_of};
use crate::error::{Doing, Result};
use chrono::{DateTime, Utc};
use entity::transition::{Transition, transitions};
use entity::{Cluster, ClusterId, ClusterTransition, RecordId, TransitionCause};
use sqlx::QueryBuilder;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const ROWS_PER_STATEMENT: usize = 128;

/// Records in clusters, each once.
type State = Vec<(RecordId, ClusterId)>;

impl ResolutionStore {
    /// Writes down what these changes do to the clusters as they stand; to be called before they are made.
    pub(super) async fn note_transitions(
        &self,
        db: Executor<'_>,
        (changed, ended): (&[Cluster], &[ClusterId]),
        seqs: &[i64],
    ) -> Result<()> {
        let after: State = changed
            .iter()
            .flat_map(|cluster| cluster.members.iter().map(|member| (member.record_id, cluster.id)))
            .collect();
        let before = self.standing(&mut *db, (changed, ended), &after).await?;
        let found = transitions(&before, &after);
        if found.is_empty() {
            return Ok(());
        }
        let causes = causes(&mut *db, seqs).await?;
        let mut touched: BTreeMap<ClusterId, TransitionCause> = BTreeMap::new();
        for (record, cluster) in before.iter().chain(&after) {
            if let Some(cause) = causes.get(record) {
                let known = touched.entry(*cluster).or_insert(*cause);
                *known = (*known).max(*cause);
            }
        }
        let cause = |found: &Transition<ClusterId>| {
            let of = found.before.iter().chain(&found.after).filter_map(|id| touched.get(id).copied());
            of.max().unwrap_or(TransitionCause::Scores)
        };
        let at = entity::clock::now();
        let found = found.into_iter().map(|found| {
            let cause = cause(&found);
            ClusterTransition::new(found, cause, at)
        });
        insert(db, &found.collect::<Vec<_>>()).await
    }

    /// The clusters that a change is about, and any other that loses a record to them, as they stand.
    async fn standing(
        &self,
        db: Executor<'_>,
        (changed, ended): (&[Cluster], &[ClusterId]),
        after: &State,
    ) -> Result<State> {
        let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(concat!(
            "SELECT record_id, cluster_id FROM cluster_member WHERE generation = $1 AND cluster_id IN (
                 SELECT cluster_id FROM cluster_member WHERE generation = $1 AND record_id IN ",
            ids!("$2"),
            " UNION SELECT id FROM cluster WHERE generation = $1 AND id IN ",
            ids!("$3"),
            ")"
        ))
        .bind(self.generation())
        .bind(id_list(after.iter().map(|(record, _)| record.0)))
        .bind(id_list(changed.iter().map(|cluster| cluster.id.0).chain(ended.iter().map(|id| id.0))))
        .fetch_all(db)
        .await
        .doing(|| "reading the clusters that change".into())?;
        Ok(state(rows))
    }

    pub(super) async fn read_transitions(
        &self,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, ClusterTransition)>> {
        let rows: Vec<(i64, String)> =
            sqlx::query_as("SELECT seq, body FROM cluster_transition WHERE seq > $1 ORDER BY seq LIMIT $2")
                .bind(after)
                .bind(limit_of(limit))
                .fetch_all(&self.pools.read)
                .await
                .doing(|| "listing what became of clusters".into())?;
        parsed(rows)
    }

    pub(super) async fn read_unsent_transitions(
        &self,
        limit: usize,
    ) -> Result<Vec<(i64, ClusterTransition)>> {
        let rows: Vec<(i64, String)> =
            sqlx::query_as("SELECT seq, body FROM cluster_transition WHERE NOT sent ORDER BY seq LIMIT $1")
                .bind(limit_of(limit))
                .fetch_all(&self.pools.read)
                .await
                .doing(|| "reading what the topic has yet to hear of clusters".into())?;
        parsed(rows)
    }

    pub(super) async fn mark_transitions_sent(&self, seq: i64) -> Result<()> {
        sqlx::query("UPDATE cluster_transition SET sent = TRUE WHERE NOT sent AND seq <= $1")
            .bind(seq)
            .execute(&self.pools.write)
            .await
            .map(drop)
            .doing(|| format!("marking transitions up to {seq} as sent"))
    }

    pub(super) async fn delete_transitions(&self, before: DateTime<Utc>) -> Result<u64> {
        let deleted = sqlx::query("DELETE FROM cluster_transition WHERE sent AND at < $1")
            .bind(before)
            .execute(&self.pools.write)
            .await
            .doing(|| format!("forgetting transitions before {before}"))?;
        Ok(deleted.rows_affected())
    }
}

/// Writes down what a switch from one generation to another does to the clusters that people see.
pub(super) async fn note_switch(db: Executor<'_>, before: i64, after: i64) -> Result<()> {
    let (old, new) = (moved(&mut *db, before, after).await?, moved(&mut *db, after, before).await?);
    let at = entity::clock::now();
    let found = transitions(&old, &new).into_iter();
    let told: Vec<_> = found.map(|found| ClusterTransition::new(found, TransitionCause::Model, at)).collect();
    insert(db, &told).await
}

/// The clusters of a generation that the other one does not have with the same members.
async fn moved(db: Executor<'_>, generation: i64, other: i64) -> Result<State> {
    // A record moves when its cluster has another id or is not there; so does every record of a cluster that one moved
    // out of or into.
    let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "WITH moved AS (
             SELECT record_id FROM cluster_member AS one WHERE generation = $1 AND NOT EXISTS (
                 SELECT 1 FROM cluster_member AS other WHERE other.generation = $2
                     AND other.record_id = one.record_id AND other.cluster_id = one.cluster_id)
             UNION SELECT record_id FROM cluster_member AS one WHERE generation = $2 AND NOT EXISTS (
                 SELECT 1 FROM cluster_member AS other WHERE other.generation = $1
                     AND other.record_id = one.record_id AND other.cluster_id = one.cluster_id)),
         touched AS (
             SELECT cluster_id FROM cluster_member WHERE generation IN ($1, $2)
                 AND record_id IN (SELECT record_id FROM moved))
         SELECT record_id, cluster_id FROM cluster_member WHERE generation = $1
             AND cluster_id IN (SELECT cluster_id FROM touched)",
    )
    .bind(generation)
    .bind(other)
    .fetch_all(db)
    .await
    .doing(|| format!("comparing the clusters of generations {generation} and {other}"))?;
    Ok(state(rows))
}

fn state(rows: Vec<(Uuid, Uuid)>) -> State {
    rows.into_iter().map(|(record, cluster)| (record.into(), cluster.into())).collect()
}

/// Why each record was queued, by the queue rows that are done with it.
async fn causes(db: Executor<'_>, seqs: &[i64]) -> Result<BTreeMap<RecordId, TransitionCause>> {
    let rows: Vec<(Uuid, String)> =
        sqlx::query_as(concat!("SELECT record_id, cause FROM resolve_queue WHERE seq IN ", numbers!("$1")))
            .bind(json_list(seqs))
            .fetch_all(db)
            .await
            .doing(|| "reading why records were queued".into())?;
    let mut causes: BTreeMap<RecordId, TransitionCause> = BTreeMap::new();
    for (record, cause) in rows.into_iter().collect::<BTreeSet<_>>() {
        let cause: TransitionCause = from_word(&cause)?;
        let known = causes.entry(record.into()).or_insert(cause);
        *known = (*known).max(cause);
    }
    Ok(causes)
}

async fn insert(db: Executor<'_>, transitions: &[ClusterTransition]) -> Result<()> {
    for chunk in transitions.chunks(ROWS_PER_STATEMENT) {
        let bodies: Vec<String> = chunk
            .iter()
            .map(|transition| serde_json::to_string(transition).map_err(corrupt("writing a transition")))
            .collect::<Result<_>>()?;
        let mut insert = QueryBuilder::<Db>::new("INSERT INTO cluster_transition (at, body) ");
        insert.push_values(chunk.iter().zip(bodies), |mut values, (transition, body)| {
            values.push_bind(transition.at).push_bind(body);
        });
        let query = insert.build().persistent(chunk.len() == ROWS_PER_STATEMENT || chunk.len() == 1);
        query.execute(&mut *db).await.doing(|| "writing what became of clusters".into())?;
    }
    Ok(())
}

fn parsed(rows: Vec<(i64, String)>) -> Result<Vec<(i64, ClusterTransition)>> {
    let parse = |(seq, body): (i64, String)| {
        Ok((seq, serde_json::from_str(&body).map_err(corrupt("reading a transition"))?))
    };
    rows.into_iter().map(parse).collect()
}
