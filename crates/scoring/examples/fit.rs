//! Makes the shipped model from labelled sets:
//! `cargo run --release -p orgloop-scoring --example fit -- VERSION OUT.json SET_FOLDER...`
//!
//! Every set is also seen with some of its fields withheld, as poorer sources would tell it, so that the model does not
//! lean on what another corpus may lack. Runs twice give the same bytes.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a tool for those who tune")]

#[expect(dead_code, unreachable_pub, reason = "shared with tests")]
#[path = "../tests/quality/sets.rs"]
mod sets;
#[path = "fit/tellings.rs"]
mod tellings;

use scoring::training::{Corpus, Penalties, Settings, Start, train};

/// Weak on levels, so that they carry what they can alone; stronger on interactions.
const PENALTIES: Penalties = Penalties { level: 1.0, step: 2.0, cell: 10.0, prior: 0.1 };

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (version, out) = (arguments.next().unwrap(), arguments.next().unwrap());
    let corpora: Vec<Corpus> = arguments.flat_map(|folder| tellings::tellings(&folder)).collect();
    let settings = Settings { version: &version, start: Start::Nothing, penalties: PENALTIES };
    let trained = train(&corpora, &settings).unwrap();
    println!("{} matches, {} others", trained.labelled.0, trained.labelled.1);
    println!("error {:.3} / {:.3}", trained.reliability.error, trained.reliability.open_error);
    std::fs::write(&out, trained.model.to_json().unwrap()).unwrap();
}
