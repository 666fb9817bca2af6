//! What people judged of pairs, on the evidence of that moment, and whether it still holds.

use super::super::organizations::id_list;
use super::decisions::{from_word, to_word};
use super::score_rows::{PAIRS_OF, PairRow};
use super::{Executor, ResolutionStore, corrupt, limit_of, queue_for_all_resolvers};
use crate::error::{Doing, Error, Result};
use crate::review::{JudgedEvidence, JudgedPair, PairJudgement, ReasonedJudgement, Standing, Teach};
use chrono::{DateTime, Utc};
use entity::{CandidatePair, Judgement, JudgementVerdict, ReasonCode, RecordId, ScoredPair, TransitionCause};
use sqlx::{AssertSqlSafe, FromRow};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use uuid::Uuid;

/// A judgement as selected.
#[derive(Debug, FromRow)]
pub(super) struct JudgementRow {
    left_id: Uuid,
    right_id: Uuid,
    verdict: String,
    judged_by: String,
    judged_at: DateTime<Utc>,
    reason: Option<String>,
    evidence: Option<String>,
}

/// What a [`JudgementRow`] is read from.
macro_rules! judgement_columns {
    () => {
        "left_id, right_id, verdict, judged_by, judged_at, reason, evidence"
    };
}
pub(super) use judgement_columns;

#[derive(Debug, FromRow)]
struct NumberedJudgement {
    id: i64,
    #[sqlx(flatten)]
    judgement: JudgementRow,
}

#[derive(Debug, FromRow)]
struct HistoryRow {
    #[sqlx(flatten)]
    judgement: JudgementRow,
    codes: Option<String>,
    relation: Option<String>,
    teach: bool,
    decision_id: Option<Uuid>,
    withdrawn_at: Option<DateTime<Utc>>,
}

impl JudgementRow {
    /// On what it was judged, where that was kept.
    pub(super) fn evidence(&self) -> Result<Option<JudgedEvidence>> {
        let parse = |text: &String| serde_json::from_str(text).map_err(corrupt("reading what was judged on"));
        self.evidence.as_ref().map(parse).transpose()
    }
}

impl TryFrom<JudgementRow> for Judgement {
    type Error = Error;
    fn try_from(row: JudgementRow) -> Result<Self> {
        let pair = CandidatePair::new(RecordId(row.left_id), RecordId(row.right_id));
        Ok(Self {
            pair: pair.expect("the table's check keeps a record from pairing with itself"),
            verdict: from_word(&row.verdict)?,
            judged_by: row.judged_by,
            judged_at: row.judged_at,
            reason: row.reason,
        })
    }
}

/// Whether a judgement that was not taken back holds: all do, but for a no whose evidence has changed.
pub(super) fn holds(
    judgement: &Judgement,
    evidence: Option<&JudgedEvidence>,
    generation: (&str, &str),
    now: Option<&ScoredPair>,
) -> bool {
    !keeps_apart(judgement.verdict) || evidence.is_none_or(|evidence| evidence.stands(generation, now))
}

/// Whether it keeps its pair apart.
fn keeps_apart(verdict: JudgementVerdict) -> bool {
    matches!(verdict, JudgementVerdict::NonMatch | JudgementVerdict::Related)
}

type Pairs = BTreeMap<CandidatePair, ScoredPair>;

impl ResolutionStore {
    pub(super) async fn add_judgements(
        &self,
        judgements: &[Judgement],
        decision: Option<Uuid>,
    ) -> Result<()> {
        let plain = |judgement: &Judgement| ReasonedJudgement {
            judgement: judgement.clone(),
            codes: Vec::new(),
            relation: None,
            teach: Teach::Yes,
        };
        self.add_reasoned(&judgements.iter().map(plain).collect::<Vec<_>>(), decision).await
    }

    pub(super) async fn add_reasoned(
        &self,
        judgements: &[ReasonedJudgement],
        decision: Option<Uuid>,
    ) -> Result<()> {
        let mut transaction = self.pools.begin_write().await?;
        self.insert_judgements(&mut transaction, judgements, decision).await?;
        transaction.commit().await.doing(|| "writing judgements".into())
    }

