//! The real servers that tests and developers use: installed, started, asked, stopped.
//!
//! Two ways to the same environment variables: containers where an engine answers (`compose`), otherwise plain
//! processes (`fleet`). `state` remembers between calls what was started and on which ports.

mod account;
mod compose;
mod download;
mod elasticsearch;
mod fleet;
mod java;
mod kafka;
mod packages;
mod postgres;
mod probe;
mod process;
mod registry;
mod server;
mod site;
mod state;

pub(crate) use process::Identity;

use anyhow::{Context, Result};
use site::Site;
use state::{Engine, State};
use std::{fs, thread, time::Duration};

/// How long the servers that `up` starts are meant to stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lease {
    /// Until somebody calls `down`.
    Kept,
    /// As long as this process lives; servers that were there before stay all the same.
    Process(u32),
}

/// The environment variables that lead tests to the servers.
pub(crate) type Variables = Vec<(String, String)>;

/// Starts every server that does not answer yet and returns where they listen. A second call is harmless.
pub(crate) fn up(lease: Lease) -> Result<Variables> {
    let site = Site::open()?;
    let _guard = site.lock()?;
    let mut state = State::load(&site.state_file())?;
    // Servers that a developer keeps must outlive a passing caller; those of a caller that died go to the next.
    let kept_by_others = state.engine.is_some() && state.lease.is_none_or(process::lives);
    let engine = match state.engine {
        Some(engine) => engine,
        None if compose::engine_answers() => Engine::Compose,
        None => Engine::Processes,
    };
    if lease == Lease::Kept || !kept_by_others {
        state.lease = match lease {
            Lease::Kept => None,
            Lease::Process(id) => Some(id),
        };
    }
    state.engine = Some(engine);
    state.save()?;
    let variables = match engine {
        Engine::Compose => compose::up(&site, &mut state)?,
        Engine::Processes => fleet::up(&site, &mut state)?,
    };
    announce(&site, &variables)?;
    Ok(variables)
}

/// Stops what `up` started, and nothing else.
pub(crate) fn down() -> Result<()> {
    let site = Site::open()?;
    let _guard = site.lock()?;
    stop(&site, &mut State::load(&site.state_file())?)
}

/// Waits for the end of `caller`, then stops the servers if they were started on its behalf.
///
/// Runs apart from that process, so that its servers go even when it is killed.
pub(crate) fn down_after(caller: u32) -> Result<()> {
    while process::lives(caller) {
        thread::sleep(Duration::from_millis(500));
    }
    down_leased(caller)
}

/// Stops the servers if they were started on behalf of `caller`.
pub(crate) fn down_leased(caller: u32) -> Result<()> {
    let site = Site::open()?;
    let _guard = site.lock()?;
    let mut state = State::load(&site.state_file())?;
    if state.lease == Some(caller) { stop(&site, &mut state) } else { Ok(()) }
}

/// Prints which servers answer, and where.
pub(crate) fn status() -> Result<()> {
    let site = Site::open()?;
    let state = State::load(&site.state_file())?;
    match state.engine {
        None => {
            crate::say("no servers run; `cargo xtask up` starts them");
            Ok(())
        }
        Some(Engine::Compose) => compose::status(&site, &state),
        Some(Engine::Processes) => {
            fleet::status(&site, &state);
            Ok(())
        }
    }
}

fn stop(site: &Site, state: &mut State) -> Result<()> {
    match state.engine {
        None => crate::say("no servers run"),
        Some(Engine::Compose) => compose::down(site, state)?,
        Some(Engine::Processes) => fleet::down(site, state)?,
    }
    state.engine = None;
    state.lease = None;
    state.save()
}

/// Prints the lines that a shell needs, and keeps them in a file to be sourced.
fn announce(site: &Site, variables: &Variables) -> Result<()> {
    let lines: String = variables.iter().map(|(name, value)| format!("export {name}={value}\n")).collect();
    let file = site.root.join("env");
    fs::write(&file, &lines).with_context(|| format!("writing {}", file.display()))?;
    crate::say(format_args!("{lines}# or: source {}", file.display()));
    Ok(())
}

/// Waits until no other check of this checkout runs: the first to end would stop the servers of the second.
pub(crate) fn alone() -> Result<fs::File> {
    site::lock(&Site::open()?.root.join("check.lock"))
}

/// Installs Debian packages, where that is possible.
pub(crate) fn install(list: &[&str]) -> Result<()> {
    packages::install(list, "install them yourself")
}

/// Where the log of a task that nobody watches goes.
pub(crate) fn log(task: &str) -> Result<std::path::PathBuf> {
    Ok(Site::open()?.log(task))
}
