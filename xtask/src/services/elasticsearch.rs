//! Elasticsearch, one node without security, in its two supported lines.

use super::{
    download::{self, Software},
    java, probe,
    server::{Ports, Server, port},
    site::Site,
};
use anyhow::{Context, Result, ensure};
use std::{fs, ops::RangeInclusive, process::Command};

/// Elasticsearch 8.17 needs the security manager, which Java 24 took away.
pub(crate) const JAVA_8: RangeInclusive<u32> = 17..=23;
/// What Elasticsearch 9.1 starts with.
pub(crate) const JAVA_9: RangeInclusive<u32> = 21..=99;

/// One of the two lines.
#[derive(Debug)]
pub(crate) struct Elasticsearch {
    name: &'static str,
    ports: &'static [(&'static str, u16)],
    variable: &'static str,
    software: Software,
    java: RangeInclusive<u32>,
}

impl Elasticsearch {
    /// The line that every machine can run.
    pub(crate) fn line_8() -> Self {
        Self {
            name: "elasticsearch",
            ports: &[("elasticsearch", 19200), ("elasticsearch-transport", 19300)],
            variable: "ORGLOOP_TEST_ELASTICSEARCH_URL",
            software: download::ELASTICSEARCH_8,
            java: JAVA_8,
        }
    }

    /// The line that wants a newer Java.
    pub(crate) fn line_9() -> Self {
        Self {
            name: "elasticsearch-9",
            ports: &[("elasticsearch-9", 19209), ("elasticsearch-9-transport", 19309)],
            variable: "ORGLOOP_TEST_ELASTICSEARCH_URL_9",
            software: download::ELASTICSEARCH_9,
            java: JAVA_9,
        }
    }
}

impl Server for Elasticsearch {
    fn name(&self) -> &'static str {
        self.name
    }

    fn ports(&self) -> &'static [(&'static str, u16)] {
        self.ports
    }

    fn prepare(&self, site: &Site, ports: &Ports) -> Result<Command> {
        let account = site.account()?;
        let software = site.software(self.software.folder, &account)?;
        let data = site.home.join(self.name);
        fs::create_dir_all(&data).with_context(|| format!("creating {}", data.display()))?;
        account.give(&data)?;
        let settings = software.join("config/elasticsearch.yml");
        let lines = format!(
            "\
cluster.name: orgloop
discovery.type: single-node
xpack.security.enabled: false
http.host: 127.0.0.1
http.port: {}
transport.host: 127.0.0.1
transport.port: {}
path.data: {}
# A full disk of a developer must not turn the indexes read-only.
cluster.routing.allocation.disk.threshold_enabled: false
",
            port(ports, self.ports[0].0)?,
            port(ports, self.ports[1].0)?,
            data.display()
        );
        fs::write(&settings, lines).with_context(|| format!("writing {}", settings.display()))?;
        let mut command = account.server(&software.join("bin/elasticsearch"));
        command.env("ES_JAVA_HOME", java::require(&self.java)?.home).env_remove("JAVA_HOME");
        command.env("ES_JAVA_OPTS", "-Xms512m -Xmx512m").env("HOME", &software);
        Ok(command)
    }

    fn ready(&self, _site: &Site, ports: &Ports) -> Result<()> {
        let health = "/_cluster/health?wait_for_status=yellow&timeout=2s";
        let said = probe::http_get(port(ports, self.ports[0].0)?, health)?;
        ensure!(said.contains("\"timed_out\":false"), "the cluster is not yellow yet: {said}");
        Ok(())
    }

    fn variable(&self, ports: &Ports) -> Result<(&'static str, String)> {
        Ok((self.variable, format!("http://127.0.0.1:{}", port(ports, self.ports[0].0)?)))
    }
}
