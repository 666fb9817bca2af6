//! The suite on real Elasticsearch servers: 8 under `ORGLOOP_TEST_ELASTICSEARCH_URL`, 9 under the same with `_9`.
#![cfg(feature = "elasticsearch")]
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail, and says what it skips")]

use async_trait::async_trait;
use elasticsearch::Elasticsearch;
use elasticsearch::http::transport::Transport;
use elasticsearch::indices::{IndicesCreateParts, IndicesDeleteParts, IndicesGetParts};
use index::Index;
use index::conformance::Bed;
use index::elasticsearch::{ElasticConfig, ElasticIndex};
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

struct Server {
    url: String,
    alias: String,
}

#[async_trait]
impl Bed for Server {
    async fn open(&self) -> Arc<dyn Index> {
        Arc::new(ElasticIndex::connect(&self.url, ElasticConfig::new(&self.alias)).await.unwrap())
    }

    async fn remove(self: Box<Self>) {
        let client = Elasticsearch::new(Transport::single_node(&self.url).unwrap());
        let pattern = format!("{}-*", self.alias);
        let found = client.indices().get(IndicesGetParts::Index(&[&pattern])).send().await.unwrap();
        let found: Value = found.json().await.unwrap();
        for index in found.as_object().unwrap().keys() {
            client.indices().delete(IndicesDeleteParts::Index(&[index])).send().await.unwrap();
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "tests find their servers in the environment")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A bed on the server of this variable; `None` says why.
fn bed(variable: &str, is_required: bool) -> Option<Server> {
    let Some(url) = setting(variable) else {
        let must = is_required && setting("ORGLOOP_TEST_REQUIRE_SERVERS").as_deref() == Some("1");
        assert!(!must, "{variable} is not set, and servers are required");
        println!("SKIPPED: {variable} is not set");
        return None;
    };
    Some(Server { url, alias: format!("test-{}", Uuid::new_v4().simple()) })
}

mod server_8 {
    use super::Bed;

    fn bed() -> Option<Box<dyn Bed>> {
        super::bed("ORGLOOP_TEST_ELASTICSEARCH_URL", true).map(|bed| Box::new(bed) as Box<dyn Bed>)
    }

    index::index_conformance!(bed());
}

mod server_9 {
    use super::Bed;

    // Version 9 needs a newer Java than the machine may have.
    fn bed() -> Option<Box<dyn Bed>> {
        super::bed("ORGLOOP_TEST_ELASTICSEARCH_URL_9", false).map(|bed| Box::new(bed) as Box<dyn Bed>)
    }

    index::index_conformance!(bed());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_processes_make_the_first_generation_at_once() {
    let Some(server) = bed("ORGLOOP_TEST_ELASTICSEARCH_URL", true) else { return };
    let opened = futures::future::join_all((0..8).map(|_| server.open())).await;
    for index in &opened {
        assert_eq!(index.count().await.unwrap(), 0);
    }
    Box::new(server).remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_of_another_mapping_is_refused() {
    let Some(server) = bed("ORGLOOP_TEST_ELASTICSEARCH_URL", true) else { return };
    let client = Elasticsearch::new(Transport::single_node(&server.url).unwrap());
    let name = format!("{}-first", server.alias);
    let mut aliases = serde_json::Map::new();
    aliases.insert(server.alias.clone(), serde_json::json!({}));
    let body = serde_json::json!({"aliases": aliases, "mappings": {"properties": {"id": {"type": "text"}}}});
    let made = client.indices().create(IndicesCreateParts::Index(&name)).body(body).send().await.unwrap();
    assert!(made.status_code().is_success());
    let refused = ElasticIndex::connect(&server.url, ElasticConfig::new(&server.alias)).await.unwrap_err();
    assert!(matches!(&refused, index::Error::Invalid(said) if said.contains(&name)), "{refused}");
    // One that fits is taken as often as it is opened.
    client.indices().delete(IndicesDeleteParts::Index(&[&name])).send().await.unwrap();
    for _ in 0..2 {
        server.open().await.generation("next").await.unwrap();
    }
    Box::new(server).remove().await;
}
