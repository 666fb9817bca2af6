//! Locations and services under ids of their own.

use crate::support::{Server, send};
use entity::{Address, Location, LocationId, Organization, Phone, Service, ServiceId};
use serde_json::{Value, json};
use uuid::Uuid;

/// A clinic of one place and one service, as an import writes it.
fn clinic() -> Organization {
    let id = |n: u128| Uuid::from_u128(n);
    Organization {
        name: Some("River Clinic".into()),
        locations: vec![Location {
            id: LocationId(id(10)),
            source_id: "l1".into(),
            name: Some("Main".into()),
            alternate_name: None,
            description: None,
            location_type: None,
            url: None,
            transportation: None,
            latitude: Some(40.0),
            longitude: None,
            addresses: vec![Address {
                id: id(11),
                source_id: "a1".into(),
                attention: None,
                address_1: Some("1 River Rd".into()),
                address_2: None,
                city: Some("Albany".into()),
                region: None,
                state_province: None,
                postal_code: None,
                country: None,
                address_type: None,
                extra: entity::organization::Extra::default(),
            }],
            phones: vec![Phone {
                id: id(12),
                source_id: "p1".into(),
                number: "555 0100".into(),
                extension: None,
                phone_type: None,
                description: None,
                extra: entity::organization::Extra::default(),
            }],
            extra: entity::organization::Extra::default(),
        }],
        services: vec![Service {
            id: ServiceId(id(20)),
            source_id: "s1".into(),
            name: Some("Vaccines".into()),
            alternate_name: None,
            description: None,
            url: None,
            email: None,
            status: None,
            phones: vec![],
            location_ids: vec![LocationId(id(10))],
            extra: entity::organization::Extra::default(),
        }],
        ..Organization::default()
    }
}

