//! The case that holds the guards of scores: whatever the order in which scorers come, the same pairs stand.

use super::Backend;
use super::fixture::{at, nth};
use super::scores::{apply, pairs};
use crate::resolution::{PartnerVerdict, RecordScores, Resolution};
use entity::{CandidatePair, ScoredPair, Version};
use std::collections::{BTreeMap, BTreeSet};

const RECORDS: u128 = 5;
const CHANGES: usize = 14;
const HISTORIES: u64 = 40;

/// One version of a record: its keys; none for a deletion.
type Keys = BTreeSet<u8>;

/// Plays random histories of changing records. Each change is searchable before it is scored, as many changes may
/// have become searchable before a scorer looks, and scorers write in any order; some write twice.
pub async fn scores_in_any_order(backend: &dyn Backend) {
    for seed in 0..HISTORIES {
        let resolution = backend.resolution(&format!("history {seed}")).await;
        let history = History::play(&mut Random(seed + 1), &*resolution).await;
        assert_eq!(stored(&*resolution).await, history.expected(), "seed {seed}");
        let living = history.documents.values().filter(|(_, keys)| !keys.is_empty()).count() as u64;
        assert_eq!(resolution.corpus().await.expect("read").record_count, living, "seed {seed}");
    }
}

async fn stored(resolution: &dyn Resolution) -> BTreeMap<CandidatePair, (i64, i64, u64)> {
    let described = |scored: ScoredPair| {
        (scored.pair, (scored.left_version.0, scored.right_version.0, scored.match_weight.to_bits()))
    };
    pairs(resolution).await.into_iter().map(described).collect()
}

/// What is searchable, and the scorers that have looked but not written yet.
#[derive(Default)]
struct History {
    documents: BTreeMap<u128, (i64, Keys)>,
    /// Changes that are searchable and that no scorer has looked at yet.
    unscored: Vec<u128>,
    looked: Vec<Looked>,
    written: Vec<RecordScores>,
}

/// A scorer that has asked the index; what the store knows it asks before it writes.
struct Looked {
    scores: RecordScores,
    candidates: BTreeMap<u128, (i64, Keys)>,
    /// Partners of stored pairs, asked for at the same time as the candidates.
    known: BTreeMap<u128, (i64, Keys)>,
}

impl History {
    async fn play(random: &mut Random, resolution: &dyn Resolution) -> Self {
        let mut history = Self::default();
        let mut changes = 0;
        while changes < CHANGES || !history.unscored.is_empty() || !history.looked.is_empty() {
            match random.below(3) {
                0 if changes < CHANGES => {
                    changes += 1;
                    history.change(random, i64::try_from(changes).expect("few"));
                }
                1 if !history.unscored.is_empty() => history.look(random, resolution).await,
                2 if !history.looked.is_empty() => history.write(random, resolution).await,
                _ => {}
            }
        }
        history
    }

    fn change(&mut self, random: &mut Random, version: i64) {
        let id = 1 + u128::from(random.below(5)) % RECORDS;
        let deleted = random.below(5) == 0;
        let keys = (0..3).filter(|_| !deleted && random.below(2) == 0).collect();
        self.documents.insert(id, (version, keys));
        self.unscored.push(id);
    }

    /// A scorer asks for the newest version of a record and its candidates as they are searchable now.
    async fn look(&mut self, random: &mut Random, resolution: &dyn Resolution) {
        let id = self.unscored.swap_remove(random.index(self.unscored.len()));
        let (version, keys) = self.documents[&id].clone();
        let stored = resolution.known_scores(&[nth(id)]).await.expect("read").partners;
        let stored = stored.get(&nth(id)).cloned().unwrap_or_default();
        let others = self.documents.iter().filter(|(other, _)| **other != id);
        let (mut candidates, mut known) = (BTreeMap::new(), BTreeMap::new());
        for (other, (other_version, other_keys)) in others {
            if !keys.is_disjoint(other_keys) {
                candidates.insert(*other, (*other_version, other_keys.clone()));
            } else if stored.contains(&nth(*other)) {
                known.insert(*other, (*other_version, other_keys.clone()));
            }
        }
        let living = !keys.is_empty();
        let scores = RecordScores {
            id: nth(id),
            version: Version(version),
            created_at: living.then(|| at(i64::try_from(id).expect("few"))),
            keys: keys.iter().map(ToString::to_string).collect(),
            verdicts: Vec::new(),
        };
        self.looked.push(Looked { scores, candidates, known });
    }

    async fn write(&mut self, random: &mut Random, resolution: &dyn Resolution) {
        let Looked { mut scores, candidates, known } =
            self.looked.swap_remove(random.index(self.looked.len()));
        if scores.created_at.is_some() {
            let own: Keys = scores.keys.iter().map(|key| key.parse().expect("a number")).collect();
            let own = (scores.version.0, own);
            scores.verdicts = candidates.iter().map(|(id, seen)| verdict(&scores, *id, &own, seen)).collect();
            let none = |(id, seen): (&u128, &(i64, Keys))| PartnerVerdict {
                partner: nth(*id),
                version: Version(seen.0),
                pair: None,
            };
            scores.verdicts.extend(known.iter().map(none));
        }
        let mut batch = vec![scores.clone()];
        if random.below(3) == 0 && !self.written.is_empty() {
            batch.push(self.written[random.index(self.written.len())].clone());
        }
        apply(resolution, &batch).await;
        self.written.push(scores);
    }

    /// The pairs of the newest versions: what one batch over them all would find.
    fn expected(&self) -> BTreeMap<CandidatePair, (i64, i64, u64)> {
        let mut expected = BTreeMap::new();
        for (left, (left_version, left_keys)) in &self.documents {
            for (right, (right_version, right_keys)) in self.documents.range(left + 1..) {
                if let Some(weight) = weight(left_keys, right_keys) {
                    let pair = CandidatePair::new(nth(*left), nth(*right)).expect("two records");
                    expected.insert(pair, (*left_version, *right_version, weight.to_bits()));
                }
            }
        }
        expected
    }
}

fn verdict(scores: &RecordScores, id: u128, own: &(i64, Keys), seen: &(i64, Keys)) -> PartnerVerdict {
    let pair = CandidatePair::new(scores.id, nth(id)).expect("two records");
    let (left, right) = if pair.left() == scores.id { (own, seen) } else { (seen, own) };
    let scored = weight(&left.1, &right.1).map(|match_weight| ScoredPair {
        pair,
        match_weight,
        levels: vec![1],
        left_version: Version(left.0),
        right_version: Version(right.0),
    });
    PartnerVerdict { partner: nth(id), version: Version(seen.0), pair: scored }
}

/// One shared key makes a pair; all three speak against it, so that candidates may come to nothing.
fn weight(left: &Keys, right: &Keys) -> Option<f64> {
    let shared = u8::try_from(left.intersection(right).count()).expect("few");
    (1..3).contains(&shared).then(|| f64::from(shared) / 3.0)
}

/// A small generator (xorshift), so that a seed names a history.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) % bound
    }

    fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).expect("below a length")
    }
}
