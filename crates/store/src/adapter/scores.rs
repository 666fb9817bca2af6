//! Scores in. Two scorers may see two records in different versions; what is stored is what the newest versions
//! of both say, in whatever order the scorers come.
//!
//! Why that holds: a record is scored only once its document is searchable (one that the index refuses is parked, and has
//! no place here). If the scorer of A missed B's newest document, B's became searchable later, so the scorer of B saw A's.
//! So of the two verdicts on a pair one rests on both newest versions, and the guards below let no other replace it. A pair
//! that still rests on an older version of a record once its scorer's verdicts were taken was written while that scorer
//! worked: it goes. `scores_in_any_order` plays it through.

use super::super::organizations::id_list;
use super::score_rows::{
    PAIRS_OF, PairRow, ScoredRow, count_records, delete_pairs, upsert_pairs, write_scored,
};
use super::{Executor, ResolutionStore, SCORES, corrupt, json_list, queue_for_resolver};
use crate::error::{Doing, Result};
use crate::resolution::{ApplyOutcome, KnownScores, RecordScores};
use chrono::{DateTime, Utc};
use entity::{CandidatePair, RecordId, ScoredPair};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// Versions of a pair's records: (left, right).
type PairVersions = (i64, i64);

impl ResolutionStore {
    pub(super) async fn read_known_scores(&self, ids: &[RecordId]) -> Result<KnownScores> {
        let doing = || "reading what is known of records to score".to_owned();
        let list = id_list(ids.iter().map(|id| id.0));
        // One connection for both: another would read its pages anew, and go back to the pool by a trip of its own.
        let mut connection = self.pools.read.acquire().await.doing(doing)?;
        let mut known = KnownScores::default();
        let records: Vec<(Uuid, String, Option<DateTime<Utc>>)> = sqlx::query_as(concat!(
            "SELECT record_id, keys, created_at FROM scored_record WHERE generation = $1 AND record_id IN ",
            ids!("$2")
        ))
        .bind(self.generation())
        .bind(&list)
        .fetch_all(&mut *connection)
        .await
        .doing(doing)?;
        for (id, keys, created_at) in records {
            known.created_at.extend(created_at.map(|at| (RecordId(id), at)));
            known
                .keys
                .insert(id.into(), serde_json::from_str(&keys).map_err(corrupt("reading blocking keys"))?);
        }
        let pairs: Vec<PairRow> = sqlx::query_as(PAIRS_OF)
            .bind(self.generation())
            .bind(&list)
            .fetch_all(&mut *connection)
            .await
            .doing(doing)?;
        let wanted: HashSet<_> = ids.iter().collect();
        for scored in pairs.into_iter().map(ScoredPair::from) {
            let (left, right) = (scored.pair.left(), scored.pair.right());
            for (id, partner, version) in
                [(left, right, scored.right_version), (right, left, scored.left_version)]
            {
                if wanted.contains(&id) {
                    known.partners.entry(id).or_default().insert(partner, version);
                }
            }
        }
        Ok(known)
    }

    pub(super) async fn take_scores(
        &self,
        scores: &[RecordScores],
        blocks: &BTreeMap<String, bool>,
    ) -> Result<ApplyOutcome> {
        let mut transaction = self.pools.begin_write().await?;
        super::super::serialize_writers(&mut transaction, SCORES).await?;
        let moved = moved_blocks(&mut transaction, self.generation(), blocks).await?;
        if !moved.is_empty() {
            return Ok(ApplyOutcome::BlocksMoved(moved));
        }
        let mut change = Change::read(&mut transaction, self.generation(), scores).await?;
        for record in scores {
            change.take(record);
        }
        change.write(&mut transaction, self.generation()).await?;
        transaction.commit().await.doing(|| format!("committing scores of {} records", scores.len()))?;
        Ok(ApplyOutcome::Applied)
    }
}

async fn moved_blocks(
    db: Executor<'_>,
    generation: i64,
    blocks: &BTreeMap<String, bool>,
) -> Result<Vec<String>> {
    let keys: Vec<_> = blocks.keys().collect();
    let closed: HashSet<String> = select_closed(db, generation, &json_list(&keys)).await?;
    let moved = blocks.iter().filter(|(key, seen_closed)| closed.contains(*key) != **seen_closed);
    Ok(moved.map(|(key, _)| key.clone()).collect())
}

/// Which of these keys' blocks are closed.
async fn select_closed(db: Executor<'_>, generation: i64, keys: &str) -> Result<HashSet<String>> {
    let closed: Vec<String> = sqlx::query_scalar(concat!(
        "SELECT blocking_key FROM closed_block WHERE generation = $1 AND blocking_key IN ",
        texts!("$2")
    ))
    .bind(generation)
    .bind(keys)
    .fetch_all(db)
    .await
    .doing(|| "reading closed blocks".into())?;
    Ok(closed.into_iter().collect())
}

/// What a call changes, worked out from what stands.
#[derive(Default)]
struct Change {
    /// Version and whether deleted, per record, as they stand and are moved on.
    standing: HashMap<RecordId, (i64, bool)>,
    pairs: HashMap<CandidatePair, PairVersions>,
    /// Records that a record has, or had within this call, pairs with.
    partners: HashMap<RecordId, BTreeSet<RecordId>>,
    scored: BTreeMap<RecordId, ScoredRow>,
    upserts: BTreeMap<CandidatePair, ScoredPair>,
    deletes: BTreeSet<CandidatePair>,
    touched: BTreeSet<RecordId>,
    count_change: i64,
}

