//! A model is staged beside the live one, compared, activated at once, rolled back, retired; the loop goes on.

use crate::backend::Ports;
use crate::deployment::{Deployment, PATIENCE};
use serde_json::Value;
use sqlx::Connection;
use std::time::Instant;

const ALL: &str = "poller,indexer,scorer,resolver,sink,service";
const HISTORY: &str = "/v1/cluster-transitions?limit=1000";
const CLUSTERS: &str = "/v1/clusters?status=all&limit=200";

#[tokio::test(flavor = "multi_thread")]
async fn a_model_takes_over_and_gives_back_embedded() {
    takes_over_and_gives_back(Deployment::start(Ports::Embedded, &[ALL]).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_takes_over_and_gives_back_on_real_servers() {
    let roles = ["poller,indexer,scorer,sink", "indexer,scorer,resolver,service"];
    if let Some(deployment) = Deployment::start(Ports::Real, &roles).await {
        takes_over_and_gives_back(deployment).await;
    }
}

/// A data folder that other code built: its clusters are seen until a generation of this code has caught up beside it.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_release_fills_a_generation_of_its_own_and_takes_over() {
    let mut deployment = Deployment::start(Ports::Embedded, &[ALL]).await.unwrap();
    let sample = deployment.sample(200, 31);
    deployment.import(&sample.join("orgs.json"), "sample");
    deployment.agreed().await;
    let before = deployment.get(CLUSTERS).await;
    let history = deployment.get(HISTORY).await;
    deployment.stop_all();
    let file = format!("sqlite:{}", deployment.backend.data("resolution.db").display());
    let mut resolution = sqlx::SqliteConnection::connect(&file).await.unwrap();
    let marked = sqlx::query("UPDATE generation SET code_version = 'before'").execute(&mut resolution).await;
    assert_eq!(marked.unwrap().rows_affected(), 1);

    // Nobody fills the new one yet: people see what the other code made.
    deployment.start_process("poller,service").await;
    assert_eq!(deployment.get(CLUSTERS).await, before);
    let rows = |said: &str| serde_json::from_str::<Vec<Value>>(said).unwrap();
    let live = |said: &str| rows(said).iter().position(|row| row["live"] == true).unwrap();
    let list = ["model", "list", "--json"];
    deployment.until_said(&list, |said| rows(said).len() == 2);
    let said = deployment.must(&list);
    assert_eq!(live(&said), 0, "{said}");
    assert_eq!(rows(&said)[0]["waiting"], "it was built by another release", "{said}");
    assert!(rows(&said)[1]["waiting"].as_str().unwrap().contains("records wait"), "{said}");

    deployment.start_process("indexer,scorer,resolver,sink").await;
    deployment.until_said(&list, |said| live(said) == 1);
    deployment.until(CLUSTERS, |answer| *answer == before).await;
    deployment.agreed().await;
    assert_eq!(deployment.get(HISTORY).await, history, "the same clusters: nothing became of them");

    // It is kept up to date from here on, and what the other code left can go.
    let more = deployment.sample(60, 32);
    deployment.import(&more.join("orgs.json"), "more");
    deployment.agreed().await;
    deployment.must(&["model", "retire", scoring::Model::shipped().version()]);
    let said = deployment.must(&list);
    assert_eq!((rows(&said).len(), live(&said)), (1, 0), "{said}");
    deployment.agreed().await;
    deployment.end().await;
}

async fn takes_over_and_gives_back(deployment: Deployment) {
    let sample = deployment.sample(300, 21);
    deployment.import(&sample.join("orgs.json"), "sample");
    deployment.agreed().await;
    let before = deployment.get(CLUSTERS).await;

    let file = deployment.backend.folder.path().join("model.json");
    std::fs::write(&file, stricter()).unwrap();
    deployment.must(&["model", "stage", &file.display().to_string()]);
    deployment.until_said(&["model", "list", "--json"], |said| {
        let rows: Value = serde_json::from_str(said).unwrap();
        rows[1]["waiting"].is_null() && rows[1]["records"] == rows[0]["records"]
    });
    assert_eq!(deployment.get(CLUSTERS).await, before, "nobody sees what is staged");
    let said = deployment.must(&["model", "compare", "stricter", "--json"]);
    let comparison: Value = serde_json::from_str(&said).unwrap();
    let lost = ["retired", "shrank", "split"].map(|kind| comparison["counts"][kind].as_u64().unwrap_or(0));
    assert!(lost.iter().sum::<u64>() > 0, "a stricter model loses clusters: {comparison}");
    assert!(comparison["counts"]["born"].is_null(), "and finds no new ones: {comparison}");

    let history = deployment.get(HISTORY).await;
    activate(&deployment, "stricter");
    deployment.agreed().await;
    deployment.until(CLUSTERS, |answer| *answer != before).await;
    let told = deployment.get(&format!("{HISTORY}&after={}", history["next"])).await;
    let told = told["transitions"].as_array().unwrap();
    assert!(told.iter().all(|transition| transition["cause"] == "model"), "{told:?}");
    for kind in ["retired", "shrank", "split"] {
        let count = told.iter().filter(|transition| transition["kind"] == kind).count() as u64;
        assert_eq!(count, comparison["counts"][kind].as_u64().unwrap_or(0), "{kind}: as it was compared");
    }
    deployment.must(&["model", "rollback"]);
    deployment.until(CLUSTERS, |answer| *answer == before).await;
    deployment.agreed().await;

    // Both are kept up to date, whichever is live.
    activate(&deployment, "stricter");
    let more = deployment.sample(60, 22);
    deployment.import(&more.join("orgs.json"), "more");
    deployment.agreed().await;
    deployment.must(&["model", "rollback"]);
    deployment.agreed().await;

    let output = deployment.orgloop(&["model", "retire", scoring::Model::shipped().version()]);
    assert!(!output.status.success(), "the live one stays");
    deployment.must(&["model", "retire", "stricter"]);
    let rows: Value = serde_json::from_str(&deployment.must(&["model", "list", "--json"])).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
    deployment.agreed().await;
    deployment.end().await;
}

/// Activates a model once it has caught up: before, the command refuses, however short a moment it is behind.
fn activate(deployment: &Deployment, version: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let output = deployment.orgloop(&["model", "activate", version]);
        if output.status.success() {
            return;
        }
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("has not caught up") && Instant::now() < deadline, "{said}");
    }
}

/// The shipped model, asking for more evidence.
fn stricter() -> String {
    let mut model: Value = serde_json::from_str(scoring::Model::shipped_text()).unwrap();
    model["version"] = "stricter".into();
    let threshold = model["threshold"].as_f64().unwrap();
    model["threshold"] = (threshold + 4.0).into();
    model.to_string()
}
