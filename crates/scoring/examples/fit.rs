//! Makes the shipped model from labelled sets:
//! `cargo run --release -p orgloop-scoring --example fit -- VERSION OUT.json SET_FOLDER...`
//!
//! Every set is also seen with some of its fields withheld, as poorer sources would tell it, so that the model does not
//! lean on what another corpus may lack. Runs twice give the same bytes.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a tool for those who tune"
)]

#[expect(dead_code, unreachable_pub, reason = "shared with tests")]
#[path = "../tests/quality/sets.rs"]
mod sets;

use scoring::training::{Corpus, Penalties, Policy, Settings, Start, train};
use std::collections::BTreeMap;

/// What is withheld in turn.
const WITHHELD: [&str; 8] = [
    "",
    "phone",
    "street+postcode",
    "web",
    "phone+web",
    "services+position",
    "city",
    "street+postcode+phone",
];
/// A set counts as many pairs as this, all its tellings together…
const SET_PAIRS: f64 = 3_000.0;
/// …and no labelled pair as more than this many.
const PAIR_MAX: f64 = 6.0;
/// With fewer fields than these on average the truth is beyond what can be seen.
const FIELDS_MIN: f64 = 1.5;
/// Larger sets are seen as they are only.
const WITHHELD_RECORDS_MAX: usize = 20_000;
const PENALTIES: Penalties = Penalties { level: 1.0, step: 2.0, cell: 10.0, prior: 0.1 };

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (version, out) = (arguments.next().unwrap(), arguments.next().unwrap());
    let corpora: Vec<Corpus> = arguments.flat_map(|folder| tellings(&folder)).collect();
    let settings = Settings { version: &version, start: Start::Nothing, penalties: PENALTIES };
    let trained = train(&corpora, &settings).unwrap();
    println!("{} matches, {} others", trained.labelled.0, trained.labelled.1);
    println!("error {:.3} / {:.3}", trained.reliability.error, trained.reliability.open_error);
    std::fs::write(&out, trained.model.to_json().unwrap()).unwrap();
}

/// A set as it is and with fields withheld.
fn tellings(folder: &str) -> Vec<Corpus> {
    let set = sets::read(folder.as_ref());
    let kept = |fields: &&str| {
        fields.is_empty()
            || set.records.len() <= WITHHELD_RECORDS_MAX && fields_left(folder, fields) >= FIELDS_MIN
    };
    let withheld: Vec<&str> = WITHHELD.into_iter().filter(kept).collect();
    withheld.iter().map(|fields| telling(folder, fields, withheld.len())).collect()
}

/// How many of telephone, web, street, town and postcode a record has on average once some are withheld.
fn fields_left(folder: &str, fields: &str) -> f64 {
    let mut set = sets::read(folder.as_ref());
    sets::withhold(&mut set, fields);
    let count = |record: &entity::Record| {
        let organization = &record.organization;
        let addresses = || organization.locations.iter().flat_map(|location| &location.addresses);
        let has = [
            !organization.phones.is_empty(),
            organization.website.is_some(),
            addresses().any(|address| address.address_1.is_some()),
            addresses().any(|address| address.city.is_some()),
            addresses().any(|address| address.postal_code.is_some()),
        ];
        has.into_iter().filter(|has| *has).count()
    };
    set.records.iter().map(count).sum::<usize>() as f64 / set.records.len() as f64
}

fn telling(folder: &str, fields: &str, tellings: usize) -> Corpus {
    let mut set = sets::read(folder.as_ref());
    sets::withhold(&mut set, fields);
    let features: Vec<_> = set.records.iter().map(scoring::features).collect();
    let keys: Vec<_> = features.iter().map(scoring::blocking_keys).collect();
    let pairs = sets::candidates(&keys, Policy::default().block_size_max);
    let judged: Option<BTreeMap<(usize, usize), bool>> = set
        .judged
        .as_ref()
        .map(|judged| judged.iter().map(|&(a, b, same)| ((a.min(b), a.max(b)), same)).collect());
    let label = |pair: &(usize, usize)| match &judged {
        Some(judged) => judged.get(pair).copied(),
        None => Some(set.entities[pair.0] == set.entities[pair.1]),
    };
    let labels: Vec<_> = pairs.iter().map(label).collect();
    let known = labels.iter().flatten().count();
    println!("{}: {} records, {} pairs, {known} labelled", set.name, set.records.len(), pairs.len());
    Corpus {
        records: set.records.len() as u64,
        vectors: pairs.iter().map(|&(a, b)| scoring::compare(&features[a], &features[b])).collect(),
        labels,
        counts_as: Some(SET_PAIRS.min(known as f64 * PAIR_MAX) / tellings as f64),
    }
}
