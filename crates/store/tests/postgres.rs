//! The stores on a real PostgreSQL: the suite of all stores, and what only many writers at once can show.

use async_trait::async_trait;
use sample::record;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use std::str::FromStr;
use std::sync::Arc;
use store::conformance::{Backend, DataProduct};
use store::postgres::{OrganizationsStore, ResolutionStore};
use store::{Generations, Resolution};
use uuid::Uuid;

#[path = "postgres/history.rs"]
mod history;
#[path = "postgres/late_commit.rs"]
mod late_commit;
#[path = "postgres/plans.rs"]
mod plans;
#[path = "postgres/rights.rs"]
mod rights;
#[path = "sample/record.rs"]
mod sample;
#[path = "postgres/truncate.rs"]
mod truncate;

/// Two databases on the test server, of one test.
struct Server {
    /// The server's URL, without the name of a database.
    url: String,
    name: String,
}

const KINDS: [&str; 2] = ["organizations", "resolution"];

impl Server {
    /// `None`, said aloud, where no server was named.
    async fn fresh() -> Option<Self> {
        let admin_url = url_from_environment()?;
        let (url, _) = admin_url.rsplit_once('/').expect("a URL ends in the name of a database");
        let server = Self { url: url.to_owned(), name: format!("orgloop_test_{}", Uuid::now_v7().simple()) };
        let mut admin = connect(&admin_url).await;
        for kind in KINDS {
            run(&mut admin, &format!("CREATE DATABASE {}_{kind}", server.name)).await.expect("created");
        }
        Some(server)
    }

    fn url_of(&self, kind: &str) -> String {
        format!("{}/{}_{kind}", self.url, self.name)
    }

    async fn store(&self) -> OrganizationsStore {
        OrganizationsStore::connect(&self.url_of("organizations")).await.expect("the store opens")
    }

    /// A connection of somebody else's program.
    async fn stranger(&self) -> PgConnection {
        connect(&self.url_of("organizations")).await
    }

    async fn drop_databases(&self) {
        let mut admin = connect(&url_from_environment().expect("it was there")).await;
        for kind in KINDS {
            let drop = format!("DROP DATABASE IF EXISTS {}_{kind} WITH (FORCE)", self.name);
            run(&mut admin, &drop).await.expect("dropped");
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests find the real servers through the environment, and say aloud what they skip"
)]
fn url_from_environment() -> Option<String> {
    let url = std::env::var("ORGLOOP_TEST_POSTGRES_URL").ok();
    if url.is_none() {
        let required = std::env::var("ORGLOOP_TEST_REQUIRE_SERVERS").is_ok_and(|required| required == "1");
        assert!(!required, "ORGLOOP_TEST_POSTGRES_URL is not set, and servers are required");
        println!("SKIPPED: ORGLOOP_TEST_POSTGRES_URL is not set");
    }
    url
}

async fn connect(url: &str) -> PgConnection {
    let options = sqlx::postgres::PgConnectOptions::from_str(url).expect("the test server's URL is right");
    options.connect().await.expect("the test server answers")
}

async fn run(connection: &mut PgConnection, statement: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(connection).await.map(drop)
}

#[async_trait]
impl Backend for Server {
    async fn organizations(&self) -> Arc<dyn DataProduct> {
        Arc::new(self.store().await)
    }

    async fn resolution(&self, model_version: &str) -> Arc<dyn Resolution> {
        let url = self.url_of("resolution");
        let store = ResolutionStore::connect(&url, (model_version, "")).await.expect("the store opens");
        let generation = store.stage(model_version, "").await.expect("staged");
        store.of(generation.id)
    }

    async fn generations(&self) -> Arc<dyn Generations> {
        let url = self.url_of("resolution");
        Arc::new(ResolutionStore::connect(&url, ("one", "")).await.expect("the store opens"))
    }

    async fn run(&self, statements: &[String]) -> Result<(), sqlx::Error> {
        let mut connection = self.stranger().await;
        let mut transaction = connection.begin().await?;
        for statement in statements {
            run(&mut transaction, statement).await?;
        }
        transaction.commit().await
    }

    fn literal(&self, id: Uuid) -> String {
        format!("'{id}'::uuid")
    }

    async fn remove(self: Box<Self>) {
        self.drop_databases().await;
    }
}

async fn server() -> Option<Box<dyn Backend>> {
    Some(Box::new(Server::fresh().await?))
}

store::conformance_tests!(server().await);

/// Runs a test on databases of its own and takes them away, however it ends.
async fn on_a_server<F: AsyncFnOnce(&Server)>(test: F) {
    use futures::FutureExt as _;
    if let Some(server) = Server::fresh().await {
        let outcome = std::panic::AssertUnwindSafe(test(&server)).catch_unwind().await;
        server.drop_databases().await;
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    }
}

/// Reads the log to its end.
async fn read_on(
    store: &OrganizationsStore,
    position: &mut Option<String>,
    rows_max: usize,
) -> Vec<store::ChangeRow> {
    use store::ChangeLog as _;
    let mut rows = Vec::new();
    loop {
        let capture = store.capture(position.as_deref(), rows_max).await.expect("the log is read");
        *position = Some(capture.next);
        rows.extend(capture.rows);
        if !capture.more {
            return rows;
        }
    }
}
