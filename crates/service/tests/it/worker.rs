//! Decisions survive a crash between the two databases: carried out once, whatever the last worker got to.

use crate::review::{judgements, settled};
use crate::support::{Server, until};
use entity::{JudgementVerdict, RecordId};
use serde_json::{Value, json};
use store::resolution::{Decision, DecisionNotes, DecisionState};
use uuid::Uuid;

async fn pair(server: &Server) -> [RecordId; 2] {
    [server.import_named("1", "River Clinic").await, server.import_named("2", "River Clinic Inc").await]
}

/// A decision as a crashed process left it.
async fn left(server: &Server, members: &[RecordId; 2], state: DecisionState) -> Decision {
    let decision = Decision {
        id: Uuid::now_v7(),
        cluster_id: server.cluster(members, 0.9).await,
        verdict: JudgementVerdict::Match,
        survivor: Some(members[0].into()),
        organizations: members.iter().map(|id| (*id).into()).collect(),
        state,
        decided_by: "ana".into(),
        decided_at: entity::clock::now(),
        reason: None,
        merge_id: None,
        refusal: None,
        parts: Vec::new(),
        notes: DecisionNotes::default(),
    };
    server.ports.resolution.put_decision(&decision).await.unwrap();
    decision
}

async fn merges(server: &Server) -> Vec<Value> {
    server.get("/v1/merges").await.expect(200).body["merges"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_decision_that_was_only_written_down_is_carried_out_after_the_start() {
    let server = Server::start().await;
    let members = pair(&server).await;
    let decision = left(&server, &members, DecisionState::Decided).await;
    let _worker = server.start_worker();
    assert_eq!(settled(&server, &decision.id.to_string()).await["state"], "applied");
    assert_eq!(merges(&server).await.len(), 1);
}

#[tokio::test]
async fn judgements_that_were_written_before_the_crash_are_not_doubled() {
    let server = Server::start().await;
    let members = pair(&server).await;
    let mut decision = left(&server, &members, DecisionState::Decided).await;
    let _worker = server.start_worker();
    settled(&server, &decision.id.to_string()).await;
    // Back to where the crash would have been: judged, and nothing written of it in the decision.
    decision.state = DecisionState::Decided;
    server.ports.resolution.put_decision(&decision).await.unwrap();
    assert_eq!(settled(&server, &decision.id.to_string()).await["state"], "applied");
    assert_eq!(judgements(&server, &members).await, 1);
    assert_eq!(merges(&server).await.len(), 1);
}

#[tokio::test]
async fn a_merge_that_was_made_before_the_crash_is_not_made_twice() {
    let server = Server::start().await;
    let members = pair(&server).await;
    let decision = left(&server, &members, DecisionState::Applying).await;
    // The request as the crashed worker sent it; its answer was lost.
    let body = json!({"survivor": members[0], "absorbed": [members[1]], "reason": null});
    let merge = server.merge(&decision.id.to_string(), &body).await.expect(201).id();
    let _worker = server.start_worker();
    let applied = settled(&server, &decision.id.to_string()).await;
    assert_eq!((&applied["state"], &applied["merge_id"]), (&json!("applied"), &json!(merge)));
    assert_eq!(merges(&server).await.len(), 1);
}

#[tokio::test]
async fn of_two_workers_one_works() {
    let server = Server::start().await;
    let members = pair(&server).await;
    let workers = [server.start_worker(), server.start_worker()];
    let decision = left(&server, &members, DecisionState::Decided).await;
    assert_eq!(settled(&server, &decision.id.to_string()).await["state"], "applied");
    assert_eq!((merges(&server).await.len(), judgements(&server, &members).await), (1, 1));
    drop(workers);
}

#[tokio::test]
async fn while_the_organizations_are_away_a_decision_waits() {
    let mut server = Server::start().await;
    let members = pair(&server).await;
    let reachable = server.ports.organizations_url.clone();
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    server.ports.organizations_url = format!("http://{closed}");
    let worker = server.start_worker();
    let decision = left(&server, &members, DecisionState::Decided).await;
    until("the decision to be on its way", || async {
        let decision = server.ports.resolution.decision(decision.id).await.unwrap().unwrap();
        (decision.state == DecisionState::Applying).then_some(())
    })
    .await;
    drop(worker);
    server.ports.organizations_url = reachable;
    let _worker = server.start_worker();
    assert_eq!(settled(&server, &decision.id.to_string()).await["state"], "applied");
}

#[tokio::test]
async fn a_no_to_a_cluster_that_is_gone_is_refused_and_not_lost_in_silence() {
    let server = Server::start().await;
    let members = pair(&server).await;
    let mut decision = left(&server, &members, DecisionState::Decided).await;
    decision.verdict = JudgementVerdict::NonMatch;
    server.ports.resolution.put_decision(&decision).await.unwrap();
    server.ports.resolution.apply_clusters(&[], &[decision.cluster_id], &[]).await.unwrap();
    let _worker = server.start_worker();
    let refused = settled(&server, &decision.id.to_string()).await;
    assert_eq!(refused["state"], "refused");
    assert!(refused["refusal"].as_str().unwrap().contains("changed"));
}
