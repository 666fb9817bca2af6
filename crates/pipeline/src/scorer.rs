//! Records to pairs: candidates from the index, compared and weighed; the pairs go to the resolution store.
//!
//! A record is scored only once its own document is searchable (the runner keeps this group behind the indexer's),
//! so of two twins the later sees the earlier.

mod partners;

use crate::error::{Error, Result};
use crate::indexer::{RecordState, read_record};
use crate::runner::Stage;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entity::{CandidatePair, RecordId, ScoredPair, Version};
use events::Event;
use events::codec::Codec;
use index::{Candidate, Index};
use partners::Partners;
use scoring::{Model, RecordFeatures, Sketch};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use store::Resolution;
use store::resolution::{ApplyOutcome, KnownScores, PartnerVerdict, RecordScores};

/// Scores `organizations.record.v1`.
#[derive(Debug)]
pub struct Scorer {
    /// Reads values.
    pub codec: Arc<Codec>,
    /// Where candidates are found.
    pub index: Arc<dyn Index>,
    /// Where pairs go.
    pub resolution: Arc<dyn Resolution>,
    /// What weighs them.
    pub model: Arc<Model>,
}

/// Records scored again in one go.
const RESCORE_BATCH: usize = 300;
/// How often blocks may move under one batch before the runner is asked to wait.
const ATTEMPTS_MAX: usize = 20;

/// A record to score.
#[derive(Clone, Debug)]
struct Subject {
    id: RecordId,
    version: Version,
    /// `None` once it is deleted.
    living: Option<Living>,
}

#[derive(Clone, Debug)]
struct Living {
    created_at: DateTime<Utc>,
    sketch: Sketch,
    features: Arc<RecordFeatures<'static>>,
    keys: Vec<String>,
}

impl Living {
    fn new(created_at: DateTime<Utc>, features: RecordFeatures<'static>, keys: Vec<String>) -> Self {
        Self { created_at, sketch: Sketch::of(&features), features: Arc::new(features), keys }
    }
}

#[async_trait]
impl Stage for Scorer {
    async fn apply(&mut self, events: &[Event]) -> Result<usize> {
        let mut newest: BTreeMap<RecordId, Subject> = BTreeMap::new();
        for event in events {
            let subject = subject_of(read_record(&self.codec, event).await?);
            newest.insert(subject.id, subject);
        }
        self.score(&newest.into_values().collect::<Vec<_>>()).await
    }

    async fn idle(&mut self) -> Result<bool> {
        let batch = self.resolution.rescore_batch(RESCORE_BATCH).await?;
        if batch.seqs.is_empty() {
            return Ok(false);
        }
        let created_at = self.resolution.known_scores(&batch.records).await?.created_at;
        let documents = self.index.documents(&batch.records).await?;
        let mut subjects = Vec::new();
        for document in documents {
            // One that was never scored, or is deleted, has its own event under way.
            let Some(created_at) = created_at.get(&document.id) else { continue };
            let features = RecordFeatures::from_bytes(&document.features)
                .map_err(|error| partners::unreadable(document.id, &error))?;
            let living = Living::new(*created_at, features, document.keys);
            subjects.push(Subject { id: document.id, version: document.version, living: Some(living) });
        }
        self.score(&subjects).await?;
        self.resolution.rescored(&batch.seqs).await?;
        Ok(true)
    }
}

fn subject_of(state: RecordState) -> Subject {
    let living = state.record.map(|record| {
        let features = scoring::features(&record);
        let keys = scoring::blocking_keys(&features);
        Living::new(record.created_at, features, keys)
    });
    Subject { id: state.id, version: state.version, living }
}

impl Scorer {
    async fn score(&self, subjects: &[Subject]) -> Result<usize> {
        if subjects.is_empty() {
            return Ok(0);
        }
        for _ in 0..ATTEMPTS_MAX {
            let known =
                self.resolution.known_scores(&subjects.iter().map(|s| s.id).collect::<Vec<_>>()).await?;
            let met = self.meet(subjects, &known).await?;
            let scores = self.compare(subjects, &known, &met)?;
            match self.resolution.apply_scores(&scores, &met.closed()).await? {
                ApplyOutcome::Applied => {
                    return Ok(scores
                        .iter()
                        .map(|s| s.verdicts.iter().filter(|v| v.pair.is_some()).count())
                        .sum());
                }
                ApplyOutcome::BlocksMoved(keys) => self.move_blocks(&keys).await?,
            }
        }
        let moving = "blocks keep opening and closing under a batch";
        Err(Error::Transient { doing: "scoring records", source: moving.into() })
    }

