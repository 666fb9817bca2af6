//! `audit`: what people did, and whether it still says what was written.

use crate::config::Config;
use crate::{output, ports};
use anyhow::Context;
use chrono::{DateTime, Utc};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use store::audit::{Broken, Chain};
use store::{AuditEntry, AuditQuery, Organizations};

#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum AuditCommand {
    /// Check that no entry was changed, removed or put in between; fails and names the first that was
    Verify {
        /// A hash that was noted down before: it must be that of an entry
        #[arg(long, value_name = "HASH")]
        expect: Option<String>,
        /// Check an exported file instead of the store
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Who did what, when; oldest first
    List {
        #[command(flatten)]
        which: Which,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: usize,
        /// Print JSON, a line for each entry
        #[arg(long)]
        json: bool,
    },
    /// Write the whole log as JSON, a line for each entry; anybody can check it with its hashes
    Export {
        /// The file [default: standard output]
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Which {
    /// What concerns this id: an organization, a record, a merge, a split, a batch
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
    /// What this person did
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// From this moment on, such as 2026-11-21T09:00:00Z
    #[arg(long, value_name = "TIME")]
    from: Option<DateTime<Utc>>,
    /// Before this moment
    #[arg(long, value_name = "TIME")]
    to: Option<DateTime<Utc>>,
}

const PAGE: usize = 1000;

/// Runs it.
pub(crate) async fn run(config: Config, command: AuditCommand) -> anyhow::Result<ExitCode> {
    match command {
        AuditCommand::Verify { expect, file, json } => {
            let (chain, outcome, seen) = match &file {
                Some(file) => verify_file(file, expect.as_deref())?,
                None => verify_store(&config, expect.as_deref()).await?,
            };
            told(&chain, &outcome, (expect.as_deref(), seen), json)
        }
        AuditCommand::List { which, limit, json } => {
            let Which { subject, actor, from, to } = which;
            let query = AuditQuery { subject, actor, from, to };
            let store = ports::organizations(&config).await?.organizations;
            for entry in store.audit(&query, 0, limit).await? {
                if json { output::json(&entry)? } else { output::line(shown(&entry)) }
            }
            Ok(ExitCode::SUCCESS)
        }
        AuditCommand::Export { output } => export(&config, output.as_deref()).await,
    }
}

fn shown(entry: &AuditEntry) -> String {
    let subjects: Vec<String> = serde_json::from_str(&entry.subjects).unwrap_or_default();
    let at = entry.at.format("%Y-%m-%d %H:%M:%S");
    format!("{} {at} {} {} {}", entry.seq, entry.actor, entry.action, subjects.join(" "))
}

type Verified = (Chain, Result<(), Broken>, bool);

async fn verify_store(config: &Config, expect: Option<&str>) -> anyhow::Result<Verified> {
    let store = ports::organizations(config).await?.organizations;
    let (mut chain, mut seen) = (Chain::default(), false);
    let outcome = loop {
        let page = page_after(&*store, chain.seq()).await?;
        if page.is_empty() {
            break Ok(());
        }
        if let Err(broken) = follow(&mut chain, &page, expect, &mut seen) {
            break Err(broken);
        }
    };
    Ok((chain, outcome, seen))
}

fn verify_file(file: &Path, expect: Option<&str>) -> anyhow::Result<Verified> {
    let reading = || format!("reading {}", file.display());
    let (mut chain, mut seen) = (Chain::default(), false);
    for (number, line) in BufReader::new(File::open(file).with_context(reading)?).lines().enumerate() {
        let entry: AuditEntry = serde_json::from_str(&line.with_context(reading)?).with_context(|| {
            format!("line {} of {} is no entry of an audit log", number + 1, file.display())
        })?;
        if let Err(broken) = follow(&mut chain, &[entry], expect, &mut seen) {
            return Ok((chain, Err(broken), seen));
        }
    }
    Ok((chain, Ok(()), seen))
}

fn follow(
    chain: &mut Chain,
    entries: &[AuditEntry],
    expect: Option<&str>,
    seen: &mut bool,
) -> Result<(), Broken> {
    for entry in entries {
        chain.follow(entry)?;
        *seen |= expect == Some(entry.hash.as_str());
    }
    Ok(())
}

fn told(
    chain: &Chain,
    outcome: &Result<(), Broken>,
    (expect, seen): (Option<&str>, bool),
    json: bool,
) -> anyhow::Result<ExitCode> {
    let lost = expect.filter(|_| !seen && outcome.is_ok());
    let whole = outcome.is_ok() && lost.is_none();
    if json {
        let broken = outcome.as_ref().err();
        output::json(&serde_json::json!({
            "whole": whole,
            "entries": chain.seq(),
            "last_hash": chain.hash(),
            "broken_at": broken.map(|broken| broken.seq),
            "why": broken.map(|broken| broken.why.as_str()).or(lost.map(|_| "no entry has the expected hash")),
        }))?;
    } else if let Err(broken) = outcome {
        output::line(format_args!("Broken at entry {}: {}.", broken.seq, broken.why));
    } else if let Some(hash) = lost {
        output::line(format_args!("The {} entries are whole, but none has the hash {hash}.", chain.seq()));
    } else {
        output::line(format_args!("{} entries, none changed. Last hash: {}", chain.seq(), chain.hash()));
    }
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn page_after(store: &dyn Organizations, seq: i64) -> anyhow::Result<Vec<AuditEntry>> {
    Ok(store.audit(&AuditQuery::default(), seq, PAGE).await?)
}

async fn export(config: &Config, file: Option<&Path>) -> anyhow::Result<ExitCode> {
    let store = ports::organizations(config).await?.organizations;
    let mut writer = file
        .map(|file| File::create(file).with_context(|| format!("creating {}", file.display())))
        .transpose()?
        .map(BufWriter::new);
    let mut after = 0;
    loop {
        let page = page_after(&*store, after).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for entry in &page {
            match &mut writer {
                Some(writer) => writeln!(writer, "{}", serde_json::to_string(entry)?)?,
                None => output::json(entry)?,
            }
        }
    }
    if let Some(mut writer) = writer {
        writer.flush().context("writing the log")?;
        output::note(format_args!("{after} entries written."));
    }
    Ok(ExitCode::SUCCESS)
}
