//! Survivorship policies, people's choices, and why a value won.

use crate::support::{Server, send};
use entity::{Organization, Phone};
use serde_json::{Value, json};

const POLICIES: &str = "/v1/survivorship-policies";

/// Two records of one clinic: the first survives, the second says more. Their golden id, and the merge.
async fn merged(server: &Server) -> (String, String, String) {
    let told = |name: &str, number: u128, said: &str| Organization {
        name: Some(name.into()),
        phones: vec![Phone {
            id: uuid::Uuid::from_u128(number),
            source_id: number.to_string(),
            number: said.into(),
            extension: None,
            phone_type: None,
            description: None,
            extra: entity::organization::Extra::default(),
        }],
        ..Organization::default()
    };
    let stays = server.import("1", told("River Clinic", 1, "(607) 555-0100")).await.to_string();
    let goes = server.import("2", told("River Clinic of Ithaca", 2, "+1 607 555 0100")).await.to_string();
    let merge = server.merge("k1", &json!({"survivor": stays, "absorbed": [goes]})).await.expect(201).id();
    (stays, goes, merge)
}

async fn put(server: &Server, name: &str, etag: Option<&str>, body: &Value) -> crate::support::Answer {
    let request = server.request("PUT", &format!("{POLICIES}/{name}")).header("x-orgloop-user", "ana");
    let request = etag.into_iter().fold(request, |request, etag| request.header("if-match", etag));
    send(request.json(body)).await
}

fn field<'a>(body: &'a Value, name: &str) -> &'a Value {
    body["fields"].as_array().unwrap().iter().find(|field| field["field"] == name).unwrap()
}

#[tokio::test]
async fn a_policy_is_written_tried_and_activated() {
    let server = Server::start().await;
    let (stays, goes, _) = merged(&server).await;
    server.import_named("3", "Alone").await;
    let path = format!("/v1/organizations/{stays}");
    let shown = server.get(&path).await.expect(200).body;
    assert_eq!((&shown["name"], &shown["policy"]), (&json!("River Clinic"), &json!("default/1")));

    let longest = json!({"fields": {"name": [{"source_trust": ["nobody"]}, "longest"]}});
    let written = put(&server, "ours", None, &longest).await.expect(200);
    assert_eq!((written.etag().as_str(), &written.body["stated_by"]), ("\"1\"", &json!("ana")));
    assert_eq!(written.body["document"]["default"], json!(["survivor"]));
    put(&server, "ours", None, &longest).await.problem(428, "precondition-required");
    put(&server, "ours", Some("\"7\""), &longest).await.problem(412, "stale");
    put(&server, "theirs", Some("\"1\""), &longest).await.problem(412, "stale");
    assert_eq!(put(&server, "ours", Some("\"1\""), &longest).await.expect(200).etag(), "\"1\"");

    let tried = server.post(&format!("{POLICIES}/ours/simulate"), &json!({})).await.expect(200).body;
    assert_eq!((&tried["policy"], &tried["in_force"]), (&json!("ours/1"), &json!("default/1")));
    assert_eq!((&tried["looked_at"], &tried["changed"][0]["id"]), (&json!(1), &json!(stays)));
    let name = field(&tried["changed"][0], "name");
    assert_eq!(name["before"]["won_by"], "survivor");
    let after =
        json!({"value": "River Clinic of Ithaca", "record_id": goes, "origin": "city", "won_by": "longest"});
    assert_eq!(name["after"], after);
    assert_eq!(server.get(&path).await.body["name"], "River Clinic", "nothing was written");

    server.post(&format!("{POLICIES}/ours/activate"), &json!({"version": 2})).await.problem(404, "not-found");
    let active =
        server.post(&format!("{POLICIES}/ours/activate"), &json!({"version": 1})).await.expect(200).body;
    assert_eq!(active["in_force"]["by"], "ana");
    let shown = server.get(&path).await.expect(200).body;
    assert_eq!((&shown["name"], &shown["policy"]), (&json!("River Clinic of Ithaca"), &json!("ours/1")));
    let listed = server.get(POLICIES).await.expect(200).body;
    assert_eq!(listed["in_force"]["name"], "ours");
    assert_eq!(listed["policies"].as_array().unwrap().len(), 2);
    let page = server.get(&format!("{POLICIES}?limit=1")).await.expect(200).body;
    let next = page["next"].as_str().unwrap();
    let last = server.get(&format!("{POLICIES}?limit=1&cursor={next}")).await.expect(200).body;
    assert_eq!((&last["policies"][0]["name"], &last["next"]), (&json!("ours"), &Value::Null));
    server.get(&format!("{POLICIES}/ours?version=1")).await.expect(200);
    server.get(&format!("{POLICIES}/ours?version=9")).await.problem(404, "not-found");
}

