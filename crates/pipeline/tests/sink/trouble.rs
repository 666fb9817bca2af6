//! Bad events are parked, a bad database is waited for, and neither stops anybody else.

use crate::bench::{Bench, GROUP, eventually};
use crate::target::Target;
use crate::values::{Owner, named, place};
use entity::Organization;
use events::NewEvent;
use events::topics::Product;
use pipeline::Stage;
use sqlx::Connection;

async fn parked(bench: &Bench) -> Vec<String> {
    bench.parking.list().await.unwrap().into_iter().map(|parked| parked.reason).collect()
}

/// An event of the organization topic with other bytes under this key.
fn poison(bench: &Bench, key: &str, value: Option<&[u8]>) -> NewEvent {
    let mut event = bench.organization(1, 10, named("Harbor"));
    event.key = key.as_bytes().to_vec();
    event.value = value.map(<[u8]>::to_vec);
    event
}

pub(crate) async fn poison_is_parked_and_the_rest_goes_on(bench: &Bench) {
    let mut nameless = bench.tombstone(Product::Organization, 7, 10, 7);
    nameless.headers.clear();
    let whole = bench.organization(1, 10, named("Harbor")).value.unwrap();
    let mut unknown_schema = whole.clone();
    unknown_schema[1..5].copy_from_slice(&77_777_i32.to_be_bytes());
    let other_key = crate::values::id(8).to_string();
    let good = |number: u128| bench.organization(number, 10, named(&format!("Org {number}")));
    let mut events: Vec<_> = (100..140).map(good).collect();
    events.insert(30, poison(bench, &other_key, Some(b"not of this format")));
    events.insert(20, poison(bench, &other_key, Some(&whole[..20])));
    events.insert(20, poison(bench, &other_key, Some(&unknown_schema)));
    events.insert(10, poison(bench, &other_key, Some(&whole)));
    events.insert(5, poison(bench, "no id", Some(&whole)));
    events.insert(0, nameless);
    // At the very end, where no later event moves the position on.
    events.extend([poison(bench, &other_key, Some(b""))]);
    bench.settle_with(events).await;
    assert_eq!(bench.names().await.len(), 40);
    let reasons = parked(bench).await;
    assert_eq!(reasons.len(), 7, "{reasons:#?}");

    // The next start does not find them again.
    let before = bench.positions().await;
    bench.settle().await;
    assert_eq!((parked(bench).await.len(), bench.positions().await), (7, before));
    let seen = bench.board.stages()[GROUP].events_in;
    assert_eq!(seen, 47, "events were read more than once");
}

pub(crate) async fn a_parked_event_that_comes_again_moves_no_position(bench: &Bench) {
    bench.settle_with((1..=9).map(|number| bench.organization(number, 10, named("Org"))).collect()).await;
    bench.settle_with(vec![poison(bench, "no id", Some(b"poison"))]).await;
    bench.settle_with((1..=9).map(|number| bench.organization(number, 11, named("New"))).collect()).await;
    let positions = bench.positions().await;
    let id = bench.parking.list().await.unwrap()[0].id.clone();
    assert!(bench.parking.retry(&id).await.unwrap());
    // A copy made anew meets the old event before it has read that far.
    bench.target.execute("DELETE FROM sink_position").await;
    let member = bench.start(bench.copy().await);
    eventually("it was parked again", async || parked(bench).await.len() == 1).await;
    eventually("all was read again", async || bench.positions().await == positions).await;
    member.stop().await;
    assert_eq!(bench.names().await, ["New"; 9]);
}

pub(crate) async fn a_nul_character_stops_nothing(bench: &Bench) {
    let nul = Organization { name: Some("A\0B".into()), ..Organization::default() };
    let extra = serde_json::json!({"note": "A\u{0}B"});
    let nul_in_json = Organization {
        name: Some("C".into()),
        extra: entity::organization::Extra(extra.as_object().unwrap().clone()),
        ..Organization::default()
    };
    let events = vec![
        bench.organization(1, 10, named("First")),
        bench.organization(2, 10, nul),
        bench.organization(3, 10, nul_in_json),
        bench.organization(4, 10, named("Last")),
    ];
    bench.settle_with(events).await;
    let reasons = parked(bench).await;
    if bench.target.is_sqlite() {
        assert_eq!((bench.target.count("organization").await, reasons.len()), (4, 0));
    } else {
        assert_eq!(bench.names().await, ["First", "Last"]);
        assert_eq!(reasons.len(), 2, "{reasons:#?}");
    }
}

