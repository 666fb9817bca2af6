//! The reconciliation API, spoken as OpenRefine speaks it (0.2), and as the draft says.

mod browsers;

use crate::support::{Answer, Server, send};
use entity::organization::Extra;
use entity::{Address, IndexDocument, Location, Organization, Phone, Record, RecordId, Version};
use index::IndexWrite;
use serde_json::{Value, json};
use service::access::AccessSettings;
use std::collections::BTreeMap;
use store::resolution::RecordScores;
use uuid::Uuid;

/// An organization at an address, in the store and in the index as the stages put it there.
pub(crate) async fn known(
    server: &Server,
    source_id: &str,
    name: &str,
    at: (&str, &str, &str),
    phone: &str,
) -> RecordId {
    let organization = organization(source_id, name, at, phone);
    let id = server.import(source_id, organization.clone()).await;
    let created_at = chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    let record = Record { id, source: "city".into(), source_id: source_id.into(), created_at, organization };
    let features = scoring::features(&record);
    let keys = scoring::blocking_keys(&features);
    let document = IndexDocument {
        id,
        version: Version(1),
        keys: keys.clone(),
        search: scoring::search_fields(&record),
        features: features.to_bytes(),
    };
    server.ports.index.write(vec![IndexWrite::Upsert(document)]).await.unwrap();
    server.ports.index.refresh().await.unwrap();
    let scores = RecordScores {
        id,
        version: Version(1),
        created_at: Some(created_at),
        keys: Vec::new(),
        verdicts: Vec::new(),
    };
    server.ports.resolution.apply_scores(&[scores], &BTreeMap::new()).await.unwrap();
    id
}

fn organization(
    source_id: &str,
    name: &str,
    (street, city, postcode): (&str, &str, &str),
    phone: &str,
) -> Organization {
    let row = |table: &str| entity::id::derive("city", table, source_id);
    let address = Address {
        id: row("address"),
        source_id: source_id.into(),
        attention: None,
        address_1: Some(street.into()),
        address_2: None,
        city: Some(city.into()),
        region: None,
        state_province: Some("NY".into()),
        postal_code: Some(postcode.into()),
        country: Some("US".into()),
        address_type: None,
        extra: Extra::default(),
    };
    let location = Location {
        id: row("location").into(),
        source_id: source_id.into(),
        name: None,
        alternate_name: None,
        description: None,
        location_type: None,
        url: None,
        transportation: None,
        latitude: None,
        longitude: None,
        addresses: vec![address],
        phones: Vec::new(),
        extra: Extra::default(),
    };
    let phone = Phone {
        id: row("phone"),
        source_id: source_id.into(),
        number: phone.into(),
        extension: None,
        phone_type: None,
        description: None,
        extra: Extra::default(),
    };
    Organization {
        name: Some(name.into()),
        website: Some(format!("https://{}.example", name.to_lowercase().replace(' ', ""))),
        phones: vec![phone],
        locations: vec![location],
        ..Organization::default()
    }
}

/// Three of Albany and one namesake of the first in Troy.
async fn albany(server: &Server) -> Vec<RecordId> {
    let mut ids = Vec::new();
    for (number, name, at, phone) in [
        ("1", "Riverside Health Clinic", ("12 Main Street", "Albany", "12207"), "(518) 555-0142"),
        ("2", "Saint Anselm Food Pantry", ("80 Quail Street", "Albany", "12206"), "(518) 555-0177"),
        ("3", "Hudson Literacy Council", ("4 Lark Street", "Albany", "12210"), "(518) 555-0199"),
        ("4", "Riverside Health Clinic", ("301 Fourth Street", "Troy", "12180"), "(518) 555-0333"),
    ] {
        ids.push(known(server, number, name, at, phone).await);
    }
    ids
}

async fn form(server: &Server, element: &str, json: &Value) -> Answer {
    let body: String =
        url::form_urlencoded::Serializer::new(String::new()).append_pair(element, &json.to_string()).finish();
    let request = server.request("POST", "/reconcile");
    send(request.header("content-type", "application/x-www-form-urlencoded; charset=UTF-8").body(body)).await
}

