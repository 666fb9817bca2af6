//! Faults that a healthy Elasticsearch does not show, played by a small server of our own.
#![cfg(feature = "elasticsearch")]
#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[path = "elasticsearch_faults/stub.rs"]
mod stub;

use entity::{IndexDocument, RecordId, SearchFields, Version};
use index::elasticsearch::{Credentials, ElasticConfig, ElasticIndex, Retries};
use index::{Error, Index, IndexWrite, WriteOutcome};
use serde_json::{Value, json};
use std::time::Duration;
use stub::{Answer, Stub};
use uuid::Uuid;

const QUICK: Retries =
    Retries { retries_max: 3, wait_min: Duration::from_millis(5), wait_max: Duration::from_millis(20) };

fn config() -> ElasticConfig {
    ElasticConfig { retries: QUICK, ..ElasticConfig::new("records") }
}

async fn connect(stub: &Stub) -> ElasticIndex {
    ElasticIndex::connect(&stub.url(), config()).await.unwrap()
}

fn upsert(n: u64, features: usize) -> IndexWrite {
    IndexWrite::Upsert(IndexDocument {
        id: RecordId(Uuid::from_u64_pair(n, n)),
        version: Version(1),
        keys: vec!["key".to_owned()],
        search: SearchFields::default(),
        features: vec![7; features],
    })
}

fn upserts(count: u64) -> Vec<IndexWrite> {
    (0..count).map(|n| upsert(n, 10)).collect()
}

fn busy(status: u16) -> Answer {
    Answer::json(
        status,
        &json!({"error": {"type": "es_rejected_execution_exception", "reason": "queue is full"}}),
    )
}

fn items(statuses: &[(u16, &str)]) -> Answer {
    let item = |(status, kind): &(u16, &str)| match kind {
        &"" => json!({"index": {"status": status}}),
        kind => json!({"index": {"status": status, "error": {"type": kind, "reason": "because",
            "caused_by": {"type": "number_format_exception", "reason": "for input"}}}}),
    };
    Answer::json(200, &json!({"items": statuses.iter().map(item).collect::<Vec<Value>>()}))
}

/// All items of a request are taken.
fn all_taken(body: &str) -> Answer {
    items(&vec![(201, ""); body.lines().count() / 2])
}

#[tokio::test]
async fn a_busy_server_is_waited_for() {
    for statuses in [vec![429, 429], vec![503], vec![429, 503, 502]] {
        let stub = Stub::start(Box::new({
            let statuses = statuses.clone();
            move |number, request| {
                statuses.get(number).map_or_else(|| all_taken(&request.body), |status| busy(*status))
            }
        }))
        .await;
        let outcomes = connect(&stub).await.write(upserts(2)).await.unwrap();
        assert_eq!(outcomes, [WriteOutcome::Applied, WriteOutcome::Applied]);
        assert_eq!(stub.requests().len(), statuses.len() + 1);
    }
}

#[tokio::test]
async fn a_server_busy_for_long_is_transient() {
    let stub = Stub::start(Box::new(|_, _| busy(429))).await;
    let index = connect(&stub).await;
    let failure = index.write(upserts(1)).await.unwrap_err();
    assert!(matches!(failure, Error::Transient { .. }), "{failure:?}");
    assert!(format!("{failure:?}").contains("queue is full"), "the cause is there: {failure:?}");
    assert_eq!(stub.requests().len(), 4, "one try and three more");
    let failure = index.blocks(&["key".to_owned()], 10).await.unwrap_err();
    assert!(matches!(failure, Error::Transient { .. }), "{failure:?}");
}

