//! `import`: records of a file into the store, as their source tells them.

use crate::config::Config;
use crate::{output, ports};
use anyhow::Context;
use entity::Record;
use formats::{ReadOptions, RowError};
use serde::Serialize;
use std::collections::HashSet;
use std::path::PathBuf;
use std::process::ExitCode;
use store::Organizations;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ImportArguments {
    /// A plain CSV file, a folder of HSDS CSV tables, or an HSDS JSON file
    file: PathBuf,
    /// Whose records these are; importing them again under the same name updates them [default: the file's name]
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// The file is everything the source has: delete its records that are not in it
    #[arg(long)]
    snapshot: bool,
    /// Print the outcome as one JSON document
    #[arg(long)]
    json: bool,
}

/// Records in one transaction.
pub(crate) const BATCH: usize = 2000;
/// Left-out rows that are named one by one.
const PROBLEMS_SHOWN_MAX: usize = 20;

#[derive(Debug, Default, Serialize)]
struct Outcome {
    inserted: u64,
    present: u64,
    deleted: u64,
    left_out: u64,
    problems: Vec<String>,
}

/// Runs it. Rows that are left out make the exit code 1; the others are in.
pub(crate) async fn run(config: Config, arguments: ImportArguments) -> anyhow::Result<ExitCode> {
    let source = match &arguments.source {
        Some(source) => source.clone(),
        None => named_after(&arguments.file)?,
    };
    let options = ReadOptions { source: source.clone(), created_at: entity::clock::now() };
    let mut reader = formats::read(&arguments.file, &options)?;
    let organizations = ports::organizations(&config).await?.organizations;
    let counter = output::counter("importing organizations");
    let mut outcome = Outcome::default();
    let mut seen = HashSet::new();
    let mut batch = Vec::with_capacity(BATCH);
    for row in &mut reader {
        match row {
            Ok(record) => {
                if record.source == source {
                    seen.insert(record.source_id.clone());
                }
                batch.push(record);
                if batch.len() == BATCH {
                    counter.inc(BATCH as u64);
                    write(&*organizations, std::mem::take(&mut batch), &mut outcome).await?;
                }
            }
            Err(problem) => outcome.leave_out(&problem),
        }
    }
    write(&*organizations, batch, &mut outcome).await?;
    counter.finish_and_clear();
    if arguments.snapshot {
        anyhow::ensure!(
            outcome.left_out == 0,
            "{} rows could not be read, so nothing was deleted: mend them and import again",
            outcome.left_out
        );
        outcome.deleted = organizations.delete_absent(&source, &seen).await?;
    }
    for (table, rows) in reader.unused_rows() {
        outcome.problems.push(format!("{rows} rows of {table} belong to no organization and were left out"));
    }
    outcome.show(&source, arguments.json)
}

async fn write(
    organizations: &dyn Organizations,
    batch: Vec<Record>,
    outcome: &mut Outcome,
) -> anyhow::Result<()> {
    if batch.is_empty() {
        return Ok(());
    }
    let counts = organizations.upsert(batch).await?;
    outcome.inserted += counts.inserted;
    outcome.present += counts.present;
    Ok(())
}

fn named_after(file: &std::path::Path) -> anyhow::Result<String> {
    let file = file.canonicalize().with_context(|| format!("there is no file {}", file.display()))?;
    let name = file
        .file_stem()
        .and_then(|name| name.to_str())
        .context("say whose records these are: --source NAME")?;
    Ok(name.to_owned())
}

impl Outcome {
    fn leave_out(&mut self, problem: &RowError) {
        self.left_out += 1;
        if self.problems.len() < PROBLEMS_SHOWN_MAX {
            self.problems.push(problem.to_string());
        }
    }

    fn show(&self, source: &str, as_json: bool) -> anyhow::Result<ExitCode> {
        for problem in &self.problems {
            output::note(format_args!("left out: {problem}"));
        }
        if as_json {
            output::json(self)?;
        } else {
            output::line(format_args!(
                "{source}: {} new, {} known, {} deleted, {} left out",
                self.inserted, self.present, self.deleted, self.left_out
            ));
        }
        Ok(if self.left_out > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}
