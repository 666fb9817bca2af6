//! Undo: what its dry run tells is what it does, whatever came later.

use crate::support::Server;
use serde_json::{Value, json};

async fn named(server: &Server, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(server.import_named(&number.to_string(), &format!("Clinic {number}")).await.to_string());
    }
    ids
}

async fn merge(server: &Server, survivor: &str, absorbed: &str) -> String {
    let body = json!({"survivor": survivor, "organizations": [absorbed]});
    server.merge(&format!("{survivor}{absorbed}"), &body).await.expect(201).id()
}

#[tokio::test]
async fn a_dry_run_tells_what_the_undo_then_does() {
    let server = Server::start().await;
    let ids = named(&server, 3).await;
    let place =
        server.post("/v1/locations", &json!({"organization_id": ids[0], "name": "Annex"})).await.expect(201);
    let first = merge(&server, &ids[1], &ids[0]).await;
    let second = merge(&server, &ids[2], &ids[1]).await;
    let top = format!("/v1/organizations/{}", ids[2]);
    server.patch(&top, "*", &json!({"website": "clinic.example"})).await.expect(200);
    let before = server.get(&top).await.body;

    let dry = format!("/v1/merges/{first}/undo?dry_run=true");
    let effects = server.post(&dry, &json!({})).await.expect(200).body;
    assert_eq!(server.get(&top).await.body, before, "nothing is done");
    assert_eq!(effects["children"][0]["id"], place.body["id"]);
    assert_eq!(
        (&effects["children"][0]["before"], &effects["children"][0]["after"]),
        (&json!(ids[2]), &json!(ids[0]))
    );
    assert_eq!(effects["redirects"], json!([{"id": ids[0], "before": ids[2], "after": null}]));
    assert_eq!(effects["later_merges"][0]["id"], second);
    assert_eq!(effects["later_merges"][0]["rehung"], json!([]), "it stays as it is");
    assert_eq!(effects["merges"][0]["id"], first);
    assert_eq!(effects["merges"][0]["becomes"], "unmerged");
    assert_eq!(
        (&effects["facts"][0]["field"], &effects["facts"][0]["stays_with"]),
        (&json!("website"), &json!(ids[2]))
    );
    let golden = effects["golden"].as_array().unwrap();
    assert_eq!(golden.len(), 2, "the survivor changes, the absorbed lives again");

    server.post(&format!("/v1/merges/{first}/undo"), &json!({})).await.expect(200);
    for change in golden {
        let now =
            server.get(&format!("/v1/organizations/{}", change["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(now.body, change["after"], "as the dry run said");
    }
    let effects = server.post(&dry, &json!({})).await.expect(200).body;
    assert_eq!(effects["golden"], json!([]), "nothing is left to do");
    server.get(&format!("/v1/merges/{first}")).await.expect(200);
    server
        .post("/v1/merges/00000000-0000-0000-0000-0000000000ff/undo?dry_run=true", &json!({}))
        .await
        .problem(404, "not-found");
    server.post(&format!("/v1/merges/{first}/undo?dry=1"), &json!({})).await.problem(400, "malformed");
}

#[tokio::test]
async fn a_blank_reason_is_none() {
    let server = Server::start().await;
    let ids = named(&server, 2).await;
    let merged = merge(&server, &ids[0], &ids[1]).await;
    let blank = json!({"reason": "  "});
    let undone = server.post(&format!("/v1/merges/{merged}/undo"), &blank).await.expect(200).body;
    assert_eq!(undone["undo"]["reason"], Value::Null);
}

/// Of Wikidata's merges nobody finds the follow-ups again: there, an undo does not name its merge.
#[tokio::test]
async fn an_unmerge_names_its_merge() {
    let server = Server::start().await;
    let ids = named(&server, 2).await;
    let merge = merge(&server, &ids[0], &ids[1]).await;
    let undone =
        server.post(&format!("/v1/merges/{merge}/undo"), &json!({"reason": "two"})).await.expect(200).body;
    assert_eq!(undone["id"], merge);
    let told = server.get(&format!("/v1/audit?subject={merge}")).await.expect(200).body;
    let actions: Vec<_> =
        told["entries"].as_array().unwrap().iter().map(|entry| entry["action"].clone()).collect();
    assert_eq!(actions, [json!("merge"), json!("merge.undo")], "both are found by the merge's id");
}

#[tokio::test]
async fn a_lineage_tells_who_merged_what_and_who_took_it_back() {
    let server = Server::start().await;
    let ids = named(&server, 4).await;
    let first = merge(&server, &ids[1], &ids[0]).await;
    let second = merge(&server, &ids[2], &ids[1]).await;
    let third = merge(&server, &ids[2], &ids[3]).await;
    server.post(&format!("/v1/merges/{third}/undo"), &json!({"reason": "another"})).await.expect(200);
    let path = format!("/v1/organizations/{}/lineage", ids[2]);
    let lineage = server.get(&path).await.expect(200).body;
    assert_eq!(lineage["id"], ids[2]);
    let member = |id: &str| -> Value {
        let members = lineage["members"].as_array().unwrap();
        members.iter().find(|member| member["record_id"] == id).unwrap().clone()
    };
    assert_eq!(lineage["members"].as_array().unwrap().len(), 3);
    assert_eq!(member(&ids[0])["merges"], json!([first, second]), "the way to the survivor");
    assert_eq!(
        (member(&ids[2])["merges"].clone(), member(&ids[2])["source"].clone()),
        (json!([]), json!("city"))
    );
    let merges: Vec<_> =
        lineage["merges"].as_array().unwrap().iter().map(|merge| merge["id"].clone()).collect();
    assert_eq!(merges, [json!(first), json!(second), json!(third)], "undone ones, too");
    assert_eq!(lineage["merges"][2]["undo"]["reason"], "another");
    let absorbed = server.get(&format!("/v1/organizations/{}/lineage", ids[0])).await.expect(308);
    assert_eq!(absorbed.header("location"), path);
    assert_eq!(absorbed.header("cache-control"), "max-age=60");
    let alone = server.get(&format!("/v1/organizations/{}/lineage", ids[3])).await.expect(200).body;
    assert_eq!((&alone["merges"][0]["id"], alone["members"].as_array().unwrap().len()), (&json!(third), 1));
    server
        .get("/v1/organizations/00000000-0000-0000-0000-0000000000ff/lineage")
        .await
        .problem(404, "not-found");
}
