//! What a new Debian machine lacks, installed with its own package manager.

use super::{account, java, postgres, process};
use anyhow::{Result, bail};
use std::process::Command;

/// Installs the packages that are missing: PostgreSQL, a Java and Maven.
pub(crate) fn ensure() -> Result<()> {
    let mut missing = Vec::new();
    if postgres::programs().is_none() {
        missing.push("postgresql");
    }
    if java::find(&super::elasticsearch::JAVA_8).is_none() {
        missing.push("openjdk-17-jre-headless");
    }
    if !process::on_path("mvn") {
        missing.push("maven");
    }
    if missing.is_empty() {
        return Ok(());
    }
    install(&missing, "install them yourself, or start a container engine, and call again")
}

/// Installs packages as root or through sudo; `otherwise` is what the person can do where that is not possible.
pub(crate) fn install(packages: &[&str], otherwise: &str) -> Result<()> {
    let list = packages.join(" ");
    let wish = otherwise;
    if !process::on_path("apt-get") {
        bail!("{list} missing, and this is no Debian: {wish}");
    }
    let elevate: &[&str] = match (account::is_root(), process::on_path("sudo")) {
        (true, _) => &[],
        (false, true) => &["sudo"],
        (false, false) => bail!("{list} missing, and neither root nor sudo at hand: {wish}"),
    };
    crate::say(format_args!("installing {list}"));
    let install = [&["install", "-y", "--no-install-recommends"], packages].concat();
    // The lists of a new machine are empty or old; where they cannot be had, the install says what is wrong.
    for (arguments, needed) in [(&["update"][..], false), (&install, true)] {
        let words =
            [elevate, &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"], arguments].concat();
        let done = Command::new(words[0]).args(&words[1..]).status()?.success();
        if needed && !done {
            bail!("apt-get could not install {list}: {wish}");
        }
    }
    Ok(())
}
