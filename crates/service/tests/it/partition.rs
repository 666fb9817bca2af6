//! Decisions that part a cluster, on what was seen, once per key.

use crate::review::{judgements, settled};
use crate::support::{Server, send};
use entity::RecordId;
use serde_json::{Value, json};
use store::resolution::OpenOnly;

async fn five(server: &Server) -> (Vec<RecordId>, String) {
    let mut members = Vec::new();
    for number in 0..5 {
        members.push(server.import_named(&number.to_string(), &format!("Clinic {number}")).await);
    }
    let id = server.cluster(&members, 0.9).await.to_string();
    (members, id)
}

async fn history(server: &Server, left: RecordId, right: RecordId) -> Value {
    let said = server.get(&format!("/v1/pairs/{left}/{right}/history")).await.expect(200).body;
    said["judgements"].clone()
}

#[tokio::test]
async fn a_partition_is_one_decision_with_a_merge_per_part_and_one_undo() {
    let server = Server::start().await;
    let _worker = server.start_worker();
    let (members, id) = five(&server).await;
    let body = json!({
        "partition": [[members[0], members[1]], [members[3], members[2]]],
        "survivors": [members[1]],
        "verdict": "related", "relation": "branch", "reason_codes": ["branch_of"], "teach": false,
        "reason": "two sites", "comment": "The second site opened in May.", "ms": 4200,
    });
    let decided = server.post(&format!("/v1/clusters/{id}/decisions"), &body).await.expect(202).id();
    let applied = settled(&server, &decided).await;
    assert_eq!(
        (&applied["state"], &applied["verdict"], &applied["between"]),
        (&json!("applied"), &json!("match"), &json!("related"))
    );
    let parts = applied["parts"].as_array().unwrap();
    assert_eq!(
        (parts.len(), &parts[0]["survivor"], &parts[1]["survivor"]),
        (2, &json!(members[1]), &json!(members[3]))
    );
    assert!(parts.iter().all(|part| part["merge_id"].is_string()));
    for (golden, size) in [(members[1], 2), (members[3], 2), (members[4], 1)] {
        let record = server.get(&format!("/v1/organizations/{golden}")).await.expect(200).body;
        assert_eq!(record["members"].as_array().unwrap().len(), size, "{golden}");
    }
    let together = &history(&server, members[0], members[1]).await[0];
    assert_eq!(
        (&together["verdict"], &together["relation"], &together["teach"]),
        (&json!("match"), &Value::Null, &json!(false))
    );
    let apart = &history(&server, members[0], members[2]).await[0];
    assert_eq!((&apart["verdict"], &apart["relation"]), (&json!("related"), &json!("branch")));
    assert_eq!(apart["reason_codes"], json!(["branch_of"]));
    assert_eq!(history(&server, members[0], members[4]).await, json!([]), "it was left out");
    let taught = server.ports.resolution.taught_judgements(0, 99).await.unwrap();
    assert!(taught.is_empty(), "{taught:?}");
    let past = server.get(&format!("/v1/clusters/{id}/history")).await.expect(200).body;
    assert_eq!(past["decisions"][0]["id"], json!(decided));
    assert_eq!(past["comments"][0]["comment"], "The second site opened in May.");
    assert_eq!(past["judgements"].as_array().unwrap().len(), 6);

    server.post(&format!("/v1/decisions/{decided}/undo"), &json!({})).await.expect(200);
    for member in &members {
        server.get(&format!("/v1/organizations/{member}")).await.expect(200);
    }
    assert_eq!(judgements(&server, &members).await, 0);
}

#[tokio::test]
async fn a_part_that_is_refused_takes_the_others_back() {
    let server = Server::start().await;
    let (members, id) = five(&server).await;
    // Merged behind the review's back, before the resolver has heard of it.
    let other = server.import_named("other", "Other").await;
    server.merge("k", &json!({"survivor": other, "absorbed": [members[3]]})).await.expect(201);
    let body = json!({"partition": [[members[0], members[1]], [members[2], members[3]]]});
    let decided = server.post(&format!("/v1/clusters/{id}/decisions"), &body).await.expect(202).id();
    let _worker = server.start_worker();
    let refused = settled(&server, &decided).await;
    assert_eq!(refused["state"], "refused");
    for member in &members[..3] {
        server.get(&format!("/v1/organizations/{member}")).await.expect(200);
    }
    assert_eq!(judgements(&server, &members).await, 0, "nothing of it holds");
}

