//! The merge port: what merges, what refuses to, and an undo that leaves nothing behind.

use crate::support::{Server, send};
use serde_json::{Value, json};

async fn pair(server: &Server) -> (String, String) {
    let stays = server.import_named("1", "River Clinic").await.to_string();
    let goes = server.import_named("2", "River Clinic Inc").await.to_string();
    (stays, goes)
}

#[tokio::test]
async fn a_merge_redirects_the_absorbed_id_and_its_undo_brings_all_of_it_back() {
    let server = Server::start().await;
    let (stays, goes) = pair(&server).await;
    let before = (
        server.get(&format!("/v1/organizations/{stays}")).await,
        server.get(&format!("/v1/organizations/{goes}")).await,
    );
    let body = json!({"survivor": stays, "absorbed": [goes], "reason": "same door"});
    let merged = server.merge("k1", &body).await.expect(201);
    let merge = merged.id();
    assert_eq!(merged.header("location"), format!("/v1/merges/{merge}"));
    assert_eq!((&merged.body["merged_by"], &merged.body["reason"]), (&json!("ana"), &json!("same door")));

    let golden = server.get(&format!("/v1/organizations/{stays}")).await.expect(200).body;
    assert_eq!(golden["members"].as_array().unwrap().len(), 2);
    assert_eq!(golden["alternate_names"], json!(["River Clinic Inc"]));
    let absorbed = server.get(&format!("/v1/organizations/{goes}")).await.expect(308);
    assert_eq!(absorbed.header("location"), format!("/v1/organizations/{stays}"));
    assert_eq!(absorbed.header("cache-control"), "max-age=60");
    let told = server.get(&format!("/v1/organizations/{goes}?redirect=false")).await.expect(200).body;
    assert_eq!(told, json!({"id": goes, "merged_into": stays, "merge_id": merge}));
    let records = server.get(&format!("/v1/organizations/{goes}/records")).await.expect(308);
    assert_eq!(records.header("location"), format!("/v1/organizations/{stays}/records"));
    let listed = server.get("/v1/organizations").await.body["organizations"].as_array().unwrap().len();
    assert_eq!(listed, 1);

    let undone =
        server.post(&format!("/v1/merges/{merge}/undo"), &json!({"reason": "two doors"})).await.expect(200);
    assert_eq!(undone.body["undo"]["reason"], "two doors");
    let after = (
        server.get(&format!("/v1/organizations/{stays}")).await,
        server.get(&format!("/v1/organizations/{goes}")).await,
    );
    assert_eq!((before.0.body, before.1.body), (after.0.body, after.1.body));
    let again = send(server.request("POST", &format!("/v1/merges/{merge}/undo"))).await.expect(200);
    assert_eq!(again.body, undone.body, "a second undo changes nothing");
    let listed = server.get("/v1/merges").await.expect(200).body;
    assert_eq!(listed["merges"], json!([undone.body]));
    assert_eq!(server.get(&format!("/v1/merges/{merge}")).await.expect(200).body, undone.body);
}

