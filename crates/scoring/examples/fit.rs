//! Makes the shipped model from labelled sets:
//! `cargo run --release -p orgloop-scoring --example fit -- VERSION OUT.json SET_FOLDER...`
//!
//! Every set is also seen with some of its fields withheld, as poorer sources would tell it, so that the model does not
//! lean on what another corpus may lack. Runs twice give the same bytes.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a tool for those who tune")]

#[expect(dead_code, unreachable_pub, reason = "shared with tests")]
#[path = "../tests/quality/sets.rs"]
mod sets;
#[expect(dead_code, reason = "shared with the measuring of quality")]
#[path = "fit/tellings.rs"]
mod tellings;

use scoring::training::{Corpus, Settings, train};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (version, out) = (arguments.next().unwrap(), arguments.next().unwrap());
    let tellings = arguments.flat_map(|folder| tellings::tellings(&folder));
    let corpora: Vec<Corpus> = tellings.map(|telling| telling.corpus).collect();
    let trained = train(&corpora, &Settings::across_sets(&version)).unwrap();
    println!("{} matches, {} others", trained.labelled.0, trained.labelled.1);
    println!("error {:.3} / {:.3}", trained.reliability.error, trained.reliability.open_error);
    std::fs::write(&out, trained.model.to_json().unwrap()).unwrap();
}
