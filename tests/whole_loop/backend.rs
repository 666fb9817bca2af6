//! Where a deployment runs: on files in a folder, or on real servers with names of its own.

use events::EventLog;
use events::codec::Codec;
use events::registry::SchemaRegistry;
use events::topics::TopicNames;
use index::Index;
use sqlx::Connection;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{ChangeLog, Generations, Organizations, Resolution};
use tempfile::TempDir;

/// Which ports a body runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ports {
    Embedded,
    Real,
}

/// The surroundings of one test, gone when it ends.
pub(crate) struct Backend {
    pub(crate) folder: TempDir,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) names: TopicNames,
    /// Before the names of consumer groups.
    pub(crate) prefix: String,
    servers: Option<Servers>,
}

struct Servers {
    postgres: String,
    kafka: String,
    registry: String,
    elasticsearch: String,
    alias: String,
    databases: Vec<String>,
}

impl Backend {
    /// The backend, or `None` (said aloud) where the real servers are not there.
    pub(crate) async fn new(ports: Ports) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let servers = match ports {
            Ports::Embedded => None,
            Ports::Real => Some(Servers::find().await?),
        };
        let prefix = format!("test-{}.", uuid::Uuid::new_v4().simple());
        let mut backend =
            Self { folder, environment: Vec::new(), names: TopicNames::default(), prefix, servers };
        backend.describe();
        Some(backend)
    }

    /// The settings of every process, as environment.
    fn describe(&mut self) {
        let folder = self.folder.path().join("data").display().to_string();
        let mut set = vec![
            ("ORGLOOP_DATA_DIR".to_owned(), folder),
            ("ORGLOOP_LOG__LEVEL".to_owned(), "info".to_owned()),
            ("ORGLOOP_EVENTS__SESSION_TIMEOUT_MS".to_owned(), "6000".to_owned()),
            ("ORGLOOP_EVENTS__PARTITIONS".to_owned(), "3".to_owned()),
            ("ORGLOOP_EVENTS__GROUP_PREFIX".to_owned(), self.prefix.clone()),
        ];
        let copy = match &self.servers {
            None => "sqlite:copy.db".to_owned(),
            Some(servers) => {
                for (section, database) in [("ORGANIZATIONS", 0), ("RESOLUTION", 1)] {
                    set.push((format!("ORGLOOP_{section}__URL"), servers.database(database)));
                }
                set.push(("ORGLOOP_EVENTS__URL".into(), format!("kafka://{}", servers.kafka)));
                set.push(("ORGLOOP_EVENTS__REGISTRY_URL".into(), servers.registry.clone()));
                set.push(("ORGLOOP_INDEX__URL".into(), servers.elasticsearch.clone()));
                set.push(("ORGLOOP_INDEX__ALIAS".into(), servers.alias.clone()));
                for (key, name) in renamed(&mut self.names, &self.prefix) {
                    set.push((format!("ORGLOOP_TOPICS__{}", key.to_uppercase()), name));
                }
                servers.database(2)
            }
        };
        set.push(("ORGLOOP_SINKS".into(), format!("[{{name=\"copy\",url=\"{copy}\"}}]")));
        self.environment = set;
    }

    pub(crate) fn data(&self, file: &str) -> PathBuf {
        self.folder.path().join("data").join(file)
    }

    pub(crate) async fn organizations(&self) -> (Arc<dyn Organizations>, Arc<dyn ChangeLog>) {
        match &self.servers {
            None => {
                let file = self.data("organizations.db");
                let store = Arc::new(store::sqlite::OrganizationsStore::open(&file).await.unwrap());
                (Arc::<store::sqlite::OrganizationsStore>::clone(&store), store)
            }
            Some(servers) => {
                let url = servers.database(0);
                let store = Arc::new(store::postgres::OrganizationsStore::connect(&url).await.unwrap());
                (Arc::<store::postgres::OrganizationsStore>::clone(&store), store)
            }
        }
    }

    pub(crate) async fn resolution(&self) -> Arc<dyn Resolution> {
        let generations = self.generations().await;
        generations.of(generations.follow_live().await.unwrap())
    }

    /// The model of the live generation.
    pub(crate) async fn live_model(&self) -> scoring::Model {
        let generations = self.generations().await.list().await.unwrap();
        let live = generations.into_iter().find(|generation| generation.live).unwrap();
        scoring::Model::from_json(&live.model).unwrap()
    }

    async fn generations(&self) -> Arc<dyn Generations> {
        let model = (scoring::Model::shipped().version(), scoring::Model::shipped_text());
        match &self.servers {
            None => {
                let file = self.data("resolution.db");
                Arc::new(store::sqlite::ResolutionStore::open(&file, model).await.unwrap())
            }
            Some(servers) => Arc::new(
                store::postgres::ResolutionStore::connect(&servers.database(1), model).await.unwrap(),
            ),
        }
    }

    pub(crate) async fn log(&self) -> Arc<dyn EventLog> {
        match &self.servers {
            None => Arc::new(events::sqlite::SqliteLog::open(&self.data("events.db")).await.unwrap()),
            Some(servers) => {
                let config =
                    events::kafka::KafkaConfig { bootstrap: servers.kafka.clone(), properties: Vec::new() };
                Arc::new(events::kafka::KafkaLog::connect(config).unwrap())
            }
        }
    }

    pub(crate) async fn codec(&self) -> Codec {
        let registry: Arc<dyn SchemaRegistry> = match &self.servers {
            None => {
                let file = self.data("registry.db");
                Arc::new(events::registry::sqlite::SqliteRegistry::open(&file).await.unwrap())
            }
            Some(servers) => {
                Arc::new(events::registry::remote::RemoteRegistry::new(&servers.registry, None).unwrap())
            }
        };
        Codec::new(registry, self.names.clone())
    }

    pub(crate) async fn index(&self) -> Arc<dyn Index> {
        match &self.servers {
            None => Arc::new(index::sqlite::SqliteIndex::open(&self.data("index.db")).await.unwrap()),
            Some(servers) => {
                let config = index::elasticsearch::ElasticConfig::new(servers.alias.clone());
                let index = index::elasticsearch::ElasticIndex::connect(&servers.elasticsearch, config).await;
                Arc::new(index.unwrap())
            }
        }
    }

    /// Whether the SQL copy has no tables yet.
    pub(crate) fn copied_nothing_yet(&self) -> bool {
        self.servers.is_none() && !self.data("copy.db").exists()
    }

    /// The SQL copy's rows of one column, sorted, as text.
    pub(crate) async fn copied(
        &self,
        sqlite: &'static str,
        postgres: &'static str,
    ) -> Vec<(String, Option<String>)> {
        match &self.servers {
            None => {
                let url = format!("sqlite:{}?mode=ro", self.data("copy.db").display());
                let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
                sqlx::query_as(sqlite).fetch_all(&mut connection).await.unwrap()
            }
            Some(servers) => {
                let mut connection = sqlx::PgConnection::connect(&servers.database(2)).await.unwrap();
                sqlx::query_as(postgres).fetch_all(&mut connection).await.unwrap()
            }
        }
    }

    pub(crate) fn group(&self, stage: &str) -> String {
        format!("{}{stage}", self.prefix)
    }

    /// Removes what the test made on the servers.
    pub(crate) async fn clean(self) {
        let Some(servers) = &self.servers else { return };
        let mut connection = sqlx::PgConnection::connect(&servers.postgres).await.unwrap();
        for database in &servers.databases {
            let drop = format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)");
            let _ = sqlx::query(sqlx::AssertSqlSafe(drop)).execute(&mut connection).await;
        }
        let indexes = format!("{}/{}-*", servers.elasticsearch, servers.alias);
        let _ = reqwest::Client::new().delete(indexes).send().await;
    }
}