    /// Each with the evidence of now; their records are queued.
    pub(super) async fn insert_judgements(
        &self,
        db: Executor<'_>,
        judgements: &[ReasonedJudgement],
        decision: Option<Uuid>,
    ) -> Result<()> {
        if judgements.is_empty() {
            return Ok(());
        }
        let touched: BTreeSet<Uuid> = judgements
            .iter()
            .flat_map(|one| [one.judgement.pair.left().0, one.judgement.pair.right().0])
            .collect();
        let (model_version, code_version) = self.read_versions(&mut *db).await?;
        let pairs = self.read_pairs_of(&mut *db, &touched).await?;
        for reasoned in judgements {
            let ReasonedJudgement { judgement, codes, relation, teach } = reasoned;
            let scored = pairs.get(&judgement.pair);
            let evidence = JudgedEvidence {
                code_version: code_version.clone(),
                model_version: model_version.clone(),
                pair: scored.map(|scored| JudgedPair {
                    match_weight: scored.match_weight,
                    levels: scored.levels.clone(),
                }),
            };
            let evidence = serde_json::to_string(&evidence).map_err(corrupt("writing what was judged on"))?;
            sqlx::query(
                "INSERT INTO judgement (left_id, right_id, verdict, judged_by, judged_at, reason, decision_id,
                     codes, relation, teach, evidence)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            )
            .bind(judgement.pair.left().0)
            .bind(judgement.pair.right().0)
            .bind(to_word(&judgement.verdict))
            .bind(&judgement.judged_by)
            .bind(judgement.judged_at)
            .bind(&judgement.reason)
            .bind(decision)
            .bind(joined(codes))
            .bind(relation.map(entity::Relation::as_str))
            .bind(*teach == Teach::Yes)
            .bind(evidence)
            .execute(&mut *db)
            .await
            .doing(|| "writing judgements".into())?;
        }
        queue_for_all_resolvers(db, touched, TransitionCause::Judgement).await
    }

    /// The model and the code of the generation; empty once it is retired.
    pub(super) async fn read_versions(&self, db: Executor<'_>) -> Result<(String, String)> {
        let versions: Option<(String, String)> =
            sqlx::query_as("SELECT model_version, code_version FROM generation WHERE id = $1")
                .bind(self.generation())
                .fetch_optional(db)
                .await
                .doing(|| "reading the generation".into())?;
        Ok(versions.unwrap_or_default())
    }

    /// The pairs that any of these records is in.
    async fn read_pairs_of(&self, db: Executor<'_>, ids: &BTreeSet<Uuid>) -> Result<Pairs> {
        let rows: Vec<PairRow> = sqlx::query_as(PAIRS_OF)
            .bind(self.generation())
            .bind(id_list(ids.iter().copied()))
            .fetch_all(db)
            .await
            .doing(|| "reading the pairs of judged records".into())?;
        Ok(rows.into_iter().map(ScoredPair::from).map(|scored| (scored.pair, scored)).collect())
    }

    pub(super) async fn read_judgements(&self, after: i64, limit: usize) -> Result<Vec<(i64, Judgement)>> {
        self.newest_judgements(after, limit, "TRUE").await
    }

    pub(super) async fn read_taught(&self, after: i64, limit: usize) -> Result<Vec<(i64, Judgement)>> {
        self.newest_judgements(after, limit, "teach").await
    }

    /// The newest of each pair that holds and also fulfils a condition: without a no whose evidence has changed.
    async fn newest_judgements(
        &self,
        mut after: i64,
        limit: usize,
        also: &'static str,
    ) -> Result<Vec<(i64, Judgement)>> {
        let select = format!(
            concat!(
                "SELECT id, ",
                judgement_columns!(),
                " FROM judgement
                 WHERE id > $1 AND {also} AND withdrawn_at IS NULL AND NOT EXISTS (
                     SELECT 1 FROM judgement AS newer WHERE newer.left_id = judgement.left_id
                         AND newer.right_id = judgement.right_id AND newer.withdrawn_at IS NULL
                         AND newer.id > judgement.id)
                 ORDER BY id LIMIT $2"
            ),
            also = also
        );
        loop {
            let mut snapshot = self.pools.begin_snapshot().await?;
            let rows: Vec<NumberedJudgement> = sqlx::query_as(AssertSqlSafe(select.clone()))
                .bind(after)
                .bind(limit_of(limit))
                .fetch_all(&mut *snapshot)
                .await
                .doing(|| "listing judgements".into())?;
            let Some(last) = rows.last().map(|row| row.id) else { return Ok(Vec::new()) };
            let ids = rows.iter().flat_map(|row| [row.judgement.left_id, row.judgement.right_id]).collect();
            let pairs = self.read_pairs_of(&mut snapshot, &ids).await?;
            let (model, code) = self.read_versions(&mut snapshot).await?;
            snapshot.commit().await.doing(|| "ending a read".into())?;
            let mut holding = Vec::with_capacity(rows.len());
            for row in rows {
                let evidence = row.judgement.evidence()?;
                let judgement = Judgement::try_from(row.judgement)?;
                if holds(&judgement, evidence.as_ref(), (&model, &code), pairs.get(&judgement.pair)) {
                    holding.push((row.id, judgement));
                }
            }
            // An empty page would say that there are no more.
            if !holding.is_empty() {
                return Ok(holding);
            }
            after = last;
        }
    }

    pub(super) async fn withdraw_judgements(&self, decision: Uuid, at: DateTime<Utc>) -> Result<()> {
        let doing = || format!("withdrawing the judgements of decision {decision}");
        let mut transaction = self.pools.begin_write().await?;
        let touched: Vec<(Uuid, Uuid)> = sqlx::query_as(
            "UPDATE judgement SET withdrawn_at = $2 WHERE decision_id = $1 AND withdrawn_at IS NULL
             RETURNING left_id, right_id",
        )
        .bind(decision)
        .bind(at)
        .fetch_all(&mut *transaction)
        .await
        .doing(doing)?;
        let touched = touched.into_iter().flat_map(|(left, right)| [left, right]);
        queue_for_all_resolvers(&mut transaction, touched, TransitionCause::Judgement).await?;
        transaction.commit().await.doing(doing)
    }

    pub(super) async fn withdraw_exclusion(&self, pair: CandidatePair, at: DateTime<Utc>) -> Result<bool> {
        let doing = || format!("lifting the exclusion of {} and {}", pair.left(), pair.right());
        let mut transaction = self.pools.begin_write().await?;
        let lifted = sqlx::query(
            "UPDATE judgement SET withdrawn_at = $3 WHERE left_id = $1 AND right_id = $2 AND withdrawn_at IS NULL
                 AND verdict IN ('non_match', 'related')",
        )
        .bind(pair.left().0)
        .bind(pair.right().0)
        .bind(at)
        .execute(&mut *transaction)
        .await
        .doing(doing)?
        .rows_affected();
        if lifted > 0 {
            queue_for_all_resolvers(
                &mut transaction,
                [pair.left().0, pair.right().0],
                TransitionCause::Judgement,
            )
            .await?;
        }
        transaction.commit().await.doing(doing)?;
        Ok(lifted > 0)
    }

    pub(super) async fn read_pair_history(&self, pairs: &[CandidatePair]) -> Result<Vec<PairJudgement>> {
        let wanted: HashSet<CandidatePair> = pairs.iter().copied().collect();
        let ids: BTreeSet<Uuid> = pairs.iter().flat_map(|pair| [pair.left().0, pair.right().0]).collect();
        let mut snapshot = self.pools.begin_snapshot().await?;
        let rows: Vec<HistoryRow> = sqlx::query_as(concat!(
            "SELECT ",
            judgement_columns!(),
            ", codes, relation, teach, decision_id, withdrawn_at FROM judgement WHERE left_id IN ",
            ids!("$1"),
            " AND right_id IN ",
            ids!("$1"),
            " ORDER BY id"
        ))
        .bind(id_list(ids.iter().copied()))
        .fetch_all(&mut *snapshot)
        .await
        .doing(|| "reading what was said of pairs".into())?;
        let generation = self.read_versions(&mut snapshot).await?;
        let scored = self.read_pairs_of(&mut snapshot, &ids).await?;
        snapshot.commit().await.doing(|| "ending a read".into())?;
        let mut history = rows
            .into_iter()
            .map(|row| said(row, &generation, &scored))
            .filter(|said| said.as_ref().map_or(true, |said| wanted.contains(&said.reasoned.judgement.pair)))
            .collect::<Result<Vec<_>>>()?;
        let mut settled = HashSet::new();
        for said in history.iter_mut().rev().filter(|said| said.standing != Standing::Withdrawn) {
            if !settled.insert(said.reasoned.judgement.pair) {
                said.standing = Standing::Superseded;
            }
        }
        Ok(history)
    }
}

