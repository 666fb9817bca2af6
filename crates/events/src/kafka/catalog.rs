//! Topics of the cluster: makes them, remembers their partitions, asks for their offsets.

use super::KafkaConfig;
use super::client::{REQUEST_TIMEOUT, base, blocking, failed, is_missing, list_of, refused};
use crate::error::{Error, Result};
use crate::log::{Cleanup, PartitionRange, StartAt, TopicDescription, TopicPartition, TopicSpec};
use rdkafka::Offset;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::MetadataTopic;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::time::Instant;

/// A tombstone outlives the values that it ends by this, so that slow consumers still see it.
const TOMBSTONE_RETENTION: Duration = Duration::from_hours(7 * 24);

/// How long brokers may take to agree on a new partition's leader.
const SETTLING_MAX: Duration = Duration::from_secs(5);
const ASKING: &str = "asking for offsets";

/// Asks the cluster about topics.
pub(super) struct Catalog {
    client: Arc<BaseConsumer>,
    admin: AdminClient<DefaultClientContext>,
    /// Numbers of partitions. A topic may be deleted under us: errors clear this.
    known: RwLock<HashMap<String, i32>>,
}

impl fmt::Debug for Catalog {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Catalog").field("known", &self.known).finish_non_exhaustive()
    }
}

impl Catalog {
    pub(super) fn new(config: &KafkaConfig) -> Result<Self> {
        let mut asking = base(config, &[]);
        // To ask for a topic must not make it.
        asking.set("allow.auto.create.topics", "false");
        Ok(Self {
            client: Arc::new(asking.create().map_err(|error| refused(&error))?),
            admin: base(config, &[]).create().map_err(|error| refused(&error))?,
            known: RwLock::default(),
        })
    }

    /// `NotFound` unless the topic has this partition.
    pub(super) async fn check(&self, topic: &str, partition: i32) -> Result<()> {
        if (0..self.partitions(topic).await?).contains(&partition) {
            return Ok(());
        }
        Err(Error::NotFound(format!("partition {partition} of topic {topic}")))
    }

