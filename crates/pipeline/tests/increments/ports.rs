//! Where a loop of a test keeps its data: in a folder, or on PostgreSQL and Elasticsearch beside it.

use std::sync::Arc;
use store::{ChangeLog, Organizations, Resolution};
use tempfile::TempDir;

/// Both sides of the organizations store.
pub(crate) trait DataProduct: Organizations + ChangeLog {}
impl<T: Organizations + ChangeLog> DataProduct for T {}

pub(crate) struct Ports {
    pub(crate) folder: TempDir,
    #[cfg(feature = "postgres")]
    servers: Option<Servers>,
}

/// What a test has on the servers.
#[cfg(feature = "postgres")]
struct Servers {
    postgres: String,
    elasticsearch: String,
    name: String,
}

#[cfg(feature = "postgres")]
const DATABASES: [&str; 2] = ["organizations", "resolution"];

impl Ports {
    pub(crate) fn embedded() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            #[cfg(feature = "postgres")]
            servers: None,
        }
    }

    /// Databases and an index of its own on the test servers, if there are any.
    #[cfg(not(feature = "postgres"))]
    #[expect(clippy::unused_async, reason = "built without PostgreSQL")]
    pub(crate) async fn servers() -> Option<Self> {
        println!("SKIPPED: built without the feature postgres");
        None
    }

    #[cfg(not(feature = "postgres"))]
    pub(crate) async fn remove(self) {}
}

#[cfg(feature = "postgres")]
impl Ports {
    /// Databases and an index of its own on the test servers, if there are any.
    pub(crate) async fn servers() -> Option<Self> {
        let servers = Servers {
            postgres: variable("ORGLOOP_TEST_POSTGRES_URL")?,
            elasticsearch: variable("ORGLOOP_TEST_ELASTICSEARCH_URL")?,
            name: uuid::Uuid::new_v4().simple().to_string(),
        };
        for database in DATABASES {
            servers.on_server(&format!("CREATE DATABASE {database}_{}", servers.name)).await;
        }
        Some(Self { folder: tempfile::tempdir().unwrap(), servers: Some(servers) })
    }

    pub(crate) async fn remove(self) {
        let Some(servers) = &self.servers else { return };
        for database in DATABASES {
            let drop = format!("DROP DATABASE IF EXISTS {database}_{} WITH (FORCE)", servers.name);
            servers.on_server(&drop).await;
        }
        let index = index::elasticsearch::ElasticIndex::connect(
            &servers.elasticsearch,
            index::elasticsearch::ElasticConfig::new(servers.alias()),
        );
        servers.drop_indexes(index.await.unwrap()).await;
    }
}

#[cfg(feature = "postgres")]
impl Servers {
    async fn on_server(&self, statement: &str) {
        use sqlx::Connection;
        let mut connection = sqlx::PgConnection::connect(&self.postgres).await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    }

    fn database(&self, which: &str) -> String {
        let (server, _) = self.postgres.rsplit_once('/').unwrap();
        format!("{server}/{which}_{}", self.name)
    }

    fn alias(&self) -> String {
        format!("increments-{}", self.name)
    }

    /// All generations but the one that a new connection makes.
    async fn drop_indexes(&self, index: index::elasticsearch::ElasticIndex) {
        use index::Index;
        index.generation("last").await.unwrap();
        index.switch_to("last").await.unwrap();
        for name in index.generations().await.unwrap() {
            if name != "last" {
                index.drop_generation(&name).await.unwrap();
            }
        }
    }
}

/// A server's address; its absence is said aloud, or fails where servers are required.
#[cfg(feature = "postgres")]
#[expect(clippy::disallowed_methods, reason = "tests find their servers in the environment")]
fn variable(name: &str) -> Option<String> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    if value.is_none() {
        let required = std::env::var("ORGLOOP_TEST_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
        assert!(!required, "{name} is not set, and servers are required");
        println!("SKIPPED: {name} is not set");
    }
    value
}

/// The stores and the index of a loop.
pub(crate) struct Opened {
    pub(crate) organizations: Arc<dyn DataProduct>,
    pub(crate) resolution: Arc<dyn Resolution>,
    pub(crate) index: Arc<dyn index::Index>,
}

impl Ports {
    pub(crate) async fn open(&self, model: (&str, &str)) -> Opened {
        #[cfg(feature = "postgres")]
        if let Some(servers) = &self.servers {
            let (organizations, resolution) =
                (servers.database("organizations"), servers.database("resolution"));
            let config = index::elasticsearch::ElasticConfig::new(servers.alias());
            let index = index::elasticsearch::ElasticIndex::connect(&servers.elasticsearch, config);
            return Opened {
                organizations: Arc::new(
                    store::postgres::OrganizationsStore::connect(&organizations).await.unwrap(),
                ),
                resolution: Arc::new(
                    store::postgres::ResolutionStore::connect(&resolution, model).await.unwrap(),
                ),
                index: Arc::new(index.await.unwrap()),
            };
        }
        let file = |name: &str| self.folder.path().join(name);
        let organizations = store::sqlite::OrganizationsStore::open(&file("organizations.db")).await;
        let resolution = store::sqlite::ResolutionStore::open(&file("resolution.db"), model).await;
        let index = index::sqlite::SqliteIndex::open(&file("index.db")).await;
        Opened {
            organizations: Arc::new(organizations.unwrap()),
            resolution: Arc::new(resolution.unwrap()),
            index: Arc::new(index.unwrap()),
        }
    }
}
