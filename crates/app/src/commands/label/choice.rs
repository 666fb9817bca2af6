//! Which pair to ask next.
//!
//! One question of ten is drawn by chance among all pairs that are not answered: what is drawn so tells how often a
//! probability holds; what is chosen does not. The others are chosen by uncertainty sampling (Lewis and Gale, A
//! Sequential Algorithm for Training Text Classifiers, 1994): the pair whose probability of joining is nearest to
//! one half. Alone, that asks the same thing over and over, so each answer of a kind makes the next of that kind
//! worth less, as in batches chosen for diversity (Settles, Active Learning Literature Survey, 2009, section 4.5):
//!
//! worth = 4 p (1 − p) / √(1 + answers with the same disagreement) / √(1 + answers from the same kinds of blocks)
//!         / (1 + answers about either record)
//!
//! where the disagreement of a pair is the set of comparisons that speak against it.

use super::pool::{Pool, PoolPair};
use crate::commands::labels::Asked;
use scoring::Model;
use std::collections::HashMap;

/// One question of so many is drawn by chance.
pub(super) const BY_CHANCE_ONE_OF: usize = 10;
/// Log-odds from which on a comparison speaks against a pair.
const AGAINST: f64 = -0.5;
/// Pairs between these probabilities are open.
const OPEN: std::ops::Range<f64> = 0.05..0.95;

/// The pool as a model sees it.
#[derive(Debug)]
pub(super) struct Ranking {
    /// Per pair.
    views: Vec<View>,
}

/// A pair as a model sees it.
#[derive(Clone, Debug)]
struct View {
    uncertainty: f64,
    open: bool,
    disagreement: String,
}

/// What was answered so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts<'a> {
    answered: Vec<bool>,
    disagreements: HashMap<&'a str, u32>,
    blocks: HashMap<&'a str, u32>,
    records: HashMap<usize, u32>,
}

impl Ranking {
    pub(super) fn new(pool: &Pool, model: &Model) -> Self {
        Self { views: pool.pairs.iter().map(|pair| view(pair, model, pool.corpus)).collect() }
    }

    /// How many pairs that nobody answered the model is unsure of.
    pub(super) fn open(&self, answered: &[bool]) -> usize {
        let views = self.views.iter().zip(answered);
        views.filter(|(view, answered)| view.open && !**answered).count()
    }

    /// The next question; `None` when all are answered. `questions` is how many were answered before.
    pub(super) fn next(&self, pool: &Pool, answers: &[usize], set_aside: &[usize]) -> Option<(usize, Asked)> {
        let counts = self.counts(pool, answers);
        let waits = |at: &usize| !counts.answered[*at] && !set_aside.contains(at);
        let waiting = || (0..pool.pairs.len()).filter(waits);
        if answers.len() % BY_CHANCE_ONE_OF == BY_CHANCE_ONE_OF - 1 {
            return waiting().min_by_key(|at| pool.pairs[*at].lot).map(|at| (at, Asked::ByChance));
        }
        let worth = |at: &usize| self.worth(&pool.pairs[*at], *at, &counts);
        let best =
            waiting().map(|at| (worth(&at), at)).max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        best.map(|(_, at)| (at, Asked::Chosen))
    }

    fn counts<'a>(&'a self, pool: &'a Pool, answers: &[usize]) -> Counts<'a> {
        let mut counts = Counts { answered: vec![false; pool.pairs.len()], ..Counts::default() };
        for &at in answers {
            let pair = &pool.pairs[at];
            counts.answered[at] = true;
            *counts.disagreements.entry(&self.views[at].disagreement).or_default() += 1;
            *counts.blocks.entry(&pair.blocks).or_default() += 1;
            *counts.records.entry(pair.left).or_default() += 1;
            *counts.records.entry(pair.right).or_default() += 1;
        }
        counts
    }

    fn worth(&self, pair: &PoolPair, at: usize, counts: &Counts<'_>) -> f64 {
        let view = &self.views[at];
        let of = |count: Option<&u32>| f64::from(count.copied().unwrap_or(0));
        let disagreement = of(counts.disagreements.get(view.disagreement.as_str()));
        let blocks = of(counts.blocks.get(pair.blocks.as_str()));
        let records = of(counts.records.get(&pair.left)) + of(counts.records.get(&pair.right));
        view.uncertainty / (1.0 + disagreement).sqrt() / (1.0 + blocks).sqrt() / (1.0 + records)
    }
}