#[tokio::test]
async fn rows_are_listed_and_read_with_their_owners() {
    let server = Server::start().await;
    let id = server.import("1", clinic()).await.to_string();
    for (list, name) in [("/v1/locations", "Main"), ("/v1/services", "Vaccines")] {
        let page = server.get(list).await.expect(200).body;
        let row = &page["rows"][0];
        assert_eq!((&row["name"], &row["organization_id"]), (&json!(name), &json!(id)));
        assert_eq!(row["source_organization_id"], id);
        let one = server.get(&format!("{list}/{}", row["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(&one.body, row);
        assert_eq!(one.etag(), server.etag(&format!("/v1/organizations/{id}")).await);
        server.get(&format!("{list}/00000000-0000-0000-0000-0000000000ff")).await.problem(404, "not-found");
        server.get(&format!("{list}/x")).await.problem(400, "malformed");
        server.get(&format!("{list}?limit=x")).await.problem(400, "malformed");
    }
}

#[tokio::test]
async fn rows_follow_their_organization_through_a_merge_and_back() {
    let server = Server::start().await;
    let owner = server.import("1", clinic()).await.to_string();
    let other = server.import_named("2", "Other").await.to_string();
    let path = format!("/v1/locations/{}", Uuid::from_u128(10));
    let merge = server.merge("k", &json!({"survivor": other, "absorbed": [owner]})).await.expect(201).id();
    let row = server.get(&path).await.expect(200).body;
    assert_eq!((&row["organization_id"], &row["source_organization_id"]), (&json!(other), &json!(owner)));
    server.post(&format!("/v1/merges/{merge}/undo"), &json!({})).await.expect(200);
    assert_eq!(server.get(&path).await.body["organization_id"], owner);
}

#[tokio::test]
async fn an_edit_of_a_sources_row_is_a_fact() {
    let server = Server::start().await;
    let owner = server.import("1", clinic()).await;
    let path = format!("/v1/locations/{}", Uuid::from_u128(10));
    let row = server.get(&path).await.expect(200);
    let mut address = row.body["addresses"][0].clone();
    address["city"] = json!("Troy");
    let patch =
        json!({"name": "Main site", "latitude": 40, "addresses": [address], "organization_id": owner});
    send(server.request("PATCH", &path).json(&patch)).await.problem(428, "precondition-required");
    let edited = server.patch(&path, &row.etag(), &patch).await.expect(200);
    assert_eq!(edited.body["addresses"][0]["city"], "Troy");
    server.patch(&path, &row.etag(), &patch).await.problem(412, "stale");
    server.import("1", clinic()).await;
    let read = server.get(&path).await.expect(200).body;
    assert_eq!((&read["name"], &read["addresses"][0]["city"]), (&json!("Main site"), &json!("Troy")));
    let facts = server.ports.organizations.family(&[owner]).await.unwrap().facts;
    let fields: Vec<_> = facts.iter().map(|fact| (fact.table.as_str(), fact.field.as_str())).collect();
    assert_eq!(fields, [("location", "addresses"), ("location", "name")], "40 is no change of 40.0");
    for (patch, field) in [
        (json!({"phones": []}), "phones"),
        (json!({"latitude": 200}), "latitude"),
        (json!({"organization_id": Uuid::nil()}), "organization_id"),
        (json!({"nmae": "x"}), "nmae"),
    ] {
        let answer = server.patch(&path, "*", &patch).await.problem(422, "invalid");
        assert_eq!(answer.body["errors"][0]["field"], field);
    }
    server.delete(&path, "*").await.problem(409, "owned-by-source");
}

#[tokio::test]
async fn people_add_edit_and_delete_rows_of_an_imported_organization() {
    let server = Server::start().await;
    let owner = server.import("1", clinic()).await.to_string();
    let body = json!({"organization_id": owner, "name": "Annex", "phones": [{"number": "555 0111"}]});
    let added = server.post("/v1/locations", &body).await.expect(201);
    let path = added.header("location").to_owned();
    assert_eq!(server.get(&path).await.expect(200).body, added.body);
    server.import("1", clinic()).await;
    let phone = added.body["phones"][0].clone();
    let patch = json!({"name": "Annex B", "phones": [phone, {"number": "555 0112"}]});
    let edited = server.patch(&path, &server.etag(&path).await, &patch).await.expect(200);
    assert_eq!(edited.body["name"], "Annex B");
    assert_eq!(edited.body["phones"].as_array().unwrap().len(), 2);
    let fewer = json!({"phones": [{"id": edited.body["phones"][1]["id"], "number": "555 0113"}]});
    let fewer = server.patch(&path, &edited.etag(), &fewer).await.expect(200);
    assert_eq!(fewer.body["phones"].as_array().unwrap().len(), 1);
    assert_eq!(fewer.body["phones"][0]["id"], edited.body["phones"][1]["id"]);
    let facts = server.ports.organizations.family(&[owner.parse().unwrap()]).await.unwrap().facts;
    assert!(facts.is_empty(), "people's own row is written itself");
    let service = json!({"organization_id": owner, "name": "Dental", "location_ids": [Uuid::from_u128(10)]});
    let service = server.post("/v1/services", &service).await.expect(201);
    assert_eq!(service.body["location_ids"], json!([Uuid::from_u128(10)]));
    server.delete(service.header("location"), "*").await.expect(204);
    send(server.request("DELETE", &path)).await.problem(428, "precondition-required");
    server.delete(&path, &edited.etag()).await.problem(412, "stale");
    server.delete(&path, &server.etag(&path).await).await.expect(204);
    server.get(&path).await.problem(404, "not-found");
    let golden = server.get(&format!("/v1/organizations/{owner}")).await.body;
    assert_eq!(golden["locations"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn rows_of_a_record_that_people_created_are_theirs() {
    let server = Server::start().await;
    let organization =
        json!({"name": "Pantry", "locations": [{"name": "Hall", "phones": [{"number": "1"}]}]});
    let owner = server.post("/v1/organizations", &organization).await.expect(201);
    let path = format!("/v1/locations/{}", owner.body["locations"][0]["id"].as_str().unwrap());
    let edited =
        server.patch(&path, &owner.etag(), &json!({"name": "Big hall", "phones": null})).await.expect(200);
    assert_eq!((&edited.body["name"], &edited.body["phones"]), (&json!("Big hall"), &json!([])));
    server.delete(&path, &edited.etag()).await.expect(204);
}

#[tokio::test]
async fn rows_that_do_not_fit_are_refused() {
    let server = Server::start().await;
    let owner = server.import("1", clinic()).await.to_string();
    let cases: [(Value, u16, &str, &str); 6] = [
        (json!({"name": "x"}), 422, "invalid", "organization_id"),
        (json!({"organization_id": "x"}), 422, "invalid", "organization_id"),
        (json!({"organization_id": owner, "nmae": "x"}), 422, "invalid", "nmae"),
        (json!({"organization_id": owner, "phones": [{}]}), 422, "invalid", "phones[0].number"),
        (json!({"organization_id": owner, "location_ids": [Uuid::nil()]}), 422, "invalid", "location_ids[0]"),
        (json!({"organization_id": Uuid::nil()}), 404, "not-found", ""),
    ];
    for (body, status, name, field) in cases {
        let answer = server.post("/v1/services", &body).await.problem(status, name);
        assert_eq!(answer.body["errors"][0]["field"].as_str().unwrap_or_default(), field, "{}", answer.text);
    }
}
