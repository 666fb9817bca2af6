//! What all servers have in common, whatever they are.

use super::site::Site;
use anyhow::{Context, Result};
use std::{collections::BTreeMap, process::Command};

/// The ports that were chosen for a server, by their names.
pub(crate) type Ports = BTreeMap<String, u16>;

/// One server that runs as a plain process.
pub(crate) trait Server {
    /// Its name: of the log, of the data folder, in messages.
    fn name(&self) -> &'static str;

    /// Names of its ports and where to begin to look for a free one; the first is the one that clients use.
    fn ports(&self) -> &'static [(&'static str, u16)];

    /// Writes configuration and empty data where they are missing, and returns the command that starts it.
    fn prepare(&self, site: &Site, ports: &Ports) -> Result<Command>;

    /// Asks the server, once and with a bound, whether it does its work.
    fn ready(&self, site: &Site, ports: &Ports) -> Result<()>;

    /// The environment variable that leads tests here, and its value.
    fn variable(&self, ports: &Ports) -> Result<(&'static str, String)>;

    /// The signal that asks for a clean end.
    fn stop_signal(&self) -> &'static str {
        "TERM"
    }
}

/// The port of this name.
pub(crate) fn port(ports: &Ports, name: &str) -> Result<u16> {
    ports.get(name).copied().with_context(|| format!("no port was chosen for {name}"))
}
