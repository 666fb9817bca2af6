//! `dedupe`: one file's duplicates, without a store or a service.

use crate::output;
use anyhow::Context;
use formats::{Chunk, ColumnMap, ReadOptions, RowError};
use pipeline::batch::{self, Batch, Constraints, Evidence, Plan, Reducer};
use scoring::Model;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DedupeArguments {
    /// A plain CSV file, a folder of HSDS CSV tables, or an HSDS JSON file
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Where to write `id,cluster_id,probability`
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// A folder with a model.json [default: the model that comes with orgloop]
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
}

/// Rows that are named one by one when they are left out.
const PROBLEMS_SHOWN_MAX: usize = 20;

/// Runs it. Rows that are left out make the exit code 1; the others are in.
pub(crate) fn run(arguments: &DedupeArguments) -> anyhow::Result<ExitCode> {
    let model = load_model(arguments)?;
    let threads = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    let plan = Plan { model: &model, threads, evidence: Evidence::Weights };
    let clock = Instant::now();
    let options = ReadOptions { source: "input".into(), created_at: entity::clock::now() };
    let chunks = formats::chunks(&arguments.input, &options, &ColumnMap::default())?;
    let problems: Mutex<Vec<RowError>> = Mutex::default();
    let reduced = batch::gather(threads, chunks, |chunk: Chunk, reducer: &mut Reducer| {
        chunk.records(|record| match record {
            Ok((line, record)) => reducer.push(&record, line),
            Err(problem) => problems.lock().expect("no thread panics with it").push(problem),
        });
    });
    output::note(format_args!("read {:?}", clock.elapsed()));
    let (batch, keys) = Batch::new(reduced);
    let repeated = batch.repeated();
    output::note(format_args!("arranged {:?} {} MB", clock.elapsed(), batch.bytes() >> 20));
    let bar = output::bar(batch.len() as u64, "comparing organizations");
    let pairs = batch.pairs(keys, &plan, |count| bar.inc(count));
    bar.finish_and_clear();
    output::note(format_args!(
        "pairs {:?} {} compared {} kept {:?}",
        clock.elapsed(),
        pairs.compared,
        pairs.len(),
        pairs.blocks
    ));
    let groups = batch.clusters(&pairs, &Constraints::default(), &plan);
    output::note(format_args!("clusters {:?}", clock.elapsed()));
    let mut out = csv::Writer::from_path(&arguments.output)
        .with_context(|| format!("creating {}", arguments.output.display()))?;
    out.write_record(["id", "cluster_id", "probability"])?;
    let mut clusters = 0;
    for group in groups.iter() {
        clusters += usize::from(group.len() > 1);
        let cluster = resolution::cluster_id(batch.id(group.anchor())).to_string();
        for (member, probability) in group.iter() {
            out.write_record([batch.source_id(member), &cluster, &format!("{probability:.6}")])?;
        }
    }
    out.flush()?;
    output::note(format_args!("written {:?}", clock.elapsed()));
    let file = arguments.output.display();
    output::line(format_args!("{} organizations, {clusters} clusters of two or more: {file}", batch.len()));
    Ok(if repeated.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn load_model(arguments: &DedupeArguments) -> anyhow::Result<Model> {
    let Some(folder) = &arguments.model else { return Ok(Model::shipped().clone()) };
    let file = folder.join("model.json");
    let text = std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    Ok(Model::from_json(&text)?)
}
