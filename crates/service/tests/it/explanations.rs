//! Explanations: what the weight of two records is made of, candidates or not.

use crate::reconcile::known;
use crate::support::Server;
use serde_json::{Value, json};

#[tokio::test]
async fn the_terms_make_the_weight_also_of_two_that_are_not_compared() {
    let server = Server::start().await;
    let albany = ("12 Main Street", "Albany", "12207");
    let one = known(&server, "1", "Riverside Health Clinic", albany, "(518) 555-0142").await;
    let twin = known(&server, "2", "Riverside Health Clinic Inc", albany, "(518) 555-0142").await;
    let troy = ("301 Fourth Street", "Troy", "12180");
    let other = known(&server, "3", "Hudson Literacy Council", troy, "(518) 555-0333").await;
    let pine = ("900 Pine Avenue", "Albany", "12207");
    let ruled_out = known(&server, "4", "Riverside Dental Arts", pine, "(518) 555-0888").await;
    let explained = async |right| {
        let path = format!("/v1/explanations?left={one}&right={right}");
        let told = server.get(&path).await.expect(200).body;
        let lines = told["lines"].as_array().unwrap();
        let sum: f64 = lines.iter().map(|line| line["weight"].as_f64().unwrap()).sum();
        let weight = told["match_weight"].as_f64().unwrap();
        assert!((sum - weight).abs() < 1e-9, "the terms make the weight: {told}");
        assert_eq!(lines.last().unwrap()["comparison"], "prior");
        let model = scoring::Model::shipped();
        assert_eq!(told["probability"], model.probability(weight));
        assert_eq!((&told["model_version"], &told["records"]), (&json!(model.version()), &json!(4)));
        (told, weight)
    };
    let why = |told: &Value| {
        let shares_a_key = told["shared_blocking_keys"] != json!([]);
        (told["candidates"] == true, shares_a_key, told["ruled_out"] == true)
    };
    let (told, weight) = explained(twin).await;
    assert!(why(&told) == (true, true, false) && weight > 0.0, "{told}");
    let (told, weight) = explained(other).await;
    assert!(why(&told) == (false, false, true) && weight < 0.0, "{told}");
    let (told, weight) = explained(ruled_out).await;
    assert!(why(&told) == (false, true, true) && weight < 0.0, "{told}");
    let turned: Value =
        server.get(&format!("/v1/explanations?left={twin}&right={one}")).await.expect(200).body;
    assert_eq!((&turned["left"], &turned["right"]), (&json!(twin), &json!(one)), "as it was asked");
}

#[tokio::test]
async fn what_cannot_be_explained_is_refused() {
    let server = Server::start().await;
    let known = known(&server, "1", "River Clinic", ("1 A Street", "Troy", "12180"), "(518) 555-0142").await;
    let unknown = server.import_named("2", "Not indexed yet").await;
    let ask = async |query: &str| server.get(&format!("/v1/explanations{query}")).await;
    let missing = ask(&format!("?left={known}&right={unknown}")).await.problem(404, "not-found");
    assert!(missing.body["detail"].as_str().unwrap().contains(&unknown.to_string()), "{}", missing.text);
    ask(&format!("?left={known}&right={known}")).await.problem(422, "invalid");
    for query in
        ["", "?left=x&right=y", &format!("?left={known}"), &format!("?left={known}&right={unknown}&x=1")]
    {
        ask(query).await.problem(400, "malformed");
    }
}
