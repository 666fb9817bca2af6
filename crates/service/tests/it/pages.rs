//! The pages: what they show, that they escape it, and what their buttons do.

use crate::review::judgements;
use crate::support::{Answer, Server, send, until};
use entity::{Organization, RecordId};
use events::parked::Parking;
use events::topics::TopicNames;
use std::sync::Arc;

const HOSTILE: &str = "<script>alert(1)</script> & \"Sons\"";

async fn seeded(server: &Server) -> (Vec<RecordId>, String) {
    let hostile = Organization {
        name: Some(HOSTILE.into()),
        website: Some("javascript:alert(1)".into()),
        ..Organization::default()
    };
    let members = vec![server.import("1", hostile).await, server.import_named("2", "River Clinic").await];
    let id = server.cluster(&members, 0.97).await.to_string();
    (members, id)
}

async fn form(server: &Server, path: &str, body: &str) -> Answer {
    let request = server.request("POST", path).header("content-type", "application/x-www-form-urlencoded");
    send(request.body(body.to_owned())).await
}

#[tokio::test]
async fn names_are_escaped_on_every_page() {
    let server = Server::start().await;
    let _worker = server.start_worker();
    let (_, id) = seeded(&server).await;
    let answer =
        form(&server, &format!("/clusters/{id}/decide"), "verdict=related&reason=%3Cb%3E&user=%3Ci%3E").await;
    let decided = answer.expect(303).header("location").to_owned();
    for path in ["/clusters", &format!("/clusters/{id}"), "/decisions", &decided] {
        let page = server.get(path).await.expect(200);
        assert!(page.text.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{path} shows no name");
        for raw in ["<script>alert", "<b>\"", "<i>", "href=\"javascript"] {
            assert!(!page.text.contains(raw), "{path} holds {raw}");
        }
        assert!(page.header("content-security-policy").contains("default-src 'none'"));
        assert_eq!(page.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn the_loop_page_names_every_step_and_its_numbers() {
    let server = Server::start().await;
    seeded(&server).await;
    let state = entity::StageState {
        lag_events: Some(1234),
        lag_seconds: Some(2.5),
        errors: 3,
        trouble: Some("the <broker> is away".into()),
        here: true,
        ..entity::StageState::default()
    };
    server.stages.lock().unwrap().insert("scorer".into(), state);
    let page = server.get("/").await.expect(200).text;
    for shown in
        ["<b>2</b> records", "<b>1</b> clusters wait", "1,234", "2.5 s", "the &lt;broker&gt; is away"]
    {
        assert!(page.contains(shown), "no {shown:?}");
    }
    for step in ["Organizations", "Poller", "Topics", "Indexer", "Index", "Scorer", "Resolver", "Review"] {
        assert!(page.contains(&format!("<h2>{step}</h2>")), "no {step}");
    }
    assert!(page.contains("data-refresh=\"1000\""));
    assert!(server.get("/assets/page.css").await.expect(200).header("content-type").starts_with("text/css"));
    assert!(
        server.get("/assets/page.js").await.expect(200).header("content-type").starts_with("text/javascript")
    );
}

#[tokio::test]
async fn parked_events_are_shown_with_their_reason_and_tried_again_by_a_click() {
    let server = Server::start().await;
    assert!(server.get("/").await.expect(200).text.contains("None: every event could be applied."));
    let parking = Parking::new(Arc::clone(&server.ports.log), &server.ports.codec);
    for offset in 0..25 {
        let event = events::Event {
            topic: TopicNames::default().record,
            partition: 1,
            offset,
            time_ms: 0,
            key: b"poison <1>".to_vec(),
            value: Some(b"x".to_vec()),
            headers: Vec::new(),
        };
        parking.park("indexer", &event, "not our <format>").await.unwrap();
    }
    let shows = async |text: &str| {
        until(text, async || server.get("/").await.expect(200).text.contains(text).then_some(())).await;
    };
    shows("<b>25</b> could not be applied").await;
    let page = server.get("/").await.text;
    for shown in ["not our &lt;format&gt;", "key poison &lt;1&gt;", "orgloop parked retry --all"] {
        assert!(page.contains(shown), "no {shown:?}");
    }
    assert_eq!(page.matches("action=\"/parked/retry\"").count(), 20, "the newest are shown");
    let id = parking.list().await.unwrap()[0].id.clone();
    let body = format!("id={}", id.replace('/', "%2F"));
    let answer = form(&server, "/parked/retry", &body).await.expect(303);
    assert_eq!(answer.header("location"), "/#parked");
    shows("<b>24</b> could not be applied").await;
    assert_eq!(form(&server, "/parked/retry", &body).await.status, 404);
    assert_eq!(form(&server, "/parked/retry", "").await.status, 422);
}

#[tokio::test]
async fn a_click_merges_shows_what_happened_and_undoes_it() {
    let server = Server::start().await;
    let _worker = server.start_worker();
    let (members, id) = seeded(&server).await;
    let page = server.get(&format!("/clusters/{id}")).await.expect(200).text;
    for button in ["value=\"match\"", "value=\"non_match\"", "value=\"related\""] {
        assert!(page.contains(button));
    }
    let body = format!(
        "verdict=match&survivor={}&organizations={}&organizations={}&user=Ana",
        members[1], members[0], members[1]
    );
    let decided = form(&server, &format!("/clusters/{id}/decide"), &body)
        .await
        .expect(303)
        .header("location")
        .to_owned();
    let page = server.get(&decided).await.expect(200).text;
    assert!(page.contains("<h1>Merged</h1>") && page.contains("By Ana"), "{page}");
    server.get(&format!("/v1/organizations/{}", members[0])).await.expect(308);
    let undone = form(&server, &format!("{decided}/undo"), "user=Ana").await.expect(303);
    assert!(server.get(undone.header("location")).await.expect(200).text.contains("Taken back"));
    server.get(&format!("/v1/organizations/{}", members[0])).await.expect(200);
}

#[tokio::test]
async fn a_click_says_not_the_same() {
    let server = Server::start().await;
    let _worker = server.start_worker();
    let (members, id) = seeded(&server).await;
    let decided = form(&server, &format!("/clusters/{id}/decide"), "verdict=non_match").await.expect(303);
    assert!(server.get(decided.header("location")).await.text.contains("Not the same"));
    assert_eq!(judgements(&server, &members).await, 1);
    let listed = server.get("/decisions").await.expect(200).text;
    assert!(listed.contains("anonymous") && listed.contains("/undo\""));
}

#[tokio::test]
async fn the_next_cluster_is_one_click_away_until_the_queue_is_at_its_end() {
    let server = Server::start().await;
    let (_, first) = seeded(&server).await;
    assert!(!server.get(&format!("/clusters/{first}")).await.text.contains("rel=\"next\""));
    let members = [server.import_named("3", "Left").await, server.import_named("4", "Right").await];
    let second = server.cluster(&members, 0.8).await;
    for (at, next) in [(first.clone(), second.to_string()), (second.to_string(), first)] {
        let page = server.get(&format!("/clusters/{at}")).await.expect(200).text;
        assert!(page.contains(&format!("href=\"/clusters/{next}?from={at}\"")), "after {at}");
    }
}

#[tokio::test]
async fn clicks_from_other_sites_and_clicks_that_make_no_sense_change_nothing() {
    let server = Server::start().await;
    let (_, id) = seeded(&server).await;
    let path = format!("/clusters/{id}/decide");
    let foreign =
        server.request("POST", &path).header("origin", "https://evil.example").body("verdict=match");
    send(foreign).await.problem(403, "cross-site");
    for body in ["", "verdict=maybe", "verdict=match&survivor=x", "verdict=match&organizations=x"] {
        let page = form(&server, &path, body).await.expect(422);
        assert!(page.text.starts_with("<!DOCTYPE html>"), "{body}");
    }
    form(&server, "/clusters/00000000-0000-0000-0000-0000000000ff/decide", "verdict=match").await.expect(404);
    form(&server, "/decisions/00000000-0000-0000-0000-0000000000ff/undo", "").await.expect(404);
    assert!(server.ports.resolution.decisions(None, 9).await.unwrap().is_empty());
    for path in ["/clusters/garbage", "/decisions/garbage", "/clusters?cursor=x"] {
        server.get(path).await.expect(400);
    }
}

#[tokio::test]
async fn an_empty_loop_says_so() {
    let server = Server::start().await;
    assert!(server.get("/clusters").await.expect(200).text.contains("Nothing waits"));
    assert!(server.get("/decisions").await.expect(200).text.contains("Nothing is decided yet"));
    assert!(server.get("/").await.expect(200).text.contains("No stage reports"));
}
