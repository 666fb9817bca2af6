//! Topics over HTTP: pages, cursors, waiting, streams, and bytes that nobody can read.

use crate::support::{Server, until};
use chrono::{TimeDelta, Utc};
use entity::event::{Op, RecordChanged, RedirectChanged};
use entity::{OrganizationId, RecordId, Version};
use events::NewEvent;
use events::codec::cloud_event::{CloudEvent, headers};
use events::partitioner::partition_of;
use events::topics::Product;
use reqwest::Response;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use uuid::Uuid;

const RECORDS: &str = "/v1/topics/organizations.record.v1/records";

fn key(n: u128) -> String {
    Uuid::from_u128(n).to_string()
}

fn event(server: &Server, n: u128, value: Option<Vec<u8>>) -> NewEvent {
    let key = key(n);
    let described = CloudEvent {
        id: "1",
        source: "/test",
        event_type: "test",
        subject: &key,
        time: Utc::now(),
        data_schema: None,
        version: Version(9_007_199_254_740_993),
        op: "upsert",
    };
    NewEvent {
        topic: server.ports.codec.names().name(Product::Record).to_owned(),
        partition: partition_of(key.as_bytes(), 3),
        headers: headers(&described),
        key: key.into_bytes(),
        value,
    }
}

fn record(server: &Server, n: u128) -> NewEvent {
    let value = RecordChanged {
        id: RecordId(Uuid::from_u128(n)),
        version: Version(9_007_199_254_740_993),
        op: Op::Upsert,
        source: Some("city".into()),
        source_id: Some(n.to_string()),
        created_at: None,
        organization: None,
    };
    event(server, n, Some(server.ports.codec.encode(Product::Record, &value).unwrap()))
}

async fn append(server: &Server, events: Vec<NewEvent>) {
    server.ports.log.append(events).await.unwrap();
}

fn list(page: &Value) -> &Vec<Value> {
    page["records"].as_array().unwrap()
}

