//! A model is staged beside the live one, compared, activated at once, rolled back, retired; the loop goes on.

use crate::backend::Ports;
use crate::deployment::Deployment;
use serde_json::Value;

const ALL: &str = "poller,indexer,scorer,resolver,sink,service";
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

    deployment.must(&["model", "activate", "stricter"]);
    deployment.agreed().await;
    deployment.until(CLUSTERS, |answer| *answer != before).await;
    deployment.must(&["model", "rollback"]);
    deployment.until(CLUSTERS, |answer| *answer == before).await;
    deployment.agreed().await;

    // Both are kept up to date, whichever is live.
    deployment.must(&["model", "activate", "stricter"]);
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

/// The shipped model, asking for more evidence.
fn stricter() -> String {
    let mut model: Value = serde_json::from_str(scoring::Model::shipped_text()).unwrap();
    model["version"] = "stricter".into();
    let threshold = model["threshold"].as_f64().unwrap();
    model["threshold"] = (threshold + 4.0).into();
    model.to_string()
}
