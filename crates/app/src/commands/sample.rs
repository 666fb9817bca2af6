//! `sample`: generated organizations with known duplicates, and their truth.

use crate::output;
use anyhow::Context;
use formats::{CsvWriter, HsdsJsonWriter};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SampleArguments {
    /// How many records
    #[arg(long, value_name = "N", default_value_t = 1000)]
    organizations: usize,
    /// The same seed gives the same organizations
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// The folder for orgs.csv, orgs.json (HSDS, with all places and services) and truth.csv
    #[arg(long, value_name = "DIR", default_value = "sample")]
    output: PathBuf,
}

/// Runs it.
pub(crate) fn run(arguments: &SampleArguments) -> anyhow::Result<ExitCode> {
    let folder = &arguments.output;
    fs::create_dir_all(folder).with_context(|| format!("making the folder {}", folder.display()))?;
    let create = |name: &str| -> anyhow::Result<BufWriter<File>> {
        let file = folder.join(name);
        Ok(BufWriter::new(File::create(&file).with_context(|| format!("creating {}", file.display()))?))
    };
    let mut plain = CsvWriter::new(create("orgs.csv")?, Vec::new())?;
    let mut hsds = HsdsJsonWriter::new(create("orgs.json")?);
    let mut truth = create("truth.csv")?;
    writeln!(truth, "id,entity_id")?;
    let bar = output::bar(arguments.organizations as u64, "generating organizations");
    // A fixed time: the same seed gives the same bytes.
    for generated in sample::generate(arguments.organizations, arguments.seed, chrono::DateTime::UNIX_EPOCH) {
        plain.write(&generated.record)?;
        hsds.write(&generated.record)?;
        writeln!(truth, "{},{}", generated.record.source_id, generated.entity)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    plain.finish()?;
    hsds.finish()?.flush()?;
    truth.flush()?;
    output::line(format_args!("{} organizations in {}", arguments.organizations, folder.display()));
    Ok(ExitCode::SUCCESS)
}