#[tokio::test]
async fn the_public_topics_are_listed_and_no_others() {
    let server = Server::start().await;
    let topics = server.get("/v1/topics").await.expect(200).body;
    let names: Vec<_> =
        topics["topics"].as_array().unwrap().iter().map(|topic| topic["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 8);
    assert!(names.contains(&"organizations.record.v1") && !names.contains(&"orgloop.parked.v1"), "{names:?}");
    let first = &topics["topics"][0];
    assert_eq!(first["partitions"].as_array().unwrap().len(), 3);
    assert!(first["schema_id"].is_i64() && first["subject"].as_str().unwrap().ends_with("-value"));
    for hidden in ["orgloop.parked.v1", "orgloop.parked-retry.v1", "nothing", "%00"] {
        server.get(&format!("/v1/topics/{hidden}/records")).await.problem(404, "not-found");
    }
}

#[tokio::test]
async fn a_topic_is_read_to_its_end_page_by_page_and_goes_on_from_there() {
    let server = Server::start().await;
    append(&server, (0..25).map(|n| record(&server, n)).collect()).await;
    let (mut seen, mut from) = (Vec::new(), "earliest".to_owned());
    loop {
        let page = server.get(&format!("{RECORDS}?limit=10&from={from}")).await.expect(200).body;
        from = page["next"].as_str().unwrap().to_owned();
        if list(&page).is_empty() {
            break;
        }
        assert!(list(&page).len() <= 10);
        seen.extend(list(&page).iter().map(|record| record["key"].as_str().unwrap().to_owned()));
    }
    seen.sort();
    assert_eq!(seen, (0..25).map(key).collect::<Vec<_>>());
    append(&server, vec![record(&server, 99)]).await;
    let page = server.get(&format!("{RECORDS}?from={from}")).await.expect(200).body;
    assert_eq!(list(&page).len(), 1);
    let one = &list(&page)[0];
    assert_eq!(
        (&one["key"], &one["version"], &one["op"]),
        (&json!(key(99)), &json!("9007199254740993"), &json!("upsert"))
    );
    assert_eq!(one["value"]["version"], "9007199254740993");
    assert_eq!(one["headers"]["ce_type"], "test");
    let latest = server.get(&format!("{RECORDS}?from=latest")).await.expect(200).body;
    assert!(list(&latest).is_empty());
}

#[tokio::test]
async fn reading_begins_at_a_time() {
    let server = Server::start().await;
    append(&server, vec![record(&server, 1)]).await;
    let at = |delta: TimeDelta| (Utc::now() + delta).to_rfc3339();
    for (from, count) in [(at(-TimeDelta::hours(1)), 1), (at(TimeDelta::hours(1)), 0)] {
        let page = server.get(&format!("{RECORDS}?from={from}")).await.expect(200).body;
        assert_eq!(list(&page).len(), count, "{from}");
    }
}

#[tokio::test]
async fn only_one_key_is_read_where_only_one_is_wanted() {
    let server = Server::start().await;
    append(&server, (0..40).map(|n| record(&server, n % 8)).collect()).await;
    let page = server.get(&format!("{RECORDS}?key={}", key(3))).await.expect(200).body;
    assert_eq!(list(&page).len(), 5);
    assert!(list(&page).iter().all(|record| record["key"] == key(3)));
    let next = page["next"].as_str().unwrap();
    let page = server.get(&format!("{RECORDS}?key={}&from={next}", key(3))).await.expect(200).body;
    assert!(list(&page).is_empty());
}

#[tokio::test]
async fn tombstones_are_null_and_what_cannot_be_read_does_not_stop_the_rest() {
    let server = Server::start().await;
    let redirect = RedirectChanged {
        id: OrganizationId(Uuid::from_u128(1)),
        version: Version(1),
        op: Op::Delete,
        redirect_to: None,
    };
    let other = server.ports.codec.encode(Product::Redirect, &redirect).unwrap();
    let values =
        [None, Some(b"poison".to_vec()), Some(vec![0, 0, 0, 99, 99, 1]), Some(Vec::new()), Some(other)];
    append(
        &server,
        values.into_iter().map(|value| event(&server, 1, value)).chain([record(&server, 1)]).collect(),
    )
    .await;
    let page = server.get(RECORDS).await.expect(200).body;
    let values: Vec<&Value> = list(&page).iter().map(|record| &record["value"]).collect();
    assert_eq!(values[0], &Value::Null);
    assert_eq!(values[1]["base64"], "cG9pc29u");
    for value in &values[1..4] {
        assert!(value["undecodable"].as_str().is_some_and(|reason| !reason.is_empty()), "{value}");
    }
    assert_eq!(values[4]["op"], "delete", "a value of another schema is still a value");
    assert_eq!(values[5]["source"], "city");
}

#[tokio::test]
async fn a_reader_that_waits_gets_the_next_event_at_once_or_nothing_in_time() {
    let server = Server::start().await;
    let began = Instant::now();
    let page = server.get(&format!("{RECORDS}?from=latest&wait=1")).await.expect(200).body;
    assert!(list(&page).is_empty());
    assert!((900..5000).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
    let path = format!("{RECORDS}?from=latest&wait=20");
    let (page, ()) = tokio::join!(server.get(&path), async {
        // Whenever it arrives, the reader sees it: that is what the waiting is for.
        tokio::time::sleep(Duration::from_millis(200)).await;
        append(&server, vec![record(&server, 1)]).await;
    });
    assert_eq!(list(&page.expect(200).body).len(), 1);
    assert!(began.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn a_request_that_makes_no_sense_is_refused() {
    let server = Server::start().await;
    for query in
        ["from=yesterday", "from=", "limit=0", "limit=1001", "wait=31", "wait=x", "offset=3", "limit=-1"]
    {
        server.get(&format!("{RECORDS}?{query}")).await.problem(400, "malformed");
    }
    let other = server.get("/v1/topics/organizations.merge.v1/records").await.expect(200).body;
    let cursor = other["next"].as_str().unwrap();
    server.get(&format!("{RECORDS}?from={cursor}")).await.problem(400, "malformed");
}

struct Stream {
    response: Response,
    text: String,
}

impl Stream {
    async fn open(server: &Server, path: &str, last_id: Option<&str>) -> Self {
        let request = server.request("GET", path).header("accept", "text/event-stream");
        let request = last_id.into_iter().fold(request, |request, id| request.header("last-event-id", id));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
        Self { response, text: String::new() }
    }

    /// The id and the record of the next event.
    async fn next(&mut self) -> (String, Value) {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field =
                    |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                let found =
                    field("id:").zip(field("data:")).map(|(id, data)| (id.to_owned(), data.to_owned()));
                let rest = rest.to_owned();
                self.text = rest;
                if let Some((id, data)) = found {
                    return (id, serde_json::from_str(&data).unwrap());
                }
                continue;
            }
            let chunk = tokio::time::timeout(Duration::from_secs(10), self.response.chunk()).await;
            self.text.push_str(std::str::from_utf8(&chunk.unwrap().unwrap().unwrap()).unwrap());
        }
    }
}

#[tokio::test]
async fn a_stream_goes_on_and_resumes_after_the_last_event_that_was_seen() {
    let server = Server::start().await;
    append(&server, (0..3).map(|n| record(&server, n)).collect()).await;
    let mut stream = Stream::open(&server, RECORDS, None).await;
    let (first, _) = stream.next().await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        seen.push(stream.next().await.1["key"].to_string());
    }
    append(&server, vec![record(&server, 7)]).await;
    seen.push(stream.next().await.1["key"].to_string());
    drop(stream);
    let mut resumed = Stream::open(&server, &format!("{RECORDS}?from=latest"), Some(&first)).await;
    let mut again = Vec::new();
    for _ in 0..3 {
        again.push(resumed.next().await.1["key"].to_string());
    }
    seen.sort();
    again.sort();
    assert_eq!(seen, again);
}

#[tokio::test]
async fn a_stream_ends_when_the_service_stops() {
    let mut server = Server::start().await;
    let mut stream = Stream::open(&server, RECORDS, None).await;
    append(&server, vec![record(&server, 1)]).await;
    stream.next().await;
    server.ask_stop();
    let end = tokio::time::timeout(Duration::from_secs(5), stream.response.chunk()).await.unwrap();
    assert!(matches!(end, Ok(None)), "{end:?}");
    server.ended().await;
    until("the address to be free again", || async {
        server.request("GET", "/healthz").send().await.is_err().then_some(())
    })
    .await;
}

#[tokio::test]
async fn no_more_streams_are_open_than_the_service_keeps() {
    let server = Server::start().await;
    let path = format!("{RECORDS}?from=latest");
    let mut streams = Vec::new();
    for _ in 0..256 {
        streams.push(Stream::open(&server, &path, None).await);
    }
    let more = || server.request("GET", &path).header("accept", "text/event-stream");
    let refused = more().send().await.unwrap();
    assert_eq!(refused.status(), 503);
    assert!(refused.text().await.unwrap().contains("too-many-streams"));
    server.get(RECORDS).await.expect(200);
    streams.pop();
    until("the place of a stream that ended", || async {
        more().send().await.unwrap().status().is_success().then_some(())
    })
    .await;
}
