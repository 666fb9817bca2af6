//! What blocking finds, misses and costs, by kind of key: `cargo run --release -p orgloop-scoring --example blocks -- SET_FOLDER...`

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a tool for those who tune"
)]

#[expect(unreachable_pub, dead_code, reason = "shared with tests")]
#[path = "../tests/quality/sets.rs"]
mod sets;

use scoring::training::Policy;
use std::collections::{BTreeMap, HashMap, HashSet};

fn main() {
    let cap = Policy::default().block_size_max;
    for folder in std::env::args().skip(1) {
        let set = sets::read(folder.as_ref());
        let features: Vec<_> = set.records.iter().map(scoring::features).collect();
        let keys: Vec<_> = features.iter().map(scoring::blocking_keys).collect();
        let sharing = sets::sharing_a_key(&keys, cap);
        let candidates = sets::candidates(&features, cap);
        let truth = sets::true_pairs(&set);
        let missed = truth.iter().filter(|pair| candidates.binary_search(pair).is_err()).count();
        let n = set.records.len() as f64;
        let completeness = 1.0 - missed as f64 / truth.len() as f64;
        let (per_record, keys_per_record) =
            (2.0 * candidates.len() as f64 / n, keys.iter().map(Vec::len).sum::<usize>() as f64 / n);
        println!(
            "{}: completeness {completeness:.4}, {per_record:.1} candidates and {keys_per_record:.1} keys a record",
            set.name
        );
        let found =
            |pairs: &[(usize, usize)]| truth.iter().filter(|pair| pairs.binary_search(pair).is_ok()).count();
        println!(
            "   sketches rule out {:.1} % of {} pairs that share a key, and {} true ones",
            100.0 - 100.0 * candidates.len() as f64 / sharing.len() as f64,
            sharing.len(),
            found(&sharing) - found(&candidates)
        );
        report_kinds(&keys, cap, &truth);
    }
}

/// What one kind of key brings.
#[derive(Default)]
struct Kind {
    keys: usize,
    candidates: usize,
    cut: usize,
    only_it: usize,
}

fn report_kinds(keys: &[Vec<String>], cap: usize, truth: &[(usize, usize)]) {
    let mut sizes: HashMap<&str, usize> = HashMap::new();
    for key in keys.iter().flatten() {
        *sizes.entry(key).or_default() += 1;
    }
    let kind_of = |key: &'_ str| key.split(':').next().unwrap().to_owned();
    let mut kinds: BTreeMap<String, Kind> = BTreeMap::new();
    for (key, &size) in &sizes {
        let kind = kinds.entry(kind_of(key)).or_default();
        kind.keys += size;
        if size <= cap {
            kind.candidates += size * (size - 1);
        } else {
            kind.cut += size;
        }
    }
    for &(a, b) in truth {
        let shared = keys[a].iter().filter(|key| keys[b].contains(key) && sizes[key.as_str()] <= cap);
        let shared: HashSet<String> = shared.map(|key| kind_of(key)).collect();
        if shared.len() == 1 {
            shared.into_iter().for_each(|only| kinds.entry(only).or_default().only_it += 1);
        }
    }
    let n = keys.len() as f64;
    for (name, kind) in kinds {
        let (keys, candidates) = (kind.keys as f64 / n, kind.candidates as f64 / n);
        let cut = 100.0 * kind.cut as f64 / kind.keys as f64;
        println!(
            "   {name:9} {keys:.2} keys, {candidates:.2} candidates a record, cut {cut:.1} %, only it finds {}",
            kind.only_it
        );
    }
}
