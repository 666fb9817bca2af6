//! Exclusions over REST: a no holds until its evidence changes, and then says what has changed.

use crate::support::Server;
use entity::{CandidatePair, RecordId, ScoredPair, Version};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::resolution::{ApplyOutcome, PartnerVerdict, RecordScores};

/// The scorer's word on a pair: both records at this version, all comparisons missing but the first.
async fn score(server: &Server, [left, right]: [RecordId; 2], version: i64, level: u8) {
    let mut levels = vec![0; scoring::comparison::COMPARISONS.len()];
    levels[0] = level;
    let pair = ScoredPair {
        pair: CandidatePair::new(left, right).unwrap(),
        match_weight: 3.0,
        levels,
        left_version: Version(version),
        right_version: Version(version),
    };
    let scores = [(left, right), (right, left)].map(|(id, partner)| RecordScores {
        id,
        version: Version(version),
        created_at: Some(entity::clock::now()),
        keys: vec!["name:clinic".into()],
        verdicts: vec![PartnerVerdict { partner, version: Version(version), pair: Some(pair.clone()) }],
    });
    let applied = server.ports.resolution.apply_scores(&scores, &BTreeMap::new()).await.unwrap();
    assert_eq!(applied, ApplyOutcome::Applied);
}

#[tokio::test]
async fn a_no_holds_until_its_evidence_changes_and_then_says_what_has() {
    let server = Server::start().await;
    let pair = [server.import_named("1", "Clinic").await, server.import_named("2", "Klinik").await];
    let path = format!("/v1/exclusions/{}/{}", pair[1], pair[0]);
    score(&server, pair, 1, 2).await;
    server.get(&path).await.problem(404, "not-found");
    let put = async |body: Value| {
        let request = server.request("PUT", &path).header("x-orgloop-user", "ana").json(&body);
        crate::support::send(request).await
    };
    let body = json!({"relation": "parent", "reason_codes": ["parent_of"], "reason": "its head office"});
    let said = put(body.clone()).await.expect(200);
    assert_eq!((&said.body["standing"], &said.body["verdict"]), (&json!("holds"), &json!("related")));
    assert_eq!(put(body).await.expect(200).body, said.body, "the same again changes nothing");
    assert_eq!(server.get(&path).await.expect(200).body, said.body);
    assert_eq!(crate::review::judgements(&server, &pair).await, 1);

    score(&server, pair, 2, 3).await;
    let reopened = server.get(&path).await.expect(200).body;
    assert_eq!(reopened["standing"], "reopened");
    let comparison = &scoring::comparison::COMPARISONS[0];
    let change =
        json!([{"comparison": comparison.name, "was": comparison.levels[2], "is": comparison.levels[3]}]);
    assert_eq!(reopened["changed"], change);
    assert_eq!(crate::review::judgements(&server, &pair).await, 0, "it keeps nothing apart");
    // The cluster that comes back says why.
    let id = server.cluster(&pair, 0.9).await;
    let page = server.get(&format!("/clusters/{id}")).await.expect(200).text;
    assert!(page.contains("since then it has changed"), "{page}");
    assert!(page.contains(comparison.levels[3]));

    put(json!({})).await.expect(200);
    assert_eq!(server.get(&path).await.body["standing"], "holds", "on the evidence of now");
    server.delete(&path, "").await.expect(204);
    server.delete(&path, "").await.expect(204);
    server.get(&path).await.problem(404, "not-found");
    let history = server.get(&format!("/v1/pairs/{}/{}/history", pair[0], pair[1])).await.expect(200).body;
    let standings: Vec<_> =
        history["judgements"].as_array().unwrap().iter().map(|said| said["standing"].clone()).collect();
    assert_eq!(standings, ["withdrawn", "withdrawn"]);
}

#[tokio::test]
async fn exclusions_that_make_no_sense_are_refused() {
    let server = Server::start().await;
    let one = server.import_named("1", "Clinic").await;
    let nowhere = "00000000-0000-0000-0000-0000000000ff";
    server.get(&format!("/v1/exclusions/{one}/{one}")).await.problem(400, "malformed");
    server.get(&format!("/v1/exclusions/{one}/x")).await.problem(400, "malformed");
    let put = |path: String| crate::support::send(server.request("PUT", &path));
    put(format!("/v1/exclusions/{one}/{nowhere}")).await.problem(404, "not-found");
}
