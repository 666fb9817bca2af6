//! The queue over REST: what comes first, which part of it, and how far one has got.

use crate::review::settled;
use crate::support::{Server, send};
use entity::{ClusterId, Organization, Record, RecordId};
use serde_json::{Value, json};

/// Clusters of 2, 3 and 2 records, worth 0.995, 1.8 and 0.6; the last has a record of another source.
pub(crate) async fn three_clusters(server: &Server) -> Vec<ClusterId> {
    let mut ids = Vec::new();
    for (number, (size, probability)) in [(2, 0.995), (3, 0.9), (2, 0.6)].into_iter().enumerate() {
        let mut members = Vec::new();
        for member in 0..size {
            members
                .push(server.import_named(&format!("{number}-{member}"), &format!("Clinic {number}")).await);
        }
        if number == 2 {
            members.push(of_source(server, "county").await);
            members.remove(0);
        }
        ids.push(server.cluster(&members, probability).await);
    }
    ids
}

async fn of_source(server: &Server, source: &str) -> RecordId {
    let id = RecordId(entity::id::derive(source, "organization", "1"));
    let record = Record {
        id,
        source: source.into(),
        source_id: "1".into(),
        created_at: entity::clock::now(),
        organization: Organization { name: Some("Elsewhere".into()), ..Organization::default() },
    };
    server.ports.organizations.upsert(vec![record]).await.unwrap();
    id
}

async fn order(server: &Server, query: &str) -> Vec<Value> {
    let page = server.get(&format!("/v1/review/queue?{query}")).await.expect(200).body;
    page["clusters"].as_array().unwrap().iter().map(|cluster| cluster["id"].clone()).collect()
}

fn picked(ids: &[ClusterId], places: &[usize]) -> Vec<Value> {
    places.iter().map(|place| json!(ids[*place])).collect()
}

#[tokio::test]
async fn what_is_worth_most_comes_first_and_filters_narrow_it() {
    let server = Server::start().await;
    let ids = three_clusters(&server).await;
    for (query, places) in [
        ("", vec![1, 0, 2]),
        ("sort=value", vec![1, 0, 2]),
        ("sort=probability", vec![0, 1, 2]),
        ("sort=age", vec![0, 1, 2]),
        ("sort=size&size_max=2&band=p99", vec![0]),
        ("size_min=3", vec![1]),
        ("band=p50", vec![2]),
        ("source=county", vec![2]),
        ("source=city&limit=1", vec![1]),
        ("source=nowhere", vec![]),
        ("shelf=aside", vec![]),
    ] {
        let found = order(&server, query).await;
        if query == "sort=age" {
            assert_eq!(found.len(), 3, "they may have come within a millisecond");
        } else {
            assert_eq!(found, picked(&ids, &places), "{query}");
        }
    }
    let first = &server.get("/v1/review/queue?limit=1").await.expect(200).body["clusters"][0];
    assert_eq!(
        (&first["value"], &first["band"], &first["claim"]),
        (&json!(1.8), &json!("p80"), &Value::Null)
    );
    let (mut seen, mut path) = (Vec::new(), "/v1/review/queue?limit=1&source=city".to_owned());
    loop {
        let page = server.get(&path).await.expect(200).body;
        seen.extend(page["clusters"].as_array().unwrap().iter().map(|cluster| cluster["id"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/review/queue?limit=1&source=city&cursor={next}");
    }
    assert_eq!(seen, picked(&ids, &[1, 0, 2]), "page by page");
    server.get("/v1/review/queue?sort=luck").await.problem(400, "malformed");
    server.get("/v1/review/queue?cursor=x").await.problem(400, "malformed");
    let answer = server.get("/v1/review/queue?band=p42").await.problem(422, "invalid");
    assert_eq!(answer.body["errors"][0]["field"], "band");
}

#[tokio::test]
async fn unsure_puts_aside_and_progress_and_undo_are_ones_own() {
    let server = Server::start().await;
    let _worker = server.start_worker();
    let ids = three_clusters(&server).await;
    let decide = async |place: usize, verdict: &str| {
        let path = format!("/v1/clusters/{}/decisions", ids[place]);
        let decided = server.post(&path, &json!({"verdict": verdict})).await.expect(202).id();
        settled(&server, &decided).await
    };
    let put_aside = decide(2, "unsure").await;
    assert_eq!(order(&server, "").await, picked(&ids, &[1, 0]));
    assert_eq!(order(&server, "shelf=aside").await, picked(&ids, &[2]));
    let merged = decide(1, "match").await;
    let progress = async |who: &str| {
        send(server.request("GET", "/v1/review/progress").header("x-orgloop-user", who))
            .await
            .expect(200)
            .body
    };
    let mine = progress("ana").await;
    assert_eq!((&mine["decided_today"], &mine["folded_today"]), (&json!(2), &json!(2)));
    assert_eq!(mine["bands"][0], json!({"band": "p99", "label": "99 % and over", "waiting": 1}));
    assert_eq!(progress("bob").await["decided_today"], 0);

    let undo =
        async |who: &str| send(server.request("POST", "/v1/review/undo").header("x-orgloop-user", who)).await;
    undo("bob").await.problem(404, "not-found");
    assert_eq!(undo("ana").await.expect(200).body["id"], merged["id"], "the newest first");
    assert_eq!(undo("ana").await.expect(200).body["id"], put_aside["id"], "then the one before");
    undo("ana").await.problem(404, "not-found");
    assert_eq!(order(&server, "").await.len(), 3, "all is as it was");
    assert_eq!(progress("ana").await["decided_today"], 0);
}
