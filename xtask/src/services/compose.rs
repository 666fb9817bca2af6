//! The same servers as containers, where an engine answers: `docker-compose.yml` says how.

use super::{Variables, probe, process, site::Site, state::State};
use anyhow::{Context, Result};
use std::{
    env,
    process::{Command, Stdio},
};

/// Compose service, its port's name, where to begin to look for a free one, and what leads tests there.
const SERVICES: [(&str, u16, &str, &str); 4] = [
    ("postgres", 15432, "ORGLOOP_TEST_POSTGRES_URL", "postgres://orgloop:orgloop@127.0.0.1:{}/orgloop"),
    ("kafka", 19092, "ORGLOOP_TEST_KAFKA", "127.0.0.1:{}"),
    ("registry", 18081, "ORGLOOP_TEST_REGISTRY_URL", "http://127.0.0.1:{}/apis/ccompat/v7"),
    ("elasticsearch", 19200, "ORGLOOP_TEST_ELASTICSEARCH_URL", "http://127.0.0.1:{}"),
];

/// Whether there is an engine with compose, not only a client.
pub(crate) fn engine_answers() -> bool {
    let quiet = |words: &[&str]| {
        Command::new("docker")
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    quiet(&["info"]) && quiet(&["compose", "version"])
}

/// Starts the containers and waits until their health checks pass.
pub(crate) fn up(site: &Site, state: &mut State) -> Result<Variables> {
    for (name, first, ..) in SERVICES {
        if !running(site, name)? {
            choose_port(state, name, first)?;
        }
    }
    state.save()?;
    let mut command = compose(site, state);
    command.args(["up", "--detach", "--wait", "--wait-timeout", "300"]).args(SERVICES.map(|(name, ..)| name));
    let started = command.status().context("running docker compose up")?;
    anyhow::ensure!(
        started.success(),
        "docker compose up failed; `docker compose -p {} logs` tells why",
        project(site)
    );
    crate::say("services: Elasticsearch 9 is NOT started: the compose file has one line");
    Ok(SERVICES
        .iter()
        .filter_map(|(name, _, variable, value)| {
            let port = state.ports.get(*name)?;
            Some(((*variable).to_owned(), value.replace("{}", &port.to_string())))
        })
        .collect())
}

/// Stops and removes the containers; their volumes stay.
pub(crate) fn down(site: &Site, state: &State) -> Result<()> {
    process::finish(compose(site, state).arg("down")).map(|_| ())
}

/// Prints what the engine says of the containers.
pub(crate) fn status(site: &Site, state: &State) -> Result<()> {
    crate::say(process::finish(compose(site, state).args(["ps", "--all"]))?);
    Ok(())
}

fn running(site: &Site, name: &str) -> Result<bool> {
    let mut command = bare(site);
    command.args(["ps", "--quiet", "--status", "running", name]);
    Ok(!process::finish(&mut command)?.is_empty())
}

fn choose_port(state: &mut State, name: &str, first: u16) -> Result<()> {
    let given = env::var(variable(name)).ok().and_then(|port| port.parse().ok());
    let last = state.ports.get(name).copied();
    let mut candidates = given.into_iter().chain(last).chain((first..).step_by(10));
    let free = candidates.find(|port| probe::port_is_free(*port));
    state.ports.insert(name.to_owned(), free.with_context(|| format!("no free port for {name}"))?);
    Ok(())
}

/// The variable of `docker-compose.yml` that holds the port of a service.
fn variable(name: &str) -> String {
    format!("ORGLOOP_{}_PORT", name.to_uppercase())
}

/// A command about our containers, with the ports that were chosen for them.
fn compose(site: &Site, state: &State) -> Command {
    let mut command = bare(site);
    for (name, ..) in SERVICES {
        if let Some(port) = state.ports.get(name) {
            command.env(variable(name), port.to_string());
        }
    }
    command
}

fn bare(site: &Site) -> Command {
    let mut command = Command::new("docker");
    command.args(["compose", "-p", &project(site)]).current_dir(crate::checkout());
    command
}

/// Named after the site: apart from other checkouts, and from a person's own `docker compose up`.
fn project(site: &Site) -> String {
    let path = site.root.to_string_lossy().to_lowercase();
    let words = path.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.fold("orgloop".to_owned(), |name, word| format!("{name}-{word}"))
}
