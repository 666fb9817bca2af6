//! Batches: asked for by one, approved by another, carried out one by one whatever happens, and taken back together.

use crate::support::{Answer, Server, send, until};
use entity::MergeId;
use serde_json::{Value, json};
use store::MergeRequest;
use store::merging::{BatchItem, ItemState, RequestKey};
use uuid::Uuid;

async fn pairs(server: &Server, count: usize) -> Vec<[String; 2]> {
    let mut pairs = Vec::new();
    for number in 0..count {
        let stays = server.import_named(&format!("{number}a"), &format!("Clinic {number}")).await;
        let goes = server.import_named(&format!("{number}b"), &format!("Clinic {number}")).await;
        pairs.push([stays.to_string(), goes.to_string()]);
    }
    pairs
}

fn items(pairs: &[[String; 2]]) -> Value {
    pairs.iter().map(|[stays, goes]| json!({"survivor": stays, "organizations": [goes]})).collect()
}

async fn ask(server: &Server, key: &str, body: &Value) -> Answer {
    let request = server.request("POST", "/v1/merge-batches").header("idempotency-key", key);
    send(request.header("x-orgloop-user", "ana").json(body)).await
}

async fn in_state(server: &Server, path: &str, state: &str) -> Value {
    until(&format!("the batch to be {state}"), || async {
        let batch = server.get(path).await.expect(200).body;
        (batch["state"] == state).then_some(batch)
    })
    .await
}

