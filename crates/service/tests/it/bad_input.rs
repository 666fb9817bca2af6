//! Bodies and headers that are not as they should be: refused with their place, and nothing is written.

use crate::support::{Answer, Server, send};
use serde_json::json;

async fn post(server: &Server, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = server.request("POST", "/v1/organizations").header("content-type", content_type);
    send(request.body(body)).await
}

#[tokio::test]
async fn bad_bodies_are_refused_with_line_column_and_field() {
    let server = Server::start().await;
    let json = "application/json";
    let answer = post(&server, json, "{\n  \"name\": \"x\",\n}").await.problem(400, "malformed");
    assert!(answer.body["detail"].as_str().unwrap().contains("line 3 column 1"), "{}", answer.text);
    for broken in ["", "null", "{", "\u{feff}{}", "{\"name\": \"\\ud800\"}", "{\"a\":1}{}"] {
        let answer = post(&server, json, broken).await;
        assert!([400, 422].contains(&answer.status.as_u16()), "{broken:?}: {}", answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    post(&server, json, vec![b'{', 0xff, b'}']).await.problem(400, "malformed");
    for (body, field) in [
        (r#"{"nmae": "x"}"#, "nmae"),
        (r#"{"name": ["x"]}"#, "name"),
        (r#"{"name": "x", "name": "y"}"#, "name"),
        (r#"{"name": "a\u0000b"}"#, "name"),
        (r#"{"name": "x", "extra": {"deep": [{"a": "\u0000"}]}}"#, "extra.deep[0].a"),
        (r#"{"name": "x", "extra": {"\u0000": 1}}"#, "extra"),
        (r#"{"name": "x", "year_incorporated": 1e300}"#, "year_incorporated"),
        (r#"{"name": "x", "locations": [{"latitude": 91}]}"#, "locations[0].latitude"),
        (r#"{"name": "x", "services": [{"location_ids": ["x"]}]}"#, "services[0].location_ids[0]"),
        (r#"{"name": "x", "phones": [{"number": ""}]}"#, "phones[0].number"),
    ] {
        let answer = post(&server, json, body).await.problem(422, "invalid");
        assert_eq!(answer.body["errors"][0]["field"], field, "{body}: {}", answer.text);
    }
    let long = format!(r#"{{"name": "x", "description": "{}"}}"#, "y".repeat(1024 * 1024 + 1));
    let answer = post(&server, json, long).await.problem(422, "invalid");
    assert_eq!(answer.body["errors"][0]["field"], "description");
    assert_eq!(server.ports.organizations.record_count().await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_not_json_is_refused_as_such() {
    let server = Server::start().await;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
        post(&server, content_type, "{}").await.problem(415, "unsupported-media-type");
    }
    let bare = server.request("POST", "/v1/organizations").body("{}");
    send(bare).await.problem(415, "unsupported-media-type");
    post(&server, "application/json; charset=utf-8", r#"{"name": "x"}"#).await.expect(201);
}

#[tokio::test]
async fn a_body_over_ten_mebibytes_is_refused() {
    let server = Server::start().await;
    let body = format!(r#"{{"name": "{}"}}"#, "x".repeat(11 * 1024 * 1024));
    post(&server, "application/json", body).await.problem(413, "too-large");
    server.get("/healthz").await.expect(200);
}

#[tokio::test]
async fn headers_that_nobody_can_read_are_refused() {
    let server = Server::start().await;
    let write = |name: &'static str, value: Vec<u8>| {
        let request = server.request("POST", "/v1/merges").header("idempotency-key", "k").header(name, value);
        send(request.json(&json!({
            "survivor": uuid::Uuid::nil(), "organizations": [uuid::Uuid::max()],
            "preview_digest": "x", "expected_versions": {uuid::Uuid::nil().to_string(): "1"},
        })))
    };
    write("x-orgloop-user", vec![0xff, 0xfe]).await.problem(400, "malformed");
    write("x-orgloop-user", vec![b'x'; 300]).await.problem(400, "malformed");
    write("x-orgloop-user", "Åsa".as_bytes().to_vec()).await.problem(404, "not-found");
}

#[tokio::test]
async fn a_name_beyond_ascii_travels_from_the_decision_to_the_merge() {
    let server = Server::start().await;
    let _worker = server.start_worker();
    let members = [server.import_named("1", "Über").await, server.import_named("2", "Uber").await];
    let id = server.cluster(&members, 0.9).await;
    let request = server
        .request("POST", &format!("/v1/clusters/{id}/decisions"))
        .header("x-orgloop-user", "Åsa".as_bytes());
    let decided = send(request.json(&json!({"verdict": "match"}))).await.expect(202);
    let applied = crate::review::settled(&server, &decided.id()).await;
    assert_eq!(applied["state"], "applied", "{applied}");
    assert_eq!(server.get("/v1/merges").await.body["merges"][0]["merged_by"], "Åsa");
}
