//! Closed to whom nobody knows: where it may listen, tokens of the command line, and the loop with one of them.

use crate::backend::Ports;
use crate::deployment::Deployment;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_loop_embedded() {
    closed(Ports::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_loop_on_real_servers() {
    closed(Ports::Real).await;
}

async fn closed(ports: Ports) {
    let Some(mut deployment) = Deployment::start(ports, &[]).await else { return };
    let refused = deployment.orgloop(&["run", "--roles", "service", "--listen", "0.0.0.0:0"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success(), "open to everyone: {said}");
    assert!(said.contains("orgloop token create") && said.contains("mode = \"open\""), "{said}");

    let secret =
        deployment.must(&["token", "create", "--name", "ana", "--role", "reviewer"]).trim().to_owned();
    assert!(secret.starts_with("orgloop_"), "{secret}");
    let listed = deployment.must(&["token", "list"]);
    assert!(listed.contains("ana") && listed.contains("valid") && !listed.contains(&secret), "{listed}");

    let records = json!([{"id": "1", "name": "Open Door Shelter", "email": "desk@opendoor.example",
            "phones": [{"number": "518-555-0142"}]},
        {"id": "2", "name": "Open Door Shelter Inc.", "email": "desk@opendoor.example",
            "phones": [{"number": "(518) 555-0142"}]}]);
    let file = deployment.backend.folder.path().join("told.json");
    std::fs::write(&file, records.to_string()).unwrap();
    deployment.import(&file, "county");
    deployment.start_process("poller,indexer,scorer,resolver,service").await;
    let (status, _) = ask(&deployment, "/v1/clusters", "").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let clusters = until(&deployment, "/v1/clusters", &secret, |answer| {
        answer["clusters"].as_array().is_some_and(|clusters| !clusters.is_empty())
    });
    let cluster = clusters.await["clusters"][0]["id"].as_str().unwrap().to_owned();
    let decide = Client::new().post(format!("{}/v1/clusters/{cluster}/decisions", deployment.url));
    let decide = decide.bearer_auth(&secret).header("x-orgloop-user", "mallory");
    let (status, decided) = deployment.send(decide.json(&json!({"verdict": "match"}))).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{decided}");
    let path = format!("/v1/decisions/{}", decided["id"].as_str().unwrap());
    let applied = until(&deployment, &path, &secret, |answer| answer["state"] == "applied").await;
    assert_eq!(applied["decided_by"], "ana");
    let (_, merges) = ask(&deployment, "/v1/merges", &secret).await;
    assert_eq!(merges["merges"][0]["merged_by"], "ana", "the reviewer's, not the worker's: {merges}");

    let listed: Value = serde_json::from_str(&deployment.must(&["token", "list", "--json"])).unwrap();
    deployment.must(&["token", "revoke", listed[0]["id"].as_str().unwrap()]);
    let (status, _) = ask(&deployment, "/v1/clusters", &secret).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "at once");
    deployment.end().await;
}

async fn ask(deployment: &Deployment, path: &str, secret: &str) -> (StatusCode, Value) {
    deployment.send(Client::new().get(format!("{}{path}", deployment.url)).bearer_auth(secret)).await
}

async fn until(
    deployment: &Deployment,
    path: &str,
    secret: &str,
    question: impl Fn(&Value) -> bool,
) -> Value {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let (status, answer) = ask(deployment, path, secret).await;
        if status.is_success() && question(&answer) {
            return answer;
        }
        assert!(
            Instant::now() < deadline,
            "GET {path} does not become what was waited for: {status} {answer}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
