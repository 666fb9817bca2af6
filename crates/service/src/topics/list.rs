//! Which topics there are, and what each promises.

use super::Room;
use crate::problem::{Problem, Result};
use crate::responses::PlainProblems;
use axum::Json;
use axum::extract::State;
use events::log::TopicDescription;
use events::topics::Product;
use serde::Serialize;
use utoipa::ToSchema;

/// The public topics.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TopicList {
    topics: Vec<TopicView>,
}

/// A topic.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Topic)]
pub(crate) struct TopicView {
    /// Its name.
    name: String,
    /// What it carries.
    description: &'static str,
    /// `compact` (the newest value of each key stays) or `delete` (events go after a time).
    cleanup: String,
    /// What every later schema keeps, in the words of schema registries.
    compatibility: &'static str,
    /// Under which the registry keeps the schema of its values.
    subject: String,
    /// The id of that schema.
    schema_id: Option<i32>,
    /// The offsets that it holds.
    partitions: Vec<RangeView>,
}

/// The offsets that a partition holds.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PartitionRange)]
pub(crate) struct RangeView {
    /// The partition.
    partition: i32,
    /// The first offset kept.
    start: i64,
    /// The offset of the next event.
    end: i64,
}

/// What a topic carries, in a sentence.
pub(crate) fn sentence(product: Product) -> &'static str {
    match product {
        Product::Record => "Organizations as one source tells each, unmerged",
        Product::Organization => "Golden records; under an absorbed id, where it leads",
        Product::Location => "Locations, one by one",
        Product::Service => "Services, one by one",
        Product::Merge => "Merges that people made, and their undo",
        Product::Redirect => "Absorbed ids and the survivor of each",
        Product::DuplicateCluster => "Records held to be one organization, with the evidence",
        Product::ClusterTransition => "What became of clusters, and why",
        Product::Parked => "Events that a stage could not take in",
        Product::ParkedRetry => "Parked events on their way back",
    }
}

/// Lists the topics that consumers may read.
#[utoipa::path(get, path = "/v1/topics", operation_id = "list_topics", tag = "topics",
    responses((status = 200, description = "The public topics, by name", body = TopicList), PlainProblems))]
pub(super) async fn list(State(room): State<Room>) -> Result<Json<TopicList>> {
    let topics = room.log.topics().await?.into_iter().filter_map(|topic| {
        let product = room.codec.names().product_of(&topic.name).filter(|product| product.is_public())?;
        Some(view(&room, product, topic))
    });
    Ok(Json(TopicList { topics: topics.collect() }))
}

fn view(room: &Room, product: Product, topic: TopicDescription) -> TopicView {
    let range = |range: events::log::PartitionRange| RangeView {
        partition: range.partition,
        start: range.start,
        end: range.end,
    };
    TopicView {
        description: sentence(product),
        cleanup: topic.cleanup,
        compatibility: product.definition().compatibility.as_str(),
        subject: room.codec.names().subject(product),
        schema_id: room.codec.schema_id(product),
        partitions: topic.partitions.into_iter().map(range).collect(),
        name: topic.name,
    }
}

/// A public topic by its name, with the numbers of its partitions. They are fixed for the life of a topic, so that
/// they are asked for once.
pub(super) async fn find(room: &Room, name: &str) -> Result<(Product, Vec<i32>)> {
    let shown: String = name.chars().take(100).collect();
    let missing = || Problem::not_found(format!("a public topic {shown:?}"));
    let product =
        room.codec.names().product_of(name).filter(|product| product.is_public()).ok_or_else(missing)?;
    let mut known = room.partitions.lock().await;
    if let Some(partitions) = known.get(&product) {
        return Ok((product, partitions.clone()));
    }
    let topics = room.log.topics().await?;
    let topic = topics.into_iter().find(|topic| topic.name == name).ok_or_else(missing)?;
    let mut partitions: Vec<i32> = topic.partitions.iter().map(|range| range.partition).collect();
    partitions.sort_unstable();
    known.insert(product, partitions.clone());
    Ok((product, partitions))
}
