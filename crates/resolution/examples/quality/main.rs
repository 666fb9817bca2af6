//! What the way of making models reaches, as one table for a model's card:
//! `cargo run --release -p orgloop-resolution --example quality -- MODEL.json SET_FOLDER... [--only-measured FOLDER...]`
//!
//! Per set, six ways of making a model (see [`ways::Way`]); `--ways seen,left-out` makes only those. Folders whose names
//! begin alike (`gen_1000`, `gen_10000`) are of one making and are left out together. Sets after `--only-measured` teach
//! nothing. `--bins` also shows the open pairs' bins.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a tool for those who tune")]

#[expect(unreachable_pub, reason = "shared with tests")]
#[path = "../../tests/quality/measure.rs"]
mod measure;
#[expect(dead_code, unreachable_pub, reason = "shared with tests")]
#[path = "../../../scoring/tests/quality/sets.rs"]
mod sets;
#[path = "../../../scoring/examples/fit/tellings.rs"]
mod tellings;
mod ways;

use measure::Measures;
use scoring::Model;
use ways::{Teaching, Way};

/// What the command line asks for.
#[derive(Default)]
struct Asked {
    model: String,
    taught: Vec<String>,
    only_measured: Vec<String>,
    ways: Vec<Way>,
    bins: bool,
}

fn main() {
    let asked = asked();
    let model = Model::from_json(&std::fs::read_to_string(&asked.model).unwrap()).unwrap();
    let teaching = Teaching::of(&asked.taught);
    println!(
        "| set | way | F1 | precision | recall | best F1 at | B³ | error (by chance) | open error (by chance) | completeness | candidates | largest |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for folder in asked.taught.iter().chain(&asked.only_measured) {
        let set = sets::read(folder.as_ref());
        for way in &asked.ways {
            let Some(measures) = teaching.measure(&set, folder, *way, &model) else { continue };
            println!("| {} | {} | {} |", set.name, way.name(), row(&measures));
            if asked.bins {
                show_bins(&measures);
            }
        }
    }
}

fn asked() -> Asked {
    let mut asked = Asked { ways: Way::ALL.to_vec(), ..Asked::default() };
    let mut only_measured = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--only-measured" => only_measured = true,
            "--bins" => asked.bins = true,
            "--ways" => {
                asked.ways =
                    arguments.next().unwrap().split(',').map(|name| Way::named(name).unwrap()).collect()
            }
            _ if asked.model.is_empty() => asked.model = argument,
            _ if only_measured => asked.only_measured.push(argument),
            _ => asked.taught.push(argument),
        }
    }
    asked
}

fn row(measures: &Measures) -> String {
    let Measures {
        precision,
        recall,
        b3,
        best,
        reliability,
        completeness,
        candidates_per_record,
        largest,
        ..
    } = measures;
    format!(
        "{:.3} | {precision:.3} | {recall:.3} | {:.3} at {:+.1} | {b3:.3} | {:.3} ({:.3}) | {:.3} ({:.3}) | {completeness:.3} | {candidates_per_record:.1} | {largest}",
        measures.f1(),
        best.0,
        best.1,
        reliability.error,
        reliability.by_chance,
        reliability.open_error,
        reliability.open_by_chance,
    )
}

fn show_bins(measures: &Measures) {
    for bin in &measures.reliability.open_bins {
        println!(
            "    {:.2} to {:.2}: {} pairs, said {:.3}, came true {:.3} (95 %: {:.3} to {:.3})",
            bin.from_to.0, bin.from_to.1, bin.pairs, bin.said, bin.came_true, bin.interval.0, bin.interval.1
        );
    }
}
