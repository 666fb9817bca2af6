//! Bad input gets a clear error or is parked with its reason; the rest goes on.

use crate::backend::Ports;
use crate::deployment::Deployment;
use events::NewEvent;
use serde_json::Value;

const ALL: &str = "poller,indexer,scorer,resolver,sink,service";

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_cannot_be_read_are_named_and_the_others_are_in() {
    let deployment = Deployment::start(Ports::Embedded, &[ALL]).await.unwrap();
    let file = deployment.backend.folder.path().join("broken.csv");
    let text = "id,name,latitude,colour\n1,Good One,41.5,blue\n2,Bad Latitude,north,\n,No Id,,\n1,Twice,,\n3,Good Two,,\n";
    std::fs::write(&file, text).unwrap();
    let output = deployment.orgloop(&["import", &file.display().to_string(), "--source", "broken"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    for part in ["line 3", "latitude", "line 4", "id", "line 5"] {
        assert!(said.contains(part), "{part} is not named in: {said}");
    }
    deployment.until("/v1/organizations?limit=10", |page| names(page) == ["Good One", "Good Two"]).await;
    deployment.agreed().await;

    for (name, bytes) in [
        ("nul.csv", b"id,name\n1,a\0b\n".as_slice()),
        ("latin1.csv", b"id,name\n1,Caf\xe9\n".as_slice()),
        ("empty.csv", b"".as_slice()),
        ("broken.json", b"{\"id\": \"1\", \"name\": ".as_slice()),
    ] {
        let file = deployment.backend.folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        let output = deployment.orgloop(&["import", &file.display().to_string(), "--source", "broken"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && !said.contains("panicked"), "{name}: {said}");
    }
    deployment.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_on_a_topic_is_parked_embedded() {
    park_poison(Deployment::start(Ports::Embedded, &[ALL]).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_on_a_topic_is_parked_on_real_servers() {
    if let Some(deployment) = Deployment::start(Ports::Real, &[ALL]).await {
        park_poison(deployment).await;
    }
}

async fn park_poison(deployment: Deployment) {
    let poison = NewEvent {
        topic: deployment.backend.names.record.clone(),
        partition: 0,
        key: b"poison".to_vec(),
        value: Some(b"not our format".to_vec()),
        headers: Vec::new(),
    };
    deployment.backend.log().await.append(vec![poison]).await.unwrap();
    let sample = deployment.sample(60, 21);
    deployment.import(&sample.join("orgs.json"), "sample");
    // A value that cannot be read says nothing: the check passes over it, and wants all the others.
    deployment.agreed().await;
    // Both the indexer and the scorer read the topic, and each parks what it cannot read.
    let parked: Value =
        deployment.until_said(&["parked", "list", "--json"], |said| said.matches("\"id\"").count() == 2);
    assert_eq!(parked[0]["key"], "poison");
    assert!(parked[0]["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{parked}");
    // Tried again it is as bad as before.
    let id = parked[0]["id"].as_str().unwrap();
    deployment.must(&["parked", "retry", id]);
    deployment.until_said(&["parked", "list", "--json"], |said| said.matches("\"id\"").count() == 2);
    deployment.must(&["parked", "drop", "--all"]);
    assert_eq!(deployment.must(&["parked", "list"]).trim(), "Nothing is parked.");
    deployment.end().await;
}

fn names(page: &Value) -> Vec<&str> {
    let mut names: Vec<_> = page["organizations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|organization| organization["name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    names
}
