//! A server on an ephemeral port, its stores in a temporary folder, and what tests say to it.

use chrono::DateTime;
use entity::cluster::ExplanationLine;
use entity::{Cluster, ClusterId, ClusterMember, Organization, PairEvidence, Record, RecordId, StageState};
use events::EventLog;
use events::codec::Codec;
use events::registry::sqlite::SqliteRegistry;
use events::sqlite::SqliteLog;
use events::topics::TopicNames;
use index::sqlite::SqliteIndex;
use metrics_exporter_prometheus::PrometheusBuilder;
use reqwest::{Client, Method, RequestBuilder, StatusCode, redirect};
use serde_json::Value;
use service::access::{Access, AccessSettings};
use service::{DecisionWorker, Merging, Ports, RegistryRoutes, Stages};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use store::Credentials;
use store::sqlite::{OrganizationsStore, ResolutionStore};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};

pub(crate) struct Server {
    pub(crate) ports: Ports,
    pub(crate) base: String,
    pub(crate) stages: Arc<Mutex<BTreeMap<String, StageState>>>,
    pub(crate) credentials: Arc<dyn Credentials>,
    http: Client,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<tokio::task::JoinHandle<std::io::Result<()>>>,
    _dir: TempDir,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// A problem of this type, with the status that goes with it.
    #[track_caller]
    pub(crate) fn problem(self, status: u16, name: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.body["type"], format!("/problems/{name}"), "{}", answer.text);
        assert_eq!(answer.body["status"], status);
        for member in ["title", "detail"] {
            assert!(answer.body[member].as_str().is_some_and(|text| !text.is_empty()), "{}", answer.text);
        }
        answer
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn id(&self) -> String {
        self.body["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn etag(&self) -> String {
        self.header("etag").to_owned()
    }
}

impl Server {
    /// As it starts on one's own machine: open.
    pub(crate) async fn start() -> Self {
        Self::start_open(AccessSettings::default()).await
    }

    /// Open, with these settings.
    pub(crate) async fn start_open(settings: AccessSettings) -> Self {
        Self::start_with(|_| Access::open(settings).unwrap()).await
    }

    /// One that asks for credentials.
    pub(crate) async fn start_closed(settings: AccessSettings) -> Self {
        Self::start_with(|credentials| Access::closed(credentials, settings).unwrap()).await
    }