#[tokio::test]
async fn the_same_key_gives_the_same_answer_and_takes_no_other_request() {
    let server = Server::start().await;
    let (stays, goes) = pair(&server).await;
    let versions: Value = json!({
        stays.as_str(): server.etag(&format!("/v1/organizations/{stays}")).await,
        goes.as_str(): server.etag(&format!("/v1/organizations/{goes}")).await.trim_matches('"'),
    });
    let body = json!({"survivor": stays, "absorbed": [goes], "expected_versions": versions});
    send(server.request("POST", "/v1/merges").json(&body)).await.problem(400, "idempotency-key-missing");
    let first = server.merge("k1", &body).await.expect(201);
    let again = server.merge("k1", &body).await.expect(201);
    assert_eq!(first.body, again.body);
    let other = json!({"survivor": goes, "absorbed": [stays]});
    server.merge("k1", &other).await.problem(422, "idempotency-key-reused");
    assert_eq!(server.get("/v1/merges").await.body["merges"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_merge_of_what_has_changed_since_is_refused_with_the_present_versions() {
    let server = Server::start().await;
    let (stays, goes) = pair(&server).await;
    let path = format!("/v1/organizations/{goes}");
    let seen = server.etag(&path).await;
    server.patch(&path, &seen, &json!({"name": "Other"})).await.expect(200);
    let body = json!({"survivor": stays, "absorbed": [goes], "expected_versions": {goes.as_str(): seen}});
    let refused = server.merge("k1", &body).await.problem(409, "stale-members");
    let current = refused.body["current"][&goes].as_str().unwrap().to_owned();
    assert_eq!(format!("\"{current}\""), server.etag(&path).await);
    let body = json!({"survivor": stays, "absorbed": [goes], "expected_versions": {goes.as_str(): current}});
    server.merge("k2", &body).await.expect(201);
}

#[tokio::test]
async fn writes_to_an_absorbed_id_name_the_survivor() {
    let server = Server::start().await;
    let (stays, goes) = pair(&server).await;
    let third = server.import_named("3", "Third").await.to_string();
    server.merge("k1", &json!({"survivor": stays, "absorbed": [goes]})).await.expect(201);
    let path = format!("/v1/organizations/{goes}");
    let location = json!({"organization_id": goes, "name": "Annex"});
    for answer in [
        server.patch(&path, "*", &json!({"name": "x"})).await,
        server.delete(&path, "*").await,
        server.merge("k2", &json!({"survivor": third, "absorbed": [goes]})).await,
        server.merge("k3", &json!({"survivor": goes, "absorbed": [third]})).await,
        server.post("/v1/locations", &location).await,
    ] {
        let answer = answer.problem(409, "merged-entity");
        assert_eq!(answer.body["survivor"], stays);
        assert!(answer.header("link").contains(&stays));
    }
    server.delete(&format!("/v1/organizations/{stays}"), "*").await.problem(409, "other-members");
}

#[tokio::test]
async fn an_edit_of_a_merged_organization_stays_with_the_survivor_after_the_undo() {
    let server = Server::start().await;
    let (stays, goes) = pair(&server).await;
    let merge = server.merge("k1", &json!({"survivor": stays, "absorbed": [goes]})).await.expect(201).id();
    server
        .patch(&format!("/v1/organizations/{stays}"), "*", &json!({"website": "river.example"}))
        .await
        .expect(200);
    server.post(&format!("/v1/merges/{merge}/undo"), &json!({})).await.expect(200);
    assert_eq!(server.get(&format!("/v1/organizations/{stays}")).await.body["website"], "river.example");
    assert_eq!(server.get(&format!("/v1/organizations/{goes}")).await.body["website"], Value::Null);
}

#[tokio::test]
async fn merges_that_make_no_sense_are_refused() {
    let server = Server::start().await;
    let (stays, goes) = pair(&server).await;
    let nobody = "00000000-0000-0000-0000-0000000000ff";
    for (body, status, name) in [
        (json!({"survivor": stays, "absorbed": []}), 422, "invalid"),
        (json!({"survivor": stays, "absorbed": [stays]}), 422, "invalid"),
        (json!({"survivor": stays, "absorbed": [goes, goes]}), 422, "invalid"),
        (json!({"survivor": stays, "absorbed": [nobody]}), 404, "not-found"),
        (json!({"survivor": nobody, "absorbed": [goes]}), 404, "not-found"),
        (json!({"survivor": stays, "absorbed": ["river"]}), 422, "invalid"),
        (json!({"survivor": stays}), 422, "invalid"),
        (json!({"survivor": stays, "absorbed": [goes], "expected_versions": {nobody: "x"}}), 422, "invalid"),
        (json!({"survivor": stays, "absorbed": [goes], "why": "x"}), 422, "invalid"),
    ] {
        server.merge(&body.to_string().replace('"', "'")[..40], &body).await.problem(status, name);
    }
    server.get(&format!("/v1/merges/{nobody}")).await.problem(404, "not-found");
    server.post(&format!("/v1/merges/{nobody}/undo"), &json!({})).await.problem(404, "not-found");
    server.get("/v1/merges?limit=5000").await.problem(400, "malformed");
    let key = "k".repeat(300);
    server.merge(&key, &json!({"survivor": stays, "absorbed": [goes]})).await.problem(400, "malformed");
}

#[tokio::test]
async fn merges_are_listed_in_pages() {
    let server = Server::start().await;
    let mut made = Vec::new();
    for number in 0..5 {
        let stays = server.import_named(&format!("{number}a"), "River Clinic").await.to_string();
        let goes = server.import_named(&format!("{number}b"), "River Clinic").await.to_string();
        let body = json!({"survivor": stays, "absorbed": [goes]});
        made.insert(0, server.merge(&format!("k{number}"), &body).await.expect(201).body);
    }
    let (mut listed, mut path) = (Vec::new(), "/v1/merges?limit=2".to_owned());
    loop {
        let page = server.get(&path).await.expect(200).body;
        listed.extend(page["merges"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/merges?limit=2&cursor={next}");
    }
    assert_eq!(listed, made);
    for path in ["/v1/merges?cursor=x", "/v1/decisions?cursor=AAAA"] {
        server.get(path).await.problem(400, "malformed");
    }
}
