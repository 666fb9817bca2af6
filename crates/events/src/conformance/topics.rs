//! Cases about topics.

use super::Backend;
use super::fixture::{event, fresh_name, fresh_topic, position};
use crate::error::{Error, Result};
use crate::log::{Cleanup, StartAt, TopicSpec};
use std::fmt::Debug;
use std::time::Duration;

/// Creating a topic again changes nothing, and the list tells its offsets.
pub async fn creates_a_topic_once(backend: &dyn Backend) {
    let log = backend.log().await;
    let compact = TopicSpec { name: fresh_name("compact"), partitions: 3, cleanup: Cleanup::Compact };
    let cleanup = Cleanup::Delete { retention: Duration::from_hours(24) };
    let delete = TopicSpec { name: fresh_name("delete"), partitions: 1, cleanup };
    log.create_topics(&[compact.clone(), delete.clone()]).await.expect("the topics are created");
    log.append(vec![event(&compact.name, 1, "key", "value")]).await.expect("the event is appended");
    backend.log().await.create_topics(&[delete.clone(), compact.clone()]).await.expect("a second call");

    let topics = log.topics().await.expect("the topics are listed");
    assert!(topics.is_sorted_by_key(|topic| &topic.name), "sorted by name");
    assert!(!topics.iter().any(|topic| topic.name.starts_with("__")), "no internal topics");
    for (spec, cleanup, ends) in [(&compact, "compact", vec![0, 1, 0]), (&delete, "delete", vec![0])] {
        let topic = topics.iter().find(|topic| topic.name == spec.name).expect("the topic is listed");
        assert_eq!(topic.cleanup, cleanup);
        assert_eq!(topic.partitions.iter().map(|range| range.end).collect::<Vec<_>>(), ends);
        assert!(topic.partitions.iter().all(|range| range.start == 0));
        assert!((0..).zip(&topic.partitions).all(|(number, range)| range.partition == number));
    }
}

/// Another number of partitions would move the keys.
pub async fn refuses_another_number_of_partitions(backend: &dyn Backend) {
    let log = backend.log().await;
    let name = fresh_topic(&*log, 2).await;
    for partitions in [1, 3] {
        let other = TopicSpec { name: name.clone(), partitions, cleanup: Cleanup::Compact };
        let refused = log.create_topics(&[other]).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{partitions} partitions: {refused:?}");
    }
    let none = TopicSpec { name: fresh_name("none"), partitions: 0, cleanup: Cleanup::Compact };
    assert!(matches!(log.create_topics(&[none]).await, Err(Error::Invalid(_))), "no partition at all");
}

/// Every call on a topic or partition that is not there says so and makes nothing.
pub async fn says_which_topic_is_missing(backend: &dyn Backend) {
    let log = backend.log().await;
    let there = fresh_topic(&*log, 1).await;
    let missing = fresh_name("missing");
    let names = [missing.clone()];
    for (topic, partition) in [(&missing, 0), (&there, 7)] {
        let at = position(topic, partition, 0);
        check(topic, &log.append(vec![event(topic, partition, "key", "value")]).await);
        check(topic, &log.read(&at, 10, Duration::from_millis(100)).await);
        check(topic, &log.offset_at(&at.at, StartAt::Earliest).await);
        check(topic, &log.offset_at(&at.at, StartAt::Time(0)).await);
    }
    check(&missing, &log.join("conformance.nobody", &names).await);
    check(&missing, &log.progress("conformance.nobody", &names).await);
    let topics = log.topics().await.expect("the topics are listed");
    assert!(!topics.iter().any(|topic| topic.name == missing), "{missing} was made by asking for it");
}

fn check<T: Debug>(topic: &str, answer: &Result<T>) {
    assert!(
        matches!(answer, Err(Error::NotFound(what)) if what.contains(topic)),
        "{topic} is missing: {answer:?}"
    );
}