    /// What the index has in the blocks of all keys that the records have or had, and of those that they had pairs with.
    async fn meet(&self, subjects: &[Subject], known: &KnownScores) -> Result<Met> {
        let mut keys: BTreeSet<&String> = known.keys.values().flatten().collect();
        keys.extend(
            subjects.iter().filter_map(|subject| subject.living.as_ref()).flat_map(|living| &living.keys),
        );
        let keys: Vec<_> = keys.into_iter().cloned().collect();
        let found = self.index.candidates(&keys, self.model.block_size_max()).await?;
        let mut documents = found.documents;
        let mut lost: BTreeSet<RecordId> =
            known.partners.values().flat_map(BTreeMap::keys).copied().collect();
        for document in &documents {
            lost.remove(&document.id);
        }
        let lost: Vec<_> = lost.into_iter().collect();
        documents.extend(self.index.documents(&lost).await?.into_iter().map(Candidate::from));
        Ok(Met { blocks: keys.into_iter().zip(found.blocks).collect(), documents })
    }

    fn compare(&self, subjects: &[Subject], known: &KnownScores, met: &Met) -> Result<Vec<RecordScores>> {
        let mut partners = Partners::new(&met.documents);
        let scores = |subject| self.scores_of(subject, known, &met.candidates_of(subject), &mut partners);
        subjects.iter().map(scores).collect()
    }

    fn scores_of(
        &self,
        subject: &Subject,
        known: &KnownScores,
        candidates: &BTreeSet<RecordId>,
        partners: &mut Partners<'_>,
    ) -> Result<RecordScores> {
        let mut verdicts = Vec::new();
        if let Some(living) = &subject.living {
            for partner in candidates {
                let Some(document) = partners.get(*partner) else { continue };
                let version = document.version;
                let pair = self.weigh(subject, living, (*partner, version, partners.features(document)?));
                verdicts.push(PartnerVerdict { partner: *partner, version, pair });
            }
        }
        // Of a partner that shares no open block any more it is said in the version that the pair rests on: a newer one may have
        // come after the look, share a block again, and have been scored. Of one that the index lacks, nothing is said.
        let before = known.partners.get(&subject.id).into_iter().flatten();
        for (partner, version) in before.filter(|(partner, _)| !candidates.contains(partner)) {
            if partners.get(*partner).is_some_and(|document| document.version >= *version) {
                verdicts.push(PartnerVerdict { partner: *partner, version: *version, pair: None });
            }
        }
        Ok(RecordScores {
            id: subject.id,
            version: subject.version,
            created_at: subject.living.as_ref().map(|living| living.created_at),
            keys: subject.living.as_ref().map(|living| living.keys.clone()).unwrap_or_default(),
            verdicts,
        })
    }

    fn weigh(
        &self,
        subject: &Subject,
        living: &Living,
        (partner, version, features): (RecordId, Version, &RecordFeatures<'_>),
    ) -> Option<ScoredPair> {
        let pair = CandidatePair::new(subject.id, partner)?;
        if living.sketch.rules_out(&Sketch::of(features)) {
            return None;
        }
        let vector = scoring::compare(&living.features, features);
        let match_weight = self.model.weigh(&vector);
        let (left_version, right_version) =
            if pair.left() == subject.id { (subject.version, version) } else { (version, subject.version) };
        self.model.keeps(&vector, match_weight).then(|| ScoredPair {
            pair,
            match_weight,
            levels: vector.levels().to_vec(),
            left_version,
            right_version,
        })
    }

    /// Opens or closes blocks as the index has them now, and looks again afterwards: a change that came in between
    /// was compared with the old state, so nobody else would notice it.
    async fn move_blocks(&self, keys: &[String]) -> Result<()> {
        let size_max = self.model.block_size_max();
        let mut before = None;
        for _ in 0..ATTEMPTS_MAX {
            let blocks = self.index.blocks(keys, usize::MAX).await?;
            let states: BTreeMap<_, _> =
                blocks.iter().map(|block| (block.key.clone(), block.size > size_max)).collect();
            if before.as_ref() == Some(&states) {
                return Ok(());
            }
            let members: BTreeSet<_> = blocks.iter().flat_map(|block| block.ids.iter().copied()).collect();
            self.resolution.move_blocks(&states, &members.into_iter().collect::<Vec<_>>()).await?;
            before = Some(states);
        }
        let moving = "blocks keep opening and closing";
        Err(Error::Transient { doing: "moving blocks", source: moving.into() })
    }
}

/// What the index has on a batch.
#[derive(Debug)]
struct Met {
    /// The records by their keys; `None` for a block that is closed.
    blocks: HashMap<String, Option<Vec<RecordId>>>,
    documents: Vec<Candidate>,
}

impl Met {
    /// All records that share an open block with the subject, those that will be ruled out among them.
    fn candidates_of(&self, subject: &Subject) -> BTreeSet<RecordId> {
        let keys = subject.living.iter().flat_map(|living| &living.keys);
        let open = keys.filter_map(|key| self.blocks.get(key)?.as_ref());
        let mut candidates: BTreeSet<_> = open.flatten().copied().collect();
        candidates.remove(&subject.id);
        candidates
    }

    /// Of each key whether its block is closed.
    fn closed(&self) -> BTreeMap<String, bool> {
        self.blocks.iter().map(|(key, block)| (key.clone(), block.is_none())).collect()
    }
}
