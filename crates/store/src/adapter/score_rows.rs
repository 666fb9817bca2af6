//! Scored records and pairs as rows.

use super::Executor;
use crate::error::{Doing, Result};
use chrono::{DateTime, Utc};
use entity::{CandidatePair, RecordId, ScoredPair, Version};
use sqlx::{FromRow, QueryBuilder};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

#[derive(Debug, FromRow)]
pub(super) struct PairRow {
    left_id: Uuid,
    right_id: Uuid,
    match_weight: f64,
    levels: Vec<u8>,
    left_version: i64,
    right_version: i64,
}

impl From<PairRow> for ScoredPair {
    fn from(row: PairRow) -> Self {
        let pair = CandidatePair::new(RecordId(row.left_id), RecordId(row.right_id));
        Self {
            pair: pair.expect("the primary key keeps a record from pairing with itself"),
            match_weight: row.match_weight,
            levels: row.levels,
            left_version: Version(row.left_version),
            right_version: Version(row.right_version),
        }
    }
}

/// Pairs that any of these records is in.
///
/// By the right record in two steps, from the index to the key: asked in one, SQLite takes the first column of the key, which
/// all pairs have in common, for as telling as the index, and reads them all.
pub(in super::super) const PAIRS_OF: &str = concat!(
    "WITH wanted(id) AS ",
    ids!("$2"),
    " SELECT left_id, right_id, match_weight, levels, left_version, right_version FROM pair
     WHERE generation = $1 AND left_id IN (SELECT id FROM wanted)
     UNION SELECT pair.left_id, pair.right_id, pair.match_weight, pair.levels, pair.left_version, pair.right_version
     FROM wanted CROSS JOIN pair AS found CROSS JOIN pair
     WHERE found.generation = $1 AND found.right_id = wanted.id
       AND pair.generation = $1 AND pair.left_id = found.left_id AND pair.right_id = found.right_id"
);

/// Seven values each at most: SQLite takes 32,766 in one statement, PostgreSQL 65,535.
const ROWS_PER_STATEMENT: usize = 4000;

/// A record as last scored.
pub(super) struct ScoredRow {
    pub(super) version: i64,
    pub(super) created_at: Option<DateTime<Utc>>,
    pub(super) keys: String,
}

pub(super) async fn write_scored(
    db: Executor<'_>,
    generation: i64,
    rows: &BTreeMap<RecordId, ScoredRow>,
    standing: &HashMap<RecordId, (i64, bool)>,
) -> Result<()> {
    let rows: Vec<_> = rows.iter().collect();
    for chunk in rows.chunks(ROWS_PER_STATEMENT) {
        let mut insert = QueryBuilder::new(
            "INSERT INTO scored_record (generation, record_id, version, created_at, keys, deleted) ",
        );
        insert.push_values(chunk, |mut values, (id, row)| {
            values.push_bind(generation).push_bind(id.0).push_bind(row.version).push_bind(row.created_at);
            values.push_bind(row.keys.clone()).push_bind(standing[*id].1);
        });
        insert.push(
            " ON CONFLICT (generation, record_id) DO UPDATE SET version = excluded.version,
              created_at = excluded.created_at, keys = excluded.keys, deleted = excluded.deleted",
        );
        let query = insert.build().persistent(false);
        query.execute(&mut *db).await.doing(|| "writing scored records".into())?;
    }
    Ok(())
}

pub(super) async fn delete_pairs(
    db: Executor<'_>,
    generation: i64,
    pairs: &BTreeSet<CandidatePair>,
) -> Result<()> {
    let pairs: Vec<_> = pairs.iter().collect();
    for chunk in pairs.chunks(ROWS_PER_STATEMENT) {
        let mut delete = QueryBuilder::new("DELETE FROM pair WHERE generation = ");
        delete.push_bind(generation).push(" AND (left_id, right_id) IN (");
        delete.push_values(chunk, |mut values, pair| {
            values.push_bind(pair.left().0).push_bind(pair.right().0);
        });
        delete.push(")");
        let query = delete.build().persistent(false);
        query.execute(&mut *db).await.doing(|| "deleting pairs".into())?;
    }
    Ok(())
}

pub(super) async fn upsert_pairs(
    db: Executor<'_>,
    generation: i64,
    pairs: &BTreeMap<CandidatePair, ScoredPair>,
) -> Result<()> {
    let pairs: Vec<_> = pairs.values().collect();
    for chunk in pairs.chunks(ROWS_PER_STATEMENT) {
        let mut insert = QueryBuilder::new(
            "INSERT INTO pair (generation, left_id, right_id, match_weight, levels, left_version, right_version) ",
        );
        insert.push_values(chunk, |mut values, scored| {
            values.push_bind(generation).push_bind(scored.pair.left().0).push_bind(scored.pair.right().0);
            values.push_bind(scored.match_weight).push_bind(scored.levels.clone());
            values.push_bind(scored.left_version.0).push_bind(scored.right_version.0);
        });
        insert.push(
            " ON CONFLICT (generation, left_id, right_id) DO UPDATE SET match_weight = excluded.match_weight,
              levels = excluded.levels, left_version = excluded.left_version, right_version = excluded.right_version",
        );
        let query = insert.build().persistent(false);
        query.execute(&mut *db).await.doing(|| "writing pairs".into())?;
    }
    Ok(())
}

/// Counts records; when the count passes a power of two, the prior takes a step and every pair is looked at again.
pub(super) async fn count_records(db: Executor<'_>, generation: i64, change: i64) -> Result<()> {
    if change == 0 {
        return Ok(());
    }
    let doing = || "counting records".to_owned();
    let now: i64 = sqlx::query_scalar(
        "UPDATE generation SET record_count = record_count + $2 WHERE id = $1 RETURNING record_count",
    )
    .bind(generation)
    .bind(change)
    .fetch_one(&mut *db)
    .await
    .doing(doing)?;
    let step = |count: i64| u64::try_from(count).unwrap_or(0).checked_ilog2();
    if step(now) != step(now - change) {
        sqlx::query(
            "INSERT INTO resolve_queue (generation, record_id)
             SELECT DISTINCT generation, left_id FROM pair WHERE generation = $1",
        )
        .bind(generation)
        .execute(db)
        .await
        .doing(doing)?;
    }
    Ok(())
}
