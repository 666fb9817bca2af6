//! Benchmarks: release builds, figures as JSON.

mod dedupe;

use crate::{
    cargo,
    services::{self, Lease},
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
    /// `orgloop dedupe` beside Splink: the same rows, quality, time and memory of both.
    Dedupe(dedupe::Dedupe),
}

/// Measures.
pub(crate) fn run(bench: &Bench) -> Result<()> {
    let (organizations, embedded) = match bench {
        Bench::Dedupe(asked) => return dedupe::run(asked),
        Bench::Loop { organizations, embedded } => (organizations, embedded),
    };
    let organizations = organizations.to_string();
    let measure = |on: &str| {
        let arguments = ["bench", "--quiet", "-p", "orgloop-tests", "--bench", "loop", "--"];
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
    let variables = services::up(Lease::Process(std::process::id()))?;
    let measured = finish(raw.envs(variables.iter().map(|(name, value)| (name, value))))
        .and_then(|()| finish(&mut measure("embedded")))
        .and_then(|()| finish(measure("real").envs(variables.iter().map(|(name, value)| (name, value)))));
    services::down_leased(std::process::id())?;
    measured
}

fn finish(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}
