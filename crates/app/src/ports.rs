//! The ports, opened by their URLs: the only place that knows which adapter is in use.

use crate::config::{Config, IndexSettings, SinkSettings};
use anyhow::{Context, bail};
use events::EventLog;
use events::codec::Codec;
use events::registry::SchemaRegistry;
use events::sqlite::{SqliteLog, SqliteLogOptions};
use index::Index;
use pipeline::Publisher;
use pipeline::parked::Parking;
use scoring::Model;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use store::{ChangeLog, Credentials, Generations, Organizations, Resolution};

/// What `sqlite:FILE` names, within the data folder unless it is absolute.
fn sqlite_file(config: &Config, url: &str) -> Option<PathBuf> {
    let file = url.strip_prefix("sqlite:")?;
    let file = file.strip_prefix("//").unwrap_or(file);
    Some(config.data_dir.join(file))
}

fn unknown(setting: &str, url: &str, known: &str) -> anyhow::Error {
    let scheme = url.split(':').next().unwrap_or_default();
    anyhow::anyhow!("{setting} begins with {scheme}:, which is not known here: use {known}")
}

fn make_data_dir(config: &Config) -> anyhow::Result<()> {
    std::fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("making the data folder {}", config.data_dir.display()))
}

/// Both sides of the organizations database.
#[derive(Clone, Debug)]
pub(crate) struct OrganizationsPorts {
    pub(crate) organizations: Arc<dyn Organizations>,
    pub(crate) changes: Arc<dyn ChangeLog>,
    pub(crate) credentials: Arc<dyn Credentials>,
}

pub(crate) async fn organizations(config: &Config) -> anyhow::Result<OrganizationsPorts> {
    let url = &config.organizations.url;
    if let Some(file) = sqlite_file(config, url) {
        make_data_dir(config)?;
        let store = Arc::new(store::sqlite::OrganizationsStore::open(&file).await?);
        return Ok(OrganizationsPorts {
            organizations: Arc::<store::sqlite::OrganizationsStore>::clone(&store),
            credentials: Arc::<store::sqlite::OrganizationsStore>::clone(&store),
            changes: store,
        });
    }
    #[cfg(feature = "postgres")]
    if url.starts_with("postgres") {
        let store = Arc::new(store::postgres::OrganizationsStore::connect(url).await?);
        return Ok(OrganizationsPorts {
            organizations: Arc::<store::postgres::OrganizationsStore>::clone(&store),
            credentials: Arc::<store::postgres::OrganizationsStore>::clone(&store),
            changes: store,
        });
    }
    bail!(unknown("organizations.url", url, "sqlite: or postgres:"))
}

/// The resolution database: its generations, and the store of the one that is live.
#[derive(Clone, Debug)]
pub(crate) struct ResolutionPorts {
    pub(crate) generations: Arc<dyn Generations>,
    pub(crate) live: Arc<dyn Resolution>,
}

/// Opens the resolution database; a new one begins with the shipped model.
pub(crate) async fn resolution(config: &Config) -> anyhow::Result<ResolutionPorts> {
    let url = &config.resolution.url;
    let first = (Model::shipped().version(), Model::shipped_text());
    if let Some(file) = sqlite_file(config, url) {
        make_data_dir(config)?;
        let store = Arc::new(store::sqlite::ResolutionStore::open(&file, first).await?);
        return Ok(ResolutionPorts {
            generations: Arc::<store::sqlite::ResolutionStore>::clone(&store),
            live: store,
        });
    }
    #[cfg(feature = "postgres")]
    if url.starts_with("postgres") {
        let store = Arc::new(store::postgres::ResolutionStore::connect(url, first).await?);
        return Ok(ResolutionPorts {
            generations: Arc::<store::postgres::ResolutionStore>::clone(&store),
            live: store,
        });
    }
    bail!(unknown("resolution.url", url, "sqlite: or postgres:"))
}

pub(crate) async fn index(config: &Config) -> anyhow::Result<Arc<dyn Index>> {
    let url = &config.index.url;
    if let Some(file) = sqlite_file(config, url) {
        make_data_dir(config)?;
        return Ok(Arc::new(index::sqlite::SqliteIndex::open(&file).await?));
    }
    #[cfg(feature = "elasticsearch")]
    if url.starts_with("http") {
        return Ok(Arc::new(elastic(url, &config.index).await?));
    }
    bail!(unknown("index.url", url, "sqlite:, http: or https:"))
}

#[cfg(feature = "elasticsearch")]
async fn elastic(url: &str, settings: &IndexSettings) -> anyhow::Result<index::elasticsearch::ElasticIndex> {
    use index::elasticsearch::{Credentials, ElasticConfig, ElasticIndex};
    let mut elastic = ElasticConfig::new(settings.alias.clone());
    elastic.shards = settings.shards;
    elastic.replicas = settings.replicas;
    if !settings.user.is_empty() {
        let (user, password) = (settings.user.clone(), settings.password.clone());
        elastic.credentials = Some(Credentials::Basic { user, password });
    }
    Ok(ElasticIndex::connect(url, elastic).await?)
}

