//! A labelled set as training sees it: as it is, and as poorer sources would tell it.

use crate::sets;
use scoring::training::{Corpus, Policy};
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

/// The candidate pairs of a set as one source tells it.
pub(crate) struct Telling {
    pub(crate) corpus: Corpus,
    /// The records of each pair, as places in the set.
    pub(crate) pairs: Vec<(usize, usize)>,
}

impl Telling {
    /// With the labels of the pairs that `wanted` holds for; what it counts as shrinks along.
    pub(crate) fn only(&self, wanted: impl Fn(usize, usize) -> bool) -> Corpus {
        let labels = self.corpus.labels.iter().zip(&self.pairs);
        let labels: Vec<_> = labels.map(|(label, &(a, b))| label.filter(|_| wanted(a, b))).collect();
        let known = |labels: &[Option<bool>]| labels.iter().flatten().count() as f64;
        let share = known(&labels) / known(&self.corpus.labels).max(1.0);
        let counts_as = self.corpus.counts_as.map(|pairs| pairs * share);
        Corpus { labels, counts_as, ..self.corpus.clone() }
    }
}

/// A set as it is and with fields withheld.
pub(crate) fn tellings(folder: &str) -> Vec<Telling> {
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

fn telling(folder: &str, fields: &str, tellings: usize) -> Telling {
    let mut set = sets::read(folder.as_ref());
    sets::withhold(&mut set, fields);
    let mut telling = as_it_is(&set);
    let known = telling.corpus.labels.iter().flatten().count();
    telling.corpus.counts_as = Some(SET_PAIRS.min(known as f64 * PAIR_MAX) / tellings as f64);
    telling
}

/// A set's pairs that share a key with what is known of them, each counted as one.
pub(crate) fn as_it_is(set: &sets::Set) -> Telling {
    let features: Vec<_> = set.records.iter().map(scoring::features).collect();
    let keys: Vec<_> = features.iter().map(scoring::blocking_keys).collect();
    // Those that sketches rule out teach too: of what is far apart there is little else.
    let pairs = sets::sharing_a_key(&keys, Policy::default().block_size_max);
    let judged: Option<BTreeMap<(usize, usize), bool>> = set
        .judged
        .as_ref()
        .map(|judged| judged.iter().map(|&(a, b, same)| ((a.min(b), a.max(b)), same)).collect());
    let label = |pair: &(usize, usize)| match &judged {
        Some(judged) => judged.get(pair).copied(),
        None => Some(set.entities[pair.0] == set.entities[pair.1]),
    };
    let labels: Vec<_> = pairs.iter().map(label).collect();
    let corpus = Corpus {
        records: set.records.len() as u64,
        vectors: pairs.iter().map(|&(a, b)| scoring::compare(&features[a], &features[b])).collect(),
        labels,
        counts_as: None,
    };
    Telling { corpus, pairs }
}
