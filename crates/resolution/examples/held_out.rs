//! What a model reaches on sets, or parts of sets, that it was not made with:
//! `cargo run --release -p orgloop-resolution --example held_out -- SET_FOLDER...`
//!
//! For each set: a model made of all others (folders whose names begin alike count as one); that model moved by 200 of the
//! set's own labels; and one made of all its own labels. Own labels are never of the records measured: entities (where
//! pairs were judged: pairs that hang together) are dealt into parts, and each part is scored by what the others taught.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a tool for those who tune"
)]

#[expect(unreachable_pub, reason = "shared with tests")]
#[path = "../tests/quality/measure.rs"]
mod measure;
#[expect(dead_code, unreachable_pub, reason = "shared with tests")]
#[path = "../../scoring/tests/quality/sets.rs"]
mod sets;
#[path = "../../scoring/examples/fit/tellings.rs"]
mod tellings;

use measure::Candidates;
use scoring::Model;
use scoring::training::{Corpus, Penalties, Policy, Settings, Start, train};
use sets::Set;
use std::collections::HashMap;

/// As the shipped model is made.
const PENALTIES: Penalties = Penalties { level: 1.0, step: 2.0, cell: 10.0, prior: 0.1 };
const PARTS: usize = 5;
const FEW: usize = 200;

fn main() {
    let folders: Vec<String> = std::env::args().skip(1).collect();
    let corpora: Vec<Vec<Corpus>> = folders.iter().map(|folder| tellings::tellings(folder)).collect();
    for folder in &folders {
        let others = folders.iter().zip(&corpora).filter(|(other, _)| family(other) != family(folder));
        let others: Vec<Corpus> = others.flat_map(|(_, corpora)| corpora.clone()).collect();
        let settings = Settings { version: "held-out", start: Start::Nothing, penalties: PENALTIES };
        let model = train(&others, &settings).unwrap().model;
        let set = sets::read(folder.as_ref());
        println!("all others  {}", measure::measure(&set, &model));
        let few = Settings::on_top_of(&model, "held-out");
        println!("{FEW} own     {}", by_own_labels(&set, &few, Some(FEW)));
        println!("own labels  {}", by_own_labels(&set, &Settings::from_labels("held-out"), None));
    }
}

/// `gen_1000` and `gen_10000` are of one making.
fn family(folder: &str) -> String {
    let name = folder.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    name.split('_').next().unwrap_or_default().to_owned()
}

fn by_own_labels(set: &Set, settings: &Settings<'_>, labels_max: Option<usize>) -> measure::Measures {
    let (corpus, _) = tellings::corpus(set);
    let candidates = Candidates::of(set, Policy::default().block_size_max);
    let parts = parts(set);
    let models: Vec<Model> = (0..PARTS)
        .map(|part| {
            let taught = |(a, b): &(usize, usize)| parts[*a] != part && parts[*b] != part;
            let labels = corpus.labels.iter().zip(&candidates.pairs);
            let mut labels: Vec<_> = labels.map(|(label, pair)| label.filter(|_| taught(pair))).collect();
            thin_out(&mut labels, labels_max);
            let corpus = Corpus { labels, ..corpus.clone() };
            train(&[corpus], settings).unwrap().model
        })
        .collect();
    let records = set.records.len() as u64;
    let weigh = |at: usize, (a, b): (usize, usize)| {
        let by = [parts[a], parts[b]].map(|part| &models[part]);
        by.iter().map(|model| model.weigh(&candidates.vectors[at]) + model.prior(records)).sum::<f64>() / 2.0
    };
    let weights: Vec<f64> = candidates.pairs.iter().enumerate().map(|(at, pair)| weigh(at, *pair)).collect();
    candidates.measure(set, &weights, &models[0])
}

/// Which part each record is dealt to.
fn parts(set: &Set) -> Vec<usize> {
    let mut groups: Vec<usize> = (0..set.records.len()).collect();
    match &set.judged {
        Some(judged) => {
            for _ in 0..judged.len() {
                let before = groups.clone();
                for &(a, b, _) in judged {
                    let first = groups[a].min(groups[b]);
                    (groups[a], groups[b]) = (first, first);
                }
                if before == groups {
                    break;
                }
            }
        }
        None => {
            let mut firsts: HashMap<&str, usize> = HashMap::new();
            for (at, entity) in set.entities.iter().enumerate() {
                groups[at] = *firsts.entry(entity).or_insert(at);
            }
        }
    }
    // A multiplicative hash deals evenly, whatever order the records come in.
    groups.iter().map(|group| (group.wrapping_mul(0x9e37_79b1) >> 7) % PARTS).collect()
}

/// Keeps every so-many-th label.
fn thin_out(labels: &mut [Option<bool>], labels_max: Option<usize>) {
    let Some(labels_max) = labels_max else { return };
    let known = labels.iter().flatten().count();
    let step = known.div_ceil(labels_max).max(1);
    for (nth, label) in labels.iter_mut().filter(|label| label.is_some()).enumerate() {
        if nth % step > 0 {
            *label = None;
        }
    }
}
