//! Whole components for the resolver: whatever could change the clusters of the given records.

use super::super::organizations::id_list;
use super::judgements::{JudgementRow, holds, judgement_columns};
use super::score_rows::{PAIRS_OF, PairRow};
use super::{Executor, ResolutionStore};
use crate::error::{Doing, Result};
use crate::resolution::ComponentRows;
use crate::review::JudgedEvidence;
use chrono::{DateTime, Utc};
use entity::{CandidatePair, ClusterId, Judgement, JudgementVerdict, OrganizationId, RecordId, ScoredPair};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

impl ResolutionStore {
    pub(super) async fn read_components(
        &self,
        ids: &[RecordId],
        match_weight_min: f64,
    ) -> Result<ComponentRows> {
        let mut snapshot = self.pools.begin_snapshot().await?;
        let mut walk = Walk::default();
        let mut frontier: BTreeSet<RecordId> = ids.iter().copied().collect();
        while !frontier.is_empty() {
            walk.reached.extend(&frontier);
            let list = id_list(frontier.iter().map(|id| id.0));
            let mut next = BTreeSet::new();
            self.walk_pairs(&mut snapshot, &list, match_weight_min, (&mut walk, &mut next)).await?;
            if self.walk_bonds(&mut snapshot, &list, (&mut walk, &mut next)).await? {
                walk_judgements(&mut snapshot, &list, (&mut walk, &mut next)).await?;
            }
            frontier = next.difference(&walk.reached).copied().collect();
        }
        if !walk.judgements.is_empty() {
            let (model, code) = self.read_versions(&mut snapshot).await?;
            let generation = (model.as_str(), code.as_str());
            walk.judgements.retain(|pair, (judgement, evidence)| {
                holds(judgement, evidence.as_ref(), generation, walk.pairs.get(pair))
            });
        }
        // A read has nothing to commit: dropped, it ends without a wait.
        self.finish(&mut snapshot, walk).await
    }

    async fn walk_pairs(
        &self,
        db: Executor<'_>,
        list: &str,
        match_weight_min: f64,
        (walk, next): (&mut Walk, &mut BTreeSet<RecordId>),
    ) -> Result<()> {
        let pairs: Vec<PairRow> = sqlx::query_as(PAIRS_OF)
            .bind(self.generation())
            .bind(list)
            .fetch_all(db)
            .await
            .doing(|| "walking pairs".into())?;
        for scored in pairs.into_iter().map(ScoredPair::from) {
            if scored.match_weight >= match_weight_min {
                next.extend([scored.pair.left(), scored.pair.right()]);
            }
            walk.pairs.insert(scored.pair, scored);
        }
        Ok(())
    }

    /// What ties records beside their pairs, in one statement: merges in both directions, present clusters, judgements. Says
    /// whether there are judgements, which few records have and which are then read whole.
    async fn walk_bonds(
        &self,
        db: Executor<'_>,
        list: &str,
        (walk, next): (&mut Walk, &mut BTreeSet<RecordId>),
    ) -> Result<bool> {
        let bonds: Vec<(String, Uuid, Uuid)> = sqlx::query_as(BONDS_OF)
            .bind(self.generation())
            .bind(list)
            .fetch_all(db)
            .await
            .doing(|| "walking merges, clusters and judgements".into())?;
        let mut are_judged = false;
        for (bond, one, other) in bonds {
            match bond.as_str() {
                // Records merged into one golden record come together, also when its own record is gone.
                "merged" => {
                    walk.redirects.insert(RecordId(one), OrganizationId(other));
                    next.extend([RecordId(one), RecordId(other)]);
                }
                // A record that left its cluster still brings in those that stayed.
                "clustered" => {
                    walk.clusters.insert(ClusterId(one));
                    next.insert(RecordId(other));
                }
                "judged" => are_judged = true,
                _ => unreachable!("the statement names three bonds"),
            }
        }
        Ok(are_judged)
    }

