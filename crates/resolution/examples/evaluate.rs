//! Scores a model on labelled sets: `cargo run --release -p orgloop-resolution --example evaluate -- MODEL.json SET_FOLDER...`

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

use scoring::Model;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let model = Model::from_json(&std::fs::read_to_string(arguments.next().unwrap()).unwrap()).unwrap();
    for folder in arguments {
        let set = sets::read(folder.as_ref());
        println!("{}", measure::measure(&set, &model));
    }
}
