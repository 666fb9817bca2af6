//! Splits: a golden record taken apart over REST, and every denial.

use crate::support::{Answer, Server, send};
use serde_json::{Value, json};

async fn named(server: &Server, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(server.import_named(&number.to_string(), &format!("Clinic {number}")).await.to_string());
    }
    ids
}

async fn merge(server: &Server, survivor: &str, absorbed: &[&str]) -> String {
    let body = json!({"survivor": survivor, "organizations": absorbed});
    server.merge(&format!("{survivor}{absorbed:?}"), &body).await.expect(201).id()
}

async fn split(server: &Server, key: &str, etag: Option<&str>, body: &Value) -> Answer {
    let mut request = server.request("POST", "/v1/splits").header("idempotency-key", key);
    if let Some(etag) = etag {
        request = request.header("if-match", etag);
    }
    send(request.header("x-orgloop-user", "ana").json(body)).await
}

#[tokio::test]
async fn a_split_takes_apart_tells_what_ends_and_comes_back() {
    let server = Server::start().await;
    let ids = named(&server, 4).await;
    let first = merge(&server, &ids[1], &[&ids[0]]).await;
    let second = merge(&server, &ids[3], &[&ids[1], &ids[2]]).await;
    let path = format!("/v1/organizations/{}", ids[3]);
    let before = server.get(&path).await.body;
    let body = json!({
        "organization": ids[3], "partition": [[ids[3], ids[2]], [ids[0], ids[1]]], "reason": "two doors",
    });
    let etag = server.etag(&path).await;

    let request = server.request("POST", "/v1/splits?dry_run=true").header("idempotency-key", "dry");
    let effects = send(request.header("if-match", &etag).json(&body)).await.expect(200).body;
    assert_eq!(server.get(&path).await.body, before, "nothing is done");
    let becomes: Vec<_> =
        effects["merges"].as_array().unwrap().iter().map(|merge| merge["becomes"].clone()).collect();
    assert_eq!(becomes, [json!("unmerged"), json!("merged")]);

    let made = split(&server, "k1", Some(&etag), &body).await.expect(201);
    assert_eq!(made.header("location"), format!("/v1/splits/{}", made.id()));
    assert_eq!((&made.body["ended"], &made.body["split_by"]), (&json!([second]), &json!("ana")));
    let remade = made.body["remade"][0].as_str().unwrap().to_owned();
    let mut parts = made.body["organizations"].as_array().unwrap().clone();
    parts.sort_by_key(|part| part["id"] != json!(ids[3]));
    assert_eq!((&parts[0]["id"], parts[0]["members"].as_array().unwrap().len()), (&json!(ids[3]), 2));
    assert_eq!(parts[1]["id"], ids[1], "0 was merged into 1, and still is");
    let again = split(&server, "k1", Some(&etag), &body).await.expect(201);
    assert_eq!(again.body, made.body, "the same key gives the same answer");
    assert_eq!(server.get(&format!("/v1/splits/{}", made.id())).await.expect(200).body, made.body);
    for change in effects["golden"].as_array().unwrap() {
        let now =
            server.get(&format!("/v1/organizations/{}", change["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(now.body, change["after"], "as the dry run said");
    }

    let ended = server.get(&format!("/v1/merges/{second}")).await.body;
    assert_eq!((&ended["undo"]["split_id"], &ended["undo"]["undone_by"]), (&json!(made.id()), &json!("ana")));
    assert_eq!(server.get(&format!("/v1/merges/{first}")).await.body["undo"], Value::Null);
    let remade = server.get(&format!("/v1/merges/{remade}")).await.expect(200).body;
    assert_eq!((&remade["split_id"], &remade["survivor"]), (&json!(made.id()), &json!(ids[3])));
    let lineage = server.get(&format!("{path}/lineage")).await.body;
    assert_eq!(lineage["splits"][0]["id"], made.id());

    let undo = format!("/v1/splits/{}/undo", made.id());
    let effects = server.post(&format!("{undo}?dry_run=true"), &json!({})).await.expect(200).body;
    let undone = server.post(&undo, &json!({"reason": "one door"})).await.expect(200).body;
    assert_eq!(undone["undo"]["reason"], "one door");
    assert_eq!(server.get(&path).await.body, before, "as if it had never been");
    let after =
        effects["golden"].as_array().unwrap().iter().find(|change| change["id"] == json!(ids[3])).unwrap();
    assert_eq!(after["after"], before);
    assert_eq!(server.get(&format!("/v1/merges/{second}")).await.body["undo"], Value::Null);
    let twice = server.post(&undo, &json!({"reason": "again"})).await.expect(200).body;
    assert_eq!(twice["undo"], undone["undo"]);
}

#[tokio::test]
async fn splits_that_make_no_sense_are_refused() {
    let server = Server::start().await;
    let ids = named(&server, 4).await;
    merge(&server, &ids[0], &[&ids[1], &ids[2]]).await;
    let path = format!("/v1/organizations/{}", ids[0]);
    let etag = server.etag(&path).await;
    for (partition, field) in [
        (json!([]), "partition"),
        (json!([[ids[0], ids[1], ids[2]]]), "partition"),
        (json!([[ids[0]], [ids[1]]]), "partition"),
        (json!([[ids[0], ids[1]], [ids[2], ids[1]]]), "partition[1][1]"),
        (json!([[ids[0], ids[1]], [ids[2], ids[3]]]), "partition[1][1]"),
        (json!([[ids[0], ids[1], ids[2]], []]), "partition[1]"),
    ] {
        let body = json!({"organization": ids[0], "partition": partition});
        let refused = split(&server, "k", Some(&etag), &body).await.problem(422, "invalid");
        assert_eq!(refused.body["errors"][0]["field"], field, "{}", refused.text);
    }
    let body = json!({"organization": ids[0], "partition": [[ids[0]], [ids[1], ids[2]]]});
    split(&server, "k", None, &body).await.problem(428, "precondition-required");
    split(&server, "k", Some("\"old\""), &body).await.problem(412, "stale");
    split(&server, "", Some(&etag), &body).await.problem(400, "idempotency-key-missing");
    let absorbed = json!({"organization": ids[1], "partition": [[ids[0]], [ids[1], ids[2]]]});
    let refused = split(&server, "k", Some("*"), &absorbed).await.problem(409, "merged-entity");
    assert_eq!(refused.body["survivor"], ids[0]);
    let nobody = "00000000-0000-0000-0000-0000000000ff";
    let missing = json!({"organization": nobody, "partition": [[ids[0]], [ids[1]]]});
    split(&server, "k", Some("*"), &missing).await.problem(404, "not-found");
    server.get(&format!("/v1/splits/{nobody}")).await.problem(404, "not-found");
    server.post(&format!("/v1/splits/{nobody}/undo"), &json!({})).await.problem(404, "not-found");
    server
        .post(&format!("/v1/splits/{nobody}/undo?dry_run=true"), &json!({}))
        .await
        .problem(404, "not-found");
    split(&server, "k", Some(&etag), &body).await.expect(201);
    let other = json!({"organization": ids[0], "partition": [[ids[0]], [ids[1], ids[2]]], "reason": "x"});
    split(&server, "k", Some("*"), &other).await.problem(422, "idempotency-key-reused");
}
