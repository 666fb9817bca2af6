//! PostgreSQL, from Debian's package, with its own data folder and port.

use super::{
    process,
    server::{Ports, Server, port},
    site::Site,
};
use anyhow::{Context, Result, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The role that owns everything; trusted from this machine.
const ROLE: &str = "orgloop";

/// The database from which tests create their own.
const DATABASE: &str = "orgloop";

const PORT: &str = "postgres";

/// The server.
#[derive(Debug)]
pub(crate) struct Postgres;

/// The folder of the newest installed PostgreSQL, 15 or later.
pub(crate) fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let versions = versions.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let newest = versions.filter(|version| *version >= 15).max()?;
    let programs = PathBuf::from(format!("/usr/lib/postgresql/{newest}/bin"));
    programs.join("postgres").is_file().then_some(programs)
}

fn program(name: &str) -> Result<PathBuf> {
    Ok(programs().context("no PostgreSQL found below /usr/lib/postgresql")?.join(name))
}

impl Server for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn ports(&self) -> &'static [(&'static str, u16)] {
        &[(PORT, 15432)]
    }

    fn prepare(&self, site: &Site, ports: &Ports) -> Result<Command> {
        let account = site.account()?;
        let data = site.home.join("postgres");
        if !data.exists() {
            create(site, &data)?;
        }
        let mut command = account.server(&program("postgres")?);
        command.arg("-D").arg(&data).arg("-p").arg(port(ports, PORT)?.to_string());
        // No socket in the file system: its path could be too long, and nobody needs it.
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=200",
            "wal_level=logical",
            "timezone=UTC",
        ] {
            command.arg("-c").arg(setting);
        }
        Ok(command)
    }

    fn ready(&self, _site: &Site, ports: &Ports) -> Result<()> {
        let port = port(ports, PORT)?;
        let found = ask(port, &format!("SELECT count(*) FROM pg_database WHERE datname = '{DATABASE}'"))?;
        if found == "0" {
            ask(port, &format!("CREATE DATABASE {DATABASE}"))?;
        }
        ensure!(ask(port, "SHOW max_connections")?.parse::<u32>()? >= 200, "too few connections allowed");
        Ok(())
    }

    fn variable(&self, ports: &Ports) -> Result<(&'static str, String)> {
        let url = format!("postgres://{ROLE}@127.0.0.1:{}/{DATABASE}", port(ports, PORT)?);
        Ok(("ORGLOOP_TEST_POSTGRES_URL", url))
    }

    fn stop_signal(&self) -> &'static str {
        // "Fast": sessions are ended and everything is written. TERM would wait for the last session.
        "INT"
    }
}

/// Creates the data folder aside, so that a broken-off attempt is not taken for a whole one.
fn create(site: &Site, data: &Path) -> Result<()> {
    let account = site.account()?;
    let fresh = site.home.join("postgres.new");
    process::run("rm", &["-rf".as_ref(), fresh.as_os_str()])?;
    fs::create_dir(&fresh).with_context(|| format!("creating {}", fresh.display()))?;
    account.give(&fresh)?;
    let mut command = account.command(&program("initdb")?);
    command.current_dir("/").arg("-D").arg(&fresh);
    command.args(["-U", ROLE, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
    process::finish(&mut command)?;
    fs::rename(&fresh, data).with_context(|| format!("creating {}", data.display()))
}

/// Runs one statement and returns its single value.
fn ask(port: u16, statement: &str) -> Result<String> {
    let mut command = Command::new(program("psql")?);
    command.env("PGCONNECT_TIMEOUT", "3").env("PGOPTIONS", "-c statement_timeout=5s");
    command.args(["-X", "-A", "-t", "-h", "127.0.0.1", "-U", ROLE, "-d", "postgres", "-p"]);
    process::finish(command.arg(port.to_string()).arg("-c").arg(statement))
}
