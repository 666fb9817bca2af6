//! The page of a cluster, by its structure: what it shows, and what its form does.

use crate::queue::three_clusters;
use crate::review::settled;
use crate::support::{Answer, Server, send};
use entity::organization::Extra;
use entity::{Location, LocationId, Organization, RecordId, Service, ServiceId};
use serde_json::json;

fn place(id: &str, north: f64, services: &[&str]) -> Organization {
    let row = |table: &str| entity::id::derive("city", table, id);
    let location = Location {
        id: LocationId(row("location")),
        source_id: id.into(),
        name: None,
        alternate_name: None,
        description: None,
        location_type: None,
        url: None,
        transportation: None,
        latitude: Some(north),
        longitude: Some(10.0),
        addresses: Vec::new(),
        phones: Vec::new(),
        extra: Extra::default(),
    };
    let service = |name: &&str| Service {
        id: ServiceId(entity::id::derive("city", "service", &format!("{id}{name}"))),
        source_id: format!("{id}{name}"),
        name: Some((*name).to_owned()),
        alternate_name: None,
        description: None,
        url: None,
        email: None,
        status: None,
        phones: Vec::new(),
        location_ids: Vec::new(),
        extra: Extra::default(),
    };
    Organization {
        name: Some(format!("Clinic {id}")),
        website: Some("https://www.clinic.example/".into()),
        locations: vec![location],
        services: services.iter().map(service).collect(),
        ..Organization::default()
    }
}

async fn three(server: &Server) -> (Vec<RecordId>, String) {
    let members = vec![
        server.import("1", place("1", 50.0, &["Dentist", "Vaccination"])).await,
        server.import("2", place("2", 50.001, &["dentist"])).await,
        server.import("3", place("3", 51.0, &[])).await,
    ];
    let id = server.cluster(&members, 0.97).await.to_string();
    (members, id)
}

async fn form(server: &Server, path: &str, body: &str) -> Answer {
    let request = server.request("POST", path).header("content-type", "application/x-www-form-urlencoded");
    send(request.body(body.to_owned())).await
}

#[tokio::test]
async fn every_key_is_a_button_and_every_part_has_its_heading() {
    let server = Server::start().await;
    let (_, id) = three(&server).await;
    let page = server.get(&format!("/clusters/{id}")).await.expect(200).text;
    for key in ["y", "n", "p", "r", "u", "d", "t", "c", "z", "/", "?", "g", "s"] {
        assert!(page.contains(&format!("data-key=\"{key}\"")), "no {key}");
    }
    for number in 1..=6 {
        assert!(page.contains(&format!("data-put=\"{number}\"")), "no group {number}");
    }
    for heading in ["evidence", "graph", "places", "why", "services", "history", "progress", "result-title"] {
        assert!(page.contains(&format!("id=\"{heading}\"")), "no {heading}");
        assert!(page.contains(&format!("aria-labelledby=\"{heading}\"")), "{heading} names no section");
    }
    assert!(page.contains("110 m apart"), "{page}");
    assert!(page.contains("1 of 2 services"), "{page}");
    assert!(page.contains("nobody tells the "), "{page}");
    assert!(
        page.contains("The bridge") && page.contains("class=\"edge bridge\"")
            || page.contains("Weakest pair")
    );
    assert_eq!(page.matches("data-group-of=").count(), 3);
    assert!(!page.contains("style=\"") && !page.contains("<script>"), "nothing inline");
    assert!(page.contains("href=\"https://www.clinic.example/\" rel=\"noreferrer noopener\""));
}

#[tokio::test]
async fn the_form_parts_a_cluster_as_grouped_and_leaves_out_who_is_out() {
    let server = Server::start().await;
    let _worker = server.start_worker();
    let (members, id) = three(&server).await;
    let body = format!(
        "group.{}=2&group.{}=2&group.{}=out&survivor={}&verdict=partition&code=renamed&teaching=asked&user=ana",
        members[0], members[1], members[2], members[1]
    );
    let sent = form(&server, &format!("/clusters/{id}/decide"), &body).await.expect(303);
    let path = sent.header("location").split('?').next().unwrap().to_owned();
    let decision = settled(&server, path.rsplit('/').next().unwrap()).await;
    assert_eq!((&decision["state"], &decision["survivor"]), (&json!("applied"), &json!(members[1])));
    assert_eq!((&decision["teach"], &decision["reason_codes"]), (&json!(false), &json!(["renamed"])));
    assert_eq!(decision["organizations"].as_array().unwrap().len(), 2);
    let page = server.get(&path).await.expect(200).text;
    assert!(page.contains("Models do not learn") && page.contains("renamed"), "{page}");
    // z takes it back.
    let undone = form(&server, "/review/undo", "user=ana").await.expect(303);
    assert_eq!(undone.header("location"), path);
    assert_eq!(settled(&server, path.rsplit('/').next().unwrap()).await["state"], "undone");
    form(&server, "/review/undo", "user=ana").await.expect(404);
}

