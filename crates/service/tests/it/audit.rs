//! The audit log over REST: what each write leaves, and that nothing else does.

use crate::support::Server;
use serde_json::{Value, json};

#[tokio::test]
async fn every_write_over_rest_is_found_again_by_whom_and_on_what() {
    let server = Server::start().await;
    let stays = server.import_named("1", "River Clinic").await.to_string();
    let goes = server.import_named("2", "River Clinic Inc").await.to_string();
    assert!(server.get("/v1/audit").await.expect(200).body["entries"].as_array().unwrap().is_empty());
    let path = format!("/v1/organizations/{stays}");
    server.patch(&path, "*", &json!({"name": "River"})).await.expect(200);
    let own = server.post("/v1/organizations", &json!({"name": "Own"})).await.expect(201);
    server.patch(own.header("location"), "*", &json!({"name": "Ours"})).await.expect(200);
    server.delete(own.header("location"), "*").await.expect(204);
    let place =
        server.post("/v1/locations", &json!({"organization_id": goes, "name": "Annex"})).await.expect(201);
    server.delete(place.header("location"), "*").await.expect(204);
    let merge =
        server.merge("k", &json!({"survivor": stays, "organizations": [goes]})).await.expect(201).id();
    server.post_as("ben", &format!("/v1/merges/{merge}/undo"), &json!({"reason": "two"})).await.expect(200);
    server.post_as("ben", &format!("/v1/merges/{merge}/undo"), &json!({})).await.expect(200);

    let log = server.get("/v1/audit").await.expect(200).body;
    let entries = log["entries"].as_array().unwrap();
    let told: Vec<_> = entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    let expected = [
        "fact",
        "organization.create",
        "organization.rewrite",
        "organization.delete",
        "location.put",
        "location.delete",
        "merge",
        "merge.undo",
    ];
    assert_eq!(told, expected);
    assert_eq!(entries[0]["detail"]["facts"][0]["value"], "River");
    assert_eq!(entries[7]["actor"], "ben");
    assert_eq!(entries[7]["detail"]["reason"], "two");
    for (entry, next) in entries.iter().zip(&entries[1..]) {
        assert_eq!(entry["hash"], next["previous"]);
    }
    let count = |path: String| {
        let server = &server;
        async move { server.get(&path).await.expect(200).body["entries"].as_array().unwrap().len() }
    };
    assert_eq!(count(format!("/v1/audit?subject={merge}")).await, 2);
    assert_eq!(count(format!("/v1/audit?subject={}", merge.to_uppercase())).await, 2);
    assert_eq!(count("/v1/audit?actor=ben".into()).await, 1);
    assert_eq!(count(format!("/v1/audit?actor=ana&subject={goes}")).await, 2);
    let at = entries[6]["at"].as_str().unwrap();
    assert_eq!(count(format!("/v1/audit?from={at}")).await, 2);
    assert_eq!(count(format!("/v1/audit?to={at}")).await, 6);
    let (mut seen, mut path): (Vec<Value>, _) = (Vec::new(), "/v1/audit?limit=3".to_owned());
    loop {
        let page = server.get(&path).await.expect(200).body;
        seen.extend(page["entries"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/audit?limit=3&cursor={next}");
    }
    assert_eq!(&seen, entries);
    for bad in ["from=yesterday", "to=x", "limit=0", "cursor=x", "who=ana"] {
        server.get(&format!("/v1/audit?{bad}")).await.problem(400, "malformed");
    }
}

#[tokio::test]
async fn what_was_refused_is_not_written_down() {
    let server = Server::start().await;
    let stays = server.import_named("1", "River Clinic").await.to_string();
    let path = format!("/v1/organizations/{stays}");
    server.patch(&path, "\"old\"", &json!({"name": "x"})).await.problem(412, "stale");
    server.delete(&path, "*").await.problem(409, "owned-by-source");
    server.merge("k", &json!({"survivor": stays, "organizations": [stays]})).await.problem(422, "invalid");
    assert!(server.get("/v1/audit").await.body["entries"].as_array().unwrap().is_empty());
}