fn states(batch: &Value) -> Vec<String> {
    batch["items"].as_array().unwrap().iter().map(|item| item["state"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_batch_is_approved_by_somebody_else_carried_out_and_taken_back_at_once() {
    let server = Server::start().await;
    let _worker = server.start_merge_worker();
    let pairs = pairs(&server, 3).await;
    let body = json!({"items": items(&pairs), "reason": "certified"});
    let asked = ask(&server, "k", &body).await.expect(202);
    let path = format!("/v1/merge-batches/{}", asked.id());
    assert_eq!(asked.header("location"), path);
    assert_eq!(asked.body["state"], "awaiting_approval");
    assert_eq!(
        ask(&server, "k", &body).await.expect(202).id(),
        asked.id(),
        "the same key gives the same batch"
    );
    server.get(&format!("/v1/organizations/{}", pairs[0][1])).await.expect(200);

    server.post_as("ana", &format!("{path}/approve"), &json!({})).await.problem(403, "needs-second-approval");
    // Meanwhile one of them changes: the batch was decided on something else.
    let changed = format!("/v1/organizations/{}", pairs[1][0]);
    server.patch(&changed, "*", &json!({"name": "Other"})).await.expect(200);
    let approved = server.post_as("ben", &format!("{path}/approve"), &json!({})).await.expect(200).body;
    assert_eq!((&approved["state"], &approved["approved_by"]), (&json!("running"), &json!("ben")));
    let done = in_state(&server, &path, "done").await;
    assert_eq!(states(&done), ["applied", "refused", "applied"]);
    let progress = json!({"total": 3, "pending": 0, "applied": 2, "refused": 1, "skipped": 0});
    assert_eq!(done["progress"], progress);
    assert_eq!(done["items"][1]["problem"]["type"], "/problems/stale-members");
    let merge = done["items"][0]["merge_id"].as_str().unwrap();
    let merge = server.get(&format!("/v1/merges/{merge}")).await.expect(200).body;
    assert_eq!(
        (&merge["batch_id"], &merge["merged_by"], &merge["reason"]),
        (&json!(asked.id()), &json!("ana"), &json!("certified"))
    );
    server.post_as("cid", &format!("{path}/approve"), &json!({})).await.problem(409, "batch-closed");
    server.post(&format!("{path}/cancel"), &json!({})).await.problem(409, "batch-closed");

    let dry = format!("{path}/undo?dry_run=true");
    let effects = server.post(&dry, &json!({"reason": "wrong"})).await.expect(200).body;
    let ends: Vec<_> =
        effects["merges"].as_array().unwrap().iter().map(|one| one["becomes"].clone()).collect();
    assert_eq!(ends, ["unmerged", "unmerged"], "{effects}");
    assert_eq!(effects["golden"].as_array().unwrap().len(), 4, "two survivors change, two live again");
    assert_eq!(server.get(&path).await.expect(200).body["state"], "done", "nothing is done");

    let undone = server.post(&format!("{path}/undo"), &json!({"reason": "wrong"})).await.expect(200).body;
    assert_eq!(
        (&undone["state"], &undone["closed_by"], &undone["close_reason"]),
        (&json!("undone"), &json!("ana"), &json!("wrong"))
    );
    for [stays, goes] in &pairs {
        for id in [stays, goes] {
            let golden = server.get(&format!("/v1/organizations/{id}")).await.expect(200).body;
            assert_eq!(golden["members"], json!([id]));
        }
    }
    for change in effects["golden"].as_array().unwrap() {
        let path = format!("/v1/organizations/{}", change["id"].as_str().unwrap());
        assert_eq!(server.get(&path).await.expect(200).body, change["after"], "as the dry run said");
    }
    let effects = server.post(&dry, &json!({})).await.expect(200).body;
    assert_eq!((&effects["golden"], &effects["merges"]), (&json!([]), &json!([])), "nothing is left to do");
    server.post(&format!("{path}/undo"), &json!({})).await.expect(200);
    let listed = server.get("/v1/merge-batches").await.expect(200).body;
    assert_eq!(listed["batches"][0]["id"], asked.id());
}

#[tokio::test]
async fn a_crash_between_a_merge_and_its_note_neither_loses_nor_doubles_it() {
    let server = Server::start().await;
    let pairs = pairs(&server, 4).await;
    let asked = ask(&server, "k", &json!({"items": items(&pairs)})).await.expect(202);
    let path = format!("/v1/merge-batches/{}", asked.id());
    server.post_as("ben", &format!("{path}/approve"), &json!({})).await.expect(200);
    // What a process did before it was killed: two merges were made, of the second nothing was written down.
    let store = &server.ports.organizations;
    let batch = store.batch(asked.id().parse().unwrap()).await.unwrap().unwrap();
    let mut made = Vec::new();
    for item in &batch.items[..2] {
        let position = item.position;
        let request = MergeRequest {
            id: MergeId(Uuid::now_v7()),
            survivor: item.request.survivor,
            absorbed: item.request.absorbed.clone(),
            expected: item.request.expected.clone(),
            merged_by: "ana".into(),
            merged_at: entity::clock::now(),
            reason: None,
            choices: Vec::new(),
            batch: Some(batch.id),
            key: RequestKey {
                key: format!("merge-batch:{}:{position}", batch.id),
                fingerprint: json!(["merge-batch-item", batch.id, position]).to_string(),
            },
        };
        made.push(json!(store.merge(&request).await.unwrap().id));
    }
    let noted = BatchItem {
        state: ItemState::Applied,
        merge: Some(serde_json::from_value(made[0].clone()).unwrap()),
        ..batch.items[0].clone()
    };
    store.settle_item(batch.id, &noted).await.unwrap();
    let _workers = [server.start_merge_worker(), server.start_merge_worker()];
    let done = in_state(&server, &path, "done").await;
    assert_eq!(states(&done), ["applied"; 4]);
    let merges: Vec<Value> =
        done["items"].as_array().unwrap().iter().map(|item| item["merge_id"].clone()).collect();
    assert_eq!(merges[..2], made[..], "those that were made");
    let listed = server.get("/v1/merges").await.body["merges"].as_array().unwrap().len();
    assert_eq!(listed, 4, "no merge more, and none less");
}

#[tokio::test]
async fn a_batch_that_is_stopped_merges_nothing() {
    let server = Server::start().await;
    let pairs = pairs(&server, 2).await;
    let asked = ask(&server, "k", &json!({"items": items(&pairs)})).await.expect(202);
    let path = format!("/v1/merge-batches/{}", asked.id());
    let cancelled = server.post(&format!("{path}/cancel"), &json!({"reason": "no"})).await.expect(200).body;
    assert_eq!(
        (cancelled["state"].as_str(), states(&cancelled)),
        (Some("cancelled"), vec!["skipped".to_owned(); 2])
    );
    server.post(&format!("{path}/cancel"), &json!({})).await.expect(200);
    let refused =
        server.post_as("ben", &format!("{path}/approve"), &json!({})).await.problem(409, "batch-closed");
    assert_eq!(refused.body["state"], "cancelled");
    assert!(server.get("/v1/merges").await.body["merges"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_merge_of_many_members_waits_for_a_second_person() {
    let server = Server::start().await;
    let _worker = server.start_merge_worker();
    let mut ids = Vec::new();
    for number in 0..21 {
        ids.push(server.import_named(&number.to_string(), "River Clinic").await.to_string());
    }
    let preview = server.post("/v1/merge-previews", &json!({"organizations": ids})).await.expect(200).body;
    assert_eq!(preview["needs_second_person"], true);
    let body = json!({"survivor": ids[0], "organizations": ids, "reason": "one clinic"});
    let asked = server.merge("k", &body).await.expect(202);
    assert_eq!(
        (&asked.body["state"], &asked.body["reason"]),
        (&json!("awaiting_approval"), &json!("one clinic"))
    );
    assert!(server.get("/v1/merges").await.body["merges"].as_array().unwrap().is_empty());
    let path = asked.header("location").to_owned();
    server.post_as("ana", &format!("{path}/approve"), &json!({})).await.problem(403, "needs-second-approval");
    server.post_as("ben", &format!("{path}/approve"), &json!({})).await.expect(200);
    in_state(&server, &path, "done").await;
    let golden = server.get(&format!("/v1/organizations/{}", ids[0])).await.expect(200).body;
    assert_eq!(golden["members"].as_array().unwrap().len(), 21);
    let again = server.merge_unseen("k", &body).await.expect(202);
    assert_eq!((again.id(), &again.body["state"]), (asked.id(), &json!("done")), "as it is now");
    // Twenty are decided by one person.
    let body = json!({"survivor": server.import_named("x", "X").await, "organizations": [server.import_named("y", "Y").await]});
    server.merge("k2", &body).await.expect(201);
}

#[tokio::test]
async fn batches_that_make_no_sense_are_refused_with_the_place() {
    let server = Server::start().await;
    let pairs = pairs(&server, 2).await;
    let [stays, goes] = &pairs[0];
    let nobody = "00000000-0000-0000-0000-0000000000ff";
    for (body, status, name, field) in [
        (json!({"items": []}), 422, "invalid", "items"),
        (json!({"items": [{"organizations": [stays]}]}), 422, "invalid", "items[0].organizations"),
        (json!({"items": [{"organizations": [stays, nobody]}]}), 404, "not-found", ""),
        (
            json!({"items": [{"organizations": [stays, goes]}, {"organizations": [goes, pairs[1][0]]}]}),
            422,
            "invalid",
            "items[1].organizations",
        ),
        (
            json!({"items": [{"organizations": [stays, goes], "preview_digest": "x"}]}),
            409,
            "stale-members",
            "",
        ),
        (json!({"items": [{"organizations": [stays, goes], "why": 1}]}), 422, "invalid", "items[0].why"),
    ] {
        let refused = ask(&server, "k", &body).await.problem(status, name);
        let told = refused.body["errors"][0]["field"].as_str().unwrap_or_default();
        assert_eq!(told, field, "{body}: {}", refused.text);
    }
    let one = json!({"items": [{"organizations": [stays, goes]}]});
    ask(&server, "", &one).await.problem(400, "idempotency-key-missing");
    let asked = ask(&server, "k", &one).await.expect(202);
    ask(&server, "k", &json!({"items": items(&pairs)})).await.problem(422, "idempotency-key-reused");
    for action in ["approve", "cancel", "undo"] {
        server
            .post(&format!("/v1/merge-batches/{nobody}/{action}"), &json!({}))
            .await
            .problem(404, "not-found");
    }
    server.get(&format!("/v1/merge-batches/{nobody}")).await.problem(404, "not-found");
    let dry = format!("/v1/merge-batches/{nobody}/undo?dry_run=true");
    server.post(&dry, &json!({})).await.problem(404, "not-found");
    assert_eq!(server.get("/v1/merge-batches").await.body["batches"].as_array().unwrap().len(), 1);
    server.get(&format!("/v1/merge-batches/{}", asked.id())).await.expect(200);
}
