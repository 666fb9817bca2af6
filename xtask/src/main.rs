//! Tasks of this repository: `cargo xtask check` is what CI runs, `cargo xtask up` starts the real servers.
//!
//! Never part of the product. Start reading in `check` (the steps) or `services` (the servers).
#![expect(clippy::disallowed_methods, reason = "the settings of a task are its environment")]

mod bench;
mod browser;
mod check;
mod contract;
mod python;
mod services;
mod tidy;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use std::{
    env,
    fmt::Display,
    io::{self, Write},
    path::PathBuf,
    process::{Command, ExitCode},
};

/// Tasks of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Format, lints, tests on the embedded ports and on real servers, contract, pages, docs: all that CI asks for.
    Check {
        /// Leave out the tests on real servers.
        #[arg(long)]
        embedded: bool,
    },
    /// Check the style that a program can check: layers, the code map, sizes, names, migrations.
    Tidy,
    /// What `/openapi.json` promises, held against a running service (installs schemathesis with pip below target/).
    Contract,
    /// The pages in a real Chromium: the tests of tests/browser.
    Browser,
    /// Install and start PostgreSQL, Kafka, the schema registry and Elasticsearch; harmless when they run.
    Up,
    /// Stop the servers that `up` started; their data stays.
    Down {
        /// Wait until this process has ended, then stop what was started on its behalf.
        #[arg(long, hide = true, value_name = "PID")]
        after: Option<u32>,
    },
    /// Say which servers answer, and where.
    Status,
    /// Measure; prints one JSON document per run.
    #[command(subcommand)]
    Bench(bench::Bench),
}

fn main() -> ExitCode {
    match run(&Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: &Task) -> Result<()> {
    match *task {
        Task::Check { embedded: true } => check::run(check::Scope::Embedded),
        Task::Check { embedded: false } => check::run(check::Scope::Everything),
        Task::Tidy => tidy::run(),
        Task::Contract => contract::run(),
        Task::Browser => browser::run(),
        Task::Up => services::up(services::Lease::Kept).map(|_| ()),
        Task::Down { after: None } => services::down(),
        Task::Down { after: Some(process) } => services::down_after(process),
        Task::Status => services::status(),
        Task::Bench(ref bench) => bench::run(bench),
    }
}

/// The folder of the checkout.
fn checkout() -> PathBuf {
    let mut folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    folder.pop();
    folder
}

/// Where cargo puts what it builds.
fn target() -> PathBuf {
    let named = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    checkout().join(named.unwrap_or_else(|| "target".into()))
}

/// Leaves out the settings of orgloop that whoever calls has: a program begins as on a new machine.
fn without_settings(command: &mut Command) {
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ORGLOOP_")) {
        command.env_remove(name);
    }
}

/// A cargo command in the checkout. What the cargo that started us tells of this package stays out: the build script of
/// ring follows it, and half of all crates would be built once more.
fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(checkout());
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_MANIFEST_") || text.starts_with("CARGO_PKG_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Builds what the tests from outside run: the loop, and its pages on made-up numbers.
fn build_programs() -> Result<()> {
    // Of the whole workspace and in one go, with the features that the tests have: what they built is not built again.
    let which = ["build", "--quiet", "--workspace", "--bin", "orgloop", "--example", "page"];
    let status = cargo(&which).status().context("running cargo")?;
    ensure!(status.success(), "cargo build ended with {status}");
    Ok(())
}

/// Prints a line; a reader that has gone away is no reason to stop half-way.
fn say(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}
