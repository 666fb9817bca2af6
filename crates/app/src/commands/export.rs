//! `export`: the store's organizations into a file.

use crate::config::Config;
use crate::{output, ports};
use anyhow::Context;
use clap::ValueEnum;
use entity::{GoldenRecord, Record};
use formats::{CsvWriter, HsdsCsvWriter, HsdsJsonWriter, OrganizationView};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use store::Organizations;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ExportArguments {
    /// The file, or for hsds-csv the folder, to write [default: standard output]
    output: Option<PathBuf>,
    /// What to write
    #[arg(long, value_enum, default_value_t = ExportFormat::HsdsJson)]
    format: ExportFormat,
    /// Golden records (merges applied), or the records as their sources tell them
    #[arg(long, value_enum, default_value_t = ExportKind::Golden)]
    what: ExportKind,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ExportFormat {
    HsdsJson,
    HsdsCsv,
    Csv,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ExportKind {
    Golden,
    Records,
}

const PAGE: usize = 500;

/// Runs it.
pub(crate) async fn run(config: Config, arguments: &ExportArguments) -> anyhow::Result<ExitCode> {
    let organizations = ports::organizations(&config).await?.organizations;
    let mut writer = Writer::open(arguments)?;
    let counter = output::counter("exporting organizations");
    let mut after = None;
    loop {
        let page = organizations.list(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(*last);
        let ids: Vec<_> = page.into_iter().map(Into::into).collect();
        counter.inc(ids.len() as u64);
        write_page(&*organizations, &ids, arguments.what, &mut writer).await?;
    }
    counter.finish_and_clear();
    writer.finish()?;
    Ok(ExitCode::SUCCESS)
}

async fn write_page(
    organizations: &dyn Organizations,
    ids: &[entity::RecordId],
    what: ExportKind,
    writer: &mut Writer,
) -> anyhow::Result<()> {
    let family = organizations.family(ids).await?;
    match what {
        ExportKind::Golden => {
            for golden in golden::project(&family).golden.into_values() {
                writer.golden(&golden::presented(golden))?;
            }
        }
        ExportKind::Records => {
            for record in &family.records {
                writer.record(record)?;
            }
        }
    }
    Ok(())
}

enum Writer {
    Json(HsdsJsonWriter<Box<dyn Write + Send>>),
    Csv(Box<CsvWriter<Box<dyn Write + Send>>>),
    Folder(HsdsCsvWriter),
}

impl Writer {
    fn open(arguments: &ExportArguments) -> anyhow::Result<Self> {
        if let ExportFormat::HsdsCsv = arguments.format {
            let folder = arguments.output.as_deref().context("hsds-csv is a folder: name it")?;
            return Ok(Self::Folder(HsdsCsvWriter::create(folder)?));
        }
        let out: Box<dyn Write + Send> = match &arguments.output {
            None => Box::new(io::stdout()),
            Some(file) => Box::new(BufWriter::new(
                File::create(file).with_context(|| format!("creating {}", file.display()))?,
            )),
        };
        Ok(match arguments.format {
            ExportFormat::Csv => Self::Csv(Box::new(CsvWriter::new(out, Vec::new())?)),
            _ => Self::Json(HsdsJsonWriter::new(out)),
        })
    }

    fn golden(&mut self, golden: &GoldenRecord) -> anyhow::Result<()> {
        let id = golden.id.to_string();
        self.write(OrganizationView::golden(golden, "orgloop", &id))
    }

    fn record(&mut self, record: &Record) -> anyhow::Result<()> {
        self.write(record.into())
    }

    fn write(&mut self, view: OrganizationView<'_>) -> anyhow::Result<()> {
        match self {
            Self::Json(writer) => writer.write(view)?,
            Self::Csv(writer) => writer.write(view)?,
            Self::Folder(writer) => writer.write(view)?,
        }
        Ok(())
    }

    fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Json(writer) => writer.finish()?.flush()?,
            Self::Folder(writer) => writer.finish()?,
            Self::Csv(writer) => {
                let left_out = writer.finish()?;
                if !left_out.is_empty() {
                    output::note(format_args!("without a column in plain CSV: {}", left_out.join(", ")));
                }
            }
        }
        Ok(())
    }
}
