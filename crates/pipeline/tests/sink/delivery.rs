//! Duplicates, disorder, crashes, replays, several members: the end state stays the same.

use crate::bench::{Bench, GROUP, eventually};
use crate::target::Copy;
use crate::values::{Owner, named, place};
use async_trait::async_trait;
use events::log::{Position, TopicPartition};
use events::topics::Product;
use events::{Event, NewEvent};
use futures::FutureExt;
use pipeline::{Result, Stage};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

pub(crate) async fn older_versions_and_duplicates_change_nothing(bench: &Bench) {
    let events = [
        bench.organization(1, 12, named("Now")),
        bench.organization(1, 11, named("Before")),
        bench.organization(1, 12, named("Now")),
        bench.organization_delete(1, 10),
        bench.tombstone(Product::Organization, 1, 11, 1),
        bench.redirect(1, 11, 2),
    ];
    // Each alone, then all in one batch.
    for event in &events {
        bench.settle_with(vec![event.clone()]).await;
        assert_eq!(bench.names().await, ["Now"]);
    }
    let before = bench.target.dump().await;
    bench.settle_with(events.into()).await;
    assert_eq!(bench.target.dump().await, before);
    // Past 2^53 neighbours are still told apart.
    let large = 9_007_199_254_740_993;
    bench.settle_with(vec![bench.organization(1, large, named("Later"))]).await;
    bench.settle_with(vec![bench.organization(1, large - 1, named("Earlier"))]).await;
    assert_eq!(bench.names().await, ["Later"]);
}

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Organizations as a mirror of the events has them: name, or survivor.
type Mirror = BTreeMap<u128, (i64, String)>;

/// Random events in the order of their versions, and where they lead.
fn history(bench: &Bench, dice: &mut Dice, length: i64) -> (Vec<NewEvent>, Mirror) {
    let mut mirror = Mirror::new();
    let mut events = Vec::new();
    for version in 1..=length {
        let key = u128::from(dice.roll(12)) + 1;
        let name = format!("Org {key} at {version}");
        let (event, state) = match dice.roll(6) {
            0 => (bench.organization_delete(key, version), String::new()),
            1 => (bench.tombstone(Product::Organization, key, version, key), String::new()),
            2 => (bench.redirect(key, version, 99), "redirect".into()),
            _ => (bench.organization(key, version, named(&name)), name),
        };
        mirror.insert(key, (version, state));
        events.push(event);
    }
    (events, mirror)
}

async fn assert_mirrors(bench: &Bench, mirror: &Mirror) {
    let mut wanted: Vec<_> = mirror.values().map(|(_, state)| state.clone()).collect();
    wanted.retain(|state| !state.is_empty() && state != "redirect");
    wanted.sort();
    assert_eq!(bench.names().await, wanted);
    let redirects = mirror.values().filter(|(_, state)| state == "redirect").count();
    assert_eq!(bench.target.count("organization_redirect").await, redirects);
    assert_eq!(bench.target.count("organization_alternate_name").await, 2 * wanted.len());
    assert_eq!(bench.target.count("phone").await, 2 * wanted.len());
}

pub(crate) async fn any_order_of_delivery_ends_in_the_newest_versions(bench: &Bench) {
    let mut dice = Dice(20_240_611);
    let (mut events, mirror) = history(bench, &mut dice, 150);
    // Some twice, all in disorder.
    for _ in 0..50 {
        let again = events[usize::try_from(dice.roll(150)).unwrap()].clone();
        events.push(again);
    }
    for at in (1..events.len()).rev() {
        events.swap(at, usize::try_from(dice.roll(at as u64 + 1)).unwrap());
    }
    while !events.is_empty() {
        let batch =
            events.split_off(events.len() - events.len().min(1 + usize::try_from(dice.roll(30)).unwrap()));
        bench.settle_with(batch).await;
    }
    assert_mirrors(bench, &mirror).await;
}

