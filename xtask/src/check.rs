//! `cargo xtask check`: everything that must hold before a change goes in, step by step.

mod suite;

use crate::{
    say,
    services::{self, Lease, Variables},
    tidy,
};
use anyhow::{Context, Result, anyhow, bail};
use std::{
    env,
    fs::File,
    process::{self, Command, Stdio},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// How much is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All but the tests on real servers.
    Embedded,
    /// All.
    Everything,
}

/// A step that has ended.
#[derive(Debug)]
struct Done {
    name: &'static str,
    took: Duration,
    result: Result<()>,
}

/// Runs all steps, also after one has failed, and fails with the name of the first that did.
pub(crate) fn run(scope: Scope) -> Result<()> {
    let begun = Instant::now();
    let servers = match scope {
        Scope::Embedded => None,
        // They install and start while the first steps compile.
        Scope::Everything => Some(Servers::order()?),
    };
    let mut done = vec![
        step("fmt", || cargo(&["fmt", "--all", "--check"])),
        step("clippy", || cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])),
        step("tidy", tidy::run),
        step("tests, embedded", || suite::run("embedded", &Variables::new())),
    ];
    if let Some(servers) = servers {
        done.push(step("tests, real servers", || servers.test()));
    }
    done.push(step("contract", crate::contract::run));
    done.push(step("pages in Chromium", crate::browser::run));
    done.push(step("docs", || {
        finish(command(&["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
    }));
    report(&done, begun.elapsed())
}

fn step(name: &'static str, work: impl FnOnce() -> Result<()>) -> Done {
    say(format_args!("\n== {name}"));
    let begun = Instant::now();
    let result = work();
    let took = begun.elapsed();
    match &result {
        Ok(()) => say(format_args!("== {name}: passed in {:.1} s", took.as_secs_f32())),
        Err(error) => say(format_args!("== {name}: FAILED after {:.1} s: {error:#}", took.as_secs_f32())),
    }
    Done { name, took, result }
}

fn report(done: &[Done], took: Duration) -> Result<()> {
    say("\n== summary");
    for step in done {
        let word = if step.result.is_ok() { "passed" } else { "FAILED" };
        say(format_args!("{word}  {:>7.1} s  {}", step.took.as_secs_f32(), step.name));
    }
    say(format_args!("{:>15.1} s  in all", took.as_secs_f32()));
    match done.iter().find(|step| step.result.is_err()) {
        None => Ok(()),
        Some(failed) => bail!("check failed at: {}", failed.name),
    }
}

/// A cargo command in the checkout, free of the settings of whoever calls.
fn command(arguments: &[&str]) -> Command {
    let mut command = crate::cargo(arguments);
    command.stdin(Stdio::null());
    crate::without_settings(&mut command);
    command
}

fn cargo(arguments: &[&str]) -> Result<()> {
    finish(&mut command(arguments))
}

fn finish(command: &mut Command) -> Result<()> {
    let status = command.status().context("running cargo")?;
    if status.success() { Ok(()) } else { bail!("cargo ended with {status}") }
}

/// The real servers of one check: ordered at its beginning, stopped at its end, however that comes.
#[derive(Debug)]
struct Servers {
    starting: JoinHandle<Result<Variables>>,
    // Held until the check ends.
    _alone: File,
}

impl Servers {
    fn order() -> Result<Self> {
        let alone = services::alone()?;
        watch()?;
        let starting = thread::spawn(|| services::up(Lease::Process(process::id())));
        Ok(Self { starting, _alone: alone })
    }

    fn test(self) -> Result<()> {
        let started = self.starting.join().map_err(|_| anyhow!("starting the servers panicked"))?;
        let tested = started.context("starting the servers").and_then(|mut variables| {
            variables.push(("ORGLOOP_TEST_REQUIRE_SERVERS".to_owned(), "1".to_owned()));
            suite::run("real servers", &variables)
        });
        let stopped = services::down_leased(process::id()).context("stopping the servers");
        tested.and(stopped)
    }
}

/// Leaves a process behind that stops the servers when this one ends: by Ctrl-C, by a kill, by a crash.
fn watch() -> Result<()> {
    let log = File::create(services::log("watch")?)?;
    Command::new("setsid")
        .arg(env::current_exe()?)
        .args(["down", "--after", &process::id().to_string()])
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("watching over the servers")?;
    Ok(())
}