    async fn start_with(access: impl FnOnce(Arc<dyn Credentials>) -> Access) -> Self {
        let dir = TempDir::new().unwrap();
        let path = |name: &str| dir.path().join(name);
        let registry = Arc::new(SqliteRegistry::open(&path("registry.db")).await.unwrap());
        let codec = Arc::new(Codec::new(registry, TopicNames::default()));
        codec.prepare().await.unwrap();
        let log = SqliteLog::open(&path("events.db")).await.unwrap();
        log.create_topics(&TopicNames::default().specs(3)).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stages: Arc<Mutex<BTreeMap<String, StageState>>> = Arc::default();
        let board = Arc::clone(&stages);
        let organizations = Arc::new(OrganizationsStore::open(&path("organizations.db")).await.unwrap());
        let credentials: Arc<dyn Credentials> = Arc::<OrganizationsStore>::clone(&organizations);
        let access = access(Arc::clone(&credentials));
        let model = ("test-model", scoring::Model::shipped_text());
        let resolution = Arc::new(ResolutionStore::open(&path("resolution.db"), model).await.unwrap());
        let ports = Ports {
            organizations,
            resolution: Arc::<ResolutionStore>::clone(&resolution),
            generations: resolution,
            log: Arc::new(log),
            codec,
            index: Arc::new(SqliteIndex::open(&path("index.db")).await.unwrap()),
            stages: Stages::new(move || board.lock().unwrap().clone()),
            bell: Arc::new(Notify::new()),
            decided: Arc::new(Notify::new()),
            merging: Merging::default(),
            metrics: PrometheusBuilder::new().build_recorder().handle(),
            organizations_url: base.clone(),
            organizations_token: access.own_token(),
            access,
            registry: RegistryRoutes::Mounted,
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let router = service::router(ports.clone());
        let serving =
            tokio::spawn(service::serve(listener, router, async { stopped.await.unwrap_or_default() }));
        let http = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
        Self { ports, base, stages, http, credentials, stop: Some(stop), serving: Some(serving), _dir: dir }
    }

    /// A worker that runs until the returned sender is dropped or used.
    pub(crate) fn start_worker(&self) -> oneshot::Sender<()> {
        let (stop, stopped) = oneshot::channel::<()>();
        let worker = DecisionWorker::new(&self.ports);
        tokio::spawn(worker.run(async { stopped.await.unwrap_or_default() }));
        stop
    }

    /// A worker for batches of merges, as [`Server::start_worker`].
    pub(crate) fn start_merge_worker(&self) -> oneshot::Sender<()> {
        let (stop, stopped) = oneshot::channel::<()>();
        let worker = service::MergeWorker::new(&self.ports);
        tokio::spawn(worker.run(async { stopped.await.unwrap_or_default() }));
        stop
    }

    pub(crate) fn ask_stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    pub(crate) async fn ended(&mut self) {
        let serving = self.serving.take().unwrap();
        tokio::time::timeout(Duration::from_secs(5), serving).await.unwrap().unwrap().unwrap();
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method: Method = method.parse().unwrap();
        self.http.request(method, format!("{}{path}", self.base))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request("GET", path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request("POST", path).header("x-orgloop-user", "ana").json(body)).await
    }

    /// As somebody else than the usual caller.
    pub(crate) async fn post_as(&self, user: &str, path: &str, body: &Value) -> Answer {
        send(self.request("POST", path).header("x-orgloop-user", user).json(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, etag: &str, body: &Value) -> Answer {
        send(self.request("PATCH", path).header("if-match", etag).header("x-orgloop-user", "ana").json(body))
            .await
    }

    pub(crate) async fn delete(&self, path: &str, etag: &str) -> Answer {
        send(self.request("DELETE", path).header("if-match", etag)).await
    }

    /// A merge that cites a preview of itself, where there can be one.
    pub(crate) async fn merge(&self, key: &str, body: &Value) -> Answer {
        let mut body = body.clone();
        let mut asked = body.clone();
        for unasked in ["reason", "expected_versions", "preview_digest"] {
            asked.as_object_mut().unwrap().remove(unasked);
        }
        if let Some(absorbed) = asked.as_object_mut().unwrap().remove("absorbed") {
            asked["organizations"] = absorbed;
        }
        let preview = self.post("/v1/merge-previews", &asked).await;
        if preview.status == 200 {
            for (cited, shown) in [("preview_digest", "digest"), ("expected_versions", "expected_versions")] {
                if body.get(cited).is_none() {
                    body[cited] = preview.body[shown].clone();
                }
            }
        }
        self.merge_unseen(key, &body).await
    }

    /// A merge as it stands, with what it cites or does not.
    pub(crate) async fn merge_unseen(&self, key: &str, body: &Value) -> Answer {
        let request = self.request("POST", "/v1/merges").header("idempotency-key", key);
        send(request.header("x-orgloop-user", "ana").json(body)).await
    }

    pub(crate) async fn etag(&self, path: &str) -> String {
        self.get(path).await.expect(200).etag()
    }

    /// A record as an import writes it.
    pub(crate) async fn import(&self, source_id: &str, organization: Organization) -> RecordId {
        let id = RecordId(entity::id::derive("city", "organization", source_id));
        let record = Record {
            id,
            source: "city".into(),
            source_id: source_id.into(),
            created_at: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
            organization,
        };
        self.ports.organizations.upsert(vec![record]).await.unwrap();
        id
    }

    pub(crate) async fn import_named(&self, source_id: &str, name: &str) -> RecordId {
        self.import(source_id, Organization { name: Some(name.into()), ..Organization::default() }).await
    }

    /// A cluster of these records, each its own golden record, as the resolver writes it.
    pub(crate) async fn cluster(&self, members: &[RecordId], probability: f64) -> ClusterId {
        let cluster = cluster(members, probability);
        self.ports.resolution.apply_clusters(std::slice::from_ref(&cluster), &[], &[]).await.unwrap();
        cluster.id
    }
}

pub(crate) fn cluster(members: &[RecordId], probability: f64) -> Cluster {
    let line = |comparison: &str, level: &str, weight| ExplanationLine {
        comparison: comparison.into(),
        level: level.into(),
        weight,
    };
    let mut pairs = Vec::new();
    for (number, left) in members.iter().enumerate() {
        for right in &members[number + 1..] {
            pairs.push(PairEvidence {
                left: *left.min(right),
                right: *left.max(right),
                match_weight: 3.5,
                probability,
                explanation: vec![
                    line("name", "same", 8.0),
                    line("phone", "different", -0.5),
                    line("prior", "from 2^10 records", -4.0),
                ],
            });
        }
    }
    let member = |id: &RecordId| ClusterMember { record_id: *id, organization_id: (*id).into(), probability };
    Cluster {
        id: ClusterId(entity::id::derive("test", "cluster", &members[0].to_string())),
        members: members.iter().map(member).collect(),
        probability,
        pairs,
        model_version: "test-model".into(),
    }
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    Answer { status, headers, body: serde_json::from_str(&text).unwrap_or_default(), text }
}

/// Looks until there is something to see, for ten seconds at most.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let began = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "waited in vain for: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
