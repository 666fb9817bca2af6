//! Topics of the file and their partitions, remembered because neither ever changes or goes.

use super::connection::failed;
use super::reader;
use super::writer::Writer;
use crate::error::{Error, Result};
use crate::log::{Cleanup, PartitionRange, TopicDescription, TopicSpec};
use sqlx::{SqliteConnection, SqlitePool};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// A topic and the ids of its partitions.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) name: String,
    /// In the order of their numbers.
    pub(super) partitions: Vec<i64>,
}

impl Topic {
    pub(super) fn partition_id(&self, number: i32) -> Result<i64> {
        let id = usize::try_from(number).ok().and_then(|index| self.partitions.get(index));
        id.copied().ok_or_else(|| Error::NotFound(format!("partition {number} of topic {}", self.name)))
    }
}

/// The topics seen so far.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    topics: RwLock<HashMap<String, Arc<Topic>>>,
}

impl Catalog {
    pub(super) async fn topic(&self, readers: &SqlitePool, name: &str) -> Result<Arc<Topic>> {
        let known = self.topics.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if let Some(topic) = known {
            return Ok(topic);
        }
        let topic = Arc::new(load(readers, name).await?);
        let mut topics = self.topics.write().unwrap_or_else(PoisonError::into_inner);
        topics.insert(name.to_owned(), Arc::clone(&topic));
        Ok(topic)
    }
}

async fn load(readers: &SqlitePool, name: &str) -> Result<Topic> {
    let partitions = sqlx::query_scalar::<_, i64>(
        "SELECT p.id FROM topic t JOIN topic_partition p ON p.topic_id = t.id WHERE t.name = ? ORDER BY p.number",
    )
    .bind(name)
    .fetch_all(readers)
    .await
    .map_err(failed(format!("looking for topic {name}")))?;
    if partitions.is_empty() {
        return Err(Error::NotFound(format!("topic {name}")));
    }
    Ok(Topic { name: name.to_owned(), partitions })
}

/// Creates the topics that are not there.
pub(super) async fn create(writer: &Writer, specs: &[TopicSpec]) -> Result<()> {
    let doing = || failed("creating topics");
    let mut connection = writer.connection().await;
    let mut creating = connection.begin().await.map_err(doing())?;
    for spec in specs {
        if spec.partitions < 1 || spec.name.is_empty() {
            let TopicSpec { name, partitions, .. } = spec;
            return Err(Error::Invalid(format!(
                "topic {name:?} needs a name and partitions, not {partitions}"
            )));
        }
        let there = count_partitions(&mut creating, &spec.name).await.map_err(doing())?;
        match there {
            0 => insert(&mut creating, spec).await.map_err(doing())?,
            same if same == spec.partitions => {}
            other => return Err(wrong_partitions(spec, other)),
        }
    }
    creating.commit().await.map_err(doing())
}

fn wrong_partitions(spec: &TopicSpec, there: i32) -> Error {
    Error::Invalid(format!(
        "topic {} has {there} partitions, not {}: keep the number, or take a new topic name",
        spec.name, spec.partitions
    ))
}

async fn count_partitions(connection: &mut SqliteConnection, name: &str) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT count(*) FROM topic t JOIN topic_partition p ON p.topic_id = t.id WHERE t.name = ?",
    )
    .bind(name)
    .fetch_one(connection)
    .await
}

async fn insert(connection: &mut SqliteConnection, spec: &TopicSpec) -> Result<(), sqlx::Error> {
    let (cleanup, retention_ms) = match spec.cleanup {
        Cleanup::Compact => ("compact", 0),
        Cleanup::Delete { retention } => ("delete", i64::try_from(retention.as_millis()).unwrap_or(i64::MAX)),
    };
    let topic_id: i64 =
        sqlx::query_scalar("INSERT INTO topic (name, cleanup, retention_ms) VALUES (?, ?, ?) RETURNING id")
            .bind(&spec.name)
            .bind(cleanup)
            .bind(retention_ms)
            .fetch_one(&mut *connection)
            .await?;
    for number in 0..spec.partitions {
        sqlx::query("INSERT INTO topic_partition (topic_id, number) VALUES (?, ?)")
            .bind(topic_id)
            .bind(number)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// All topics with the offsets that they hold.
pub(super) async fn describe(readers: &SqlitePool) -> Result<Vec<TopicDescription>> {
    let doing = || failed("listing topics");
    let rows: Vec<(String, String, i64, i32)> = sqlx::query_as(
        "SELECT t.name, t.cleanup, p.id, p.number FROM topic t JOIN topic_partition p ON p.topic_id = t.id
         ORDER BY t.name, p.number",
    )
    .fetch_all(readers)
    .await
    .map_err(doing())?;
    let mut topics: Vec<TopicDescription> = Vec::new();
    for (name, cleanup, id, partition) in rows {
        let (start, end) = reader::range(readers, id).await.map_err(doing())?;
        if topics.last().is_none_or(|topic| topic.name != name) {
            topics.push(TopicDescription { name, cleanup, partitions: Vec::new() });
        }
        if let Some(topic) = topics.last_mut() {
            topic.partitions.push(PartitionRange { partition, start, end });
        }
    }
    Ok(topics)
}
