//! The case that holds the guards of scores: whatever the order in which scorers come, the same pairs stand.

use super::Backend;
use super::fixture::{at, nth};
use super::scores::{apply, pairs};
use crate::resolution::{PartnerVerdict, RecordScores, Resolution};
use entity::{CandidatePair, RecordId, ScoredPair, Version};
use std::collections::{BTreeMap, BTreeSet};

const RECORDS: u128 = 5;
const CHANGES: usize = 14;
const HISTORIES: u64 = 80;

/// One version of a record: its keys; none for a deletion.
type Keys = BTreeSet<u8>;

/// Plays random histories of changing records. Each change is searchable before it is scored, and many more may become
/// searchable and be scored between the steps of a scorer: it asks the store, looks into the index, writes. Some write twice.
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
    asked: Vec<Asked>,
    looked: Vec<RecordScores>,
    written: Vec<RecordScores>,
}

/// A scorer that has asked the store which pairs the record has, and in which version of their partners.
struct Asked {
    id: u128,
    version: i64,
    keys: Keys,
    known: BTreeMap<RecordId, Version>,
}

impl History {
    async fn play(random: &mut Random, resolution: &dyn Resolution) -> Self {
        let mut history = Self::default();
        let mut changes = 0;
        let at_work = |history: &Self| history.unscored.len() + history.asked.len() + history.looked.len();
        while changes < CHANGES || at_work(&history) > 0 {
            match random.below(4) {
                0 if changes < CHANGES => {
                    changes += 1;
                    history.change(random, i64::try_from(changes).expect("few"));
                }
                1 if !history.unscored.is_empty() => history.ask(random, resolution).await,
                2 if !history.asked.is_empty() => history.look(random),
                3 if !history.looked.is_empty() => history.write(random, resolution).await,
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

    /// A scorer takes the newest version of a record.
    async fn ask(&mut self, random: &mut Random, resolution: &dyn Resolution) {
        let id = self.unscored.swap_remove(random.index(self.unscored.len()));
        let (version, keys) = self.documents[&id].clone();
        let mut partners = resolution.known_scores(&[nth(id)]).await.expect("read").partners;
        let known = partners.remove(&nth(id)).unwrap_or_default();
        self.asked.push(Asked { id, version, keys, known });
    }

    /// It meets the candidates as they are searchable now; the known partners that are not among them have lost it.
    fn look(&mut self, random: &mut Random) {
        let Asked { id, version, keys, known } = self.asked.swap_remove(random.index(self.asked.len()));
        let living = !keys.is_empty();
        let mut scores = RecordScores {
            id: nth(id),
            version: Version(version),
            created_at: living.then(|| at(i64::try_from(id).expect("few"))),
            keys: keys.iter().map(ToString::to_string).collect(),
            verdicts: Vec::new(),
        };
        let own = (version, keys);
        let others = self.documents.iter().filter(|(other, _)| **other != id);
        let met: BTreeMap<_, _> = others.filter(|(_, (_, theirs))| !own.1.is_disjoint(theirs)).collect();
        scores.verdicts = met.iter().map(|(other, seen)| verdict(&scores, **other, &own, seen)).collect();
        let is_met = |partner: &RecordId| met.keys().any(|other| nth(**other) == *partner);
        let lost = known.into_iter().filter(|(partner, _)| !is_met(partner));
        scores.verdicts.extend(lost.map(|(partner, version)| PartnerVerdict {
            partner,
            version,
            pair: None,
        }));
        self.looked.push(scores);
    }

    async fn write(&mut self, random: &mut Random, resolution: &dyn Resolution) {
        let scores = self.looked.swap_remove(random.index(self.looked.len()));
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
