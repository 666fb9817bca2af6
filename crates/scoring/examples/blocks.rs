//! What blocking finds, misses and costs: `cargo run --release --example blocks -- SET_FOLDER...`

#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::cast_precision_loss, reason = "a tool for those who tune")]
#![allow(unreachable_pub, dead_code, reason = "the sets are shared with tests")]

#[path = "../tests/quality/sets.rs"]
mod sets;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Instant;

fn main() {
    let cap: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    for folder in std::env::args().skip(2) {
        let set = sets::read(folder.as_ref());
        let start = Instant::now();
        let features: Vec<_> = set.records.iter().map(scoring::features).collect();
        let feature_time = start.elapsed();
        let start = Instant::now();
        let keys: Vec<_> = features.iter().map(scoring::blocking_keys).collect();
        let key_time = start.elapsed();
        let candidates = sets::candidates(&keys, cap);
        let found: HashSet<_> = candidates.iter().copied().collect();
        let truth = sets::true_pairs(&set);
        let missed: Vec<_> = truth.iter().filter(|pair| !found.contains(pair)).collect();
        let n = set.records.len() as f64;
        println!(
            "{}: completeness {:.4}, {:.1} candidates a record, {:.1} keys, features {:.2} µs, keys {:.2} µs",
            set.name,
            1.0 - missed.len() as f64 / truth.len() as f64,
            2.0 * candidates.len() as f64 / n,
            keys.iter().map(Vec::len).sum::<usize>() as f64 / n,
            feature_time.as_secs_f64() * 1e6 / n,
            key_time.as_secs_f64() * 1e6 / n,
        );
        report_kinds(&keys, cap, &truth, n);
        if std::env::var("SHOW").is_ok() {
            for &&(a, b) in missed.iter().take(40) {
                for at in [a, b] {
                    let o = &set.records[at].organization;
                    println!("   {:?} {:?} {:?}", o.name, o.locations[0].addresses[0].address_1, o.phones.first().map(|p| &p.number));
                }
                println!();
            }
        }
    }
}

fn report_kinds(keys: &[Vec<String>], cap: usize, truth: &[(usize, usize)], n: f64) {
    let mut sizes: HashMap<&str, usize> = HashMap::new();
    for key in keys.iter().flatten() {
        *sizes.entry(key).or_default() += 1;
    }
    let mut kinds: BTreeMap<&str, [f64; 4]> = BTreeMap::new();
    for (key, size) in &sizes {
        let kind = kinds.entry(key.split(':').next().unwrap()).or_default();
        kind[0] += *size as f64;
        if *size <= cap {
            kind[1] += (size * (size - 1)) as f64;
        } else {
            kind[2] += *size as f64;
        }
    }
    for &(a, b) in truth {
        let shared: HashSet<&str> = keys[a].iter().filter(|key| keys[b].contains(key) && sizes[key.as_str()] <= cap).map(|key| key.split(':').next().unwrap()).collect();
        if let [only] = shared.into_iter().collect::<Vec<_>>()[..] {
            kinds.entry(only).or_default()[3] += 1.0;
        }
    }
    for (kind, [keys, pairs, cut, only]) in kinds {
        println!("   {kind:9} {:.2} keys a record, {:.2} candidates a record, cut {:.1} %, only it finds {only}", keys / n, pairs / n, 100.0 * cut / keys);
    }
}
