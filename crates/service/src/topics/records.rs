//! `/v1/topics/{topic}/records`: a page of events as JSON, or all of them as they come.

use super::read::{From, Placed, Reader};
use super::{Room, list, stream};
use crate::paging::limit;
use crate::problem::{Kind, Problem, Result};
use crate::request::{Headers, Parameters};
use crate::responses::ReadProblems;
use crate::serve::Stopping;
use axum::extract::{Path, State};
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use events::codec::{Codec, cloud_event};
use events::log::StartAt;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};

/// Where to read, and how much.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RecordsQuery {
    /// `earliest` (unless told), `latest`, a cursor from `next`, or a time such as `2026-11-21T09:00:00Z`.
    from: Option<String>,
    /// How many seconds to wait for the first event when there is none; 30 at most.
    #[param(maximum = 30)]
    wait: Option<u64>,
    /// At most so many events, 100 unless told, 1000 at most.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// Only events of this key.
    key: Option<String>,
}

const WAIT_SECONDS_MAX: u64 = 30;
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecordsPage {
    /// The events, ordered within each partition. May be empty although more follow, when only one key is wanted.
    records: Vec<TopicRecord>,
    /// Where to go on: the next `from`.
    next: String,
}

/// An event of a topic.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TopicRecord {
    /// The partition.
    partition: i32,
    /// Its place in the partition.
    offset: i64,
    /// When it was appended.
    time: DateTime<Utc>,
    /// The key.
    key: String,
    /// The version of the key, a decimal number: it passes 2^53.
    version: Option<String>,
    /// What happened to the key.
    op: Option<String>,
    /// All headers.
    headers: Map<String, Value>,
    /// The value; null is a tombstone. One that cannot be read is `{"undecodable": reason, "base64": bytes}`.
    value: Value,
}

/// Reads a topic.
///
/// With `Accept: text/event-stream` the same events come one by one as server-sent events, for as long as the
/// connection holds: `id` is a cursor, and `Last-Event-ID` goes on after it.
#[utoipa::path(get, path = "/v1/topics/{topic}/records", operation_id = "read_topic", tag = "topics",
    params(("topic" = String, Path, description = "The topic's name"), RecordsQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "For a stream: the cursor to go on after")),
    responses(
        (status = 200, description = "A page of events, or a stream of them", content(
            (RecordsPage = "application/json"), (String = "text/event-stream"))),
        ReadProblems))]
pub(super) async fn records(
    State(room): State<Room>,
    Path(topic): Path<String>,
    Parameters(query): Parameters<RecordsQuery>,
    headers: Headers,
    stopping: Option<Extension<Stopping>>,
) -> Result<Response> {
    let is_stream = headers.text(&header::ACCEPT).is_some_and(|accept| accept.contains("text/event-stream"));
    let resumed = headers.text(&LAST_EVENT_ID).filter(|_| is_stream).map(From::Cursor);
    let from = match resumed {
        Some(from) => from,
        None => from(query.from.as_deref())?,
    };
    let limit = limit(query.limit, 100, 1000)?;
    let wait = query.wait.unwrap_or_default();
    if wait > WAIT_SECONDS_MAX {
        return Err(Problem::new(Kind::Malformed, format!("wait={wait} is over {WAIT_SECONDS_MAX} seconds")));
    }
    let (product, partitions) = list::find(&room, &topic).await?;
    let mut reader = Reader::open(&room, topic, partitions, &from).await?;
    if let Some(key) = &query.key {
        reader = reader.only(key, product);
    }
    if is_stream {
        let place = Arc::clone(&room.streams).try_acquire_owned().map_err(|_| {
            let detail = "as many streams are open as this service keeps: close some, or read page by page";
            Problem::new(Kind::TooManyStreams, detail)
        })?;
        let while_open = stream::WhileOpen { stopping: stopping.map(|Extension(stopping)| stopping), place };
        return Ok(stream::answer(reader, room.codec, while_open).into_response());
    }
    let placed = reader.next(limit, Duration::from_secs(wait)).await?;
    let mut records = Vec::with_capacity(placed.len());
    for Placed { event, .. } in placed {
        records.push(TopicRecord::read(&room.codec, event).await?);
    }
    Ok(Json(RecordsPage { records, next: reader.cursor() }).into_response())
}

fn from(text: Option<&str>) -> Result<From<'_>> {
    Ok(match text {
        None | Some("earliest") => From::Start(StartAt::Earliest),
        Some("latest") => From::Start(StartAt::Latest),
        // A `+` of a time zone in a query stands for a blank.
        Some(text) => match DateTime::parse_from_rfc3339(&text.replace(' ', "+")) {
            Ok(time) => From::Start(StartAt::Time(time.timestamp_millis())),
            Err(_) => From::Cursor(text),
        },
    })
}

impl TopicRecord {
    pub(super) async fn read(codec: &Codec, event: events::Event) -> Result<Self> {
        let value = match &event.value {
            None => Value::Null,
            Some(bytes) => match codec.decode_json(bytes).await {
                Ok(value) => value,
                Err(away @ events::Error::Transient { .. }) => return Err(away.into()),
                Err(error) => json!({"undecodable": error.to_string(), "base64": STANDARD.encode(bytes)}),
            },
        };
        let text = |name| event.header(name).map(str::to_owned);
        Ok(Self {
            partition: event.partition,
            offset: event.offset,
            time: DateTime::from_timestamp_millis(event.time_ms).unwrap_or_default(),
            key: String::from_utf8_lossy(&event.key).into_owned(),
            version: text(cloud_event::VERSION),
            op: text(cloud_event::OP),
            headers: event.headers.iter().map(|(name, value)| (name.clone(), header_value(value))).collect(),
            value,
        })
    }
}

fn header_value(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => json!({ "base64": STANDARD.encode(bytes) }),
    }
}