#[tokio::test]
async fn a_simulation_goes_on_where_the_last_page_ended() {
    let server = Server::start().await;
    for pair in 0..5 {
        let (stays, goes) = (format!("a{pair}"), format!("b{pair}"));
        let stays = server.import_named(&stays, "Short").await.to_string();
        // One of them would say the same under every policy.
        let other = if pair == 2 { "Short" } else { "Rather longer" };
        let goes = server.import_named(&goes, other).await.to_string();
        server.merge(&stays, &json!({"survivor": stays, "absorbed": [goes]})).await.expect(201);
    }
    let mut body = json!({"document": {"default": ["longest"]}, "limit": 2});
    let (mut looked_at, mut changed) = (0, 0);
    loop {
        let page = server.post(&format!("{POLICIES}/any/simulate"), &body).await.expect(200).body;
        assert_eq!(page["policy"], "any/draft");
        looked_at += page["looked_at"].as_u64().unwrap();
        changed += page["changed"].as_array().unwrap().len();
        let Some(next) = page["next"].as_str() else { break };
        body["cursor"] = next.into();
    }
    assert_eq!((looked_at, changed), (5, 4));
}

#[tokio::test]
async fn a_policy_that_is_not_right_is_refused_with_the_field_and_the_fix() {
    let server = Server::start().await;
    for (body, field, words) in [
        (json!({"defualt": ["longest"]}), "defualt", "unknown field"),
        (json!({"default": ["newest"]}), "default[0]", "most_frequent"),
        (json!({"default": []}), "default", "at least"),
        (json!({"fields": {"naem": ["longest"]}}), "fields.naem", "website"),
        (json!({"fields": {"name": [{"source_trust": "city"}]}}), "fields.name[0].source_trust", "sequence"),
        (json!({"fields": {"name": [{"source_trust": []}]}}), "fields.name[0].source_trust", "between 1"),
        (json!({"fold": ["names"]}), "fold[0]", "locations"),
    ] {
        let refused = put(&server, "ours", None, &body).await.problem(422, "invalid");
        let error = &refused.body["errors"][0];
        assert_eq!(error["field"], field, "{}", refused.text);
        assert!(error["problem"].as_str().unwrap().contains(words), "{}", refused.text);
    }
    let broken =
        server.request("PUT", &format!("{POLICIES}/ours")).header("content-type", "application/json");
    send(broken.body("{\"default\": [")).await.problem(400, "malformed");
    put(&server, "not%20a%20name", None, &json!({})).await.problem(400, "malformed");
    let body = json!({"document": {"default": []}});
    let refused = server.post(&format!("{POLICIES}/ours/simulate"), &body).await.problem(422, "invalid");
    assert_eq!(refused.body["errors"][0]["field"], "document.default");
    let both = json!({"document": {}, "version": 1});
    server.post(&format!("{POLICIES}/default/simulate"), &both).await.problem(422, "invalid");
    server.post(&format!("{POLICIES}/ours/simulate"), &json!({})).await.problem(404, "not-found");
    server.post(&format!("{POLICIES}/ours/activate"), &json!({})).await.problem(422, "invalid");
}

