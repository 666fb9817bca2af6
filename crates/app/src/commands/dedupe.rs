//! `dedupe`: one file's duplicates, without a store or a service.

use crate::output;
use anyhow::Context;
use entity::{Record, RecordId};
use formats::ReadOptions;
use scoring::Model;
use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;

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
    let (records, left_out) = read(arguments)?;
    let bar = output::bar(records.len() as u64, "comparing organizations");
    let groups = pipeline::batch::dedupe(&records, &model, |count| bar.inc(count));
    bar.finish_and_clear();
    let ids: HashMap<RecordId, &str> =
        records.iter().map(|record| (record.id, record.source_id.as_str())).collect();
    let mut out = csv::Writer::from_path(&arguments.output)
        .with_context(|| format!("creating {}", arguments.output.display()))?;
    out.write_record(["id", "cluster_id", "probability"])?;
    let mut clusters = 0;
    for group in &groups {
        clusters += usize::from(group.members.len() > 1);
        for member in &group.members {
            let cluster = group.id.to_string();
            out.write_record([ids[&member.record_id], &cluster, &format!("{:.6}", member.probability)])?;
        }
    }
    out.flush()?;
    let file = arguments.output.display();
    output::line(format_args!("{} organizations, {clusters} clusters of two or more: {file}", records.len()));
    Ok(if left_out > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn load_model(arguments: &DedupeArguments) -> anyhow::Result<Model> {
    let Some(folder) = &arguments.model else { return Ok(Model::shipped().clone()) };
    let file = folder.join("model.json");
    let text = std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    Ok(Model::from_json(&text)?)
}

fn read(arguments: &DedupeArguments) -> anyhow::Result<(Vec<Record>, usize)> {
    let options = ReadOptions { source: "input".into(), created_at: entity::clock::now() };
    let mut records = Vec::new();
    let mut left_out = 0;
    for row in formats::read(&arguments.input, &options)? {
        match row {
            Ok(record) => records.push(record),
            Err(problem) => {
                left_out += 1;
                if left_out <= PROBLEMS_SHOWN_MAX {
                    output::note(format_args!("left out: {problem}"));
                }
            }
        }
    }
    Ok((records, left_out))
}
