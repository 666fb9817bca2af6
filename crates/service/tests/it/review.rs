//! Clusters and decisions over REST.

use crate::support::{Server, send, until};
use entity::RecordId;
use serde_json::{Value, json};

async fn three(server: &Server) -> Vec<RecordId> {
    let mut ids = Vec::new();
    for (source_id, name) in [("1", "River Clinic"), ("2", "River Clinic Inc"), ("3", "Rivr Clinic")] {
        ids.push(server.import_named(source_id, name).await);
    }
    ids
}

/// The decision once it is no longer on its way.
pub(crate) async fn settled(server: &Server, id: &str) -> Value {
    until("a decision to be carried out", || async {
        let decision = server.get(&format!("/v1/decisions/{id}")).await.expect(200).body;
        let on_its_way = ["decided", "applying"].contains(&decision["state"].as_str().unwrap());
        (!on_its_way).then_some(decision)
    })
    .await
}

#[tokio::test]
async fn the_queue_is_read_page_by_page_surest_first() {
    let server = Server::start().await;
    for number in 0..5 {
        let left = server.import_named(&format!("l{number}"), "Left").await;
        let right = server.import_named(&format!("r{number}"), "Right").await;
        // Two of them equally probable: the id decides.
        server.cluster(&[left, right], 0.9 - f64::from(number / 2) / 10.0).await;
    }
    let (mut seen, mut path) = (Vec::new(), "/v1/clusters?limit=2".to_owned());
    loop {
        let page = server.get(&path).await.expect(200).body;
        assert_eq!((&page["open"], &page["total"]), (&json!(5), &json!(5)));
        seen.extend(
            page["clusters"].as_array().unwrap().iter().map(|one| one["probability"].as_f64().unwrap()),
        );
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/clusters?limit=2&cursor={next}");
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted_by(|a, b| a >= b), "{seen:?}");
    server.get("/v1/clusters?status=closed").await.problem(400, "malformed");
    server.get("/v1/clusters?cursor=x").await.problem(400, "malformed");
}

#[tokio::test]
async fn a_cluster_shows_its_members_and_evidence_that_sums_to_the_score() {
    let server = Server::start().await;
    let members = three(&server).await;
    let id = server.cluster(&members, 0.97).await;
    let cluster = server.get(&format!("/v1/clusters/{id}")).await.expect(200).body;
    assert_eq!(cluster["open"], true);
    assert_eq!(cluster["members"][1]["record"]["name"], "River Clinic Inc");
    assert_eq!(cluster["members"][1]["record"]["source"], "city");
    for pair in cluster["pairs"].as_array().unwrap() {
        let lines = pair["explanation"].as_array().unwrap();
        let sum: f64 = lines.iter().map(|line| line["weight"].as_f64().unwrap()).sum();
        assert!((sum - pair["match_weight"].as_f64().unwrap()).abs() < 1e-9);
    }
    server.get("/v1/clusters/00000000-0000-0000-0000-0000000000ff").await.problem(404, "not-found");
}

#[tokio::test]
async fn a_match_becomes_a_merge_over_http_and_its_undo_takes_it_back() {
    let server = Server::start().await;
    let _worker = server.start_worker();
    let members = three(&server).await;
    let id = server.cluster(&members, 0.97).await;
    let body = json!({"verdict": "match", "survivor": members[1], "reason": "same door"});
    let decided = server.post(&format!("/v1/clusters/{id}/decisions"), &body).await.expect(202);
    assert_eq!(decided.header("location"), format!("/v1/decisions/{}", decided.id()));
    let applied = settled(&server, &decided.id()).await;
    assert_eq!((&applied["state"], &applied["decided_by"]), (&json!("applied"), &json!("ana")));
    let golden = server.get(&format!("/v1/organizations/{}", members[1])).await.expect(200).body;
    assert_eq!(golden["members"].as_array().unwrap().len(), 3);
    let merge =
        server.get(&format!("/v1/merges/{}", applied["merge_id"].as_str().unwrap())).await.expect(200).body;
    assert_eq!((&merge["merged_by"], &merge["reason"]), (&json!("ana"), &json!("same door")));
    assert_eq!(judgements(&server, &members).await, 3);

    let undone = server.post(&format!("/v1/decisions/{}/undo", decided.id()), &json!({})).await.expect(200);
    assert_eq!(undone.body["state"], "undone");
    server.get(&format!("/v1/organizations/{}", members[0])).await.expect(200);
    assert_eq!(judgements(&server, &members).await, 0);
    let again =
        send(server.request("POST", &format!("/v1/decisions/{}/undo", decided.id()))).await.expect(200);
    assert_eq!(again.body, undone.body);
    let listed = server.get("/v1/decisions").await.expect(200).body;
    assert_eq!(listed["decisions"], json!([undone.body]));
}

