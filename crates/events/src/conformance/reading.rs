//! Cases about appending and reading without a group.

use super::Backend;
use super::fixture::{append_numbers, event, fresh_topic, position, read_all, values};
use crate::error::Error;
use crate::log::{EventLog, NewEvent, StartAt, TopicPartition};
use entity::clock;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Keys, values, tombstones and headers come back as they went in.
pub async fn reads_back_what_was_appended(backend: &dyn Backend) {
    let log = backend.log().await;
    let topic = fresh_topic(&*log, 2).await;
    let new = |key: &[u8], value: Option<&[u8]>, headers: &[(&str, &[u8])]| NewEvent {
        topic: topic.clone(),
        partition: 1,
        key: key.to_vec(),
        value: value.map(<[u8]>::to_vec),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect(),
    };
    let appended = vec![
        new(b"id-1", Some(b"text"), &[("ce_id", b"1"), ("op", b"upsert")]),
        new(
            b"id-2",
            Some(&[0, 0xff, 0xc3, 0x28]),
            &[("ce_id", b"2"), ("ce_id", b"again"), ("bytes", &[0, 255])],
        ),
        new(b"id-1", None, &[("version", b"281474976710657")]),
        new(b"id-3", Some(b""), &[("empty", b"")]),
        new(b"id-4", Some(&[7; 200_000]), &[]),
    ];
    let before_ms = clock::now().timestamp_millis();
    let offsets = log.append(appended.clone()).await.expect("the events are appended");
    assert_eq!(offsets, [0, 1, 2, 3, 4]);
    assert_eq!(log.append(Vec::new()).await.expect("nothing is appended"), [0_i64; 0]);

    let read = read_all(&*backend.log().await, position(&topic, 1, 0), 5).await;
    for (index, (event, new)) in read.iter().zip(&appended).enumerate() {
        assert_eq!((event.offset, event.partition, &event.topic), (offsets[index], 1, &topic));
        assert_eq!((&event.key, &event.value, &event.headers), (&new.key, &new.value, &new.headers));
        assert!(event.time_ms >= before_ms && event.time_ms <= clock::now().timestamp_millis());
    }
    assert_eq!(read[1].header("ce_id"), Some("2"));
    let other = log.read(&position(&topic, 0, 0), 10, Duration::from_millis(50)).await.expect("a read");
    assert!(other.is_empty(), "the other partition stays empty");
}

/// Events of one key keep the order of their writer, whoever writes beside it, and none is lost or doubled.
pub async fn keeps_order_per_key_under_concurrent_writers(backend: &dyn Backend) {
    const WRITERS: i32 = 8;
    const EVENTS: usize = 200;
    let log = backend.log().await;
    let topic = fresh_topic(&*log, 3).await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        // Some share a handle, some have their own, as processes have.
        let log = if writer % 2 == 0 { Arc::clone(&log) } else { backend.log().await };
        writers.spawn(write_numbers(log, topic.clone(), writer, EVENTS));
    }
    let written: Vec<(i32, Vec<i64>)> = writers.join_all().await;
    for partition in 0..3 {
        let own: Vec<_> = written.iter().filter(|(writer, _)| writer % 3 == partition).collect();
        let read = read_all(&*log, position(&topic, partition, 0), own.len() * EVENTS).await;
        assert!((0..).zip(&read).all(|(offset, event)| event.offset == offset), "offsets without gaps");
        for (writer, offsets) in own {
            let key = format!("writer-{writer}").into_bytes();
            let events: Vec<_> = read.iter().filter(|event| event.key == key).collect();
            assert_eq!(events.iter().map(|event| event.offset).collect::<Vec<_>>(), *offsets);
            let expected: Vec<String> = (0..EVENTS).map(|number| number.to_string()).collect();
            assert_eq!(values(events), expected, "writer {writer}");
        }
    }
}

async fn write_numbers(log: Arc<dyn EventLog>, topic: String, writer: i32, count: usize) -> (i32, Vec<i64>) {
    let key = format!("writer-{writer}");
    let mut offsets = Vec::new();
    let numbers: Vec<usize> = (0..count).collect();
    for batch in numbers.chunks(7) {
        let new = |number: &usize| event(&topic, writer % 3, &key, &number.to_string());
        offsets.extend(log.append(batch.iter().map(new).collect()).await.expect("the batch is appended"));
    }
    (writer, offsets)
}

