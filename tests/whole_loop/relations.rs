//! An agency with its places beside records of those places: related, and never the same.

use crate::backend::Ports;
use crate::deployment::Deployment;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const ALL: &str = "poller,indexer,scorer,resolver,sink,service";
const SITES: usize = 12;
const STREETS: [&str; SITES] = [
    "Oak Street",
    "Lake Avenue",
    "Halsted Street",
    "Sheridan Road",
    "Pulaski Road",
    "Division Street",
    "Harlem Avenue",
    "Archer Avenue",
    "Wabash Avenue",
    "Kedzie Avenue",
    "Devon Avenue",
    "Torrence Avenue",
];

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_and_its_twelve_sites_embedded() {
    let deployment = Deployment::start(Ports::Embedded, &[ALL]).await.unwrap();
    are_related(deployment).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_and_its_twelve_sites_on_real_servers() {
    let Some(deployment) = Deployment::start(Ports::Real, &[ALL]).await else { return };
    are_related(deployment).await;
}

fn place(number: usize) -> Value {
    let address = json!({"address_1": format!("{} {}", 100 + 337 * number, STREETS[number]), "city": "Chicago",
        "state_province": "IL", "postal_code": format!("{}", 60601 + number), "country": "US",
        "address_type": "physical"});
    json!({"name": format!("Place {number}"), "location_type": "physical", "addresses": [address]})
}

fn organization(id: &str, places: std::ops::Range<usize>) -> Value {
    let locations: Vec<Value> = places.map(place).collect();
    json!({"id": id, "name": "Hope Foundation", "website": "https://hopefoundation.org",
        "phones": [{"number": "+1 312 555 0142"}], "locations": locations})
}

async fn are_related(deployment: Deployment) {
    let told: Vec<Value> = std::iter::once(organization("agency", 0..SITES))
        .chain((0..SITES).map(|number| organization(&format!("site-{number}"), number..number + 1)))
        .collect();
    let file = deployment.backend.folder.path().join("told.json");
    std::fs::write(&file, Value::from(told).to_string()).unwrap();
    deployment.import(&file, "county");
    deployment.agreed().await;

    let id = |name: &str| entity::id::derive("county", "organization", name).to_string();
    let clusters = deployment.get("/v1/clusters").await;
    assert_eq!(clusters["clusters"], json!([]), "the agency is none of its sites, and no site another");
    let relations = async |of: &str| {
        let list = deployment.get(&format!("/v1/relations?record={}", id(of))).await;
        let relations = list["relations"].as_array().unwrap().clone();
        for relation in &relations {
            assert_eq!(
                (&relation["relation"], &relation["parent"]),
                (&json!("parent"), &json!(id("agency")))
            );
            assert!(relation["match_weight"].as_f64().unwrap() < 0.0, "{relation}");
        }
        relations.iter().map(|one| one["record"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let sites: BTreeSet<String> = (0..SITES).map(|number| id(&format!("site-{number}"))).collect();
    assert_eq!(relations("agency").await, sites, "one relation for each site");
    assert_eq!(relations("site-3").await, [id("agency")].into());
    deployment.end().await;
}
