//! What blocking finds on the labelled sets, and what it costs.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a test's own functions")]

#[expect(dead_code, unreachable_pub, reason = "shared with the tests of resolution")]
mod sets;

use scoring::Model;

/// Pair completeness and candidates per record of a set.
fn blocking(name: &str) -> Option<(f64, f64)> {
    let set = sets::read(&sets::folder(name)?);
    let features: Vec<_> = set.records.iter().map(scoring::features).collect();
    let candidates = sets::candidates(&features, Model::shipped().block_size_max());
    let truth = sets::true_pairs(&set);
    let found = truth.iter().filter(|pair| candidates.binary_search(pair).is_ok()).count();
    Some((found as f64 / truth.len() as f64, 2.0 * candidates.len() as f64 / set.records.len() as f64))
}

fn check(name: &str, completeness_min: f64, candidates_max: f64) {
    let Some((completeness, candidates)) = blocking(name) else { return };
    println!("{name}: completeness {completeness:.4}, {candidates:.1} candidates a record");
    assert!(completeness >= completeness_min, "{name}: {completeness}");
    assert!(candidates <= candidates_max, "{name}: {candidates}");
}

#[test]
fn blocks_of_early_childhood_hold_the_true_pairs() {
    check("early_childhood_dev", 0.995, 15.0);
}

#[test]
fn blocks_of_fodors_zagats_hold_the_true_pairs() {
    check("fodors_zagats", 1.0, 3.0);
}

#[test]
fn blocks_of_overture_hold_the_true_pairs() {
    check("overture_places_dev", 0.99, 5.0);
}