pub(crate) async fn a_database_that_goes_away_is_waited_for(bench: &Bench) {
    let member = bench.start(bench.copy().await);
    bench.send(vec![bench.organization(1, 10, named("Before"))]).await;
    bench.caught_up(GROUP).await;
    let meanwhile = vec![
        bench.organization(2, 11, named("Meanwhile")),
        bench.location(place(100, "Pier"), 11, Owner::alone(2)),
    ];
    match &bench.target {
        Target::Sqlite { .. } => {
            let mut other = bench.target.sqlite_connection().await;
            let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
            bench.send(meanwhile).await;
            bench.in_trouble(GROUP).await;
            lock.rollback().await.unwrap();
        }
        Target::Postgres { name, .. } => {
            let server = &bench.target;
            server.on_server(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
            let cut =
                format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
            server.on_server(&cut).await;
            bench.send(meanwhile).await;
            bench.in_trouble(GROUP).await;
            server.on_server(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await;
            // Once more, now only the connection.
            bench.caught_up(GROUP).await;
            server.on_server(&cut).await;
        }
    }
    bench.send(vec![bench.organization(3, 12, named("New"))]).await;
    bench.caught_up(GROUP).await;
    member.stop().await;
    assert_eq!(bench.names().await, ["Before", "Meanwhile", "New"]);
    assert_eq!(bench.target.count("location").await, 1);
    assert_eq!(parked(bench).await, [""; 0]);
}

pub(crate) async fn a_database_that_is_not_there_yet_is_waited_for(bench: &Bench) {
    bench.target.remove().await;
    bench.send(vec![bench.organization(1, 10, named("Harbor"))]).await;
    let member = bench.start(bench.copy().await);
    bench.in_trouble(GROUP).await;
    bench.target.create().await;
    bench.caught_up(GROUP).await;
    member.stop().await;
    assert_eq!(bench.names().await, ["Harbor"]);
    assert_eq!(parked(bench).await, [""; 0]);
}

pub(crate) async fn a_constraint_that_somebody_added_parks_only_its_event(bench: &Bench) {
    bench.settle_with(vec![bench.organization(1, 10, named("One"))]).await;
    bench.target.execute("CREATE UNIQUE INDEX mine ON organization (name)").await;
    let events = vec![
        bench.organization(2, 11, named("Two")),
        bench.organization(3, 11, named("One")),
        bench.organization(4, 11, named("Four")),
    ];
    bench.settle_with(events).await;
    assert_eq!(bench.names().await, ["Four", "One", "Two"]);
    assert_eq!(parked(bench).await.len(), 1);
    // Mended and tried again, it is applied.
    bench.target.execute("DROP INDEX mine").await;
    let id = bench.parking.list().await.unwrap()[0].id.clone();
    assert!(bench.parking.retry(&id).await.unwrap());
    let member = bench.start(bench.copy().await);
    eventually("it is applied", async || bench.target.count("organization").await == 4).await;
    member.stop().await;
    assert_eq!(parked(bench).await, [""; 0]);
}

pub(crate) async fn a_column_that_somebody_dropped_is_waited_for(bench: &Bench) {
    bench.settle_with(vec![bench.organization(1, 10, named("One"))]).await;
    bench.target.execute("ALTER TABLE organization DROP COLUMN website").await;
    let member = bench.start(bench.copy().await);
    bench.send(vec![bench.organization(2, 11, named("Two"))]).await;
    bench.in_trouble(GROUP).await;
    bench.target.execute("ALTER TABLE organization ADD COLUMN website TEXT").await;
    bench.caught_up(GROUP).await;
    member.stop().await;
    assert_eq!(bench.names().await, ["One", "Two"]);
    assert_eq!(parked(bench).await, [""; 0]);
}

pub(crate) async fn a_sink_in_trouble_does_not_stop_another(bench: &Bench) {
    let broken = tempfile::tempdir().unwrap();
    let nowhere = broken.path().join("no such folder/copy.db");
    let codec = std::sync::Arc::clone(&bench.codec);
    let broken = pipeline::sink::sqlite::SqlCopy::open(&nowhere, codec).await.unwrap();
    let broken = bench.start_in("sink-broken", broken);
    bench.in_trouble("sink-broken").await;
    bench.settle_with(vec![bench.organization(1, 10, named("Harbor"))]).await;
    assert_eq!(bench.names().await, ["Harbor"]);
    assert!(bench.trouble("sink-broken").is_some());
    broken.stop().await;
    // Positions of other topics than a copy's are not its own.
    let retry = events::TopicPartition { topic: bench.parking.retry_topic().to_owned(), partition: 0 };
    assert!(bench.copy().await.positions(&[retry]).await.unwrap().is_empty());
}
