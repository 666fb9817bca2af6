//! The servers that come through Maven: fetched once into the cache of the person, for all checkouts.

use super::{
    process,
    site::{self, Site},
};
use anyhow::{Context, Result};
use std::{fs, process::Command};

/// Pinned, because a plugin's defaults change.
const PLUGIN: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1";

/// One piece of software, as `services/pom.xml` describes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Software {
    /// The folder it fills; holds the version, so that a new version is a new folder.
    pub(crate) folder: &'static str,
    /// Goal and execution of the plugin.
    goal: &'static str,
    /// `-C` refuses what has no checksum; `-c` only warns.
    checksums: &'static str,
}

/// The broker and its libraries.
pub(crate) const KAFKA: Software =
    Software { folder: "kafka-4.1.0", goal: "copy-dependencies@kafka", checksums: "-C" };
/// The schema registry.
pub(crate) const REGISTRY: Software =
    Software { folder: "apicurio-registry-2.6.13", goal: "unpack@registry", checksums: "-C" };
/// The older of the two supported lines.
pub(crate) const ELASTICSEARCH_8: Software =
    Software { folder: "elasticsearch-8.17.4", goal: "unpack@elasticsearch-8", checksums: "-C" };
/// The newer one; it is published without the checksums that Maven knows.
pub(crate) const ELASTICSEARCH_9: Software =
    Software { folder: "elasticsearch-9.1.0", goal: "unpack@elasticsearch-9", checksums: "-c" };

/// Fetches what the cache does not hold yet.
pub(crate) fn ensure(site: &Site, wanted: &[Software]) -> Result<()> {
    let _guard = site::lock(&site.cache.join("lock"))?;
    for software in wanted {
        if !site.cache.join(software.folder).exists() {
            fetch(site, *software)?;
        }
    }
    Ok(())
}

/// Fetches into a folder aside and moves the whole when it is complete.
fn fetch(site: &Site, software: Software) -> Result<()> {
    crate::say(format_args!("services: fetching {}", software.folder));
    let incoming = site.cache.join("incoming");
    process::run("rm", &["-rf".as_ref(), incoming.as_os_str()])?;
    let mut maven = Command::new("mvn");
    maven.args(["-q", "-B", software.checksums, "-f"]).arg(crate::checkout().join("xtask/services/pom.xml"));
    maven.arg(format!("-Dinto={}", incoming.display())).arg(format!("{PLUGIN}:{}", software.goal));
    process::finish(&mut maven).with_context(|| format!("fetching {}", software.folder))?;
    fs::rename(incoming.join(software.folder), site.cache.join(software.folder))
        .with_context(|| format!("keeping {}", software.folder))
}
