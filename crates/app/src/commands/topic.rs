//! `topic`: look into topics, on whichever log.

use crate::config::Config;
use crate::output;
use crate::ports::{self, Topics};
use anyhow::{Context, bail};
use chrono::{DateTime, SecondsFormat};
use events::log::{Event, Position, StartAt, TopicPartition};
use serde_json::{Value, json};
use std::process::ExitCode;
use std::time::Duration;

#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum TopicCommand {
    /// All topics with their events
    List {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// One topic: partitions, offsets, schema
    Describe {
        /// The topic
        topic: String,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// The events of a topic, one JSON document a line
    Read(ReadArguments),
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ReadArguments {
    /// The topic
    topic: String,
    /// Where to begin: earliest, latest, an offset (in every partition), PARTITION:OFFSET, or a time (RFC 3339)
    #[arg(long, default_value = "earliest", value_name = "WHERE")]
    from: String,
    /// Only events of this key
    #[arg(long, value_name = "K")]
    key: Option<String>,
    /// At most so many events
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Go on as events come
    #[arg(long)]
    follow: bool,
    /// With partition, offset, time, key and headers; without it, the key and the value only
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub(crate) async fn run(config: Config, command: TopicCommand) -> anyhow::Result<ExitCode> {
    let topics = ports::topics(&config).await?;
    match command {
        TopicCommand::List { json } => list(&topics, json).await?,
        TopicCommand::Describe { topic, json } => describe(&topics, &topic, json).await?,
        TopicCommand::Read(arguments) => read(&topics, &arguments).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(topics: &Topics, as_json: bool) -> anyhow::Result<()> {
    let all = topics.log.topics().await?;
    let events = |topic: &events::log::TopicDescription| -> i64 {
        topic.partitions.iter().map(|range| range.end - range.start).sum()
    };
    if as_json {
        let row = |topic: &events::log::TopicDescription| json!({"topic": topic.name, "partitions": topic.partitions.len(), "cleanup": topic.cleanup, "events": events(topic)});
        return output::json(&all.iter().map(row).collect::<Vec<_>>());
    }
    let width = all.iter().map(|topic| topic.name.len()).max().unwrap_or(0);
    for topic in &all {
        let count = topic.partitions.len();
        output::line(format_args!(
            "{:width$}  {count} partitions  {:8}  {} events",
            topic.name,
            topic.cleanup,
            events(topic)
        ));
    }
    Ok(())
}

async fn describe(topics: &Topics, name: &str, as_json: bool) -> anyhow::Result<()> {
    let topic = find(topics, name).await?;
    let subject = format!("{name}-value");
    let schema = match topics.codec.registry().schema(&subject, events::registry::SchemaVersion::Latest).await
    {
        Ok(schema) => Some(schema),
        Err(events::Error::NotFound(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let compatibility = topics.codec.registry().compatibility(Some(&subject)).await?;
    if as_json {
        let ranges: Vec<_> = topic
            .partitions
            .iter()
            .map(|range| json!({"partition": range.partition, "start": range.start, "end": range.end}))
            .collect();
        return output::json(&json!({
            "topic": topic.name, "cleanup": topic.cleanup, "partitions": ranges,
            "schema_id": schema.as_ref().map(|schema| schema.id),
            "schema_version": schema.as_ref().map(|schema| schema.version),
            "compatibility": compatibility.map(|level| level.to_string()),
            "schema": schema.and_then(|schema| serde_json::from_str::<Value>(&schema.schema).ok()),
        }));
    }
    output::line(format_args!("{} ({})", topic.name, topic.cleanup));
    for range in &topic.partitions {
        output::line(format_args!(
            "  partition {}: offsets {} to {}",
            range.partition, range.start, range.end
        ));
    }
    if let Some(schema) = schema {
        let level = compatibility.map(|level| level.to_string()).unwrap_or_default();
        output::line(format_args!(
            "  schema {} (version {} of {subject}, {level})",
            schema.id, schema.version
        ));
    }
    Ok(())
}

async fn find(topics: &Topics, name: &str) -> anyhow::Result<events::log::TopicDescription> {
    let all = topics.log.topics().await?;
    let names: Vec<_> = all.iter().map(|topic| topic.name.clone()).collect();
    let found = all.into_iter().find(|topic| topic.name == name);
    found.with_context(|| format!("there is no topic {name}; there are: {}", names.join(", ")))
}

async fn read(topics: &Topics, arguments: &ReadArguments) -> anyhow::Result<()> {
    let topic = find(topics, &arguments.topic).await?;
    let mut positions = Vec::new();
    for range in &topic.partitions {
        let at = TopicPartition { topic: topic.name.clone(), partition: range.partition };
        if let Some(offset) = start_of(topics, &at, &arguments.from).await? {
            positions.push((Position { at, offset: offset.max(range.start) }, range.end));
        }
    }
    let mut left = arguments.limit.unwrap_or(usize::MAX);
    loop {
        let mut found = false;
        for (position, end) in &mut positions {
            while left > 0 && (arguments.follow || position.offset < *end) {
                let wait = Duration::from_millis(if arguments.follow { 50 } else { 2000 });
                let events = topics.log.read(position, 500, wait).await?;
                let Some(last) = events.last() else { break };
                position.offset = last.offset + 1;
                found = true;
                left = show_all(topics, arguments, &events, left).await?;
                if arguments.follow {
                    break;
                }
            }
        }
        if left == 0 || (!arguments.follow && !found) {
            return Ok(());
        }
    }
}

async fn show_all(
    topics: &Topics,
    arguments: &ReadArguments,
    events: &[Event],
    mut left: usize,
) -> anyhow::Result<usize> {
    for event in events {
        let wanted = arguments.key.as_ref().is_none_or(|key| key.as_bytes() == event.key);
        if wanted && left > 0 {
            output::json(&shown(topics, event, arguments.json).await)?;
            left -= 1;
        }
    }
    Ok(left)
}

async fn shown(topics: &Topics, event: &Event, everything: bool) -> Value {
    let value = match &event.value {
        None => Value::Null,
        Some(bytes) => match topics.codec.decode_json(bytes).await {
            Ok(value) => value,
            Err(error) => json!({"undecodable": error.to_string(), "bytes": bytes.len()}),
        },
    };
    let key = String::from_utf8_lossy(&event.key);
    if !everything {
        return json!({"key": key, "value": value});
    }
    let headers: serde_json::Map<_, _> = event
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into()))
        .collect();
    let time = DateTime::from_timestamp_millis(event.time_ms)
        .map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true));
    json!({
        "partition": event.partition, "offset": event.offset, "time": time, "key": key,
        "headers": headers, "value": value,
    })
}

/// The first offset to read of a partition; `None` leaves the partition out.
async fn start_of(topics: &Topics, at: &TopicPartition, from: &str) -> anyhow::Result<Option<i64>> {
    let start = match from {
        "earliest" => StartAt::Earliest,
        "latest" => StartAt::Latest,
        _ => {
            if let Ok(offset) = from.parse() {
                return Ok(Some(offset));
            }
            if let Ok(time) = DateTime::parse_from_rfc3339(from) {
                let offset = topics.log.offset_at(at, StartAt::Time(time.timestamp_millis())).await?;
                return Ok(Some(offset));
            }
            let Some((partition, offset)) = from.split_once(':') else {
                bail!(
                    "--from {from:?} is neither earliest, latest, an offset, PARTITION:OFFSET nor a time such as 2026-11-21T08:00:00Z"
                )
            };
            let partition: i32 =
                partition.parse().with_context(|| format!("--from {from:?}: the partition"))?;
            let offset = offset.parse().with_context(|| format!("--from {from:?}: the offset"))?;
            return Ok((partition == at.partition).then_some(offset));
        }
    };
    Ok(Some(topics.log.offset_at(at, start).await?))
}
