//! Health, metrics, the registry's calls, search, and what holds for every route.

use crate::support::{Server, send, until};
use chrono::TimeDelta;
use entity::{IndexDocument, RecordId, SearchFields, StageState, Version};
use events::log::NewEvent;
use events::partitioner::partition_of;
use events::topics::Product;
use index::IndexWrite;
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn the_process_is_healthy_and_ready_while_its_stages_move() {
    let server = Server::start().await;
    assert_eq!(server.get("/healthz").await.expect(200).text, "ok\n");
    let stage = |seconds| StageState {
        here: true,
        progressed_at: Some(entity::clock::now() - TimeDelta::seconds(seconds)),
        trouble: (seconds > 60).then(|| "the broker is away".into()),
        ..StageState::default()
    };
    server.stages.lock().unwrap().insert("scorer".into(), stage(5));
    assert_eq!(server.get("/readyz").await.expect(200).text, "ready\n");
    server.stages.lock().unwrap().insert("resolver".into(), stage(90));
    let answer = server.get("/readyz").await.problem(503, "not-ready");
    assert_eq!(answer.body["stages"].as_array().unwrap().len(), 1);
    assert_eq!(answer.body["stages"][0]["stage"], "resolver");
    assert_eq!(answer.body["stages"][0]["trouble"], "the broker is away");
    server.get("/healthz").await.expect(200);
    assert!(server.get("/metrics").await.expect(200).header("content-type").starts_with("text/plain"));
}

/// Events of other keys, and one of this: all in the partition of that key.
async fn published(server: &Server, product: Product, key: &str, others: (usize, usize)) {
    let topic = server.ports.codec.names().name(product).to_owned();
    let event = |key: &str, partition: i32| NewEvent {
        topic: topic.clone(),
        partition,
        key: key.as_bytes().to_vec(),
        value: None,
        headers: Vec::new(),
    };
    let partition = partition_of(key.as_bytes(), 3);
    let (before, behind) = others;
    let others = |count: usize| (0..count).map(|number| event(&format!("other {number}"), partition));
    let events: Vec<_> = others(before).chain([event(key, partition)]).chain(others(behind)).collect();
    server.ports.log.append(events).await.unwrap();
}

#[tokio::test]
async fn a_change_on_its_way_is_found_in_topics_however_busy() {
    let server = Server::start().await;
    let members = [server.import_named("1", "a").await, server.import_named("2", "b").await];
    let arrived = || async { server.get("/").await.expect(200).text.matches("data-arrived").count() };
    assert_eq!(arrived().await, 0, "nothing was merged yet");
    let body = json!({"survivor": members[0], "absorbed": [members[1]]});
    let merge = server.merge("k", &body).await.expect(201).id();
    published(&server, Product::Merge, &merge, (0, 400)).await;
    // Further than one look reads.
    published(&server, Product::Organization, &members[0].to_string(), (2500, 400)).await;
    until("the fact and the golden record, beside what is written down", || async {
        (arrived().await == 3).then_some(())
    })
    .await;
    published(&server, Product::Redirect, &members[1].to_string(), (0, 0)).await;
    until("all of it", || async { (arrived().await == 4).then_some(()) }).await;
}

#[tokio::test]
async fn the_registry_answers_where_it_is_the_embedded_one() {
    let server = Server::start().await;
    let subjects = server.get("/subjects").await.expect(200);
    assert_eq!(subjects.header("content-type"), "application/vnd.schemaregistry.v1+json");
    assert!(subjects.body.as_array().unwrap().contains(&json!("organizations.record.v1-value")));
    let latest = server.get("/subjects/organizations.record.v1-value/versions/latest").await.expect(200).body;
    let by_id = server.get(&format!("/schemas/ids/{}", latest["id"])).await.expect(200).body;
    assert_eq!(by_id["schema"], latest["schema"]);
    server.get("/config/organizations.record.v1-value").await.expect(200);
    server.get("/mode").await.expect(200);
    let schema = json!({"schema": "\"string\""});
    let id = server.post("/subjects/mine-value/versions", &schema).await.expect(200).body["id"].clone();
    assert!(id.is_i64());
    server.post("/compatibility/subjects/mine-value/versions/latest", &schema).await.expect(200);
    server.get("/subjects/nobody/versions").await.expect(404);
}

#[tokio::test]
async fn records_are_found_by_what_people_type() {
    let server = Server::start().await;
    let id = RecordId(Uuid::from_u128(5));
    let search = SearchFields {
        name: "River Clinic".into(),
        names: "river clinic".into(),
        places: "albany ny".into(),
        phones: "5185550142".into(),
    };
    let document =
        IndexDocument { id, version: Version(1), keys: vec!["k".into()], search, features: vec![1] };
    server.ports.index.write(vec![IndexWrite::Upsert(document)]).await.unwrap();
    server.ports.index.refresh().await.unwrap();
    for q in ["river", "Clinic%20Albany", "518-555-0142"] {
        let found = server.get(&format!("/v1/search?q={q}")).await.expect(200).body;
        assert_eq!(found["hits"][0]["id"], id.to_string(), "{q}: {found}");
        assert_eq!(found["hits"][0]["name"], "River Clinic");
    }
    assert_eq!(server.get("/v1/search?q=nothing").await.expect(200).body["hits"], json!([]));
    assert_eq!(server.get("/v1/search?q=%22%28%2A").await.expect(200).body["hits"], json!([]));
    for query in ["", "?q=a&limit=0", "?q=a%00b", "?q=a&page=2", &format!("?q={}", "x".repeat(501))] {
        server.get(&format!("/v1/search{query}")).await.problem(400, "malformed");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_too() {
    let server = Server::start().await;
    server.get("/v2/organizations").await.problem(404, "not-found");
    let answer = send(server.request("PUT", "/v1/organizations")).await.problem(405, "method-not-allowed");
    assert!(answer.header("allow").contains("POST"), "{:?}", answer.headers);
    send(server.request("DELETE", "/v1/merges")).await.problem(405, "method-not-allowed");
    let page = send(server.request("GET", "/nowhere").header("accept", "text/html,*/*")).await.expect(404);
    assert!(page.text.starts_with("<!DOCTYPE html>"));
    for kind in ["stale", "merged-entity"] {
        assert!(server.get(&format!("/problems/{kind}")).await.expect(200).text.contains(kind));
    }
    server.get("/problems/none").await.expect(404);
    assert!(server.get("/problems").await.expect(200).text.contains("/problems/stale-members"));
}

#[tokio::test]
async fn writes_that_another_site_caused_are_refused() {
    let server = Server::start().await;
    let write = |name: &str, value: &str| {
        let request = server.request("POST", "/v1/organizations").header(name, value);
        send(request.json(&json!({"name": "x"})))
    };
    write("origin", "https://evil.example").await.problem(403, "cross-site");
    write("sec-fetch-site", "cross-site").await.problem(403, "cross-site");
    write("origin", &server.base).await.expect(201);
    let read = server.request("GET", "/v1/organizations").header("origin", "https://evil.example");
    assert!(send(read).await.expect(200).header("access-control-allow-origin").is_empty());
}