#[tokio::test]
async fn a_choice_wins_until_its_merge_is_undone() {
    let server = Server::start().await;
    let (stays, goes, merge) = merged(&server).await;
    let path = format!("/v1/organizations/{stays}");
    let why = server.get(&format!("{path}/survivorship")).await.expect(200);
    let name = field(&why.body, "name");
    assert_eq!((&name["won_by"], &name["losers"][0]["lost_to"]), (&json!("survivor"), &json!("survivor")));
    assert_eq!(name["losers"][0]["value"], "River Clinic of Ithaca");
    server.get(&format!("/v1/organizations/{goes}/survivorship")).await.expect(308);

    let choose = async |etag: &str, body: &Value| {
        let request = server.request("POST", &format!("{path}/choices")).header("x-orgloop-user", "ben");
        send(request.header("if-match", etag).json(body)).await
    };
    let body = json!({"choices": {"name": goes}});
    let chosen = choose(&why.etag(), &body).await.expect(200);
    let name = field(&chosen.body, "name");
    assert_eq!((&name["won_by"], &name["by"]), (&json!("choice"), &json!("ben")));
    assert_eq!(chosen.body["choices"][0]["record_id"], goes);
    choose(&why.etag(), &body).await.problem(412, "stale");
    assert_eq!(server.get(&path).await.body["name"], "River Clinic of Ithaca");
    for (choices, field) in [
        (json!({"phones": goes}), "choices.phones"),
        (json!({"name": "00000000-0000-0000-0000-0000000000ff"}), "choices.name"),
    ] {
        let refused = choose("*", &json!({"choices": choices})).await.problem(422, "invalid");
        assert_eq!(refused.body["errors"][0]["field"], field);
    }
    server.patch(&path, "*", &json!({"name": "The Clinic"})).await.expect(200);
    let why = server.get(&format!("{path}/survivorship")).await.expect(200);
    assert_eq!(
        (&field(&why.body, "name")["won_by"], &field(&why.body, "name")["by"]),
        (&json!("steward"), &json!("ana"))
    );

    server.post(&format!("/v1/merges/{merge}/undo"), &json!({})).await.expect(200);
    let why = server.get(&format!("{path}/survivorship")).await.expect(200).body;
    assert_eq!(why["choices"], json!([]));
    assert_eq!(
        server.get(&path).await.body["name"],
        "The Clinic",
        "what a person stated stays where it was said"
    );
    assert_eq!(server.get(&format!("/v1/organizations/{goes}")).await.body["name"], "River Clinic of Ithaca");
}

#[tokio::test]
async fn what_two_members_tell_alike_is_shown_once_and_keeps_its_id() {
    let server = Server::start().await;
    let (stays, _, merge) = merged(&server).await;
    let path = format!("/v1/organizations/{stays}");
    let shown = server.get(&path).await.expect(200).body;
    let (first, second) = (uuid::Uuid::from_u128(1), uuid::Uuid::from_u128(2));
    assert_eq!(shown["phones"].as_array().unwrap().len(), 1);
    assert_eq!(shown["folded"], json!([{"table": "phone", "id": second, "shown_as": first}]));
    server.post(&format!("/v1/merges/{merge}/undo"), &json!({})).await.expect(200);
    let shown = server.get(&path).await.expect(200).body;
    assert_eq!((&shown["folded"], &shown["policy"]), (&json!([]), &Value::Null));
}

#[tokio::test]
async fn a_golden_record_of_several_members_is_deleted_with_all_of_them_only() {
    let server = Server::start().await;
    let mut ids = Vec::new();
    for name in ["River Clinic", "River Clinic Inc"] {
        ids.push(server.post("/v1/organizations", &json!({"name": name})).await.expect(201).id());
    }
    server.merge("k0", &json!({"survivor": ids[0], "absorbed": [ids[1]]})).await.expect(201);
    let path = format!("/v1/organizations/{}", ids[0]);
    let etag = server.etag(&path).await;
    let refused = server.delete(&path, &etag).await.problem(409, "other-members");
    assert_eq!(refused.body["members"].as_array().unwrap().len(), 2);
    server.delete(&format!("{path}?members=some"), &etag).await.problem(400, "malformed");
    server.delete(&format!("{path}?members=all"), &etag).await.expect(204);
    for id in &ids {
        server.get(&format!("/v1/organizations/{id}")).await.problem(404, "not-found");
    }
    // What a source tells is deleted there, alone or among others.
    let (stays, _, _) = merged(&server).await;
    let path = format!("/v1/organizations/{stays}?members=all");
    server.delete(&path, "*").await.problem(409, "owned-by-source");
}