    /// Asks the cluster again when it is next asked.
    pub(super) fn forget(&self) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn partitions(&self, topic: &str) -> Result<i32> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).get(topic).copied();
        if let Some(partitions) = known {
            return Ok(partitions);
        }
        let found = self.ask(Some(topic)).await?.remove(topic);
        let partitions = found.ok_or_else(|| Error::NotFound(format!("topic {topic}")))?.partitions;
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(topic.to_owned(), partitions);
        Ok(partitions)
    }

    /// Every partition of these topics, in order.
    pub(super) async fn partitions_of(&self, topics: &[String]) -> Result<Vec<TopicPartition>> {
        let mut sorted: Vec<&String> = topics.iter().collect();
        sorted.sort();
        sorted.dedup();
        let mut partitions = Vec::new();
        for topic in sorted {
            let numbers = 0..self.partitions(topic).await?;
            partitions.extend(numbers.map(|partition| TopicPartition { topic: topic.clone(), partition }));
        }
        Ok(partitions)
    }

    /// One topic, or all that are not the cluster's own.
    async fn ask(&self, topic: Option<&str>) -> Result<BTreeMap<String, Known>> {
        let doing =
            topic.map_or_else(|| "listing topics".to_owned(), |topic| format!("asking for topic {topic}"));
        let (client, topic) = (Arc::clone(&self.client), topic.map(str::to_owned));
        let asked = move || {
            let metadata = client.fetch_metadata(topic.as_deref(), REQUEST_TIMEOUT)?;
            let ours = metadata.topics().iter().filter(|topic| !topic.name().starts_with("__"));
            ours.filter_map(known_of).collect::<Result<BTreeMap<_, _>, KafkaError>>()
        };
        blocking(&doing, asked).await?.map_err(failed(doing))
    }

    pub(super) async fn create(&self, specs: &[TopicSpec]) -> Result<()> {
        let there = self.ask(None).await?;
        let mut missing = Vec::new();
        for spec in specs {
            match there.get(&spec.name) {
                Some(known) => known.check(spec)?,
                None if spec.partitions < 1 || spec.name.is_empty() => return Err(impossible(spec)),
                None => missing.push(spec),
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        self.create_missing(&missing).await?;
        self.wait_until_ready(&missing).await
    }

    async fn create_missing(&self, specs: &[&TopicSpec]) -> Result<()> {
        let settings: Vec<_> = specs.iter().map(|spec| settings(spec)).collect();
        let new: Vec<NewTopic<'_>> = specs
            .iter()
            .zip(&settings)
            .map(|(spec, settings)| {
                // The cluster's own number of replicas.
                let new = NewTopic::new(&spec.name, spec.partitions, TopicReplication::Fixed(-1));
                settings.iter().fold(new, |new, (name, value)| new.set(name, value))
            })
            .collect();
        let created = self.admin.create_topics(&new, &options()).await.map_err(failed("creating topics"))?;
        for result in created {
            match result {
                // Another process was quicker; `wait_until_ready` compares.
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((topic, code)) => {
                    return Err(failed(format!("creating topic {topic}"))(KafkaError::AdminOp(code)));
                }
            }
        }
        Ok(())
    }

    /// A topic is announced before all brokers know it and its partitions have leaders.
    async fn wait_until_ready(&self, specs: &[&TopicSpec]) -> Result<()> {
        let deadline = Instant::now() + REQUEST_TIMEOUT;
        loop {
            let there = self.ask(None).await?;
            let ready = |spec: &&&TopicSpec| there.get(&spec.name).is_some_and(|known| known.has_leaders);
            if specs.iter().filter(ready).count() == specs.len() {
                return specs.iter().try_for_each(|spec| there[&spec.name].check(spec));
            }
            if Instant::now() >= deadline {
                return Err(Error::transient("creating topics", "the new partitions have no leaders yet"));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(super) async fn describe(&self) -> Result<Vec<TopicDescription>> {
        let there = self.ask(None).await?;
        let names: Vec<String> = there.keys().cloned().collect();
        let mut partitions = Vec::new();
        for (topic, known) in &there {
            let numbers = 0..known.partitions;
            partitions.extend(numbers.map(|partition| TopicPartition { topic: topic.clone(), partition }));
        }
        let cleanups = self.cleanups(&names).await?;
        let mut ranges: BTreeMap<String, Vec<PartitionRange>> = BTreeMap::new();
        for (at, (start, end)) in partitions.iter().zip(self.ranges(&partitions).await?) {
            let range = PartitionRange { partition: at.partition, start, end };
            ranges.entry(at.topic.clone()).or_default().push(range);
        }
        let described = names.into_iter().zip(cleanups).map(|(name, cleanup)| {
            let partitions = ranges.remove(&name).unwrap_or_default();
            TopicDescription { name, cleanup, partitions }
        });
        Ok(described.collect())
    }

    async fn cleanups(&self, names: &[String]) -> Result<Vec<String>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let doing = || failed("reading the settings of topics");
        let wanted: Vec<_> = names.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
        let described = self.admin.describe_configs(&wanted, &options()).await.map_err(doing())?;
        let mut cleanups = Vec::with_capacity(described.len());
        for resource in described {
            let resource = resource.map_err(|code| doing()(KafkaError::AdminOp(code)))?;
            let cleanup = resource.get("cleanup.policy").and_then(|entry| entry.value.clone());
            cleanups.push(cleanup.unwrap_or_default());
        }
        Ok(cleanups)
    }

    /// First offset kept and next to be written of each partition.
    pub(super) async fn ranges(&self, partitions: &[TopicPartition]) -> Result<Vec<(i64, i64)>> {
        let starts = self.list_offsets(partitions, Offset::Beginning).await?;
        let ends = self.list_offsets(partitions, Offset::End).await?;
        // -1 is librdkafka's word for the end, which it knows better by number.
        let start = |start: Option<i64>, end: i64| start.unwrap_or(end);
        Ok(starts
            .into_iter()
            .zip(ends)
            .map(|(first, end)| (start(first, end.unwrap_or(0)), end.unwrap_or(0)))
            .collect())
    }

    pub(super) async fn offset_at(&self, at: &TopicPartition, start: StartAt) -> Result<i64> {
        let partitions = std::slice::from_ref(at);
        if let StartAt::Time(time_ms) = start {
            let found = self.list_offsets(partitions, Offset::Offset(time_ms.max(0))).await?;
            if let Some(offset) = found.into_iter().flatten().next() {
                return Ok(offset);
            }
        }
        let (first, end) = self.ranges(partitions).await?.first().copied().unwrap_or_default();
        Ok(if start == StartAt::Earliest { first } else { end })
    }

    /// Asks for the offset at a time, or at either end: Kafka takes both as times, -2 and -1. One request for
    /// each broker, however many partitions.
    async fn list_offsets(&self, partitions: &[TopicPartition], time: Offset) -> Result<Vec<Option<i64>>> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let deadline = Instant::now() + SETTLING_MAX;
        loop {
            match self.try_list_offsets(partitions, time).await? {
                Ok(offsets) => return Ok(offsets),
                Err(Unlisted { error, .. }) if is_settling(&error) && Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(Unlisted { at, error }) if is_missing(&error) => {
                    return Err(Error::NotFound(format!("partition {} of topic {}", at.partition, at.topic)));
                }
                Err(Unlisted { error, .. }) => return Err(failed(ASKING)(error)),
            }
        }
    }

    async fn try_list_offsets(
        &self,
        partitions: &[TopicPartition],
        time: Offset,
    ) -> Result<Result<Vec<Option<i64>>, Unlisted>> {
        let wanted = list_of(partitions.iter().map(|at| (at, time)))?;
        let client = Arc::clone(&self.client);
        let asked = blocking(ASKING, move || client.offsets_for_times(wanted, REQUEST_TIMEOUT)).await?;
        let found = match asked {
            Ok(found) => found,
            Err(error) => return Ok(Err(Unlisted { at: partitions[0].clone(), error })),
        };
        let offset = |at: &TopicPartition| {
            let element = found.find_partition(&at.topic, at.partition);
            let offset = element.map_or(Ok(Offset::Invalid), |one| one.error().map(|()| one.offset()));
            match offset {
                Ok(Offset::Offset(offset)) => Ok(Some(offset)),
                Ok(_) => Ok(None),
                Err(error) => Err(Unlisted { at: at.clone(), error }),
            }
        };
        Ok(partitions.iter().map(offset).collect())
    }
}

/// A partition that gave no offset, and why.
struct Unlisted {
    at: TopicPartition,
    error: KafkaError,
}

/// Whether the brokers may not have agreed yet on who leads a new partition.
fn is_settling(error: &KafkaError) -> bool {
    is_missing(error)
        || matches!(
            error.rdkafka_error_code(),
            Some(RDKafkaErrorCode::NotLeaderForPartition | RDKafkaErrorCode::LeaderNotAvailable)
        )
}

/// What the cluster says about a topic.
struct Known {
    partitions: i32,
    has_leaders: bool,
}

impl Known {
    fn check(&self, spec: &TopicSpec) -> Result<()> {
        if self.partitions == spec.partitions {
            return Ok(());
        }
        Err(Error::Invalid(format!(
            "topic {} has {} partitions, not {}: keep the number, or take a new topic name",
            spec.name, self.partitions, spec.partitions
        )))
    }
}

/// `None` for a topic that is not there.
fn known_of(topic: &MetadataTopic) -> Option<Result<(String, Known), KafkaError>> {
    match topic.error().map(RDKafkaErrorCode::from) {
        None | Some(RDKafkaErrorCode::LeaderNotAvailable) => {
            let partitions = i32::try_from(topic.partitions().len()).unwrap_or(i32::MAX);
            let has_leaders =
                partitions > 0 && topic.partitions().iter().all(|partition| partition.leader() >= 0);
            Some(Ok((topic.name().to_owned(), Known { partitions, has_leaders })))
        }
        Some(code) => {
            let error = KafkaError::MetadataFetch(code);
            (!is_missing(&error)).then_some(Err(error))
        }
    }
}

fn settings(spec: &TopicSpec) -> Vec<(&'static str, String)> {
    match spec.cleanup {
        Cleanup::Compact => vec![
            ("cleanup.policy", "compact".to_owned()),
            ("delete.retention.ms", TOMBSTONE_RETENTION.as_millis().to_string()),
        ],
        Cleanup::Delete { retention } => {
            vec![("cleanup.policy", "delete".to_owned()), ("retention.ms", retention.as_millis().to_string())]
        }
    }
}

fn impossible(spec: &TopicSpec) -> Error {
    Error::Invalid(format!("topic {:?} needs a name and partitions, not {}", spec.name, spec.partitions))
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(REQUEST_TIMEOUT)).operation_timeout(Some(REQUEST_TIMEOUT))
}