#[tokio::test]
async fn only_items_refused_for_now_are_sent_again() {
    let stub = Stub::start(Box::new(|number, _| match number {
        0 => items(&[
            (201, ""),
            (429, "es_rejected_execution_exception"),
            (409, "version_conflict_engine_exception"),
            (400, "document_parsing_exception"),
            (503, "unavailable_shards_exception"),
            (429, "es_rejected_execution_exception"),
        ]),
        1 => items(&[
            (200, ""),
            (429, "es_rejected_execution_exception"),
            (409, "version_conflict_engine_exception"),
        ]),
        _ => items(&[(400, "illegal_argument_exception")]),
    }))
    .await;
    let outcomes = connect(&stub).await.write(upserts(6)).await.unwrap();
    use WriteOutcome::{Applied, Rejected, Stale};
    assert!(
        matches!(outcomes.as_slice(), [Applied, Applied, Stale, Rejected(_), Rejected(_), Stale]),
        "{outcomes:?}"
    );
    let Rejected(reason) = &outcomes[3] else { unreachable!() };
    for part in ["document_parsing_exception", "because", "for input"] {
        assert!(reason.contains(part), "{reason}");
    }
    let sent: Vec<usize> = stub.requests().iter().map(|request| request.body.lines().count() / 2).collect();
    assert_eq!(sent, [6, 3, 1]);
}

#[tokio::test]
async fn a_read_only_index_is_transient_and_recovers() {
    for status in [429, 403] {
        let stub = Stub::start(Box::new(move |number, request| match number {
            0..=3 => items(&[(status, "cluster_block_exception")]),
            _ => all_taken(&request.body),
        }))
        .await;
        let index = connect(&stub).await;
        let failure = index.write(upserts(1)).await.unwrap_err();
        assert!(matches!(failure, Error::Transient { .. }), "{failure:?}");
        assert_eq!(index.write(upserts(1)).await.unwrap(), [WriteOutcome::Applied], "the disk was freed");
    }
}

#[tokio::test]
async fn a_request_found_too_large_goes_in_halves() {
    let limit = 3_000;
    let stub = Stub::start(Box::new(move |_, request| {
        if request.body.len() > limit { Answer::text(413, "too large") } else { all_taken(&request.body) }
    }))
    .await;
    let mut writes = upserts(40);
    writes[17] = upsert(17, 5_000);
    let outcomes = connect(&stub).await.write(writes).await.unwrap();
    for (place, outcome) in outcomes.iter().enumerate() {
        let is_right = match outcome {
            WriteOutcome::Rejected(reason) => place == 17 && reason.contains("bytes"),
            outcome => place != 17 && *outcome == WriteOutcome::Applied,
        };
        assert!(is_right, "{place}: {outcome:?}");
    }
}

#[tokio::test]
async fn requests_are_bounded_by_bytes_and_by_count() {
    let stub = Stub::start(Box::new(|_, request| all_taken(&request.body))).await;
    let index = connect(&stub).await;
    index.write(upserts(5_000)).await.unwrap();
    let counts: Vec<usize> = stub.requests().iter().map(|request| request.body.lines().count() / 2).collect();
    assert_eq!(counts.iter().sum::<usize>(), 5_000);
    assert!(counts.len() == 3 && counts.iter().all(|count| *count <= 2_000), "{counts:?}");
    let mut large: Vec<IndexWrite> = (0..8).map(|n| upsert(n, 1_500_000)).collect();
    large.push(upsert(8, 6_000_000));
    assert_eq!(index.write(large).await.unwrap().len(), 9);
    let sizes: Vec<usize> = stub.requests()[3..].iter().map(|request| request.body.len()).collect();
    let over = sizes.iter().filter(|size| **size > 5 * 1024 * 1024).count();
    assert_eq!((sizes.len(), over), (5, 1), "only a document larger than a request goes over: {sizes:?}");
}

