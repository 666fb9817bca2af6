//! What the shipped model reaches on the labelled sets at its default threshold, from records to clusters.
//!
//! These are development sets: the model was made with them in sight. What it reaches on sets that it was not
//! made with is in its card.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a test's own functions")]

#[expect(unreachable_pub, reason = "shared with an example")]
mod measure;
#[expect(dead_code, unreachable_pub, reason = "shared with the tests of scoring")]
#[path = "../../../scoring/tests/quality/sets.rs"]
mod sets;

use scoring::Model;

fn check(name: &str, f1_min: f64) {
    let Some(folder) = sets::folder(name) else { return };
    let measures = measure::measure(&sets::read(&folder), Model::shipped());
    println!("{measures}");
    assert!(measures.f1() >= f1_min, "{measures}");
    assert!(measures.reliability.error <= 0.05, "{measures}");
    // The largest true cluster of all sets has 18 records.
    assert!(measures.largest <= 20, "{measures}");
}

#[test]
fn early_childhood() {
    check("early_childhood_dev", 0.97);
}

#[test]
fn fodors_zagats() {
    check("fodors_zagats", 0.98);
}

#[test]
fn overture_places() {
    check("overture_places_dev", 0.91);
}
