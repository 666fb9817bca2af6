//! The numbers of the loop page, looked up at most a few times a second however many people look.

use super::Room;
use super::travel::{self, Travel};
use crate::ports::Ports;
use crate::problem::chain;
use crate::topics::sentence;
use entity::Merge;
use events::log::TopicDescription;
use events::parked::{ParkedEvent, ParkedView};
use events::topics::Product;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How old numbers may be.
const FRESH: Duration = Duration::from_millis(700);
/// Merges that are counted; more are shown as so many and more.
pub(super) const MERGES_MAX: usize = 1000;
/// Parked events that are shown, the newest.
pub(super) const PARKED_SHOWN: usize = 20;

/// What the loop holds. A number is absent while its port does not answer.
#[derive(Debug)]
pub(super) struct Numbers {
    pub(super) records: Option<u64>,
    pub(super) merges: Option<Merges>,
    pub(super) topics: Option<Vec<TopicNumbers>>,
    pub(super) documents: Option<u64>,
    /// Clusters that wait for a reviewer, and all.
    pub(super) clusters: Option<(u64, u64)>,
    /// How many events are parked, and the newest of them.
    pub(super) parked: Option<(usize, Vec<ParkedEvent>)>,
    /// The newest change on its way.
    pub(super) travel: Option<Travel>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Merges {
    pub(super) holding: usize,
    pub(super) undone: usize,
}

#[derive(Debug)]
pub(super) struct TopicNumbers {
    pub(super) name: String,
    pub(super) sentence: &'static str,
    pub(super) events: u64,
}

/// The last numbers.
#[derive(Debug, Default)]
pub(super) struct Status(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    numbers: Option<(Instant, Arc<Numbers>)>,
    parked: ParkedView,
}

impl Status {
    pub(super) async fn look(&self, Room { ports, parking, .. }: &Room) -> Arc<Numbers> {
        let mut last = self.0.lock().await;
        if let Some((at, numbers)) = &last.numbers
            && at.elapsed() < FRESH
        {
            return Arc::clone(numbers);
        }
        let parked = seen(last.parked.look(parking, PARKED_SHOWN).await);
        let before = last.numbers.as_ref().and_then(|(_, numbers)| numbers.travel.as_ref());
        let numbers = Arc::new(Numbers { parked, ..read(ports, before).await });
        last.numbers = Some((Instant::now(), Arc::clone(&numbers)));
        numbers
    }
}

async fn read(ports: &Ports, before: Option<&Travel>) -> Numbers {
    let merges = seen(ports.organizations.merges(None, MERGES_MAX).await);
    let topics = seen(ports.log.topics().await);
    let travel = match (merges.as_ref().and_then(|merges| merges.first()), &topics) {
        (Some(newest), Some(topics)) => Some(travel::look(ports, topics, newest, before).await),
        _ => None,
    };
    Numbers {
        records: seen(ports.organizations.record_count().await),
        merges: merges.as_deref().map(counted),
        topics: topics.map(|topics| events_of(ports, topics)),
        documents: seen(ports.index.count().await),
        clusters: seen(ports.resolution.cluster_counts().await),
        parked: None,
        travel,
    }
}

fn counted(merges: &[Merge]) -> Merges {
    let undone = merges.iter().filter(|merge| merge.undo.is_some()).count();
    Merges { holding: merges.len() - undone, undone }
}

fn seen<T, E: StdError + 'static>(answer: Result<T, E>) -> Option<T> {
    answer
        .inspect_err(|error| tracing::debug!(error = chain(error), "a number of the loop page is missing"))
        .ok()
}

fn events_of(ports: &Ports, topics: Vec<TopicDescription>) -> Vec<TopicNumbers> {
    let names = ports.codec.names();
    let mut topics: Vec<_> = topics
        .into_iter()
        .filter_map(|topic| {
            let product = names.product_of(&topic.name).filter(|product| product.is_public())?;
            let events: i64 = topic.partitions.iter().map(|range| range.end - range.start).sum();
            let events = u64::try_from(events).unwrap_or(0);
            Some((product, TopicNumbers { name: topic.name, sentence: sentence(product), events }))
        })
        .collect();
    topics.sort_by_key(|(product, _): &(Product, _)| *product);
    topics.into_iter().map(|(_, numbers)| numbers).collect()
}
