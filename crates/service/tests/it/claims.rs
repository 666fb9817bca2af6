//! Claims over REST: who holds what, and what others may not do meanwhile.

use crate::queue::three_clusters;
use crate::support::{Answer, Server, send, until};
use serde_json::{Value, json};

async fn by(server: &Server, who: &str, method: &str, path: &str, body: &Value) -> Answer {
    send(server.request(method, path).header("x-orgloop-user", who).json(body)).await
}

fn ids(answer: &Answer) -> Vec<Value> {
    answer.body["clusters"].as_array().unwrap().iter().map(|cluster| cluster["id"].clone()).collect()
}

#[tokio::test]
async fn reviewers_are_given_different_clusters_and_decide_on_their_own() {
    let server = Server::start().await;
    let clusters = three_clusters(&server).await;
    let claims = "/v1/review/claims";
    let ana = by(&server, "ana", "POST", claims, &json!({"n": 2, "lease_s": 60})).await.expect(201);
    assert_eq!(ids(&ana), [json!(clusters[1]), json!(clusters[0])]);
    assert_eq!((&ana.body["holder"], &ana.body["lease_s"]), (&json!("ana"), &json!(60)));
    let bob = by(&server, "bob", "POST", claims, &json!({"n": 2})).await.expect(201);
    assert_eq!(ids(&bob), [json!(clusters[2])], "what is left");
    assert!(ids(&by(&server, "cleo", "POST", claims, &json!({})).await.expect(201)).is_empty());

    let path = format!("/v1/clusters/{}/decisions", clusters[1]);
    let lost = by(&server, "bob", "POST", &path, &json!({"verdict": "non_match"})).await;
    let lost = lost.problem(409, "claim-lost");
    assert_eq!(lost.body["holder"], "ana");
    let these = json!({"clusters": [clusters[1]]});
    by(&server, "bob", "POST", claims, &these).await.problem(409, "claim-lost");
    by(&server, "ana", "POST", &path, &json!({"verdict": "non_match"})).await.expect(202);

    let queue = server.get("/v1/review/queue?sort=probability").await.expect(200).body;
    assert_eq!(queue["clusters"][0]["claim"]["holder"], "ana");
    let one = format!("/v1/review/claims/{}", ana.id());
    let renewed = by(&server, "ana", "PATCH", &one, &json!({"lease_s": 90})).await.expect(200);
    assert_eq!(ids(&renewed), [json!(clusters[0])], "a decision gives its cluster back");
    by(&server, "bob", "PATCH", &one, &json!({})).await.problem(409, "claim-lost");
    by(&server, "ana", "DELETE", &one, &json!({})).await.expect(204);
    by(&server, "ana", "DELETE", &one, &json!({})).await.expect(204);
    by(&server, "ana", "PATCH", &one, &json!({})).await.problem(409, "claim-lost");
    let free = by(&server, "bob", "POST", claims, &json!({"clusters": [clusters[0]]})).await.expect(201);
    assert_eq!(ids(&free), [json!(clusters[0])]);
}

#[tokio::test]
async fn a_claim_that_is_not_renewed_is_back_in_the_queue() {
    let server = Server::start().await;
    let clusters = three_clusters(&server).await;
    let wanted = json!({"clusters": [clusters[0]], "lease_s": 1});
    by(&server, "ana", "POST", "/v1/review/claims", &wanted).await.expect(201);
    until("the claim to run out", || async {
        let taken = by(&server, "bob", "POST", "/v1/review/claims", &wanted).await;
        (taken.status == 201).then_some(())
    })
    .await;
}

#[tokio::test]
async fn claims_that_make_no_sense_are_refused() {
    let server = Server::start().await;
    for (body, field) in [
        (json!({"n": 0}), "n"),
        (json!({"n": 51}), "n"),
        (json!({"lease_s": 0}), "lease_s"),
        (json!({"lease_s": 3601}), "lease_s"),
        (json!({"filter": {"sort": "luck"}}), "filter.sort"),
        (json!({"filter": {"band": "p42"}}), "band"),
    ] {
        let answer = server.post("/v1/review/claims", &body).await.problem(422, "invalid");
        assert_eq!(answer.body["errors"][0]["field"], field, "{}", answer.text);
    }
    let nowhere = json!({"clusters": ["00000000-0000-0000-0000-0000000000ff"]});
    server.post("/v1/review/claims", &nowhere).await.problem(404, "not-found");
}
