//! Settings: `orgloop.toml`, then environment, then flags.
//!
//! Every key of the file is `ORGLOOP_SECTION__KEY` in the environment; `ORGLOOP_DATA_DIR` and `ORGLOOP_LISTEN`
//! stand for the two that have no section.

use anyhow::Context;
use events::topics::{PARTITIONS_DEFAULT, Product, TopicNames};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};
use service::access::{AccessSettings, Secret};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file that is read when it is there and no other is named.
const FILE: &str = "orgloop.toml";

/// All settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Where the embedded files stand.
    pub(crate) data_dir: PathBuf,
    /// Where the service listens.
    pub(crate) listen: String,
    pub(crate) organizations: StoreSettings,
    pub(crate) resolution: StoreSettings,
    pub(crate) events: EventSettings,
    pub(crate) index: IndexSettings,
    pub(crate) poller: PollerSettings,
    pub(crate) indexer: StageSettings,
    pub(crate) scorer: StageSettings,
    pub(crate) resolver: ResolverSettings,
    pub(crate) service: ServiceSettings,
    /// Who may do what.
    pub(crate) access: AccessSettings,
    #[serde(default)]
    pub(crate) sinks: Vec<SinkSettings>,
    #[serde(default)]
    pub(crate) topics: TopicNames,
    pub(crate) log: LogSettings,
}

/// A store: `sqlite:FILE` (relative to the data folder) or `postgres://…`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoreSettings {
    pub(crate) url: String,
}

/// The event log: `sqlite:FILE` or `kafka://HOST:PORT,HOST:PORT`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventSettings {
    pub(crate) url: String,
    /// A Confluent-compatible registry; empty for the embedded one.
    pub(crate) registry_url: String,
    pub(crate) registry_user: String,
    pub(crate) registry_password: String,
    /// Partitions of topics that are yet to be created.
    pub(crate) partitions: i32,
    /// Further properties of the Kafka client, such as `security.protocol`.
    pub(crate) properties: BTreeMap<String, String>,
    /// Before the name of each consumer group: two deployments on one Kafka need two prefixes.
    pub(crate) group_prefix: String,
    /// A member of a group that is silent for longer loses its partitions.
    pub(crate) session_timeout_ms: u64,
}

/// The index: `sqlite:FILE` or `http(s)://HOST:PORT`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IndexSettings {
    pub(crate) url: String,
    /// The name that readers use on Elasticsearch.
    pub(crate) alias: String,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) shards: u32,
    pub(crate) replicas: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PollerSettings {
    pub(crate) poll_interval_ms: u64,
    /// Rows of the change log in a batch.
    pub(crate) batch_size_max: usize,
    /// Which products are published: `record`, `organization`, `location`, `service`, `merge`, `redirect`.
    pub(crate) products: Vec<Product>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StageSettings {
    /// Events, or records, in a batch.
    pub(crate) batch_size_max: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResolverSettings {
    /// Records in a batch.
    pub(crate) batch_size_max: usize,
    /// How long the store tells what became of clusters.
    pub(crate) transitions_kept_days: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceSettings {
    /// Where the review side reaches the organizations port; empty for this process's own.
    pub(crate) organizations_url: String,
    /// A merge of more members than this waits for the approval of a second person.
    pub(crate) merge_members_max_alone: usize,
    /// The token by which another process's port knows the review; empty for this process's own port.
    pub(crate) organizations_token: Secret,
}

/// A SQL copy of the clean topics.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SinkSettings {
    /// Its name: part of its consumer group and of its metrics.
    pub(crate) name: String,
    /// `sqlite:FILE` or `postgres://…`.
    pub(crate) url: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogSettings {
    /// A level, or a filter such as `info,pipeline=debug`.
    pub(crate) level: String,
    pub(crate) format: LogFormat,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// What holds where nothing else is said.
fn defaults() -> serde_json::Value {
    serde_json::json!({
        "data_dir": "orgloop-data",
        "listen": "127.0.0.1:8080",
        "organizations": StoreSettings { url: "sqlite:organizations.db".into() },
        "resolution": StoreSettings { url: "sqlite:resolution.db".into() },
        "events": EventSettings {
            url: "sqlite:events.db".into(),
            registry_url: String::new(),
            registry_user: String::new(),
            registry_password: String::new(),
            partitions: PARTITIONS_DEFAULT,
            properties: BTreeMap::new(),
            group_prefix: "orgloop.".into(),
            session_timeout_ms: 10_000,
        },
        "index": IndexSettings {
            url: "sqlite:index.db".into(),
            alias: "organizations".into(),
            user: String::new(),
            password: String::new(),
            shards: 1,
            replicas: 0,
        },
        "poller": PollerSettings {
            poll_interval_ms: 20,
            batch_size_max: 5000,
            products: pipeline::poller::Published::ALL.to_vec(),
        },
        "indexer": StageSettings { batch_size_max: 1000 },
        "scorer": StageSettings { batch_size_max: 1000 },
        "resolver": ResolverSettings { batch_size_max: 1000, transitions_kept_days: 90 },
        "service": ServiceSettings {
            organizations_url: String::new(),
            organizations_token: Secret::default(),
            merge_members_max_alone: 20,
        },
        "access": AccessSettings::default(),
        "log": LogSettings { level: "info".into(), format: LogFormat::Text },
    })
}

/// What the command line says above file and environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) listen: Option<String>,
}

/// Reads the settings.
pub(crate) fn read(file: Option<&Path>, overrides: &Overrides) -> anyhow::Result<Config> {
    let mut figment = Figment::from(Serialized::defaults(defaults()));
    figment = match file {
        Some(file) => {
            anyhow::ensure!(file.exists(), "there is no file {}", file.display());
            figment.merge(Toml::file_exact(file))
        }
        None if Path::new(FILE).exists() => figment.merge(Toml::file_exact(FILE)),
        None => figment,
    };
    figment = figment.merge(Env::prefixed("ORGLOOP_").filter(|key| !key.starts_with("test_")).split("__"));
    if let Some(data_dir) = &overrides.data_dir {
        figment = figment.merge(("data_dir", data_dir));
    }
    if let Some(listen) = &overrides.listen {
        figment = figment.merge(("listen", listen));
    }
    figment.extract().context("the settings are not right")
}
