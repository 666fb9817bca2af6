//! Previews: what a merge would do, told whole, and nothing done.

use crate::support::Server;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// An organization with one of each, as people tell it.
async fn told(server: &Server, name: &str, number: &str, key: &str) -> Value {
    let phones = json!([{"number": number}]);
    let body = json!({
        "name": name,
        "phones": phones,
        "identifiers": [{"scheme": "US-EIN", "identifier": format!("12-{key}")}],
        "locations": [{"name": format!("Place {key}"), "addresses": [{"city": "Troy"}], "phones": phones}],
        "services": [{"name": format!("Care {key}")}],
    });
    server.post("/v1/organizations", &body).await.expect(201).body
}

#[tokio::test]
async fn a_preview_tells_all_that_a_merge_would_do_and_does_nothing() {
    let server = Server::start().await;
    let (one, two) = (
        told(&server, "River Clinic", "518 555 0101", "one").await,
        told(&server, "River Clinic Inc", "518 555 0102", "two").await,
    );
    let [stays, goes] = [&one, &two].map(|told| told["id"].as_str().unwrap().to_owned());
    let written = server.get("/v1/audit").await.body;
    let before = server.get("/v1/organizations").await.body;
    let ask = json!({"survivor": stays, "organizations": [goes]});
    let preview = server.post("/v1/merge-previews", &ask).await.expect(200).body;
    assert_eq!((&preview["survivor"], &preview["absorbed"]), (&json!(stays), &json!([goes])));
    assert_eq!(preview["needs_second_person"], false);
    assert_eq!(preview["golden"]["members"].as_array().unwrap().len(), 2);
    assert_eq!(preview["golden"]["name"], "River Clinic");
    let name = field(&preview, "name");
    assert_eq!(
        (&name["value"], &name["record_id"], &name["won_by"]),
        (&json!("River Clinic"), &json!(stays), &json!("survivor"))
    );
    assert_eq!(name["losers"][0]["value"], "River Clinic Inc");
    assert_eq!(
        (&name["losers"][0]["record_id"], &name["losers"][0]["lost_to"]),
        (&json!(goes), &json!("survivor"))
    );
    for (kind, count, ids) in [
        ("locations", 1, json!([two["locations"][0]["id"]])),
        ("services", 1, json!([two["services"][0]["id"]])),
        ("phones", 2, Value::Null),
    ] {
        assert_eq!(preview["moved"][kind]["count"], count, "{kind}");
        assert!(ids.is_null() || preview["moved"][kind]["ids"] == ids, "{kind}: {preview}");
    }
    let conflicts: Vec<_> =
        preview["conflicts"].as_array().unwrap().iter().map(|one| one["kind"].clone()).collect();
    assert_eq!(conflicts, [json!("identifier"), json!("same_source")]);
    assert_eq!(preview["conflicts"][0]["scheme"], "US-EIN");
    let values: BTreeSet<_> = preview["conflicts"][0]["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["value"].to_string())
        .collect();
    assert_eq!(values, BTreeSet::from(["\"12-one\"".to_owned(), "\"12-two\"".to_owned()]));
    let topic = |name: &str| {
        let topics = preview["topics"].as_array().unwrap();
        topics.iter().find(|topic| topic["topic"] == name).unwrap()["keys"].as_array().unwrap().len()
    };
    assert_eq!(topic("organizations.organization.v1"), 2);
    assert_eq!(topic("organizations.redirect.v1"), 1);
    assert_eq!((topic("organizations.location.v1"), topic("organizations.service.v1")), (2, 2));
    assert_eq!(preview["expected_versions"].as_object().unwrap().len(), 2);

    assert_eq!(server.get("/v1/organizations").await.body, before);
    assert_eq!(server.get("/v1/audit").await.body, written);
    // And it is what the merge then makes.
    let mut merge = json!({"survivor": stays, "organizations": [goes]});
    merge["preview_digest"] = preview["digest"].clone();
    merge["expected_versions"] = preview["expected_versions"].clone();
    server.merge_unseen("k", &merge).await.expect(201);
    let golden = server.get(&format!("/v1/organizations/{stays}")).await.body;
    for shown in ["name", "members", "alternate_names", "locations", "services", "phones", "identifiers"] {
        assert_eq!(golden[shown], preview["golden"][shown], "{shown}");
    }
}

fn field<'a>(preview: &'a Value, name: &str) -> &'a Value {
    preview["fields"].as_array().unwrap().iter().find(|field| field["field"] == name).unwrap()
}

#[tokio::test]
async fn a_choice_wins_in_the_preview_and_in_the_merge_and_ends_with_it() {
    let server = Server::start().await;
    let stays = server.import_named("1", "River Clinic").await.to_string();
    let goes = server.import_named("2", "The River Clinic").await.to_string();
    let choices = json!([{"field": "name", "record_id": goes}]);
    let ask = json!({"survivor": stays, "organizations": [goes], "choices": choices});
    let preview = server.post("/v1/merge-previews", &ask).await.expect(200).body;
    assert_eq!(preview["golden"]["name"], "The River Clinic");
    assert_eq!(field(&preview, "name")["won_by"], "choice");
    let merge = server.merge("k", &ask).await.expect(201).id();
    let path = format!("/v1/organizations/{stays}");
    assert_eq!(server.get(&path).await.body["name"], "The River Clinic");
    let effects =
        server.post(&format!("/v1/merges/{merge}/undo?dry_run=true"), &json!({})).await.expect(200).body;
    assert_eq!(effects["choices"][0]["field"], "name");
    server.post(&format!("/v1/merges/{merge}/undo"), &json!({})).await.expect(200);
    assert_eq!(server.get(&path).await.body["name"], "River Clinic");
}

#[tokio::test]
async fn the_survivor_is_the_one_that_was_there_first_unless_told() {
    let server = Server::start().await;
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.push(server.import_named(&number.to_string(), "River Clinic").await.to_string());
    }
    ids.sort_unstable();
    let preview = server.post("/v1/merge-previews", &json!({"organizations": ids})).await.expect(200).body;
    assert_eq!(preview["survivor"], ids[0], "of equal age, the smallest id");
    assert_eq!(preview["absorbed"], json!(ids[1..]));
}

#[tokio::test]
async fn previews_that_make_no_sense_are_refused() {
    let server = Server::start().await;
    let one = server.import_named("1", "River Clinic").await.to_string();
    let two = server.import_named("2", "River Clinic").await.to_string();
    let nobody = "00000000-0000-0000-0000-0000000000ff";
    for (body, status, name, field) in [
        (json!({"organizations": [one]}), 422, "invalid", "organizations"),
        (json!({"organizations": []}), 422, "invalid", "organizations"),
        (json!({"organizations": [one, two, one]}), 422, "invalid", "organizations[2]"),
        (json!({"organizations": [one, nobody]}), 404, "not-found", ""),
        (json!({"survivor": nobody, "organizations": [one]}), 404, "not-found", ""),
        (
            json!({"organizations": [one, two], "choices": [{"field": "phones"}]}),
            422,
            "invalid",
            "choices.phones",
        ),
        (
            json!({"organizations": [one, two], "choices": [{"field": "name", "record_id": nobody}]}),
            422,
            "invalid",
            "choices.name",
        ),
        (json!({"organizations": [one, two], "reason": "x"}), 422, "invalid", "reason"),
    ] {
        let refused = server.post("/v1/merge-previews", &body).await.problem(status, name);
        let told = refused.body["errors"][0]["field"].as_str().unwrap_or_default();
        assert_eq!(told, field, "{body}: {}", refused.text);
    }
}
