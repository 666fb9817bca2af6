//! The log on a real Kafka: the suite of all logs.

use async_trait::async_trait;
use events::EventLog;
use events::conformance::Backend;
use events::kafka::{KafkaConfig, KafkaLog};
use std::sync::Arc;

/// A real cluster.
struct Cluster {
    bootstrap: String,
}

#[async_trait]
impl Backend for Cluster {
    async fn log(&self) -> Arc<dyn EventLog> {
        let properties = vec![("session.timeout.ms".to_owned(), "3000".to_owned())];
        let config = KafkaConfig { bootstrap: self.bootstrap.clone(), properties };
        Arc::new(KafkaLog::connect(config).expect("the clients are made"))
    }
}

#[expect(clippy::disallowed_methods, reason = "tests find their servers in the environment")]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn cluster() -> Option<Cluster> {
    let bootstrap = std::env::var("ORGLOOP_TEST_KAFKA").ok();
    if bootstrap.is_none() {
        let required = std::env::var("ORGLOOP_TEST_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
        assert!(!required, "ORGLOOP_TEST_KAFKA is not set");
        println!("SKIPPED: ORGLOOP_TEST_KAFKA (host:port) is not set");
    }
    bootstrap.map(|bootstrap| Cluster { bootstrap })
}

events::conformance_tests!(cluster());
