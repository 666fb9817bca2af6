//! Fifty reviewers at once on overlapping clusters, and `kill -9` of the service in their midst: each asks again until
//! there is an answer, and at the end no merge is lost, doubled or half.

use crate::backend::Ports;
use crate::deployment::{Deployment, PATIENCE};
use entity::{MergeId, RecordId};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};
use store::link_log::replay;

const OTHERS: &str = "poller,indexer,scorer,resolver,sink";
const REVIEWERS: usize = 50;
const ROUNDS: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn while_the_service_is_killed_embedded() {
    killed(Deployment::start(Ports::Embedded, &[OTHERS, "service"]).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_service_is_killed_on_real_servers() {
    if let Some(deployment) = Deployment::start(Ports::Real, &[OTHERS, "service"]).await {
        killed(deployment).await;
    }
}

/// Where all reviewers sit.
#[derive(Debug)]
struct Hall {
    /// Of the service, which has another after each start.
    url: RwLock<String>,
    client: Client,
    answered: AtomicUsize,
    organizations: Vec<String>,
    clusters: Vec<String>,
}

/// What a reviewer was told.
#[derive(Debug, Default)]
struct Told {
    /// Merges that were made, and whether they were taken back.
    merges: BTreeMap<MergeId, bool>,
    decisions: BTreeSet<String>,
}

impl Hall {
    /// Asks until there is an answer that will not change by asking again.
    async fn ask(&self, method: Method, path: &str, key: &str, body: &Value) -> (StatusCode, Value) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let url = format!("{}{path}", self.url.read().unwrap());
            let request = self.client.request(method.clone(), url).header("idempotency-key", key);
            let request = if method == Method::GET { request } else { request.json(body) };
            if let Ok(answer) = request.send().await {
                let status = answer.status();
                if let Ok(body) = answer.json::<Value>().await {
                    let under_way =
                        body["type"].as_str().is_some_and(|kind| kind.ends_with("request-running"));
                    if !under_way && status != StatusCode::TOO_MANY_REQUESTS && !status.is_server_error() {
                        self.answered.fetch_add(1, Ordering::Relaxed);
                        return (status, body);
                    }
                }
            }
            assert!(Instant::now() < deadline, "{method} {path} is not answered");
            // The service is away, or busy with this very request.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn merge(&self, key: &str, pair: [&String; 2], told: &mut Told) {
        let mut body = json!({"survivor": pair[0], "organizations": [pair[1]]});
        let (status, preview) = self.ask(Method::POST, "/v1/merge-previews", key, &body).await;
        if status != StatusCode::OK {
            return;
        }
        body["preview_digest"] = preview["digest"].clone();
        body["expected_versions"] = preview["expected_versions"].clone();
        let (status, merge) = self.ask(Method::POST, "/v1/merges", key, &body).await;
        match status.as_u16() {
            201 => drop(told.merges.insert(id_of(&merge), false)),
            404 | 409 | 412 | 422 => {}
            other => panic!("{other}: {merge}"),
        }
    }

    async fn undo(&self, key: &str, id: MergeId, told: &mut Told) {
        let (status, body) = self.ask(Method::POST, &format!("/v1/merges/{id}/undo"), key, &json!({})).await;
        assert_eq!(status, StatusCode::OK, "an undo is never refused: {body}");
        told.merges.insert(id, true);
    }

    async fn decide(&self, key: &str, cluster: &str, told: &mut Told) {
        let path = format!("/v1/clusters/{cluster}/decisions");
        let (status, body) = self.ask(Method::POST, &path, key, &json!({"verdict": "match"})).await;
        match status.as_u16() {
            202 => drop(told.decisions.insert(body["id"].as_str().unwrap().to_owned())),
            404 | 409 | 412 | 422 => {}
            other => panic!("{other}: {body}"),
        }
    }
}

fn id_of(body: &Value) -> MergeId {
    serde_json::from_value(body["id"].clone()).unwrap()
}

/// What one reviewer does follows from their number, not from who is first.
async fn review(hall: Arc<Hall>, number: usize) -> Told {
    let mut told = Told::default();
    for round in 0..ROUNDS {
        let key = format!("{number}-{round}");
        let at = number * 31 + round * 17;
        let own = told.merges.iter().find(|(_, undone)| !**undone).map(|(id, _)| *id);
        match (at % 4, own) {
            (0, Some(id)) => hall.undo(&key, id, &mut told).await,
            (1, _) if !hall.clusters.is_empty() => {
                hall.decide(&key, &hall.clusters[at % hall.clusters.len()], &mut told).await;
            }
            _ => {
                let all = &hall.organizations;
                let (one, other) = (&all[at % all.len()], &all[(at * 7 + 3) % all.len()]);
                if one != other {
                    hall.merge(&key, [one, other], &mut told).await;
                }
            }
        }
    }
    told
}

fn texts(list: &Value, field: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one[field].as_str().unwrap().to_owned()).collect()
}

