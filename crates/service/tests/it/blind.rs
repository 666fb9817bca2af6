//! Blind samples, what they prove, and batches that rest on the proof.

use crate::review::settled;
use crate::support::{Answer, Server, cluster, send};
use entity::{ClusterId, RecordId};
use serde_json::{Value, json};

async fn by(server: &Server, who: &str, path: &str, body: &Value) -> Answer {
    send(server.request("POST", path).header("x-orgloop-user", who).json(body)).await
}

/// Clusters of two, all in one band.
async fn band(server: &Server, count: usize) -> Vec<(ClusterId, [RecordId; 2])> {
    let mut clusters = Vec::new();
    for number in 0..count {
        let left = server.import_named(&format!("l{number}"), &format!("Clinic {number}")).await;
        let right = server.import_named(&format!("r{number}"), &format!("Klinik {number}")).await;
        clusters.push((server.cluster(&[left, right], 0.97).await, [left, right]));
    }
    clusters
}

async fn answer(server: &Server, sample: &str, cluster: &Value, verdict: &str) -> Answer {
    let path = format!("/v1/clusters/{}/decisions", cluster.as_str().unwrap());
    by(server, "bob", &path, &json!({"verdict": verdict, "blind_sample": sample})).await
}

#[tokio::test]
async fn a_sample_is_drawn_from_a_stated_population_and_measures_what_it_is_told() {
    let server = Server::start().await;
    band(&server, 12).await;
    let draw = json!({"band": "p95", "n": 5, "seed": 7});
    let sample = by(&server, "ana", "/v1/review/blind-samples", &draw).await.expect(201).body;
    assert_eq!(
        (&sample["population"], &sample["n"], &sample["weight"]),
        (&json!(12), &json!(5), &json!(2.4))
    );
    assert_eq!((&sample["model_version"], &sample["drawn_by"]), (&json!("test-model"), &json!("ana")));
    let again = by(&server, "ana", "/v1/review/blind-samples", &draw).await.expect(201).body;
    assert_eq!(again["items"], sample["items"], "the same seed");
    let id = sample["id"].as_str().unwrap();
    let items = sample["items"].as_array().unwrap();
    for (number, item) in items.iter().enumerate().take(4) {
        let verdict = if number == 3 { "non_match" } else { "match" };
        answer(&server, id, &item["cluster_id"], verdict).await.expect(202);
    }
    let so_far = server.get(&format!("/v1/review/blind-samples/{id}")).await.expect(200).body;
    assert_eq!(
        (&so_far["answered"], &so_far["right"], &so_far["precision"]),
        (&json!(4), &json!(3), &json!(0.75))
    );
    // Three of four right prove little: the exact bound is 0.2486.
    assert!((so_far["precision_bound"].as_f64().unwrap() - 0.2486).abs() < 1e-3);
    // What was not answered and changes counts for nothing.
    let last: ClusterId = items[4]["cluster_id"].as_str().unwrap().parse().unwrap();
    server.ports.resolution.apply_clusters(&[], &[last], &[]).await.unwrap();
    let voided = server.get(&format!("/v1/review/blind-samples/{id}")).await.expect(200).body;
    assert_eq!((&voided["void"], &voided["items"][4]["outcome"]), (&json!(1), &json!("void")));
    let listed = server.get("/v1/review/blind-samples").await.expect(200).body;
    assert_eq!(listed["samples"].as_array().unwrap().len(), 2);
    for (body, field) in [
        (json!({"band": "p95", "n": 0}), "n"),
        (json!({"band": "p0", "n": 3}), "band"),
        (json!({"band": "best", "n": 3}), "band"),
    ] {
        let refused = by(&server, "ana", "/v1/review/blind-samples", &body).await.problem(422, "invalid");
        assert_eq!(refused.body["errors"][0]["field"], field);
    }
}

#[tokio::test]
async fn the_blind_page_hides_what_the_model_and_others_say() {
    let server = Server::start().await;
    band(&server, 1).await;
    let draw = json!({"band": "p95", "n": 1});
    let sample = by(&server, "ana", "/v1/review/blind-samples", &draw).await.expect(201).body;
    let path = format!("/blind/{}", sample["id"].as_str().unwrap());
    let cluster = sample["items"][0]["cluster_id"].as_str().unwrap();
    server
        .post(&format!("/v1/clusters/{cluster}/comments"), &json!({"comment": "surely one"}))
        .await
        .expect(201);
    let page = server.get(&path).await.expect(200).text;
    assert!(page.contains("Clinic</mark> 0") && page.contains("name=\"blind\""), "{page}");
    for hidden in ["97 %", "Belongs", "The evidence", "surely one", "Score", "test-model"] {
        assert!(!page.contains(hidden), "{hidden} is shown");
    }
    let (_, seen) = page.split_once("name=\"seen\" value=\"").unwrap();
    assert!(seen.split_once('"').unwrap().0.ends_with('~'), "nor does the form hold a score");
    let form = format!("verdict=match&blind={}", sample["id"].as_str().unwrap());
    let request = server.request("POST", &format!("/clusters/{cluster}/decide"));
    let sent = send(request.header("content-type", "application/x-www-form-urlencoded").body(form)).await;
    assert_eq!(sent.expect(303).header("location"), path);
    assert!(server.get(&path).await.expect(200).text.contains("The sample is answered"));
}

