//! The loop closes: import, cluster, merge, everybody sees it, undo, as if it had never been.

use crate::backend::{Ports, shared_data};
use crate::deployment::Deployment;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[tokio::test(flavor = "multi_thread")]
async fn embedded() {
    let deployment =
        Deployment::start(Ports::Embedded, &["poller,indexer,scorer,resolver,sink,service"]).await;
    merge_and_undo(deployment.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded_in_several_processes() {
    let processes = ["service", "poller,resolver", "indexer,scorer", "indexer,scorer,sink"];
    merge_and_undo(Deployment::start(Ports::Embedded, &processes).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_real_servers() {
    let processes = ["service", "poller,resolver", "indexer,scorer", "indexer,scorer,sink"];
    if let Some(deployment) = Deployment::start(Ports::Real, &processes).await {
        merge_and_undo(deployment).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn real_organizations() {
    let Some(file) = shared_data("early_childhood_dev/orgs.csv") else { return };
    let all = "poller,indexer,scorer,resolver,sink,service";
    let deployment = Deployment::start(Ports::Embedded, &[all]).await.unwrap();
    deployment.import(&file, "early_childhood");
    deployment.agreed().await;
    let clusters = deployment.get("/v1/clusters?status=open&limit=1").await;
    assert_eq!(clusters["clusters"].as_array().unwrap().len(), 1, "{clusters}");
    deployment.end().await;
}

async fn merge_and_undo(deployment: Deployment) {
    let sample = deployment.sample(150, 5);
    deployment.import(&sample.join("orgs.json"), "sample");
    deployment.agreed().await;
    let before = golden_records(&deployment).await;

    let page = deployment.get("/v1/clusters?status=open&limit=1").await;
    let cluster = page["clusters"][0].clone();
    let cluster_path = format!("/v1/clusters/{}", cluster["id"].as_str().unwrap());
    let members: Vec<&str> = cluster["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["organization_id"].as_str().unwrap())
        .collect();
    let (survivor, absorbed) = (members[0], members[1]);
    let explained = deployment.get(&format!("/v1/explanations?left={survivor}&right={absorbed}")).await;
    let said = deployment.must(&["explain", survivor, absorbed, "--json"]);
    assert_eq!(
        explained,
        serde_json::from_str::<Value>(&said).unwrap(),
        "one explanation, wherever it is asked for"
    );

    let decision = json!({"verdict": "match", "survivor": survivor, "reason": "the same site"});
    let decided = deployment.post(&format!("{cluster_path}/decisions"), &decision).await;
    let decision_path = format!("/v1/decisions/{}", decided["id"].as_str().unwrap());
    deployment.until(&decision_path, |decision| decision["state"] == "applied").await;
    deployment.agreed().await;

    let golden = deployment.get(&format!("/v1/organizations/{survivor}")).await;
    assert_eq!(golden["members"].as_array().unwrap().len(), members.len(), "{golden}");
    let old = deployment.get(&format!("/v1/organizations/{absorbed}?redirect=false")).await;
    assert_eq!(old["merged_into"], survivor, "{old}");
    let redirect = newest(&deployment, &deployment.backend.names.organization, absorbed);
    assert_eq!((&redirect["op"], &redirect["redirect_to"]), (&json!("redirect"), &json!(survivor)));
    let fact = deployment.must(&["topic", "read", &deployment.backend.names.merge]);
    assert!(fact.contains("\"op\":\"merged\"") && fact.contains(survivor), "{fact}");
    let open = deployment.until("/v1/clusters?status=open&limit=200", |open| !holds(open, &cluster)).await;
    assert!(open["clusters"].is_array());
    another_policy(&deployment, survivor).await;

    deployment.post(&format!("{decision_path}/undo"), &json!({"reason": "they are not"})).await;
    deployment.until(&decision_path, |decision| decision["state"] == "undone").await;
    deployment.until("/v1/clusters?status=open&limit=200", |open| holds(open, &cluster)).await;
    deployment.agreed().await;
    assert_eq!(golden_records(&deployment).await, before, "an undone merge has never been");
    let facts = deployment.must(&["topic", "read", &deployment.backend.names.merge]);
    assert!(facts.contains("\"op\":\"unmerged\""), "{facts}");

    not_the_same(&deployment, &cluster_path).await;
    undone_at_the_organizations(&deployment, &cluster_path).await;
    deployment.end().await;
}

/// Another policy in force is a change like any other: the golden record goes out again under it, and everyone agrees.
async fn another_policy(deployment: &Deployment, survivor: &str) {
    let policies = "/v1/survivorship-policies";
    deployment.put(&format!("{policies}/ours"), &json!({"default": ["longest", "recency"]})).await;
    let topic = &deployment.backend.names.organization;
    for (name, label) in [("ours", "ours/1"), ("default", "default/1")] {
        deployment.post(&format!("{policies}/{name}/activate"), &json!({"version": 1})).await;
        deployment.agreed().await;
        assert_eq!(newest(deployment, topic, survivor)["policy"], label);
    }
}

/// "Not the same" parts the cluster; undone, it comes back.
async fn not_the_same(deployment: &Deployment, cluster_path: &str) {
    let cluster = deployment.get(cluster_path).await;
    let decided =
        deployment.post(&format!("{cluster_path}/decisions"), &json!({"verdict": "non_match"})).await;
    let decision_path = format!("/v1/decisions/{}", decided["id"].as_str().unwrap());
    deployment.until(&decision_path, |decision| decision["state"] == "applied").await;
    deployment.until("/v1/clusters?status=open&limit=200", |open| !holds(open, &cluster)).await;
    deployment.post(&format!("{decision_path}/undo"), &json!({})).await;
    deployment.until("/v1/clusters?status=open&limit=200", |open| holds(open, &cluster)).await;
}

/// A merge that is undone where it was made ends its decision, and all that was said with it: the cluster comes back.
async fn undone_at_the_organizations(deployment: &Deployment, cluster_path: &str) {
    let cluster = deployment.get(cluster_path).await;
    let decided = deployment.post(&format!("{cluster_path}/decisions"), &json!({"verdict": "match"})).await;
    let decision_path = format!("/v1/decisions/{}", decided["id"].as_str().unwrap());
    let applied = deployment.until(&decision_path, |decision| decision["state"] == "applied").await;
    deployment.until("/v1/clusters?status=open&limit=200", |open| !holds(open, &cluster)).await;
    let merge = applied["merge_id"].as_str().unwrap();
    deployment.post(&format!("/v1/merges/{merge}/undo"), &json!({})).await;
    deployment.until(&decision_path, |decision| decision["state"] == "undone").await;
    let [a, b] = [0, 1].map(|at| cluster["members"][at]["record_id"].as_str().unwrap());
    let history = deployment.get(&format!("/v1/pairs/{a}/{b}/history")).await;
    let said =
        history["judgements"].as_array().unwrap().iter().find(|said| said["decision_id"] == decided["id"]);
    assert_eq!(said.unwrap()["standing"], "withdrawn", "{history}");
    deployment.until("/v1/review/queue?limit=200", |queue| holds(queue, &cluster)).await;
}

fn holds(page: &Value, cluster: &Value) -> bool {
    page["clusters"].as_array().unwrap().iter().any(|other| other["id"] == cluster["id"])
}

/// The newest value of a key, by the command line.
fn newest(deployment: &Deployment, topic: &str, key: &str) -> Value {
    let said = deployment.must(&["topic", "read", topic, "--key", key]);
    let last = said.lines().last().expect("the key is on the topic");
    serde_json::from_str::<Value>(last).unwrap()["value"].clone()
}

/// All golden records by id, without what only says when and how often they were written.
async fn golden_records(deployment: &Deployment) -> BTreeMap<String, Value> {
    let mut records = BTreeMap::new();
    let mut path = "/v1/organizations?limit=100".to_owned();
    loop {
        let page = deployment.get(&path).await;
        for mut golden in page["organizations"].as_array().unwrap().iter().cloned() {
            let id = golden["id"].as_str().unwrap().to_owned();
            let golden = golden.as_object_mut().unwrap();
            golden.remove("etag");
            records.insert(id, Value::Object(golden.clone()));
        }
        match page["next"].as_str() {
            Some(cursor) => path = format!("/v1/organizations?limit=100&cursor={cursor}"),
            None => return records,
        }
    }
}