impl Servers {
    async fn find() -> Option<Self> {
        let postgres = variable("ORGLOOP_TEST_POSTGRES_URL")?;
        let kafka = variable("ORGLOOP_TEST_KAFKA")?;
        let registry = variable("ORGLOOP_TEST_REGISTRY_URL")?;
        let elasticsearch = variable("ORGLOOP_TEST_ELASTICSEARCH_URL")?;
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let databases: Vec<_> = ["organizations", "resolution", "copy"]
            .iter()
            .map(|part| format!("loop_{part}_{unique}"))
            .collect();
        let mut connection = sqlx::PgConnection::connect(&postgres).await.unwrap();
        for database in &databases {
            let create = format!("CREATE DATABASE {database}");
            sqlx::query(sqlx::AssertSqlSafe(create)).execute(&mut connection).await.unwrap();
        }
        let alias = format!("loop-{unique}");
        Some(Self { postgres, kafka, registry, elasticsearch, alias, databases })
    }

    fn database(&self, which: usize) -> String {
        let (server, _) = self.postgres.rsplit_once('/').unwrap();
        format!("{server}/{}", self.databases[which])
    }
}

/// A server's address; its absence is said aloud, or fails where servers are required.
#[expect(clippy::disallowed_methods, reason = "tests are told where the servers are")]
fn variable(name: &str) -> Option<String> {
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => Some(value),
        _ => {
            assert!(std::env::var("ORGLOOP_TEST_REQUIRE_SERVERS").is_err(), "{name} is not set");
            println!("SKIPPED: {name} is not set, so the whole loop is not run on real servers");
            None
        }
    }
}

/// Gives every topic a name of this test's own.
fn renamed(names: &mut TopicNames, prefix: &str) -> Vec<(&'static str, String)> {
    let mut renamed = Vec::new();
    for (key, name) in [
        ("record", &mut names.record),
        ("organization", &mut names.organization),
        ("location", &mut names.location),
        ("service", &mut names.service),
        ("merge", &mut names.merge),
        ("redirect", &mut names.redirect),
        ("duplicate_cluster", &mut names.duplicate_cluster),
        ("cluster_transition", &mut names.cluster_transition),
        ("parked", &mut names.parked),
        ("parked_retry", &mut names.parked_retry),
    ] {
        *name = format!("{prefix}{name}");
        renamed.push((key, name.clone()));
    }
    renamed
}

/// The data set beside the checkout, if it is there.
pub(crate) fn shared_data(path: &str) -> Option<PathBuf> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(path);
    if !file.exists() {
        println!("SKIPPED: {path} is not beside the checkout");
        return None;
    }
    Some(file)
}