#[tokio::test]
async fn a_form_sent_twice_is_one_decision_and_a_stale_one_shows_just_what_changed() {
    let server = Server::start().await;
    let (members, id) = three(&server).await;
    let page = server.get(&format!("/clusters/{id}")).await.expect(200).text;
    let hidden = |name: &str| {
        let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    let mut text =
        url_encoded(&[("seen", &hidden("seen")), ("key", &hidden("key")), ("verdict", "needs_data")]);
    let decide = format!("/clusters/{id}/decide");
    let first = form(&server, &decide, &text).await.expect(303);
    assert_eq!(form(&server, &decide, &text).await.expect(303).header("location"), first.header("location"));
    let decisions = server.get("/v1/decisions").await.expect(200).body;
    assert_eq!(decisions["decisions"].as_array().unwrap().len(), 1);
    assert_eq!(decisions["decisions"][0]["reason_codes"], json!(["needs_data"]));

    let mut changed = crate::support::cluster(&members[..2], 0.97);
    changed.pairs[0].match_weight = 1.5;
    server.ports.resolution.apply_clusters(&[changed], &[], &[]).await.unwrap();
    text = url_encoded(&[("seen", &hidden("seen")), ("key", "another"), ("verdict", "non_match")]);
    let stale = form(&server, &decide, &text).await.expect(412).text;
    assert!(
        stale.contains("has left the cluster") && stale.contains("scored +3.5, and score +1.5"),
        "{stale}"
    );
    assert!(!stale.contains("is new in the cluster"), "{stale}");
}

fn url_encoded(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}

#[tokio::test]
async fn the_queue_page_keeps_its_order_from_cluster_to_cluster() {
    let server = Server::start().await;
    let ids = three_clusters(&server).await;
    let queue = server.get("/clusters?sort=probability&band=&source=").await.expect(200).text;
    let place = |id: usize| queue.find(&format!("/clusters/{}?sort=probability", ids[id])).unwrap();
    assert!(place(0) < place(1) && place(1) < place(2));
    let first = server.get(&format!("/clusters/{}?sort=probability", ids[0])).await.expect(200).text;
    let onward = format!("/clusters/{}?sort=probability&amp;from={}", ids[1], ids[0]);
    assert!(first.contains(&onward), "{first}");
    // Somebody else holds the next one: the page goes on to the one after, and says who holds what.
    let claim = json!({"clusters": [ids[1]]});
    server.post("/v1/review/claims", &claim).await.expect(201);
    let first = server.get(&format!("/clusters/{}?sort=probability", ids[0])).await.expect(200).text;
    assert!(!first.contains(&onward) && first.contains(&format!("/clusters/{}?", ids[2])));
    let held = server.get(&format!("/clusters/{}", ids[1])).await.expect(200).text;
    assert!(held.contains("holds this cluster until") && held.contains("<b>ana</b>"), "{held}");
    assert!(server.get("/clusters").await.expect(200).text.contains("held by ana"));
    server.get("/clusters?sort=luck").await.expect(400);
    server.get("/clusters?cursor=x").await.expect(400);
    server.get("/clusters?status=all").await.expect(200);
    server.get("/review/keys").await.expect(200);
}

#[tokio::test]
async fn large_clusters_are_rows_with_proposals_of_groups() {
    let server = Server::start().await;
    let mut members = Vec::new();
    for number in 0..8 {
        let mut told = place(&number.to_string(), 50.0, &[]);
        told.website = Some(if number < 5 { "a.example".into() } else { "https://b.example/x".into() });
        members.push(server.import(&number.to_string(), told).await);
    }
    let id = server.cluster(&members, 0.9).await;
    let page = server.get(&format!("/clusters/{id}")).await.expect(200).text;
    assert!(page.contains("compare tall") && page.contains("tool=bridge"), "{page}");
    let grouped = server.get(&format!("/clusters/{id}?tool=domain")).await.expect(200).text;
    assert_eq!(grouped.matches("<option value=\"2\" selected").count(), 3);
    assert_eq!(grouped.matches("<option value=\"1\" selected").count(), 5);
}