/// Whose registry keeps the schemas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RegistryHome {
    /// Ours: the service answers its REST calls.
    Embedded,
    /// Another server's.
    Remote,
}

/// The topics, with everything that writing and reading them takes.
#[derive(Clone, Debug)]
pub(crate) struct Topics {
    pub(crate) log: Arc<dyn EventLog>,
    /// The embedded log, which has itself kept small.
    pub(crate) embedded: Option<SqliteLog>,
    pub(crate) codec: Arc<Codec>,
    pub(crate) registry_home: RegistryHome,
    pub(crate) parking: Parking,
}

impl Topics {
    /// Creates the topics and registers their schemas; an incompatible schema ends the start.
    pub(crate) async fn prepare(&self, config: &Config) -> anyhow::Result<()> {
        self.log.create_topics(&config.topics.specs(config.events.partitions)).await?;
        self.codec.prepare().await.context("registering the schemas of the topics")
    }

    pub(crate) async fn publisher(&self, source: &str) -> anyhow::Result<Publisher> {
        Ok(Publisher::new(Arc::clone(&self.log), Arc::clone(&self.codec), source).await?)
    }
}

/// Opens the log and the registry.
pub(crate) async fn topics(config: &Config) -> anyhow::Result<Topics> {
    let (log, embedded) = event_log(config).await?;
    let (registry, registry_home) = registry(config).await?;
    let codec = Arc::new(Codec::new(registry, config.topics.clone()));
    let parking = Parking::new(Arc::clone(&log), &codec);
    Ok(Topics { log, embedded, codec, registry_home, parking })
}

async fn event_log(config: &Config) -> anyhow::Result<(Arc<dyn EventLog>, Option<SqliteLog>)> {
    let settings = &config.events;
    let session_timeout = Duration::from_millis(settings.session_timeout_ms);
    if let Some(file) = sqlite_file(config, &settings.url) {
        make_data_dir(config)?;
        let options = SqliteLogOptions { session_timeout, ..SqliteLogOptions::default() };
        let log = SqliteLog::open_with(&file, options).await?;
        return Ok((Arc::new(log.clone()), Some(log)));
    }
    #[cfg(feature = "kafka")]
    if let Some(bootstrap) = settings.url.strip_prefix("kafka://") {
        let mut properties: Vec<_> = settings.properties.clone().into_iter().collect();
        properties.push(("session.timeout.ms".into(), settings.session_timeout_ms.to_string()));
        let kafka =
            events::kafka::KafkaConfig { bootstrap: bootstrap.trim_end_matches('/').into(), properties };
        return Ok((Arc::new(events::kafka::KafkaLog::connect(kafka)?), None));
    }
    bail!(unknown("events.url", &settings.url, "sqlite: or kafka:"))
}

async fn registry(config: &Config) -> anyhow::Result<(Arc<dyn SchemaRegistry>, RegistryHome)> {
    let settings = &config.events;
    if settings.registry_url.is_empty() {
        make_data_dir(config)?;
        let file = config.data_dir.join("registry.db");
        let registry = events::registry::sqlite::SqliteRegistry::open(&file).await?;
        return Ok((Arc::new(registry), RegistryHome::Embedded));
    }
    #[cfg(feature = "kafka")]
    {
        use events::registry::remote::{Credentials, RemoteRegistry};
        let (username, password) = (settings.registry_user.clone(), settings.registry_password.clone());
        let credentials = (!username.is_empty()).then_some(Credentials { username, password });
        Ok((Arc::new(RemoteRegistry::new(&settings.registry_url, credentials)?), RegistryHome::Remote))
    }
    #[cfg(not(feature = "kafka"))]
    bail!("events.registry_url needs a build with the feature kafka")
}

/// A SQL copy of the clean topics.
#[derive(Debug)]
pub(crate) enum SqlCopy {
    Sqlite(pipeline::sink::sqlite::SqlCopy),
    #[cfg(feature = "postgres")]
    Postgres(pipeline::sink::postgres::SqlCopy),
}

pub(crate) async fn sql_copy(
    config: &Config,
    sink: &SinkSettings,
    codec: Arc<Codec>,
) -> anyhow::Result<SqlCopy> {
    let opening = || format!("opening the sink {}", sink.name);
    if let Some(file) = sqlite_file(config, &sink.url) {
        make_data_dir(config)?;
        return Ok(SqlCopy::Sqlite(
            pipeline::sink::sqlite::SqlCopy::open(&file, codec).await.with_context(opening)?,
        ));
    }
    #[cfg(feature = "postgres")]
    if sink.url.starts_with("postgres") {
        let copy = pipeline::sink::postgres::SqlCopy::connect(&sink.url, codec).await;
        return Ok(SqlCopy::Postgres(copy.with_context(opening)?));
    }
    bail!(unknown("a sink's url", &sink.url, "sqlite: or postgres:"))
}