fn ids(result: &Value) -> Vec<&str> {
    result.as_array().unwrap().iter().map(|candidate| candidate["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_manifest_leads_openrefine_to_every_service() {
    let server = Server::start().await;
    let known = albany(&server).await;
    let manifest = server.get("/reconcile").await.expect(200).body;
    assert_eq!(manifest["versions"], json!(["0.2", "1.0-draft"]));
    assert_eq!(manifest["standardizedScore"], true);
    for uri in ["identifierSpace", "schemaSpace"] {
        assert!(manifest[uri].as_str().unwrap().starts_with(&server.base), "{manifest}");
    }
    for service in ["entity", "property", "type"] {
        let of = &manifest["suggest"][service];
        let url = format!("{}{}", of["service_url"].as_str().unwrap(), of["service_path"].as_str().unwrap());
        let path = url.strip_prefix(&server.base).unwrap();
        // What OpenRefine sends along with the prefix.
        let asked = format!("{path}?prefix=&type=organization&type_strict=any&cursor=0");
        server.get(&asked).await.expect(200).body["result"].as_array().unwrap();
    }
    let propose = &manifest["extend"]["propose_properties"];
    let path = format!("{}?type=organization&limit=4", propose["service_path"].as_str().unwrap());
    assert_eq!(server.get(&path).await.expect(200).body["properties"].as_array().unwrap().len(), 4);
    for template in [&manifest["view"]["url"], &manifest["preview"]["url"]] {
        let url = template.as_str().unwrap().replace("{{id}}", &known[0].to_string());
        let page = server.get(url.strip_prefix(&server.base).unwrap()).await.expect(200);
        assert!(page.header("content-type").starts_with("text/html"));
    }
    let draft = server.get("/reconcile?version=1.0-draft").await.expect(200).body;
    assert_eq!(draft["suggest"], json!({"entity": true, "property": true, "type": true}));
    assert!(draft["view"]["url"].as_str().unwrap().ends_with("?id={id}"));
}

#[tokio::test]
async fn the_manifest_says_the_address_of_the_settings_and_believes_trusted_proxies_only() {
    let proxies = |proxies: &[&str]| AccessSettings {
        trusted_proxies: proxies.iter().map(ToString::to_string).collect(),
        ..AccessSettings::default()
    };
    let public = AccessSettings { public_url: "https://orgloop.example/".into(), ..proxies(&[]) };
    for (settings, base) in [
        (proxies(&[]), "http://data.example/"),
        (proxies(&["127.0.0.1"]), "https://data.example/"),
        (public, "https://orgloop.example/"),
    ] {
        let server = Server::start_open(settings).await;
        let asked = server.request("GET", "/reconcile").header("host", "data.example");
        let manifest = send(asked.header("x-forwarded-proto", "https")).await.expect(200).body;
        assert!(manifest["view"]["url"].as_str().unwrap().starts_with(base), "{base}: {manifest}");
    }
}

#[tokio::test]
async fn a_batch_finds_each_rows_organization_and_says_why() {
    let server = Server::start().await;
    let known = albany(&server).await;
    let batch = json!({
        "q0": {"query": "Riverside Health Clinic", "type": "organization", "type_strict": "should", "limit": 3,
            "properties": [{"pid": "address", "v": "12 Main St, Albany, NY 12207"}, {"pid": "phone", "v": "518-555-0142"}]},
        "q1": {"query": "St. Anselm Food Pantrey", "properties": [{"pid": "city", "v": "Albany"}]},
        "q2": {"query": "Riverside Health Clinic"},
        "q3": {"query": "Nobody Knows This One"},
        "q4": {"query": "Riverside Health Clinic", "type": ["Person"]},
        "q5": {"properties": [{"pid": "phone", "v": ["(518) 555-0199"]}]},
    });
    let answer = form(&server, "queries", &batch).await.expect(200).body;
    let first = &answer["q0"]["result"][0];
    assert_eq!(first["id"], known[0].to_string(), "{answer}");
    assert_eq!((&first["match"], &first["name"]), (&json!(true), &json!("Riverside Health Clinic")));
    assert_eq!(first["type"], json!([{"id": "organization", "name": "Organization"}]));
    assert_eq!(first["description"], "12 Main Street, Albany, NY 12207 · (518) 555-0142");
    let score = first["score"].as_f64().unwrap();
    assert!(score > 90.0 && score < 100.0, "{score}");
    let features = first["features"].as_array().unwrap();
    let names: std::collections::BTreeSet<_> =
        features.iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(names.len(), features.len(), "ids of features are unique");
    assert!(names.contains("prior") && names.contains("phone"), "{names:?}");
    let weight: f64 = features.iter().map(|one| one["value"].as_f64().unwrap()).sum();
    let expected = scoring::Model::shipped().probability(weight) * 100.0;
    assert!((score - expected).abs() < 0.002, "the parts make the score: {score}, {expected}");
    // The namesake in Troy is told, too, and is far behind.
    let second = &answer["q0"]["result"][1];
    assert_eq!(second["id"], known[3].to_string());
    assert!(second["score"].as_f64().unwrap() < score / 2.0 && second["match"] == false, "{second}");
    assert_eq!(answer["q1"]["result"][0]["id"], known[1].to_string(), "a name with typing errors");
    let namesakes = &answer["q2"]["result"];
    assert_eq!(namesakes[0]["score"], namesakes[1]["score"]);
    assert!(namesakes.as_array().unwrap().iter().all(|one| one["match"] == false), "two are equally likely");
    assert!(answer["q3"]["result"].as_array().unwrap().iter().all(|one| one["match"] == false));
    assert_eq!(answer["q4"]["result"], json!([]), "no persons here");
    assert_eq!(answer["q5"]["result"][0]["id"], known[2].to_string(), "by the telephone alone");
    let asked = json!({"q2": {"query": "Riverside Health Clinic"}}).to_string();
    let path: String = url::form_urlencoded::byte_serialize(asked.as_bytes()).collect();
    let by_get = server.get(&format!("/reconcile?queries={path}")).await.expect(200).body;
    assert_eq!(by_get["q2"], answer["q2"], "GET answers as POST does");
}

#[tokio::test]
async fn candidates_are_golden_records_and_merged_ids_lead_to_them() {
    let server = Server::start().await;
    let known = albany(&server).await;
    let (one, other) = (known[0], known[3]);
    let body = json!({"survivor": one, "absorbed": [other]});
    server.merge("k", &body).await.expect(201);
    let by_name =
        json!({"q": {"query": "Riverside Health Clinic", "properties": [{"pid": "city", "v": "Troy"}]}});
    let answer = form(&server, "queries", &by_name).await.expect(200).body;
    let found = ids(&answer["q"]["result"]);
    assert_eq!(found[0], one.to_string(), "the survivor stands for its member of Troy: {answer}");
    assert!(!found.contains(&other.to_string().as_str()));
    let by_id = json!({"q": {"query": other.to_string()}});
    let answer = form(&server, "queries", &by_id).await.expect(200).body;
    assert_eq!(ids(&answer["q"]["result"]), [one.to_string()]);
    assert_eq!(
        (&answer["q"]["result"][0]["score"], &answer["q"]["result"][0]["match"]),
        (&json!(100.0), &json!(true))
    );
    let suggested = server.get(&format!("/reconcile/suggest/entity?prefix={other}")).await.expect(200).body;
    assert_eq!(ids(&suggested["result"]), [one.to_string()]);
    let wanted = json!({"ids": [other], "properties": [{"id": "city"}]});
    let extended = form(&server, "extend", &wanted).await.expect(200).body;
    assert_eq!(extended["rows"][other.to_string()]["city"], json!([{"str": "Albany"}, {"str": "Troy"}]));
    let page = server.get(&format!("/reconcile/preview?id={other}")).await.expect(200).text;
    assert!(page.contains("2 records, merged") && page.contains(&one.to_string()), "{page}");
}

#[tokio::test]
async fn columns_are_fetched_for_what_was_matched() {
    let server = Server::start().await;
    let known = albany(&server).await;
    let wanted = json!({"ids": [known[0], "garbage", Uuid::nil()],
        "properties": [{"id": "phone", "settings": {}}, {"id": "address"}, {"id": "latitude"}]});
    let answer = form(&server, "extend", &wanted).await.expect(200).body;
    assert_eq!(answer["meta"][0], json!({"id": "phone", "name": "Telephone"}));
    let row = &answer["rows"][known[0].to_string()];
    assert_eq!(row["phone"], json!([{"str": "(518) 555-0142"}]));
    assert_eq!(row["address"], json!([{"str": "12 Main Street, Albany, NY 12207"}]));
    assert_eq!(row["latitude"], json!([]));
    assert_eq!(answer["rows"]["garbage"]["phone"], json!([]), "what is not there has no values");
    let draft = server.post("/reconcile/extend", &wanted).await.expect(200).body;
    assert_eq!(draft["rows"][0]["id"], known[0].to_string());
    assert_eq!(draft["rows"][0]["properties"][1], json!({"id": "address", "values": row["address"]}));
    assert_eq!(draft["rows"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn suggestions_come_while_people_type() {
    let server = Server::start().await;
    let known = albany(&server).await;
    let entities = server.get("/reconcile/suggest/entity?prefix=huds&callback=x").await.expect(200).body;
    let hudson = &entities["result"][0];
    assert_eq!((&hudson["id"], &hudson["name"]), (&json!(known[2]), &json!("Hudson Literacy Council")));
    assert_eq!(hudson["notable"][0]["id"], "organization");
    let river = server.get("/reconcile/suggest/entity?prefix=riverside").await.expect(200).body;
    assert_eq!(river["result"].as_array().unwrap().len(), 2);
    for offset in ["cursor", "offset"] {
        let rest = server
            .get(&format!("/reconcile/suggest/entity?prefix=riverside&{offset}=1"))
            .await
            .expect(200)
            .body;
        assert_eq!(rest["result"], json!([river["result"][1]]));
    }
    assert_eq!(server.get("/reconcile/suggest/entity?prefix=").await.expect(200).body["result"], json!([]));
    let properties = |query: &str| {
        let (server, path) = (&server, format!("/reconcile/suggest/property{query}"));
        async move { server.get(&path).await.expect(200).body["result"].as_array().unwrap().clone() }
    };
    assert!(properties("").await.len() > 12);
    assert_eq!(properties("?prefix=tel").await[0]["id"], "phone");
    assert_eq!(properties("?prefix=postal").await[0]["id"], "postcode");
    assert!(properties("?prefix=zzz").await.is_empty());
    assert_eq!(
        server.get("/reconcile/suggest/type?prefix=org").await.body["result"][0]["id"],
        "organization"
    );
    assert_eq!(server.get("/reconcile/suggest/type?prefix=per").await.body["result"], json!([]));
}

#[tokio::test]
async fn the_draft_asks_by_conditions_and_may_require_them() {
    let server = Server::start().await;
    let known = albany(&server).await;
    let name = json!({"matchType": "name", "propertyValue": "Riverside Health Clinic"});
    let city = |value: Value, quantifier: &str| {
        json!({"matchType": "property", "propertyId": "city", "propertyValue": value, "required": true,
            "matchQuantifier": quantifier})
    };
    let batch = json!({"queries": [
        {"type": "organization", "limit": 5, "conditions": [name]},
        {"conditions": [name, city(json!("troy"), "any")]},
        {"conditions": [name, city(json!(["Troy", "Albany"]), "all")]},
        {"conditions": [name, city(json!(["Troy"]), "none")]},
    ]});
    let answer = server.post("/reconcile/match", &batch).await.expect(200).body;
    let found = |number: usize| ids(&answer["results"][number]["candidates"]);
    assert!(
        found(0).contains(&known[0].to_string().as_str())
            && found(0).contains(&known[3].to_string().as_str())
    );
    assert_eq!(found(1), [known[3].to_string()]);
    assert!(found(2).is_empty(), "none is in both");
    assert!(!found(3).contains(&known[3].to_string().as_str()) && found(3)[0] == known[0].to_string());
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused_with_its_place() {
    let server = Server::start().await;
    let unknown = json!({"q0": {"query": "x", "properties": [{"pid": "P31", "v": "x"}]}});
    let answer = form(&server, "queries", &unknown).await.problem(422, "invalid");
    assert_eq!(answer.body["errors"][0]["field"], "q0.properties[0].pid");
    assert!(
        answer.body["detail"].as_str().unwrap().contains("phone"),
        "it says which there are: {}",
        answer.text
    );
    let many: serde_json::Map<_, _> = (0..51).map(|at| (format!("q{at}"), json!({"query": "x"}))).collect();
    form(&server, "queries", &Value::Object(many)).await.problem(413, "too-large");
    let ids: Vec<_> = (0..501).map(|_| Uuid::nil()).collect();
    form(&server, "extend", &json!({"ids": ids, "properties": []})).await.problem(413, "too-large");
    form(&server, "extend", &json!({"ids": [], "properties": [{"id": "x"}]})).await.problem(422, "invalid");
    form(&server, "other", &json!({})).await.problem(400, "malformed");
    send(server.request("POST", "/reconcile").body("queries={}")).await.problem(400, "malformed");
    server.get("/reconcile?queries=%7B").await.problem(400, "malformed");
    let qualified =
        json!({"queries": [{"conditions": [{"matchType": "name", "v": "x", "matchQualifier": "near"}]}]});
    server.post("/reconcile/match", &qualified).await.problem(422, "invalid");
    server.post("/reconcile/match", &json!({"queries": [{"conditions": []}]})).await.problem(422, "invalid");
    for query in ["entity?prefix=a%00", "entity?limit=0", "property?cursor=x", "type?limit=99"] {
        server.get(&format!("/reconcile/suggest/{query}")).await.problem(400, "malformed");
    }
    server.get("/reconcile/extend/propose?limit=x").await.problem(400, "malformed");
    server.get("/reconcile/preview?id=x").await.problem(400, "malformed");
    server.get(&format!("/reconcile/preview?id={}", Uuid::nil())).await.problem(404, "not-found");
    // An empty corpus has no candidates, and is no error.
    let answer = form(&server, "queries", &json!({"q0": {"query": "x"}})).await.expect(200);
    assert_eq!(answer.body, json!({"q0": {"result": []}}));
}
