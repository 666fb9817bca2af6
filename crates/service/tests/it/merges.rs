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
    let body = json!({"survivor": stays, "absorbed": [goes], "reason": "same door"});
    send(server.request("POST", "/v1/merges").json(&body)).await.problem(400, "idempotency-key-missing");
    let first = server.merge("k1", &body).await.expect(201);
    // There can be no preview of it any more, and none is asked for.
    let again = server.merge_unseen("k1", &body).await.expect(201);
    assert_eq!((&first.body, first.header("location")), (&again.body, again.header("location")));
    let other = json!({"survivor": goes, "absorbed": [stays]});
    server.merge_unseen("k1", &other).await.problem(422, "idempotency-key-reused");
    let of_another_kind = json!({"items": [{"organizations": [goes, stays]}]});
    let request = server.request("POST", "/v1/merge-batches").header("idempotency-key", "k1");
    send(request.json(&of_another_kind)).await.problem(422, "idempotency-key-reused");
    server.post(&format!("/v1/merges/{}/undo", first.id()), &json!({})).await.expect(200);
    let later = server.merge("k1", &body).await.expect(201);
    assert_eq!(first.body, later.body, "the answer that was given, though the merge is undone since");
    assert_eq!(server.get("/v1/merges").await.body["merges"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn many_requests_with_one_key_at_once_make_one_merge() {
    let server = Server::start().await;
    let (stays, goes) = pair(&server).await;
    let body = json!({"survivor": stays, "absorbed": [goes]});
    let preview =
        server.post("/v1/merge-previews", &json!({"survivor": stays, "organizations": [goes]})).await.body;
    let mut body = body;
    body["preview_digest"] = preview["digest"].clone();
    body["expected_versions"] = preview["expected_versions"].clone();
    let answers = futures::future::join_all((0..20).map(|_| server.merge_unseen("k1", &body))).await;
    let mut made = 0;
    for answer in answers {
        match answer.status.as_u16() {
            201 => made += 1,
            _ => drop(answer.problem(409, "request-running")),
        }
    }
    assert!(made >= 1);
    assert_eq!(server.get("/v1/merges").await.body["merges"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_merge_of_what_has_changed_since_is_refused_with_the_present_versions() {
    let server = Server::start().await;
    let (stays, goes) = pair(&server).await;
    let ask = json!({"survivor": stays, "organizations": [goes]});
    let seen = server.post("/v1/merge-previews", &ask).await.expect(200).body;
    let path = format!("/v1/organizations/{goes}");
    server.patch(&path, &server.etag(&path).await, &json!({"name": "Other"})).await.expect(200);
    let mut body = json!({"survivor": stays, "organizations": [goes], "reason": "x"});
    body["preview_digest"] = seen["digest"].clone();
    body["expected_versions"] = seen["expected_versions"].clone();
    let refused = server.merge_unseen("k1", &body).await.problem(409, "stale-members");
    assert_eq!(refused.body["changed"], json!([goes]));
    let now = server.post("/v1/merge-previews", &ask).await.expect(200).body;
    assert_eq!(refused.body["current"], now["expected_versions"]);
    // The versions of now with the digest of before: the preview was of something else.
    body["expected_versions"] = now["expected_versions"].clone();
    let refused = server.merge_unseen("k1", &body).await.problem(409, "preview-expired");
    assert_eq!(refused.body["changed"], json!(["versions"]));
    body["preview_digest"] = now["digest"].clone();
    body["choices"] = json!([{"field": "name", "record_id": goes}]);
    let refused = server.merge_unseen("k1", &body).await.problem(409, "preview-expired");
    assert_eq!(refused.body["changed"], json!(["choices"]));
    body["preview_digest"] = json!("nonsense");
    server.merge_unseen("k1", &body).await.problem(409, "preview-expired");
    // A refusal is no answer: the key is free.
    server.merge("k1", &json!({"survivor": stays, "organizations": [goes]})).await.expect(201);
}

#[tokio::test]
async fn a_merge_without_a_preview_is_told_where_to_get_one() {
    let server = Server::start().await;
    let (stays, goes) = pair(&server).await;
    let body = json!({"survivor": stays, "organizations": [goes]});
    let refused = server.merge_unseen("k1", &body).await.problem(428, "preview-required");
    assert!(refused.body["detail"].as_str().unwrap().contains("/v1/merge-previews"), "{}", refused.text);
    let mut half = body.clone();
    half["preview_digest"] = server.post("/v1/merge-previews", &body).await.body["digest"].clone();
    let refused = server.merge_unseen("k1", &half).await.problem(428, "preview-required");
    assert!(refused.body["detail"].as_str().unwrap().contains("expected_versions"), "{}", refused.text);
    assert!(server.get("/v1/merges").await.body["merges"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_merge_to_a_merged_id_is_refused_never_redirected() {
    let server = Server::start().await;
    let (stays, goes) = pair(&server).await;
    let third = server.import_named("3", "River Clinic Ltd").await.to_string();
    // Seen while all three lived; then somebody else is first.
    let ask = json!({"survivor": goes, "organizations": [third]});
    let seen = server.post("/v1/merge-previews", &ask).await.expect(200).body;
    server.merge("k1", &json!({"survivor": stays, "organizations": [goes]})).await.expect(201);
    let mut body = ask;
    body["preview_digest"] = seen["digest"].clone();
    body["expected_versions"] = seen["expected_versions"].clone();
    let refused = server.merge_unseen("k2", &body).await.problem(409, "merged-entity");
    assert_eq!(refused.body["survivor"], stays);
    assert_eq!(refused.header("location"), "", "no way to follow in silence");
    server.get(&format!("/v1/organizations/{third}")).await.expect(200);
    assert_eq!(server.get("/v1/merges").await.body["merges"].as_array().unwrap().len(), 1);
    server
        .post("/v1/merge-previews", &json!({"organizations": [goes, third]}))
        .await
        .problem(409, "merged-entity");
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
        (
            json!({"survivor": stays, "absorbed": [goes], "expected_versions": {nobody: "x"}}),
            409,
            "stale-members",
        ),
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

#[tokio::test]
async fn merges_are_followed_from_one_on_oldest_first() {
    let server = Server::start().await;
    let mut made = Vec::new();
    for number in 0..4 {
        let stays = server.import_named(&format!("{number}a"), "River Clinic").await.to_string();
        let goes = server.import_named(&format!("{number}b"), "River Clinic").await.to_string();
        let body = json!({"survivor": stays, "absorbed": [goes]});
        made.push(server.merge(&format!("k{number}"), &body).await.expect(201).body);
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/v1/merges?limit=3&after={after}")).await.expect(200).body;
        seen.extend(page["merges"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        next.clone_into(&mut after);
    }
    assert_eq!(seen, made);
    server.get("/v1/merges?after=river").await.problem(400, "malformed");
    server.get("/v1/merges?after=00000000-0000-0000-0000-0000000000ff").await.problem(404, "not-found");
}