    async fn finish(&self, db: Executor<'_>, walk: Walk) -> Result<ComponentRows> {
        let list = id_list(walk.reached.iter().map(|id| id.0));
        let records: Vec<(Uuid, DateTime<Utc>)> = sqlx::query_as(concat!(
            "SELECT record_id, created_at FROM scored_record
             WHERE generation = $1 AND NOT deleted AND created_at IS NOT NULL AND record_id IN ",
            ids!("$2")
        ))
        .bind(self.generation())
        .bind(list)
        .fetch_all(&mut *db)
        .await
        .doing(|| "reading scored records".into())?;
        let records: BTreeMap<_, _> = records.into_iter().map(|(id, at)| (RecordId(id), at)).collect();
        let clusters: Vec<ClusterId> = walk.clusters.iter().copied().collect();
        let clusters = self.read_clusters_of(db, &clusters).await?;
        let within = |pair: &CandidatePair| {
            walk.reached.contains(&pair.left()) && walk.reached.contains(&pair.right())
        };
        let root = |id: &RecordId| walk.redirects.get(id).copied().unwrap_or(OrganizationId(id.0));
        let organizations = records.keys().map(|id| (*id, root(id))).collect();
        let pairs = walk.pairs.into_values().collect();
        let judgements = walk.judgements.into_values().map(|(judgement, _)| judgement);
        let judgements = judgements.filter(|judgement| within(&judgement.pair)).collect();
        Ok(ComponentRows { records, pairs, judgements, organizations, clusters })
    }
}

/// Merges, present clusters and judgements that any of these records is in.
pub(in super::super) const BONDS_OF: &str = concat!(
    "WITH wanted(id) AS ",
    ids!("$2"),
    " SELECT 'merged', absorbed_id, survivor_id FROM redirect
     WHERE survivor_id IS NOT NULL AND absorbed_id IN (SELECT id FROM wanted)
     UNION ALL SELECT 'merged', absorbed_id, survivor_id FROM redirect
     WHERE survivor_id IN (SELECT id FROM wanted)
     UNION ALL SELECT 'clustered', cluster_id, record_id FROM cluster_member
     WHERE generation = $1 AND cluster_id IN (
         SELECT cluster_id FROM cluster_member
         WHERE generation = $1 AND record_id IN (SELECT id FROM wanted))
     UNION ALL SELECT 'judged', left_id, right_id FROM judgement
     WHERE withdrawn_at IS NULL AND left_id IN (SELECT id FROM wanted)
     UNION ALL SELECT 'judged', left_id, right_id FROM judgement
     WHERE withdrawn_at IS NULL AND right_id IN (SELECT id FROM wanted)"
);

#[derive(Default)]
struct Walk {
    reached: BTreeSet<RecordId>,
    pairs: BTreeMap<CandidatePair, ScoredPair>,
    judgements: BTreeMap<CandidatePair, (Judgement, Option<JudgedEvidence>)>,
    redirects: BTreeMap<RecordId, OrganizationId>,
    /// Present clusters of what was reached.
    clusters: BTreeSet<ClusterId>,
}

async fn walk_judgements(
    db: Executor<'_>,
    list: &str,
    (walk, next): (&mut Walk, &mut BTreeSet<RecordId>),
) -> Result<()> {
    let rows: Vec<JudgementRow> = sqlx::query_as(concat!(
        "SELECT ",
        judgement_columns!(),
        " FROM judgement WHERE withdrawn_at IS NULL AND id IN (SELECT id FROM judgement WHERE left_id IN ",
        ids!("$1"),
        " UNION SELECT id FROM judgement WHERE right_id IN ",
        ids!("$1"),
        ") ORDER BY id"
    ))
    .bind(list)
    .fetch_all(db)
    .await
    .doing(|| "walking judgements".into())?;
    for row in rows {
        let evidence = row.evidence()?;
        let judgement = Judgement::try_from(row)?;
        if judgement.verdict == JudgementVerdict::Match {
            next.extend([judgement.pair.left(), judgement.pair.right()]);
        }
        // In the order of their numbers: the newest holds.
        walk.judgements.insert(judgement.pair, (judgement, evidence));
    }
    Ok(())
}
