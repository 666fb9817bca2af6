//! Benchmarks: release builds, figures as JSON.

mod dedupe;

use crate::{
    cargo,
    services::{self, Lease, Variables},
};
use anyhow::{Result, ensure};
use clap::Subcommand;
use std::process::Command;

/// What is measured.
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Import to the last cluster, and commit to cluster at 50 changes a second, embedded and on real servers;
    /// the same rows inserted raw beside it.
    Loop {
        /// How many organizations to import.
        #[arg(long, default_value_t = 100_000)]
        organizations: usize,
        /// Leave out the real servers.
        #[arg(long)]
        embedded: bool,
    },
    /// Merges a second over REST, and how long until a merge stands on the clean topic, embedded and on real servers.
    Merge {
        /// How many merges each figure rests on.
        #[arg(long, default_value_t = 1000)]
        merges: usize,
        /// Leave out the real servers.
        #[arg(long)]
        embedded: bool,
    },
    /// One changed organization among many: indexed, scored and clustered again, on the embedded ports.
    Incremental {
        /// How many organizations there are.
        #[arg(long, default_value_t = 1_000_000)]
        organizations: usize,
        /// How many of them change, one by one.
        #[arg(long, default_value_t = 3000)]
        changes: usize,
    },
    /// `orgloop dedupe` beside Splink: the same rows, quality, time and memory of both.
    Dedupe(dedupe::Dedupe),
}

/// Measures.
pub(crate) fn run(bench: &Bench) -> Result<()> {
    let (organizations, embedded) = match bench {
        Bench::Dedupe(asked) => return dedupe::run(asked),
        Bench::Merge { merges, embedded } => return merge(*merges, *embedded),
        Bench::Incremental { organizations, changes } => return incremental(*organizations, *changes),
        Bench::Loop { organizations, embedded } => (organizations, embedded),
    };
    let organizations = organizations.to_string();
    let measure = |on: &str| {
        let arguments = ["bench", "--quiet", "-p", "orgloop", "--bench", "loop", "--"];
        let mut command = cargo(&arguments);
        command.args(["--on", on, "--organizations", &organizations]);
        command
    };
    let raw = ["run", "--quiet", "--release", "-p", "orgloop-store", "--features", "postgres"];
    let mut raw = cargo(&raw);
    raw.args(["--example", "import_speed", "--", &organizations]);
    if *embedded {
        finish(&mut raw)?;
        return finish(&mut measure("embedded"));
    }
    on_servers(|variables| {
        finish(raw.envs(variables.iter().cloned()))?;
        finish(&mut measure("embedded"))?;
        finish(measure("real").envs(variables.iter().cloned()))
    })
}

fn merge(merges: usize, embedded: bool) -> Result<()> {
    let merges = merges.to_string();
    let measure = |on: &str| {
        let mut command = cargo(&["bench", "--quiet", "-p", "orgloop", "--bench", "merge", "--"]);
        command.args(["--on", on, "--merges", &merges]);
        command
    };
    finish(&mut measure("embedded"))?;
    if embedded {
        return Ok(());
    }
    on_servers(|variables| finish(measure("real").envs(variables.iter().cloned())))
}

/// Starts the real servers, measures, and stops what it started, whatever came of it.
fn on_servers(work: impl FnOnce(&Variables) -> Result<()>) -> Result<()> {
    let variables = services::up(Lease::Process(std::process::id()))?;
    let measured = work(&variables);
    measured.and(services::down_leased(std::process::id()))
}

fn incremental(organizations: usize, changes: usize) -> Result<()> {
    let run = ["run", "--quiet", "--release", "-p", "orgloop-pipeline", "--example", "incremental", "--"];
    finish(cargo(&run).args([organizations.to_string(), changes.to_string()]))
}

fn finish(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}
