//! Golden records: created, read, listed, edited, deleted.

use crate::support::{Server, send};
use entity::Organization;
use serde_json::{Value, json};

fn clinic() -> Value {
    json!({
        "name": "River Clinic",
        "alternate_names": ["The Clinic"],
        "email": "",
        "extra": {"logo": {"url": "x"}},
        "phones": [{"number": "555 0100", "phone_type": "voice"}],
        "identifiers": [{"scheme": "US-EIN", "identifier": "12-3456789"}],
        "locations": [{
            "id": "00000000-0000-0000-0000-000000000001",
            "latitude": 40.5, "longitude": -74,
            "addresses": [{"address_1": "1 River Rd", "city": "Albany", "state_province": "NY"}],
        }],
        "services": [{"name": "Vaccines", "location_ids": ["00000000-0000-0000-0000-000000000001"]}],
    })
}

#[tokio::test]
async fn what_people_create_is_read_back_with_ids_of_the_service() {
    let server = Server::start().await;
    let created = server.post("/v1/organizations", &clinic()).await.expect(201);
    let id = created.id();
    assert_eq!(created.header("location"), format!("/v1/organizations/{id}"));
    let read = server.get(&format!("/v1/organizations/{id}")).await.expect(200);
    assert_eq!(read.body, created.body);
    assert_eq!(read.etag(), format!("\"{}\"", read.body["etag"].as_str().unwrap()));
    let body = &read.body;
    assert_eq!(body["name"], "River Clinic");
    assert_eq!(body["email"], Value::Null, "an empty text is an absent one");
    assert_eq!(body["extra"], json!({"logo": {"url": "x"}}));
    assert_eq!(body["members"], json!([id]));
    assert_eq!(body["locations"][0]["addresses"][0]["city"], "Albany");
    assert_ne!(body["locations"][0]["id"], "00000000-0000-0000-0000-000000000001");
    assert_eq!(body["services"][0]["location_ids"][0], body["locations"][0]["id"]);
    let origin = json!({"field": "name", "record_id": id, "origin": "rest"});
    assert!(body["origins"].as_array().unwrap().contains(&origin));
    let known =
        send(server.request("GET", &format!("/v1/organizations/{id}")).header("if-none-match", read.etag()));
    assert_eq!(known.await.status, 304);
}

#[tokio::test]
async fn a_name_is_required() {
    let server = Server::start().await;
    for name in [json!(null), json!(""), json!("  ")] {
        let answer = server.post("/v1/organizations", &json!({"name": name})).await.problem(422, "invalid");
        assert_eq!(answer.body["errors"][0]["field"], "name");
    }
    server.get("/v1/organizations").await.expect(200).body["organizations"]
        .as_array()
        .unwrap()
        .is_empty()
        .then_some(())
        .unwrap();
}