fn view(pair: &PoolPair, model: &Model, corpus: u64) -> View {
    let weight = model.weigh(&pair.vector) + model.prior(corpus);
    // About the decision, which is where the threshold is.
    let joins = 1.0 / (1.0 + (model.threshold() - weight).exp());
    let lines = model.explain(pair.vector.levels(), corpus).expect("levels of this release's comparisons");
    let mut against: Vec<_> =
        lines.into_iter().filter(|line| line.weight <= AGAINST).map(|line| line.comparison).collect();
    against.retain(|comparison| comparison != "prior" && comparison != "the rest");
    against.sort_unstable();
    View {
        uncertainty: 4.0 * joins * (1.0 - joins),
        open: OPEN.contains(&model.probability(weight)),
        disagreement: against.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn pool() -> Pool {
        let created_at = chrono::DateTime::UNIX_EPOCH;
        let records: Vec<_> = sample::generate(300, 5, created_at).map(|told| told.record).collect();
        let ids: Vec<_> = records.iter().map(|record| record.id).collect();
        // All pairs of neighbours, and all of the first forty: alike, unlike, and in between.
        let neighbours = ids.windows(2).map(|two| (two[0], two[1])).collect::<Vec<_>>();
        let among = (0..40).flat_map(|a| (0..a).map(move |b| (a, b))).map(|(a, b)| (ids[a], ids[b]));
        let pairs: Vec<_> = neighbours.into_iter().chain(among).collect();
        Pool::new(300, 1, records, pairs)
    }

    #[test]
    fn questions_are_near_the_decision_and_of_many_kinds() {
        let (pool, model) = (pool(), Model::shipped());
        let ranking = Ranking::new(&pool, model);
        let mut answers = Vec::new();
        for _ in 0..30 {
            let (at, asked) = ranking.next(&pool, &answers, &[]).unwrap();
            assert!(!answers.contains(&at), "no question twice");
            assert_eq!(asked == Asked::ByChance, answers.len() % 10 == 9);
            answers.push(at);
        }
        let chosen: Vec<usize> =
            answers.iter().copied().enumerate().filter(|(n, _)| n % 10 != 9).map(|(_, at)| at).collect();
        let mean = |of: &mut dyn Iterator<Item = usize>| {
            let all: Vec<f64> = of.map(|at| ranking.views[at].uncertainty).collect();
            all.iter().sum::<f64>() / f64::from(u32::try_from(all.len()).unwrap())
        };
        let (near, all) = (mean(&mut chosen.iter().copied()), mean(&mut (0..pool.pairs.len())));
        assert!(near > 2.0 * all, "chosen {near}, of all {all}");
        let kinds = |at: &[usize]| {
            at.iter().map(|at| ranking.views[*at].disagreement.clone()).collect::<BTreeSet<_>>().len()
        };
        let mut nearest: Vec<usize> = (0..pool.pairs.len()).collect();
        nearest.sort_by(|a, b| ranking.views[*b].uncertainty.total_cmp(&ranking.views[*a].uncertainty));
        assert!(kinds(&chosen) >= kinds(&nearest[..chosen.len()]), "diversity costs no kind");
        let mut records: Vec<usize> =
            chosen.iter().flat_map(|at| [pool.pairs[*at].left, pool.pairs[*at].right]).collect();
        records.sort_unstable();
        let most = records.chunk_by(|a, b| a == b).map(<[usize]>::len).max().unwrap();
        assert!(most <= 4, "one record is asked of {most} times");
    }

    #[test]
    fn what_is_set_aside_or_answered_does_not_come_up() {
        let pool = pool();
        let ranking = Ranking::new(&pool, Model::shipped());
        let (first, _) = ranking.next(&pool, &[], &[]).unwrap();
        let (second, _) = ranking.next(&pool, &[], &[first]).unwrap();
        assert_ne!(first, second);
        let all: Vec<usize> = (0..pool.pairs.len()).collect();
        assert_eq!(ranking.next(&pool, &all, &[]), None);
    }
}