async fn killed(mut deployment: Deployment) {
    let sample = deployment.sample(40, 77);
    deployment.import(&sample.join("orgs.json"), "sample");
    deployment.agreed().await;
    let hall = Arc::new(Hall {
        url: RwLock::new(deployment.url.clone()),
        client: Client::new(),
        answered: AtomicUsize::new(0),
        organizations: texts(&deployment.get("/v1/organizations?limit=200").await["organizations"], "id"),
        clusters: texts(&deployment.get("/v1/clusters?status=open&limit=50").await["clusters"], "id"),
    });
    assert!(!hall.clusters.is_empty(), "the sample has duplicates");
    let reviewers: Vec<_> =
        (0..REVIEWERS).map(|number| tokio::spawn(review(Arc::clone(&hall), number))).collect();
    for answers in [60, 140] {
        while hall.answered.load(Ordering::Relaxed) < answers {
            assert!(
                !reviewers.iter().all(tokio::task::JoinHandle::is_finished),
                "nobody is left to be disturbed"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        deployment.kill("service");
        deployment.start_process("service").await;
        hall.url.write().unwrap().clone_from(&deployment.url);
    }
    let mut told = Told::default();
    for reviewer in reviewers {
        let Told { merges, decisions } = reviewer.await.unwrap();
        told.merges.extend(merges);
        told.decisions.extend(decisions);
    }
    assert!(!told.merges.is_empty() && !told.decisions.is_empty(), "{told:?}");
    check(&deployment, &hall, told).await;
    deployment.agreed().await;
    deployment.end().await;
}

/// Everything that was told is there, once; nothing else is; and the links are what the log comes to.
async fn check(deployment: &Deployment, hall: &Hall, told: Told) {
    let mut decided = BTreeMap::new();
    for id in &told.decisions {
        let settled =
            |decision: &Value| ["applied", "refused", "undone"].map(Value::from).contains(&decision["state"]);
        let decision = deployment.until(&format!("/v1/decisions/{id}"), settled).await;
        if let Some(merge) = decision["merge_id"].as_str() {
            let merge: MergeId = merge.parse().unwrap();
            let before = decided.insert(merge, decision["state"] == "applied");
            assert!(before.is_none(), "{merge} is of two decisions");
        }
    }
    let listed = deployment.get("/v1/decisions?limit=200").await;
    let listed: BTreeSet<String> = texts(&listed["decisions"], "id").into_iter().collect();
    assert_eq!(listed, told.decisions, "no decision is lost, and none is there that nobody was told of");

    let (organizations, _) = deployment.backend.organizations().await;
    let records: Vec<RecordId> = hall.organizations.iter().map(|id| id.parse().unwrap()).collect();
    let history = organizations.history(&records).await.unwrap();
    let (mut by_reviewers, mut by_decisions) = (BTreeMap::new(), BTreeMap::new());
    for merge in &history.merges {
        let of = if decided.contains_key(&merge.id) { &mut by_decisions } else { &mut by_reviewers };
        assert!(of.insert(merge.id, merge.undo.is_some()).is_none(), "{} is there twice", merge.id);
    }
    assert_eq!(by_reviewers, told.merges, "no merge is lost, and none is there that nobody was told of");
    for (merge, applied) in decided {
        assert_eq!(
            by_decisions.get(&merge),
            Some(&!applied),
            "{merge} stands exactly where its decision does"
        );
    }
    let mut links = history.family.links.clone();
    links.sort_by_key(|link| link.absorbed);
    assert_eq!(links, replay(&history.steps_without(&BTreeSet::new()), &history.withdrawn()).links);
}