/// A certificate of half the band, answered all right: 10 of 10 prove 0.74.
async fn certified(server: &Server) -> (Vec<(ClusterId, [RecordId; 2])>, String, Value) {
    let clusters = band(server, 20).await;
    let draw = json!({"band": "p95", "n": 10, "seed": 1});
    let sample = by(server, "ana", "/v1/review/blind-samples", &draw).await.expect(201).body;
    let wanted = json!({"sample_id": sample["id"], "precision": 0.74});
    let early = by(server, "ana", "/v1/certificates", &wanted).await.problem(409, "not-certified");
    assert!(early.body["detail"].as_str().unwrap().contains("10 clusters"));
    for item in sample["items"].as_array().unwrap() {
        answer(server, sample["id"].as_str().unwrap(), &item["cluster_id"], "match").await.expect(202);
    }
    let too_much = json!({"sample_id": sample["id"], "precision": 0.75});
    let refused = by(server, "ana", "/v1/certificates", &too_much).await.problem(409, "not-certified");
    assert_eq!((&refused.body["right"], &refused.body["answered"]), (&json!(10), &json!(10)));
    let certificate = by(server, "ana", "/v1/certificates", &wanted).await.expect(201).body;
    assert_eq!((&certificate["state"], &certificate["band"]), (&json!("valid"), &json!("p95")));
    assert!((certificate["precision_bound"].as_f64().unwrap() - 0.741_134).abs() < 1e-5);
    (clusters, certificate["id"].as_str().unwrap().to_owned(), sample)
}

#[tokio::test]
async fn later_blind_answers_break_a_certificate() {
    let server = Server::start().await;
    let (_, certificate, _) = certified(&server).await;
    let draw = json!({"band": "p95", "n": 20, "seed": 2});
    let later = by(&server, "ana", "/v1/review/blind-samples", &draw).await.expect(201).body;
    let waiting = later["items"].as_array().unwrap().iter().find(|item| item["outcome"].is_null()).unwrap();
    answer(&server, later["id"].as_str().unwrap(), &waiting["cluster_id"], "non_match").await.expect(202);
    let listed = server.get("/v1/certificates").await.expect(200).body;
    assert_eq!(listed["certificates"][0]["state"], "withdrawn");
    assert!(listed["certificates"][0]["withdrawn_reason"].as_str().unwrap().contains("10 of 11"));
    let batch = json!({"certificate_id": certificate});
    by(&server, "ana", "/v1/review/batches", &batch).await.problem(409, "certificate-withdrawn");
}

#[tokio::test]
async fn a_batch_is_started_by_one_approved_by_another_and_undone_as_a_whole() {
    let server = Server::start().await;
    let (clusters, certificate, _) = certified(&server).await;
    // Those of the sample are merged; the resolver would have heard of it.
    let _worker = server.start_worker();
    let decided = server.get("/v1/decisions?limit=100").await.expect(200).body;
    for decision in decided["decisions"].as_array().unwrap() {
        settled(&server, decision["id"].as_str().unwrap()).await;
    }
    let answered: Vec<String> = decided["decisions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|decision| decision["cluster_id"].as_str().unwrap().to_owned())
        .collect();
    for (id, members) in clusters.iter().filter(|(id, _)| answered.contains(&id.to_string())) {
        let mut settled = cluster(members, 0.97);
        settled.members.iter_mut().for_each(|member| member.organization_id = members[0].into());
        assert_eq!(settled.id, *id);
        server.ports.resolution.apply_clusters(&[settled], &[], &[]).await.unwrap();
    }
    let wanted = json!({"certificate_id": certificate, "max": 4});
    let batch = by(&server, "ana", "/v1/review/batches", &wanted).await.expect(201).body;
    assert_eq!((&batch["state"], &batch["size"]), (&json!("proposed"), &json!(4)));
    assert_eq!(batch["spot_checks"].as_array().unwrap().len(), 4);
    let path = format!("/v1/review/batches/{}", batch["id"].as_str().unwrap());
    let step = async |who: &str, what: &str| by(&server, who, &format!("{path}/{what}"), &json!({})).await;
    step("ana", "approve").await.problem(403, "needs-second-approval");
    step("ana", "undo").await.problem(409, "batch-closed");
    assert_eq!(server.get("/v1/merges?limit=100").await.body["merges"].as_array().unwrap().len(), 10);
    // One of them changes before it is approved.
    let gone: ClusterId = batch["items"][3]["cluster_id"].as_str().unwrap().parse().unwrap();
    server.ports.resolution.apply_clusters(&[], &[gone], &[]).await.unwrap();
    let approved = step("bob", "approve").await.expect(200).body;
    assert_eq!((&approved["state"], &approved["answered_by"]), (&json!("approved"), &json!("bob")));
    assert_eq!(approved["items"][3]["state"], "skipped");
    for item in &approved["items"].as_array().unwrap()[..3] {
        let decision = settled(&server, item["decision_id"].as_str().unwrap()).await;
        assert_eq!((&decision["state"], &decision["batch_id"]), (&json!("applied"), &batch["id"]));
        assert_eq!((&decision["decided_by"], &decision["teach"]), (&json!("ana"), &json!(false)));
    }
    assert_eq!(step("bob", "approve").await.expect(200).body["items"][0]["state"], "applied", "harmless");
    let undone = step("cleo", "undo").await.expect(200).body;
    assert_eq!(undone["state"], "undone");
    let states: Vec<_> =
        undone["items"].as_array().unwrap().iter().map(|item| item["state"].clone()).collect();
    assert_eq!(states, ["undone", "undone", "undone", "skipped"]);
    step("bob", "reject").await.problem(409, "batch-closed");
    let page = server.get("/quality").await.expect(200).text;
    assert!(page.contains("4 clusters") && page.contains("valid"), "{page}");
}