pub(crate) async fn a_write_cut_off_anywhere_leaves_rows_and_position_together(bench: &Bench) {
    bench.send(vec![bench.organization(1, 10, named("Harbor"))]).await;
    let events = bench.events().await;
    let at = TopicPartition { topic: events[0].topic.clone(), partition: events[0].partition };
    // The schema is made first: it is not what is cut.
    bench.copy().await.positions(&bench.partitions()).await.unwrap();
    for polls in 1.. {
        let mut copy = bench.copy().await;
        copy.positions(std::slice::from_ref(&at)).await.unwrap();
        let finished = dropped_after(polls, copy.apply(&events)).await;
        drop(copy);
        // One query, because a commit on its way may still arrive.
        let query =
            "SELECT (SELECT count(*) FROM organization) || ' ' || (SELECT count(*) FROM phone) || ' ' ||
                     (SELECT count(*) FROM sink_version) || ' ' || (SELECT count(*) FROM sink_position)";
        let found = bench.target.texts(query).await;
        assert!(found == ["0 0 0 0"] || found == ["1 2 1 1"], "cut after {polls} polls: {found:?}");
        if let Some(finished) = finished {
            finished.unwrap();
            assert_eq!(found, ["1 2 1 1"]);
            assert!(polls > 1, "nothing was cut");
            return;
        }
        if found == ["1 2 1 1"] {
            // The commit had gone through though nobody heard it: undo it and cut later.
            let tables = ["organization", "organization_alternate_name", "organization_identifier", "phone"];
            let tables = tables.iter().chain(&["sink_version", "sink_position"]);
            let deletes: Vec<_> = tables.map(|table| format!("DELETE FROM {table};")).collect();
            bench.target.execute(&format!("BEGIN; {} COMMIT;", deletes.concat())).await;
        }
    }
}