fn said(
    row: HistoryRow,
    (model_version, code_version): &(String, String),
    scored: &Pairs,
) -> Result<PairJudgement> {
    let evidence = row.judgement.evidence()?;
    let judgement = Judgement::try_from(row.judgement)?;
    let now = scored.get(&judgement.pair);
    let standing = match row.withdrawn_at {
        Some(_) => Standing::Withdrawn,
        None if holds(&judgement, evidence.as_ref(), (model_version, code_version), now) => Standing::Holds,
        None => Standing::Reopened,
    };
    Ok(PairJudgement {
        reasoned: ReasonedJudgement {
            judgement,
            codes: parted(row.codes.as_deref())?,
            relation: row.relation.as_deref().map(from_word).transpose()?,
            teach: if row.teach { Teach::Yes } else { Teach::No },
        },
        evidence,
        levels_now: now.map(|scored| scored.levels.clone()),
        decision_id: row.decision_id,
        standing,
    })
}

/// Reasons as one text; none, when there is none.
fn joined(codes: &[ReasonCode]) -> Option<String> {
    let words: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
    (!words.is_empty()).then(|| words.join(","))
}

fn parted(codes: Option<&str>) -> Result<Vec<ReasonCode>> {
    codes.into_iter().flat_map(|codes| codes.split(',')).map(from_word).collect()
}