/// Reading begins at the first event, at an offset, at a time, or at the end.
pub async fn replays_from_anywhere(backend: &dyn Backend) {
    let log = backend.log().await;
    let topic = fresh_topic(&*log, 1).await;
    let at = TopicPartition { topic: topic.clone(), partition: 0 };
    let offset_at = async |start| log.offset_at(&at, start).await.expect("the offset is known");
    assert_eq!(offset_at(StartAt::Earliest).await, 0);
    assert_eq!(offset_at(StartAt::Latest).await, 0);
    assert_eq!(offset_at(StartAt::Time(0)).await, 0);

    append_numbers(&*log, &topic, 1, 5).await;
    let first = read_all(&*log, position(&topic, 0, 0), 5).await;
    let between_ms = first[4].time_ms + 1;
    while clock::now().timestamp_millis() <= between_ms {
        tokio::task::yield_now().await;
    }
    append_numbers(&*log, &topic, 1, 5).await;

    assert_eq!(offset_at(StartAt::Earliest).await, 0);
    assert_eq!(offset_at(StartAt::Latest).await, 10);
    assert_eq!(offset_at(StartAt::Time(0)).await, 0);
    assert_eq!(offset_at(StartAt::Time(between_ms)).await, 5);
    let future_ms = clock::now().timestamp_millis() + 3_600_000;
    assert_eq!(offset_at(StartAt::Time(future_ms)).await, 10);

    for (offset, expected) in [(0, vec!["0", "1", "2"]), (3, vec!["3", "4", "0"]), (9, vec!["4"])] {
        // Twice, and there and back: a replay is no different from the first time.
        for _ in 0..2 {
            let read = read_all(&*log, position(&topic, 0, offset), expected.len()).await;
            assert_eq!(values(&read[..expected.len()]), expected, "from {offset}");
        }
    }
    let two = log.read(&position(&topic, 0, 1), 2, Duration::from_secs(10)).await.expect("a read");
    assert!(!two.is_empty() && two.len() <= 2 && two[0].offset == 1, "{two:?}");
}

/// A read at the end waits, gives up when its time is over, and wakes for what another handle appends.
pub async fn waits_at_the_end(backend: &dyn Backend) {
    let log = backend.log().await;
    let topic = fresh_topic(&*log, 1).await;
    append_numbers(&*log, &topic, 1, 3).await;
    for offset in [3, 1_000] {
        let began = Instant::now();
        let read =
            log.read(&position(&topic, 0, offset), 10, Duration::from_millis(300)).await.expect("a read");
        assert!(read.is_empty(), "nothing lies at {offset}: {read:?}");
        assert!(began.elapsed() >= Duration::from_millis(250), "from {offset} after {:?}", began.elapsed());
    }
    let other = backend.log().await;
    let end = position(&topic, 0, 3);
    let waiting = log.read(&end, 10, Duration::from_secs(30));
    let appending = async {
        // Lets the reader wait first; the outcome is the same if it does not.
        tokio::time::sleep(Duration::from_millis(100)).await;
        other.append(vec![event(&topic, 0, "key", "new")]).await.expect("the event is appended");
    };
    let began = Instant::now();
    let (read, ()) = tokio::join!(waiting, appending);
    assert_eq!(values(&read.expect("the read goes through")), ["new"]);
    assert!(began.elapsed() < Duration::from_secs(15), "woken after {:?}", began.elapsed());
}

/// What is over the limit is refused with its size, and nothing of the call is appended.
pub async fn refuses_what_is_too_large(backend: &dyn Backend) {
    let log = backend.log().await;
    let topic = fresh_topic(&*log, 1).await;
    let max = log.event_size_max();
    let mut large = event(&topic, 0, "key", "");
    large.value = Some(vec![0; max]);
    let refused = log.append(vec![event(&topic, 0, "key", "small"), large.clone()]).await;
    assert!(
        matches!(&refused, Err(Error::TooLarge { topic: named, size, .. }) if *named == topic && *size == max + 3),
        "{refused:?}"
    );
    large.value = Some(vec![0; max - 3]);
    assert_eq!(log.append(vec![large]).await.expect("the limit itself goes in"), [0]);
}
