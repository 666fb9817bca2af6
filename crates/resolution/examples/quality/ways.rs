//! Ways of making the model that measures a set: from having seen all of it to having seen nothing of it.

use crate::measure::{Candidates, Measures, measure};
use crate::sets::Set;
use crate::tellings::{self, Telling};
use scoring::Model;
use scoring::training::{Corpus, Policy, Settings, train};
use std::collections::HashMap;

/// What the model has seen of the set that it is measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The given model, whatever it was made with.
    Seen,
    /// All other sets and two thirds of the set's own entities, measured on the rest (three parts).
    Mixed,
    /// All other sets; nothing of this one.
    LeftOut,
    /// All other sets, moved by 200 of the set's own labels; measured on entities that gave none (five parts).
    Few,
    /// All other sets, moved by all of the set's own labels; measured on entities that gave none (five parts).
    Own,
    /// The set's own labels alone; measured on entities that gave none (five parts).
    Alone,
}

/// How many own labels are few.
const FEW: usize = 200;

impl Way {
    pub(crate) const ALL: [Self; 6] =
        [Self::Seen, Self::Mixed, Self::LeftOut, Self::Few, Self::Own, Self::Alone];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Mixed => "mixed",
            Self::LeftOut => "left-out",
            Self::Few => "200-own",
            Self::Own => "own",
            Self::Alone => "own-alone",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.name() == name)
    }
}

/// The sets that teach, each as it is told.
pub(crate) struct Teaching {
    sets: Vec<(String, Vec<Telling>)>,
}

impl Teaching {
    pub(crate) fn of(folders: &[String]) -> Self {
        Self { sets: folders.iter().map(|folder| (folder.clone(), tellings::tellings(folder))).collect() }
    }

    /// What a way comes to on a set; `None` where a set that teaches nothing would have to.
    pub(crate) fn measure(&self, set: &Set, folder: &str, way: Way, seen: &Model) -> Option<Measures> {
        let own = self.sets.iter().find(|(other, _)| other == folder).map(|(_, tellings)| tellings);
        Some(match way {
            Way::Seen => measure(set, seen),
            Way::LeftOut => measure(set, &self.left_out(folder)),
            Way::Mixed => {
                let (parts, own) = (parts(set, 3), own?);
                by_parts(set, &parts, |part| self.mixed(folder, own, &parts, part))
            }
            Way::Few | Way::Own => {
                own?;
                let others = self.left_out(folder);
                let labels_max = if way == Way::Few { FEW } else { usize::MAX };
                by_own_labels(set, &Settings::on_top_of(&others, "held-out"), labels_max)
            }
            Way::Alone => {
                own?;
                by_own_labels(set, &Settings::from_labels("held-out"), usize::MAX)
            }
        })
    }

    fn others(&self, folder: &str) -> impl Iterator<Item = Corpus> {
        let others = self.sets.iter().filter(move |(other, _)| family(other) != family(folder));
        others.flat_map(|(_, tellings)| tellings.iter().map(|telling| telling.corpus.clone()))
    }

    fn left_out(&self, folder: &str) -> Model {
        let corpora: Vec<Corpus> = self.others(folder).collect();
        train(&corpora, &Settings::across_sets("held-out")).unwrap().model
    }

    fn mixed(&self, folder: &str, own: &[Telling], parts: &[usize], part: usize) -> Model {
        let taught = own.iter().map(|telling| telling.only(|a, b| parts[a] != part && parts[b] != part));
        let corpora: Vec<Corpus> = self.others(folder).chain(taught).collect();
        train(&corpora, &Settings::across_sets("held-out")).unwrap().model
    }
}

/// `gen_1000` and `gen_10000` are of one making.
fn family(folder: &str) -> &str {
    let name = folder.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    name.split('_').next().unwrap_or_default()
}

fn by_own_labels(set: &Set, settings: &Settings<'_>, labels_max: usize) -> Measures {
    let telling = tellings::as_it_is(set);
    let parts = parts(set, 5);
    by_parts(set, &parts, |part| {
        let mut corpus = telling.only(|a, b| parts[a] != part && parts[b] != part);
        thin_out(&mut corpus.labels, labels_max);
        train(&[corpus], settings).unwrap().model
    })
}

/// Measures each part by a model that saw nothing of it; a pair across two parts by the mean of theirs.
fn by_parts(set: &Set, parts: &[usize], model_for: impl Fn(usize) -> Model) -> Measures {
    let count = parts.iter().max().map_or(0, |last| last + 1);
    let models: Vec<Model> = (0..count).map(model_for).collect();
    let candidates = Candidates::of(set, Policy::default().block_size_max);
    let records = set.records.len() as u64;
    let weigh = |(at, &(a, b)): (usize, &(usize, usize))| {
        let by = [parts[a], parts[b]].map(|part| &models[part]);
        by.iter().map(|model| model.weigh(&candidates.vectors[at]) + model.prior(records)).sum::<f64>() / 2.0
    };
    let weights: Vec<f64> = candidates.pairs.iter().enumerate().map(weigh).collect();
    candidates.measure(set, &weights, &models[0])
}

/// Which of so many parts each record is dealt to: by entity or, where pairs were judged, by what hangs together.
fn parts(set: &Set, count: usize) -> Vec<usize> {
    let mut groups: Vec<usize> = (0..set.records.len()).collect();
    match &set.judged {
        Some(judged) => loop {
            let before = groups.clone();
            for &(a, b, _) in judged {
                let first = groups[a].min(groups[b]);
                (groups[a], groups[b]) = (first, first);
            }
            if before == groups {
                break;
            }
        },
        None => {
            let mut firsts: HashMap<&str, usize> = HashMap::new();
            for (at, entity) in set.entities.iter().enumerate() {
                groups[at] = *firsts.entry(entity).or_insert(at);
            }
        }
    }
    // A multiplicative hash deals evenly, whatever order the records come in.
    groups.iter().map(|group| (group.wrapping_mul(0x9e37_79b1) >> 7) % count).collect()
}

/// Keeps every so-many-th label.
fn thin_out(labels: &mut [Option<bool>], labels_max: usize) {
    let known = labels.iter().flatten().count();
    let step = known.div_ceil(labels_max).max(1);
    for (nth, label) in labels.iter_mut().filter(|label| label.is_some()).enumerate() {
        if nth % step > 0 {
            *label = None;
        }
    }
}