#[tokio::test]
async fn a_lost_connection_and_a_hanging_server_are_tried_again() {
    for fault in [Answer::Hangup, Answer::Silence, Answer::Torn] {
        let stub = Stub::start(Box::new(move |number, request| match number {
            0 => fault.clone(),
            _ => all_taken(&request.body),
        }))
        .await;
        let config = ElasticConfig { request_timeout: Duration::from_millis(300), ..config() };
        let index = ElasticIndex::connect(&stub.url(), config).await.unwrap();
        assert_eq!(index.write(upserts(1)).await.unwrap(), [WriteOutcome::Applied]);
        assert_eq!(stub.requests().len(), 2);
    }
}

#[tokio::test]
async fn credentials_are_sent_and_their_refusal_is_final() {
    let cases = [
        (Credentials::Basic { user: "u".to_owned(), password: "secret".to_owned() }, "Basic dTpzZWNyZXQ="),
        (Credentials::ApiKey("c2VjcmV0".to_owned()), "ApiKey c2VjcmV0"),
    ];
    for (credentials, expected) in cases {
        assert!(
            !format!("{credentials:?}").contains("ecret") && !format!("{credentials:?}").contains("c2Vj")
        );
        let refusal = json!({"error": {"type": "security_exception", "reason": "unable to authenticate"}});
        let stub = Stub::start(Box::new(move |_, _| Answer::json(401, &refusal))).await;
        let config = ElasticConfig { credentials: Some(credentials), ..config() };
        let index = ElasticIndex::connect(&stub.url(), config).await.unwrap();
        let failure = index.count().await.unwrap_err();
        assert!(matches!(&failure, Error::Invalid(why) if why.contains("credentials")), "{failure:?}");
        let requests = stub.requests();
        assert_eq!(requests.len(), 1, "nobody repeats a wrong password");
        assert_eq!(requests[0].header("authorization"), Some(expected));
    }
    let bad = ElasticConfig { credentials: Some(Credentials::ApiKey("two\nlines".to_owned())), ..config() };
    let failure = ElasticIndex::connect("http://127.0.0.1:9", bad).await.unwrap_err();
    assert!(matches!(failure, Error::Invalid(_)), "{failure:?}");
}

#[tokio::test]
async fn a_request_on_its_way_during_a_switch_follows_the_alias() {
    let away = |index: &str| {
        let error = json!({"type": "index_not_found_exception", "reason": "no such index", "index": index});
        Answer::json(404, &json!({"error": error, "status": 404}))
    };
    let stub = Stub::start(Box::new(move |number, _| match number {
        0 => away("records-old"),
        1 => Answer::json(200, &json!({"count": 5})),
        _ => away("records"),
    }))
    .await;
    let index = connect(&stub).await;
    assert_eq!(index.count().await.unwrap(), 5);
    let failure = index.count().await.unwrap_err();
    assert!(matches!(failure, Error::NotFound(_)), "the alias itself is away: {failure:?}");
    assert_eq!(stub.requests().len(), 3);
}

#[tokio::test]
async fn a_refresh_of_some_shards_is_none() {
    let stub =
        Stub::start(Box::new(|_, _| Answer::json(200, &json!({"_shards": {"total": 2, "failed": 1}})))).await;
    let failure = connect(&stub).await.refresh().await.unwrap_err();
    assert!(matches!(failure, Error::Transient { .. }), "{failure:?}");
}

#[tokio::test]
async fn nobody_there_is_transient_and_a_wrong_address_is_not() {
    let gone = Stub::start(Box::new(|_, _| busy(429))).await.url();
    let failure = ElasticIndex::connect(&gone, config()).await.unwrap_err();
    assert!(matches!(failure, Error::Transient { .. }), "{failure:?}");
    for address in ["no url", "localhost:9200", "127.0.0.1:9200x"] {
        let failure = ElasticIndex::connect(address, config()).await.unwrap_err();
        assert!(matches!(failure, Error::Invalid(_)), "{address}: {failure:?}");
    }
    let alias = ElasticConfig::new("Not An Alias");
    let failure = ElasticIndex::connect(&gone, alias).await.unwrap_err();
    assert!(matches!(failure, Error::Invalid(_)), "{failure:?}");
}
