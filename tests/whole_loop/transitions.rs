//! What became of clusters, over REST and on its topic: the same, in order, with what brought it about.

use crate::backend::Ports;
use crate::deployment::Deployment;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const ALL: &str = "poller,indexer,scorer,resolver,sink,service";

#[tokio::test(flavor = "multi_thread")]
async fn transitions_are_told_with_their_causes_embedded() {
    are_told_with_their_causes(Deployment::start(Ports::Embedded, &[ALL]).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transitions_are_told_with_their_causes_on_real_servers() {
    if let Some(deployment) = Deployment::start(Ports::Real, &[ALL]).await {
        are_told_with_their_causes(deployment).await;
    }
}

async fn are_told_with_their_causes(deployment: Deployment) {
    let sample = deployment.sample(120, 51);
    deployment.import(&sample.join("orgs.json"), "sample");
    deployment.agreed().await;
    let born = history(&deployment, 0).await;
    assert!(born.iter().all(|told| told["cause"] == "scores"), "{born:?}");
    let standing: BTreeSet<&str> = born
        .iter()
        .filter(|told| told["kind"] == "born")
        .flat_map(|told| told["after"].as_array().unwrap())
        .map(|id| id.as_str().unwrap())
        .collect();
    let page = deployment.get("/v1/clusters?status=open&limit=200").await;
    let cluster = page["clusters"]
        .as_array()
        .unwrap()
        .iter()
        .find(|cluster| cluster["members"].as_array().unwrap().len() == 2);
    let cluster = cluster.unwrap()["id"].as_str().unwrap().to_owned();
    assert!(standing.contains(cluster.as_str()), "it was born: {born:?}");

    let last = born.last().unwrap()["number"].as_i64().unwrap();
    let decision = json!({"verdict": "non_match"});
    let decided = deployment.post(&format!("/v1/clusters/{cluster}/decisions"), &decision).await;
    let path = format!("/v1/cluster-transitions?after={last}");
    let told = deployment.until(&path, |told| !told["transitions"].as_array().unwrap().is_empty()).await;
    let judged = &told["transitions"][0];
    assert_eq!((&judged["kind"], &judged["cause"]), (&json!("retired"), &json!("judgement")), "{told}");
    assert_eq!(judged["before"], json!([cluster]));
    let undo = format!("/v1/decisions/{}/undo", decided["id"].as_str().unwrap());
    deployment.post(&undo, &json!({})).await;
    let path = format!("/v1/cluster-transitions?after={}", told["next"]);
    let told = deployment.until(&path, |told| !told["transitions"].as_array().unwrap().is_empty()).await;
    assert_eq!(told["transitions"][0]["kind"], "born", "{told}");
    deployment.agreed().await;

    // The topic tells the same.
    let wanted: BTreeSet<String> =
        history(&deployment, 0).await.iter().map(|told| told["id"].as_str().unwrap().to_owned()).collect();
    let topic = deployment.backend.names.cluster_transition.clone();
    let read = ["topic", "read", &topic];
    deployment.until_said(&read, |said| said.lines().count() >= wanted.len());
    let mut found = BTreeSet::new();
    for line in deployment.must(&read).lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        assert!(event["value"]["at"].is_string(), "{event}");
        found.insert(event["value"]["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(found, wanted);
    deployment.end().await;
}

async fn history(deployment: &Deployment, after: i64) -> Vec<Value> {
    let answer = deployment.get(&format!("/v1/cluster-transitions?limit=1000&after={after}")).await;
    answer["transitions"].as_array().unwrap().clone()
}