#[tokio::test]
async fn lists_are_read_page_by_page_to_the_end() {
    let server = Server::start().await;
    for number in 0..7 {
        server.import_named(&number.to_string(), "Food Bank").await;
    }
    let (mut seen, mut path, mut pages) = (Vec::new(), "/v1/organizations?limit=3".to_owned(), 0);
    loop {
        let page = server.get(&path).await.expect(200).body;
        pages += 1;
        seen.extend(page["organizations"].as_array().unwrap().iter().map(|one| one["id"].to_string()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/organizations?limit=3&cursor={next}");
    }
    assert_eq!((seen.len(), pages), (7, 3));
    assert!(seen.is_sorted());
    server.get("/v1/organizations?limit=0").await.problem(400, "malformed");
    server.get("/v1/organizations?limit=201").await.problem(400, "malformed");
    server.get("/v1/organizations?cursor=%21").await.problem(400, "malformed");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let server = Server::start().await;
    let path = "/v1/organizations/00000000-0000-0000-0000-0000000000ff";
    server.get(path).await.problem(404, "not-found");
    server.get(&format!("{path}/records")).await.problem(404, "not-found");
    server.patch(path, "*", &json!({"name": "x"})).await.problem(404, "not-found");
    server.delete(path, "*").await.problem(404, "not-found");
    server.get("/v1/organizations/river").await.problem(400, "malformed");
}

#[tokio::test]
async fn an_edit_of_an_imported_record_is_a_fact_that_survives_the_next_import() {
    let server = Server::start().await;
    let imported = Organization {
        name: Some("Rivr Clinic".into()),
        email: Some("old@river.example".into()),
        ..Organization::default()
    };
    let id = server.import("1", imported.clone()).await;
    let path = format!("/v1/organizations/{id}");
    let etag = server.etag(&path).await;
    let patch = json!({"name": "River Clinic", "email": "old@river.example", "extra": {"seen": true}});
    let edited = server.patch(&path, &etag, &patch).await.expect(200);
    assert_ne!(edited.etag(), etag);
    assert_eq!(edited.body["name"], "River Clinic");
    assert_eq!(edited.body["extra"], json!({"seen": true}));
    server.import("1", Organization { email: Some("new@river.example".into()), ..imported }).await;
    let read = server.get(&path).await.expect(200).body;
    assert_eq!(read["name"], "River Clinic");
    assert_eq!(read["email"], "new@river.example", "a field sent as it was read is no statement");
    let steward = json!({"field": "name", "record_id": id.to_string(), "origin": "steward"});
    assert!(read["origins"].as_array().unwrap().contains(&steward));
    let record = server.get(&format!("{path}/records")).await.expect(200).body;
    assert_eq!(record["records"][0]["name"], "Rivr Clinic", "the source's row stays the source's");
    let facts = server.ports.organizations.family(&[id]).await.unwrap().facts;
    assert!(facts.iter().all(|fact| fact.stated_by == "ana"));
}

#[tokio::test]
async fn an_edit_needs_the_state_that_it_was_decided_on() {
    let server = Server::start().await;
    let id = server.import_named("1", "River Clinic").await;
    let path = format!("/v1/organizations/{id}");
    let etag = server.etag(&path).await;
    let bare = server.request("PATCH", &path).json(&json!({"name": "x"}));
    send(bare).await.problem(428, "precondition-required");
    server.patch(&path, &etag, &json!({"name": "First"})).await.expect(200);
    let stale = server.patch(&path, &etag, &json!({"name": "Second"})).await.problem(412, "stale");
    assert_eq!(format!("\"{}\"", stale.body["current"].as_str().unwrap()), server.etag(&path).await);
    server.patch(&path, "*", &json!({"name": "Third"})).await.expect(200);
    assert_eq!(server.get(&path).await.body["name"], "Third");
}

#[tokio::test]
async fn of_edits_at_once_on_one_state_one_wins() {
    let server = Server::start().await;
    let created = server.post("/v1/organizations", &clinic()).await.expect(201);
    for id in [server.import_named("1", "Imported").await.to_string(), created.id()] {
        let path = format!("/v1/organizations/{id}");
        let etag = server.etag(&path).await;
        let bodies: Vec<_> = (0..8).map(|number| json!({"name": format!("Name {number}")})).collect();
        let edits = bodies.iter().map(|body| server.patch(&path, &etag, body));
        let statuses: Vec<u16> =
            futures::future::join_all(edits).await.iter().map(|answer| answer.status.as_u16()).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 7, "{statuses:?}");
    }
}

#[tokio::test]
async fn edits_that_do_not_fit_are_refused_with_the_field() {
    let server = Server::start().await;
    let imported = server.import_named("1", "Imported").await.to_string();
    let own = server.post("/v1/organizations", &clinic()).await.expect(201).id();
    for id in [&imported, &own] {
        let path = format!("/v1/organizations/{id}");
        for (patch, field) in [
            (json!({"naem": "x"}), "naem"),
            (json!({"name": 5}), "name"),
            (json!({"year_incorporated": "old"}), "year_incorporated"),
            (json!({"members": []}), "members"),
            (json!({"id": "00000000-0000-0000-0000-000000000001"}), "id"),
            (json!({"created_at": "2020-01-01T00:00:00Z"}), "created_at"),
        ] {
            let answer = server.patch(&path, "*", &patch).await.problem(422, "invalid");
            assert_eq!(answer.body["errors"][0]["field"], field, "{}", answer.text);
        }
        server.patch(&path, "", &json!({"name": "x"})).await.problem(428, "precondition-required");
        server.patch(&path, "*", &json!([1])).await.problem(422, "invalid");
    }
    let phones = json!({"phones": [{"number": "1"}]});
    let path = format!("/v1/organizations/{imported}");
    let answer = server.patch(&path, "*", &phones).await.problem(422, "invalid");
    assert_eq!(answer.body["errors"][0]["field"], "phones");
}

#[tokio::test]
async fn people_rewrite_their_own_record_children_included() {
    let server = Server::start().await;
    let created = server.post("/v1/organizations", &clinic()).await.expect(201);
    let path = format!("/v1/organizations/{}", created.id());
    let mut location = created.body["locations"][0].clone();
    location["name"] = json!("Main site");
    location["addresses"][0]["city"] = json!("Troy");
    let patch = json!({
        "name": "River Health", "alternate_names": null, "locations": [location], "identifiers": [],
        "phones": [created.body["phones"][0], {"number": "555 0199"}],
    });
    let edited = server.patch(&path, &created.etag(), &patch).await.expect(200).body;
    assert_eq!(edited["name"], "River Health");
    assert_eq!(edited["alternate_names"], json!([]));
    assert_eq!(edited["identifiers"], json!([]));
    assert_eq!(edited["locations"][0]["id"], created.body["locations"][0]["id"]);
    assert_eq!(
        edited["locations"][0]["addresses"][0]["id"],
        created.body["locations"][0]["addresses"][0]["id"]
    );
    assert_eq!(edited["locations"][0]["addresses"][0]["city"], "Troy");
    assert_eq!(edited["phones"][0], created.body["phones"][0]);
    assert_eq!(edited["phones"].as_array().unwrap().len(), 2);
    assert_eq!(edited["services"], created.body["services"]);
    assert!(
        server.ports.organizations.family(&[created.id().parse().unwrap()]).await.unwrap().facts.is_empty()
    );
    server.patch(&path, "*", &json!({"name": null})).await.problem(422, "invalid");
}

#[tokio::test]
async fn the_whole_representation_sent_back_changes_nothing() {
    let server = Server::start().await;
    let created = server.post("/v1/organizations", &clinic()).await.expect(201);
    let path = format!("/v1/organizations/{}", created.id());
    let edited = server.patch(&path, &created.etag(), &created.body).await.expect(200);
    assert_eq!(edited.etag(), created.etag());
}

#[tokio::test]
async fn people_delete_what_they_created_and_nothing_else() {
    let server = Server::start().await;
    let own = server.post("/v1/organizations", &clinic()).await.expect(201);
    let path = format!("/v1/organizations/{}", own.id());
    send(server.request("DELETE", &path)).await.problem(428, "precondition-required");
    server.delete(&path, "\"old\"").await.problem(412, "stale");
    server.delete(&path, &own.etag()).await.expect(204);
    server.get(&path).await.problem(404, "not-found");
    let imported = format!("/v1/organizations/{}", server.import_named("1", "Imported").await);
    let answer = server.delete(&imported, "*").await.problem(409, "owned-by-source");
    assert_eq!(answer.body["source"], "city");
    assert!(answer.body["detail"].as_str().unwrap().contains("--snapshot"));
}

#[tokio::test]
async fn records_are_read_by_their_ids() {
    let server = Server::start().await;
    let (one, two) = (server.import_named("1", "One").await, server.import_named("2", "Two").await);
    let gone = uuid::Uuid::from_u128(9);
    let answer = server.get(&format!("/v1/records?ids={one},{gone},{two}")).await.expect(200).body;
    let mut names: Vec<_> =
        answer["records"].as_array().unwrap().iter().map(|one| one["name"].to_string()).collect();
    names.sort();
    assert_eq!(names, ["\"One\"", "\"Two\""]);
    server.get("/v1/records?ids=x").await.problem(400, "malformed");
    server.get("/v1/records").await.problem(400, "malformed");
}

#[tokio::test]
async fn each_write_rings_the_bell() {
    let server = Server::start().await;
    let created = server.post("/v1/organizations", &clinic()).await.expect(201);
    let rung = || tokio::time::timeout(std::time::Duration::from_secs(1), server.ports.bell.notified());
    rung().await.unwrap();
    server
        .patch(&format!("/v1/organizations/{}", created.id()), "*", &json!({"name": "x"}))
        .await
        .expect(200);
    rung().await.unwrap();
}
