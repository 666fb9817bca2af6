//! The servers as plain processes: started together, waited for, stopped in the opposite order.

use super::{
    Variables, download,
    elasticsearch::{Elasticsearch, JAVA_9},
    java,
    kafka::Kafka,
    packages,
    postgres::Postgres,
    probe,
    process::Identity,
    registry::Registry,
    server::Server,
    site::Site,
    state::State,
};
use anyhow::{Context, Result, bail};
use std::{
    env,
    fs::{self, File},
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

/// A slow machine takes a minute for Elasticsearch; after twice that something is wrong.
const START_PATIENCE: Duration = Duration::from_secs(120);
/// Kafka and Elasticsearch write what they hold before they end.
const STOP_PATIENCE: Duration = Duration::from_secs(40);
/// A killed process holds its port until its memory is given back.
const PORT_PATIENCE: Duration = Duration::from_secs(5);
/// A server that dies while it starts (a port taken meanwhile, leftovers of a kill) gets so many attempts.
const ATTEMPTS: u32 = 5;
/// Times the attempt: children of a killed PostgreSQL need a moment to notice, and hold its memory until then.
const PAUSE: Duration = Duration::from_secs(1);

/// Installs and starts what does not run yet, and waits until all answer.
pub(crate) fn up(site: &Site, state: &mut State) -> Result<Variables> {
    packages::ensure()?;
    let newer = java::find(&JAVA_9).is_some();
    let mut software = vec![download::KAFKA, download::REGISTRY, download::ELASTICSEARCH_8];
    if newer {
        software.push(download::ELASTICSEARCH_9);
    } else {
        crate::say("services: no Java 21 or later found, so Elasticsearch 9 is NOT started");
    }
    download::ensure(site, &software)?;
    let servers = fleet(newer);
    for server in &servers {
        if !runs(site, state, server.name()) {
            start(site, state, &**server)?;
        }
    }
    let mut variables = Variables::new();
    for server in &servers {
        let waited = Instant::now();
        await_ready(site, state, &**server)?;
        let (variable, value) = server.variable(&state.ports)?;
        crate::say(format_args!(
            "services: {} answers at {value} (waited {:.1} s)",
            server.name(),
            waited.elapsed().as_secs_f32()
        ));
        variables.push((variable.to_owned(), value));
    }
    Ok(variables)
}

/// Stops every server that was started here and still runs.
pub(crate) fn down(site: &Site, state: &mut State) -> Result<()> {
    let mut servers = fleet(true);
    servers.reverse();
    let mut failed = Vec::new();
    for server in servers {
        let Some(identity) = state.servers.get(server.name()).copied() else { continue };
        if identity.is_ours(&site.home) || identity.is_ours(&site.cache) {
            match identity.stop(server.stop_signal(), STOP_PATIENCE) {
                Ok(()) => crate::say(format_args!("services: {} stopped", server.name())),
                Err(error) => {
                    failed.push(format!("{}: {error:#}", server.name()));
                    continue;
                }
            }
        }
        state.servers.remove(server.name());
        state.save()?;
    }
    if failed.is_empty() { Ok(()) } else { bail!("could not stop {}", failed.join(", ")) }
}

/// Prints one line for each server.
pub(crate) fn status(site: &Site, state: &State) {
    for server in fleet(true) {
        let name = server.name();
        let Some(identity) = state.servers.get(name) else {
            crate::say(format_args!("{name:<16} not started"));
            continue;
        };
        let health = match (runs(site, state, name), server.ready(site, &state.ports)) {
            (false, _) => "DEAD: `cargo xtask up` starts it again".to_owned(),
            (true, Ok(())) => "ready".to_owned(),
            (true, Err(error)) => format!("NOT READY: {error:#}"),
        };
        let place = server.variable(&state.ports).map_or_else(|error| error.to_string(), |(_, value)| value);
        let log = site.log(name);
        crate::say(format_args!("{name:<16} {health}  {place}  pid {}  log {}", identity.id, log.display()));
    }
}

/// Every server, those first that others would wait for.
fn fleet(newer: bool) -> Vec<Box<dyn Server>> {
    let mut servers: Vec<Box<dyn Server>> =
        vec![Box::new(Postgres), Box::new(Kafka), Box::new(Registry), Box::new(Elasticsearch::line_8())];
    if newer {
        servers.push(Box::new(Elasticsearch::line_9()));
    }
    servers
}

fn runs(site: &Site, state: &State, name: &str) -> bool {
    state.servers.get(name).is_some_and(|server| server.is_ours(&site.home) || server.is_ours(&site.cache))
}

/// Starts one server in a session of its own; its process is remembered before anything else happens.
fn start(site: &Site, state: &mut State, server: &dyn Server) -> Result<()> {
    choose_ports(state, server)?;
    let name = server.name();
    let log = site.log(name);
    // A new start begins a new log; the one before it tells why the last process ended.
    if log.exists() {
        fs::rename(&log, log.with_extension("log.old"))?;
    }
    let output = File::create(&log).with_context(|| format!("creating {}", log.display()))?;
    let mut command = server.prepare(site, &state.ports).with_context(|| format!("preparing {name}"))?;
    command.current_dir(&site.home).stdin(Stdio::null());
    command.stdout(output.try_clone()?).stderr(output);
    let child = command.spawn().with_context(|| format!("starting {name}"))?;
    let identity = Identity::of(child.id()).with_context(|| format!("{name} ended at once"))?;
    state.servers.insert(name.to_owned(), identity);
    state.save()
}

/// Waits until the server answers; one that dies on the way is started again, up to a bound.
fn await_ready(site: &Site, state: &mut State, server: &dyn Server) -> Result<()> {
    let name = server.name();
    let mut deadline = Instant::now() + START_PATIENCE;
    let mut attempt = 1;
    loop {
        let alive = runs(site, state, name);
        let answer = server.ready(site, &state.ports);
        match answer {
            Ok(()) if alive => return Ok(()),
            _ if !alive && attempt == ATTEMPTS => {
                bail!("{name} ended {ATTEMPTS} times while starting\n{}", tail(site, name))
            }
            _ if !alive => {
                thread::sleep(PAUSE * attempt);
                attempt += 1;
                start(site, state, server)?;
                deadline = Instant::now() + START_PATIENCE;
            }
            Err(error) if Instant::now() > deadline => {
                return Err(error.context(format!("{name} does not answer\n{}", tail(site, name))));
            }
            _ => thread::sleep(Duration::from_millis(200)),
        }
    }
}

/// Takes each port from the environment, from the last time, or the next free one.
fn choose_ports(state: &mut State, server: &dyn Server) -> Result<()> {
    for (name, first) in server.ports() {
        let variable = format!("ORGLOOP_{}_PORT", name.to_uppercase().replace('-', "_"));
        if let Ok(given) = env::var(&variable) {
            let port = given.parse().with_context(|| format!("{variable}={given} is no port"))?;
            if !probe::port_is_free(port) {
                bail!("{variable}={given}: something else listens there");
            }
            state.ports.insert((*name).to_owned(), port);
            continue;
        }
        let last = state.ports.get(*name).copied().filter(|port| frees_itself(*port));
        let free = last.into_iter().chain((*first..).step_by(10)).find(|port| probe::port_is_free(*port));
        state.ports.insert((*name).to_owned(), free.with_context(|| format!("no free port for {name}"))?);
    }
    Ok(())
}

/// Waits a little for the port of a server that was just killed: shells remember where it listened.
fn frees_itself(port: u16) -> bool {
    let deadline = Instant::now() + PORT_PATIENCE;
    while !probe::port_is_free(port) {
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(100));
    }
    true
}

/// The end of a server's log, for the error that says it did not start.
fn tail(site: &Site, name: &str) -> String {
    let file = site.log(name);
    let log = fs::read_to_string(&file).unwrap_or_default();
    let lines: Vec<&str> = log.lines().rev().take(20).collect();
    let lines: Vec<&str> = lines.into_iter().rev().collect();
    format!("--- end of {}\n{}", file.display(), lines.join("\n"))
}