/// HAPI #4745: a no after a yes is an answer like any other, and so is a yes after that.
#[tokio::test]
async fn people_may_change_their_mind_in_both_directions() {
    let server = Server::start().await;
    let _worker = server.start_worker();
    let members = three(&server).await;
    let id = server.cluster(&members, 0.97).await;
    let decide = async |verdict: &str| {
        let path = format!("/v1/clusters/{id}/decisions");
        let decided = server.post(&path, &json!({"verdict": verdict})).await.expect(202).id();
        assert_eq!(settled(&server, &decided).await["state"], "applied", "{verdict}");
        decided
    };
    let yes = decide("match").await;
    let exclusion = format!("/v1/exclusions/{}/{}", members[0], members[1]);
    let no = send(server.request("PUT", &exclusion).json(&json!({"reason": "another door"})))
        .await
        .expect(200)
        .body;
    assert_eq!(no["standing"], "holds");
    let golden = server.get(&format!("/v1/organizations/{}", members[0])).await.expect(200).body;
    assert_eq!(golden["members"].as_array().unwrap().len(), 3, "the merge stands until it is taken back");
    server.post(&format!("/v1/decisions/{yes}/undo"), &json!({})).await.expect(200);
    let no = decide("non_match").await;
    server.post(&format!("/v1/decisions/{no}/undo"), &json!({})).await.expect(200);
    decide("match").await;
    let golden = server.get(&format!("/v1/organizations/{}", members[0])).await.expect(200).body;
    assert_eq!(golden["members"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_no_is_kept_as_judgements_until_it_is_taken_back() {
    let server = Server::start().await;
    let _worker = server.start_worker();
    let members = three(&server).await;
    let id = server.cluster(&members, 0.97).await;
    for verdict in ["non_match", "related", "unsure"] {
        let body = json!({"verdict": verdict, "organizations": [members[0], members[2]]});
        let decided = server.post(&format!("/v1/clusters/{id}/decisions"), &body).await.expect(202).id();
        assert_eq!(settled(&server, &decided).await["state"], "applied");
        assert_eq!(judgements(&server, &members).await, 1);
        server.post(&format!("/v1/decisions/{decided}/undo"), &json!({})).await.expect(200);
        assert_eq!(judgements(&server, &members).await, 0);
    }
    assert!(server.get("/v1/merges").await.body["merges"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_merge_that_the_organizations_refuse_leaves_nothing_behind_but_its_reason() {
    let server = Server::start().await;
    let members = three(&server).await;
    let id = server.cluster(&members, 0.97).await;
    // Merged behind the review's back, before the resolver has heard of it.
    let other = server.import_named("4", "Other").await;
    server.merge("k", &json!({"survivor": other, "absorbed": [members[1]]})).await.expect(201);
    let decided =
        server.post(&format!("/v1/clusters/{id}/decisions"), &json!({"verdict": "match"})).await.expect(202);
    let undo = format!("/v1/decisions/{}/undo", decided.id());
    server.post(&undo, &json!({})).await.problem(409, "decision-not-final");
    let _worker = server.start_worker();
    let refused = settled(&server, &decided.id()).await;
    assert_eq!(refused["state"], "refused");
    assert!(refused["refusal"].as_str().unwrap().contains(&other.to_string()), "{refused}");
    assert_eq!(judgements(&server, &members).await, 0);
    assert_eq!(server.post(&undo, &json!({})).await.expect(200).body["state"], "refused");
}

#[tokio::test]
async fn decisions_that_make_no_sense_are_refused() {
    let server = Server::start().await;
    let members = three(&server).await;
    let id = server.cluster(&members, 0.97).await;
    let path = format!("/v1/clusters/{id}/decisions");
    let stranger = server.import_named("4", "Other").await;
    for (body, field) in [
        (json!({"verdict": "maybe"}), "verdict"),
        (json!({"verdict": "match", "survivor": stranger}), "survivor"),
        (json!({"verdict": "match", "organizations": [members[0], stranger]}), "organizations[1]"),
        (json!({"verdict": "match", "organizations": [members[0]]}), "organizations"),
        (
            json!({"verdict": "match", "organizations": [members[0], members[1]], "survivor": members[2]}),
            "survivor",
        ),
        (json!({"verdict": "match", "surviver": members[0]}), "surviver"),
    ] {
        let answer = server.post(&path, &body).await.problem(422, "invalid");
        assert_eq!(answer.body["errors"][0]["field"], field, "{}", answer.text);
    }
    let nowhere = "/v1/clusters/00000000-0000-0000-0000-0000000000ff/decisions";
    server.post(nowhere, &json!({"verdict": "match"})).await.problem(404, "not-found");
    let mut settled = crate::support::cluster(&members, 0.9);
    settled.members.iter_mut().for_each(|member| member.organization_id = members[0].into());
    server.ports.resolution.apply_clusters(&[settled], &[], &[]).await.unwrap();
    server.post(&path, &json!({"verdict": "match"})).await.problem(409, "cluster-settled");
    assert!(server.get("/v1/decisions").await.body["decisions"].as_array().unwrap().is_empty());
    server.get("/v1/decisions/00000000-0000-0000-0000-0000000000ff").await.problem(404, "not-found");
    server
        .post("/v1/decisions/00000000-0000-0000-0000-0000000000ff/undo", &json!({}))
        .await
        .problem(404, "not-found");
}

pub(crate) async fn judgements(server: &Server, members: &[RecordId]) -> usize {
    server.ports.resolution.components(members, 0.0).await.unwrap().judgements.len()
}

#[tokio::test]
async fn what_became_of_clusters_is_read_on_from_a_number() {
    let server = Server::start().await;
    let members = three(&server).await;
    let id = server.cluster(&members[..2], 0.9).await;
    let first = server.get("/v1/cluster-transitions").await.expect(200).body;
    let told = &first["transitions"][0];
    assert_eq!((&told["kind"], &told["cause"]), (&json!("born"), &json!("scores")), "{first}");
    assert_eq!((&told["before"], &told["after"]), (&json!([]), &json!([id])));
    let on = format!("/v1/cluster-transitions?after={}", first["next"]);
    let nothing = server.get(&on).await.expect(200).body;
    assert_eq!((&nothing["transitions"], &nothing["next"]), (&json!([]), &first["next"]));
    server.cluster(&members, 0.8).await;
    let second = server.get(&on).await.expect(200).body;
    assert_eq!(second["transitions"].as_array().unwrap().len(), 1);
    let told = &second["transitions"][0];
    assert_eq!(
        (&told["kind"], &told["members_before"], &told["members_after"]),
        (&json!("grew"), &json!(2), &json!(3))
    );
    for after in ["x", "-1"] {
        server.get(&format!("/v1/cluster-transitions?after={after}")).await.problem(400, "malformed");
    }
    server.get("/v1/cluster-transitions?limit=0").await.problem(400, "malformed");
}