#[tokio::test]
async fn a_decision_is_taken_on_what_was_seen_and_once_per_key() {
    let server = Server::start().await;
    let (members, id) = five(&server).await;
    let seen = server.get(&format!("/v1/clusters/{id}")).await.expect(200);
    let path = format!("/v1/clusters/{id}/decisions");
    assert_eq!(seen.etag(), format!("\"{}\"", seen.body["revision"].as_str().unwrap()));
    let deciding = async |etag: &str, key: &str, body: &Value| {
        let request = server.request("POST", &path).header("if-match", etag).header("idempotency-key", key);
        send(request.header("x-orgloop-user", "ana").json(body)).await
    };
    let no = json!({"verdict": "non_match"});
    let stale = deciding("\"0\"", "a", &no).await.problem(412, "stale");
    assert_eq!(stale.body["current"], seen.etag());
    for wrong in
        [json!({"cluster_revision": "0"}), json!({"model_version": "other"}), json!({"evidence_digest": "0"})]
    {
        let body = json!({"verdict": "non_match", "seen": wrong});
        server.post(&path, &body).await.problem(412, "stale");
    }
    let right = json!({"verdict": "non_match", "seen": {
        "cluster_revision": seen.body["revision"], "model_version": seen.body["model_version"],
        "evidence_digest": seen.body["evidence_digest"],
    }});
    let first = deciding(&seen.etag(), "a", &right).await.expect(202);
    let again = deciding(&seen.etag(), "a", &right).await.expect(202);
    assert_eq!(again.body, first.body, "the same request again");
    deciding(&seen.etag(), "a", &no).await.problem(422, "idempotency-key-reused");
    assert_eq!(server.get("/v1/decisions").await.body["decisions"].as_array().unwrap().len(), 1);
    // A step of the prior is no change; a member that came is one.
    let mut cluster = server
        .ports
        .resolution
        .clusters(&store::resolution::ClusterPage { open_only: OpenOnly::All, after: None, limit: 1 })
        .await
        .unwrap()
        .remove(0);
    cluster.probability = 0.8;
    server.ports.resolution.apply_clusters(std::slice::from_ref(&cluster), &[], &[]).await.unwrap();
    assert_eq!(server.etag(&format!("/v1/clusters/{id}")).await, seen.etag());
    cluster.members.pop();
    server.ports.resolution.apply_clusters(&[cluster], &[], &[]).await.unwrap();
    deciding(&seen.etag(), "b", &no).await.problem(412, "stale");
    assert_eq!(deciding(&seen.etag(), "a", &right).await.expect(202).body, first.body, "still answered");
    let _ = members;
}

#[tokio::test]
async fn a_record_that_the_model_missed_is_added() {
    let server = Server::start().await;
    let _worker = server.start_worker();
    let (members, id) = five(&server).await;
    let missed = server.import_named("missed", "Klinik").await;
    let path = format!("/v1/clusters/{id}/decisions");
    let body = json!({"partition": [[members[0], missed]], "added": [missed]});
    let decided = server.post(&path, &body).await.expect(202).id();
    assert_eq!(settled(&server, &decided).await["state"], "applied");
    let golden = server.get(&format!("/v1/organizations/{}", members[0])).await.expect(200).body;
    assert_eq!(golden["members"].as_array().unwrap().len(), 2);
    let nowhere = json!({"verdict": "match", "added": ["00000000-0000-0000-0000-0000000000ff"]});
    let answer = server.post(&path, &nowhere).await.problem(422, "invalid");
    assert_eq!(answer.body["errors"][0]["field"], "added[0]");
}

#[tokio::test]
async fn partitions_that_make_no_sense_are_refused() {
    let server = Server::start().await;
    let (members, id) = five(&server).await;
    let stranger = server.import_named("stranger", "Other").await;
    for (body, field) in [
        (json!({}), "verdict"),
        (json!({"partition": []}), "partition"),
        (json!({"partition": [[members[0]]]}), "partition"),
        (json!({"partition": [[members[0], stranger]]}), "partition[0][1]"),
        (json!({"partition": [[members[0], members[1]], [members[1]]]}), "partition[1][0]"),
        (json!({"partition": [[members[0], members[1]]], "survivor": members[2]}), "survivor"),
        (json!({"partition": [[members[0]], [members[1]]], "organizations": [members[0]]}), "organizations"),
        (json!({"partition": [[[members[0]]]]}), "partition[0][0]"),
        (json!({"verdict": "match", "reason_codes": ["because"]}), "reason_codes[0]"),
        (json!({"verdict": "related", "relation": "cousin"}), "relation"),
        (json!({"verdict": "match", "comment": " "}), "comment"),
    ] {
        let path = format!("/v1/clusters/{id}/decisions");
        let answer = server.post(&path, &body).await.problem(422, "invalid");
        assert_eq!(answer.body["errors"][0]["field"], field, "{}", answer.text);
    }
    let comments = format!("/v1/clusters/{id}/comments");
    server.post(&comments, &json!({"comment": "x".repeat(4001)})).await.problem(422, "invalid");
    assert_eq!(server.get(&comments).await.expect(200).body, json!({"comments": []}));
    server.get("/v1/clusters/00000000-0000-0000-0000-0000000000ff/history").await.problem(404, "not-found");
}
