//! Apache Kafka: one node that is broker and controller (`KRaft`).

use super::{
    account::Account,
    download, java, probe, process,
    server::{Ports, Server, port},
    site::Site,
};
use anyhow::{Context, Result};
use std::{fs, ops::RangeInclusive, path::Path, process::Command};

const JAVA: RangeInclusive<u32> = 17..=99;

const PORT: &str = "kafka";
const CONTROLLER_PORT: &str = "kafka-controller";

/// The server.
#[derive(Debug)]
pub(crate) struct Kafka;

impl Server for Kafka {
    fn name(&self) -> &'static str {
        "kafka"
    }

    fn ports(&self) -> &'static [(&'static str, u16)] {
        &[(PORT, 19092), (CONTROLLER_PORT, 19192)]
    }

    fn prepare(&self, site: &Site, ports: &Ports) -> Result<Command> {
        let folder = site.home.join("kafka");
        fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
        let settings = folder.join("server.properties");
        fs::write(&settings, properties(&folder, port(ports, PORT)?, port(ports, CONTROLLER_PORT)?))
            .with_context(|| format!("writing {}", settings.display()))?;
        format(site, &settings)?;
        let mut command = Account::Own.server(&java::require(&JAVA)?.program());
        command.args(["-Xmx512m", "-XX:+UseG1GC"]).args(class_path(site)).arg("kafka.Kafka").arg(settings);
        Ok(command)
    }

    fn ready(&self, _site: &Site, ports: &Ports) -> Result<()> {
        probe::kafka_metadata(port(ports, PORT)?)
    }

    fn variable(&self, ports: &Ports) -> Result<(&'static str, String)> {
        Ok(("ORGLOOP_TEST_KAFKA", format!("127.0.0.1:{}", port(ports, PORT)?)))
    }
}

/// Gives the storage its identity; storage that has one stays as it is.
fn format(site: &Site, settings: &Path) -> Result<()> {
    let java = java::require(&JAVA)?.program();
    let tool = |arguments: &[&str]| {
        let mut command = Command::new(&java);
        process::finish(command.args(class_path(site)).arg("kafka.tools.StorageTool").args(arguments))
    };
    if site.home.join("kafka/data/meta.properties").exists() {
        return Ok(());
    }
    let said = tool(&["random-uuid"])?;
    let cluster = said.lines().last().context("no cluster id was made")?;
    tool(&["format", "--ignore-formatted", "-t", cluster, "-c", &settings.to_string_lossy()]).map(|_| ())
}

fn class_path(site: &Site) -> [String; 3] {
    [
        format!(
            "-Dlog4j2.configurationFile={}/xtask/services/log4j2.properties",
            crate::checkout().display()
        ),
        "-cp".to_owned(),
        format!("{}/*", site.cache.join(download::KAFKA.folder).display()),
    ]
}

/// A single node, quick to share out partitions and to notice a dead member.
fn properties(folder: &Path, port: u16, controller_port: u16) -> String {
    let data = folder.join("data");
    format!(
        "\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=33554432
log.cleaner.backoff.ms=1000
",
        data = data.display()
    )
}
