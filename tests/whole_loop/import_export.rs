//! What is imported is exported again, and comes in elsewhere as the same.

use crate::backend::Ports;
use crate::deployment::Deployment;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn services_at_places_of_others_embedded() {
    round_trip(Ports::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn services_at_places_of_others_on_real_servers() {
    round_trip(Ports::Real).await;
}

async fn round_trip(ports: Ports) {
    // Nothing runs: both commands work on the store.
    let Some(deployment) = Deployment::start(ports, &[]).await else { return };
    let Some(elsewhere) = Deployment::start(ports, &[]).await else { return };
    let told = json!([
        {"id": "clinic", "name": "Clinic", "services": [{"id": "shots", "name": "Vaccines",
            "service_at_locations": [{"location_id": "hall"}, {"location_id": "nowhere"}]}]},
        {"id": "church", "name": "Church", "locations": [{"id": "hall", "name": "Hall"}]},
    ]);
    let file = deployment.backend.folder.path().join("told.json");
    std::fs::write(&file, told.to_string()).unwrap();
    deployment.import(&file, "county");
    let first = exported(&deployment);
    let organization = |name| {
        let mut all = first.as_array().unwrap().iter();
        all.find(|organization| organization["name"] == name).unwrap()
    };
    let links = organization("Clinic")["services"][0]["service_at_locations"].as_array().unwrap();
    assert_eq!(links.len(), 2, "{links:?}");
    assert_eq!(links[0]["location_id"], organization("Church")["locations"][0]["id"]);

    let file = elsewhere.backend.folder.path().join("told.json");
    std::fs::write(&file, first.to_string()).unwrap();
    elsewhere.import(&file, "county");
    assert_eq!(exported(&elsewhere), first);
    deployment.end().await;
    elsewhere.end().await;
}

/// The records, sorted by the store, as HSDS JSON.
fn exported(deployment: &Deployment) -> Value {
    serde_json::from_str(&deployment.must(&["export", "--what", "records"])).unwrap()
}