/// Polls a future so often, then drops it.
async fn dropped_after<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = Box::pin(future);
    let mut left = polls;
    poll_fn(move |context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.poll_unpin(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Counts what is applied, and may never return from `finished`.
struct Watched {
    copy: Copy,
    events: Arc<AtomicUsize>,
    written: Arc<AtomicUsize>,
    hangs: bool,
}

impl Watched {
    fn new(copy: Copy) -> Self {
        Self { copy, events: Arc::default(), written: Arc::default(), hangs: false }
    }
}

#[async_trait]
impl Stage for Watched {
    async fn apply(&mut self, events: &[Event]) -> Result<usize> {
        let written = self.copy.apply(events).await?;
        self.events.fetch_add(events.len(), Ordering::SeqCst);
        self.written.fetch_add(written, Ordering::SeqCst);
        Ok(written)
    }

    async fn positions(&mut self, assigned: &[TopicPartition]) -> Result<Vec<Position>> {
        self.copy.positions(assigned).await
    }

    async fn finished(&mut self, positions: &[Position]) -> Result<()> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        self.copy.finished(positions).await
    }
}

pub(crate) async fn a_member_that_dies_before_its_commit_leaves_nothing_to_repeat(bench: &Bench) {
    bench
        .send(
            (1..=20).map(|number| bench.organization(number, 10, named(&format!("Org {number}")))).collect(),
        )
        .await;
    let dying = Watched { hangs: true, ..Watched::new(bench.copy().await) };
    let first = Arc::clone(&dying.events);
    let member = bench.start(dying);
    eventually("the first batch is applied", async || first.load(Ordering::SeqCst) > 0).await;
    member.kill().await;
    let progress = bench.log.progress(GROUP, &bench.topics()).await.unwrap();
    assert!(
        progress.iter().all(|progress| progress.committed.unwrap_or(0) == 0),
        "the group knows nothing of it"
    );

    let heir = Watched::new(bench.copy().await);
    let second = Arc::clone(&heir.events);
    let member = bench.start(heir);
    let all = async || first.load(Ordering::SeqCst) + second.load(Ordering::SeqCst) == 20;
    eventually("the rest is applied", all).await;
    bench.send(vec![bench.organization(21, 11, named("Org 21"))]).await;
    eventually("the newest is applied", async || bench.target.count("organization").await == 21).await;
    member.stop().await;
    assert_eq!(first.load(Ordering::SeqCst) + second.load(Ordering::SeqCst), 21, "each was delivered once");
}

pub(crate) async fn a_replay_into_a_copy_changes_nothing(bench: &Bench) {
    let (events, mirror) = history(bench, &mut Dice(7), 100);
    bench.settle_with(events).await;
    let owner = Owner::alone(1);
    bench
        .settle_with(vec![
            bench.location(place(100, "Pier"), 200, owner),
            bench.location(place(101, "Dock"), 201, owner),
            bench.service(200, 202, owner, ("Meals", &[100, 101])),
            bench.location_delete(101, 203, 1),
        ])
        .await;
    let (rows, positions) = (bench.target.dump().await, bench.positions().await);
    bench.target.execute("DELETE FROM sink_position").await;
    let stage = Watched::new(bench.copy().await);
    let (delivered, written) = (Arc::clone(&stage.events), Arc::clone(&stage.written));
    let member = bench.start(stage);
    eventually("all was read again", async || delivered.load(Ordering::SeqCst) == 104).await;
    member.stop().await;
    assert_eq!(written.load(Ordering::SeqCst), 0);
    assert_eq!(bench.target.dump().await, rows);
    assert_eq!(bench.positions().await, positions);
    // Half of a replay, cut off, and the live changes go on.
    bench.target.execute("DELETE FROM sink_position WHERE partition = 0").await;
    bench.settle_with(vec![bench.organization(50, 300, named("New"))]).await;
    assert_eq!(bench.target.count("organization").await, 1 + named_in(&mirror));
}

fn named_in(mirror: &Mirror) -> usize {
    mirror.values().filter(|(_, state)| !state.is_empty() && state != "redirect").count()
}

pub(crate) async fn a_copy_made_anew_begins_at_the_beginning(bench: &Bench) {
    bench.settle_with(vec![bench.organization(1, 10, named("Harbor"))]).await;
    bench.target.remove().await;
    bench.target.create().await;
    let member = bench.start(bench.copy().await);
    // The group believes that it has read everything.
    let ready = async || bench.board.stages().get(GROUP).is_some_and(|stage| stage.events_in == 2);
    eventually("the event was read again", ready).await;
    member.stop().await;
    assert_eq!(bench.names().await, ["Harbor"]);
}

pub(crate) async fn a_topic_made_anew_is_read_from_the_beginning(bench: &Bench) {
    bench.settle_with(vec![bench.organization(1, 10, named("Harbor"))]).await;
    let positions = bench.positions().await;
    // As if the copy had read far in the topics that were there before.
    bench.target.execute("UPDATE sink_position SET next_offset = 1000").await;
    let member = bench.start(bench.copy().await);
    eventually("the copy stands where the topic ends", async || bench.positions().await == positions).await;
    bench.send(vec![bench.organization(1, 11, named("Pier"))]).await;
    eventually("what is new arrives", async || bench.names().await == ["Pier"]).await;
    member.stop().await;
    assert_ne!(bench.positions().await, positions);
}

pub(crate) async fn two_members_share_the_partitions(bench: &Bench) {
    let first = Watched::new(bench.copy().await);
    let second = Watched::new(bench.copy().await);
    let (one, two) = (Arc::clone(&first.events), Arc::clone(&second.events));
    let first = bench.start(first);
    let mut rounds = 0;
    let mut round = || {
        rounds += 1;
        let numbers = (rounds * 1_000..).take(30);
        numbers.flat_map(|number| keys_of_all_topics(bench, number)).collect()
    };
    bench.send(round()).await;
    bench.caught_up(GROUP).await;
    let second = bench.start(second);
    // Until the second has its part: which partitions it gets is the group's choice.
    while two.load(Ordering::SeqCst) == 0 {
        bench.send(round()).await;
        bench.caught_up(GROUP).await;
    }
    // One dies with work in hand; the other takes over.
    bench.send(round()).await;
    first.kill().await;
    bench.caught_up(GROUP).await;
    second.stop().await;
    assert!(one.load(Ordering::SeqCst) > 0);
    let wanted = 30 * usize::try_from(rounds).unwrap();
    for (table, each) in [("organization", 1), ("location", 1), ("service", 1), ("address", 2), ("phone", 4)]
    {
        assert_eq!(bench.target.count(table).await, each * wanted, "{table}");
    }
}

/// A key on each topic of the copy, with four telephones in all.
fn keys_of_all_topics(bench: &Bench, number: u128) -> [NewEvent; 3] {
    let owner = Owner::alone(number);
    [
        bench.organization(number, 10, named("Org")),
        bench.location(place(number, "Pier"), 10, owner),
        bench.service(number, 10, owner, ("Meals", &[number])),
    ]
}

pub(crate) async fn two_members_that_hold_the_same_keys_leave_the_newest(bench: &Bench) {
    let (events, mirror) = history(bench, &mut Dice(99), 300);
    bench.send(events).await;
    let events = bench.events().await;
    // Each takes the keys in other batches; the one that goes backwards is the last to end, with the oldest.
    let forwards: Vec<_> = events.chunks(11).map(<[Event]>::to_vec).collect();
    let backwards: Vec<_> = events.chunks(5).rev().map(<[Event]>::to_vec).collect();
    let write = async |batches: Vec<Vec<Event>>| {
        let mut copy = bench.copy().await;
        copy.positions(&bench.partitions()).await.unwrap();
        for batch in batches {
            // As the runner does: what may pass is tried again.
            while let Err(error) = copy.apply(&batch).await {
                assert!(matches!(error, pipeline::Error::Transient { .. }), "{error}");
            }
        }
    };
    bench.copy().await.positions(&[]).await.unwrap();
    futures::join!(write(forwards), write(backwards));
    assert_mirrors(bench, &mirror).await;
}