impl Change {
    async fn read(db: Executor<'_>, generation: i64, scores: &[RecordScores]) -> Result<Self> {
        let doing = || "reading what scores would replace".to_owned();
        let mut change = Self::default();
        let own = id_list(scores.iter().map(|record| record.id.0));
        let pairs: Vec<PairRow> =
            sqlx::query_as(PAIRS_OF).bind(generation).bind(own).fetch_all(&mut *db).await.doing(doing)?;
        for pair in pairs.into_iter().map(ScoredPair::from) {
            change.stand(pair.pair, (pair.left_version.0, pair.right_version.0));
        }
        // Of the many that were looked at only those matter that make a pair, or made one.
        let mut ids: BTreeSet<_> = scores.iter().map(|record| record.id.0).collect();
        ids.extend(change.partners.keys().map(|id| id.0));
        let verdicts = scores.iter().flat_map(|record| &record.verdicts);
        ids.extend(verdicts.filter(|verdict| verdict.pair.is_some()).map(|verdict| verdict.partner.0));
        let standing: Vec<(Uuid, i64, bool)> = sqlx::query_as(concat!(
            "SELECT record_id, version, deleted FROM scored_record WHERE generation = $1 AND record_id IN ",
            ids!("$2")
        ))
        .bind(generation)
        .bind(id_list(ids))
        .fetch_all(db)
        .await
        .doing(doing)?;
        change
            .standing
            .extend(standing.into_iter().map(|(id, version, deleted)| (RecordId(id), (version, deleted))));
        Ok(change)
    }

    fn take(&mut self, record: &RecordScores) {
        let deleted = record.created_at.is_none();
        let standing = self.standing.get(&record.id).copied();
        if standing.is_some_and(|(version, _)| version > record.version.0) {
            return;
        }
        let was_there = standing.is_some_and(|(_, deleted)| !deleted);
        self.count_change += i64::from(!deleted) - i64::from(was_there);
        self.standing.insert(record.id, (record.version.0, deleted));
        let keys = json_list(&record.keys);
        let row = ScoredRow { version: record.version.0, created_at: record.created_at, keys };
        self.scored.insert(record.id, row);
        self.touched.insert(record.id);
        for verdict in &record.verdicts {
            self.take_verdict(record, verdict);
        }
        self.drop_outlived(record);
    }

    /// Drops the pairs that rest on an older version of the record after all verdicts were taken, a deleted record's among them:
    /// the newer one's scorer found no key in common, or saw a partner so old that the partner's scorer has the word.
    fn drop_outlived(&mut self, record: &RecordScores) {
        let partners = self.partners.get(&record.id).cloned().unwrap_or_default();
        for pair in partners.into_iter().filter_map(|partner| CandidatePair::new(record.id, partner)) {
            let Some((left, right)) = self.pairs.get(&pair) else { continue };
            let rests_on = if pair.left() == record.id { *left } else { *right };
            if rests_on < record.version.0 {
                self.drop_pair(pair);
            }
        }
    }

    fn stand(&mut self, pair: CandidatePair, versions: PairVersions) {
        self.pairs.insert(pair, versions);
        self.partners.entry(pair.left()).or_default().insert(pair.right());
        self.partners.entry(pair.right()).or_default().insert(pair.left());
    }

    fn take_verdict(&mut self, record: &RecordScores, verdict: &crate::resolution::PartnerVerdict) {
        let Some(pair) = CandidatePair::new(record.id, verdict.partner) else { return };
        let partner_is_newer =
            self.standing.get(&verdict.partner).is_some_and(|(version, _)| *version > verdict.version.0);
        let (left, right) = if pair.left() == record.id {
            (record.version.0, verdict.version.0)
        } else {
            (verdict.version.0, record.version.0)
        };
        let stands = self.pairs.get(&pair).copied();
        // Invariant: knowledge of a newer version of either record is never replaced (`scores_in_any_order`).
        if partner_is_newer || stands.is_some_and(|(l, r)| l > left || r > right) {
            return;
        }
        match &verdict.pair {
            Some(scored) => {
                self.deletes.remove(&pair);
                self.stand(pair, (left, right));
                self.upserts.insert(pair, scored.clone());
                self.touched.extend([pair.left(), pair.right()]);
            }
            None if stands.is_some() => self.drop_pair(pair),
            None => {}
        }
    }

    fn drop_pair(&mut self, pair: CandidatePair) {
        self.pairs.remove(&pair);
        self.upserts.remove(&pair);
        self.deletes.insert(pair);
        self.touched.extend([pair.left(), pair.right()]);
    }

    async fn write(self, db: Executor<'_>, generation: i64) -> Result<()> {
        write_scored(&mut *db, generation, &self.scored, &self.standing).await?;
        delete_pairs(&mut *db, generation, &self.deletes).await?;
        upsert_pairs(&mut *db, generation, &self.upserts).await?;
        queue_for_resolver(&mut *db, generation, self.touched.iter().map(|id| id.0)).await?;
        count_records(db, generation, self.count_change).await
    }
}
