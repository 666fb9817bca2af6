//! The schema registry: Apicurio with the Confluent API, its schemas in a file.

use super::{
    account::Account,
    download, java, probe,
    server::{Ports, Server, port},
    site::Site,
};
use anyhow::{Context, Result, ensure};
use std::{fs, ops::RangeInclusive, process::Command};

const JAVA: RangeInclusive<u32> = 17..=99;

const PORT: &str = "registry";

/// The API that Confluent's clients speak.
const API: &str = "/apis/ccompat/v7";

/// The server.
#[derive(Debug)]
pub(crate) struct Registry;

impl Server for Registry {
    fn name(&self) -> &'static str {
        "registry"
    }

    fn ports(&self) -> &'static [(&'static str, u16)] {
        &[(PORT, 18081)]
    }

    fn prepare(&self, site: &Site, ports: &Ports) -> Result<Command> {
        let folder = site.home.join("registry");
        fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
        let software = site.cache.join(download::REGISTRY.folder);
        let mut command = Account::Own.server(&java::require(&JAVA)?.program());
        command.arg("-Xmx256m").arg(format!("-Dquarkus.http.port={}", port(ports, PORT)?));
        command.arg("-Dquarkus.http.host=127.0.0.1").arg("-jar");
        command.arg(software.join("apicurio-registry-app-2.6.13.Final-runner.jar"));
        // In memory it would forget the ids that the records in Kafka name.
        let schemas = format!("jdbc:h2:file:{}", folder.join("schemas").display());
        command.env("REGISTRY_DATASOURCE_URL", schemas);
        Ok(command)
    }

    fn ready(&self, _site: &Site, ports: &Ports) -> Result<()> {
        let subjects = probe::http_get(port(ports, PORT)?, &format!("{API}/subjects"))?;
        ensure!(subjects.starts_with('['), "no list of subjects");
        Ok(())
    }

    fn variable(&self, ports: &Ports) -> Result<(&'static str, String)> {
        Ok(("ORGLOOP_TEST_REGISTRY_URL", format!("http://127.0.0.1:{}{API}", port(ports, PORT)?)))
    }
}
