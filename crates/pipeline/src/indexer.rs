//! Records to the index: features and blocking keys, computed once.

use crate::error::{Error, Result};
use crate::runner::Stage;
use async_trait::async_trait;
use entity::event::{Op, RecordChanged};
use entity::{IndexDocument, Record, RecordId, Version};
use events::Event;
use events::codec::{Codec, cloud_event};
use index::{Index, IndexWrite, WriteOutcome};
use std::collections::HashMap;
use std::sync::Arc;

/// Writes `organizations.record.v1` into the index.
#[derive(Debug)]
pub struct Indexer {
    /// Reads values.
    pub codec: Arc<Codec>,
    /// The index.
    pub index: Arc<dyn Index>,
}

#[async_trait]
impl Stage for Indexer {
    async fn apply(&mut self, events: &[Event]) -> Result<usize> {
        // The newest of each record counts: the log keeps the order of a key.
        let mut newest: HashMap<RecordId, RecordState> = HashMap::new();
        for event in events {
            let state = read_record(&self.codec, event).await?;
            newest.insert(state.id, state);
        }
        let writes: Vec<_> = newest.into_values().map(write_of).collect();
        let count = writes.len();
        let rejected =
            self.index.write(writes.clone()).await?.into_iter().zip(writes).find_map(
                |outcome| match outcome {
                    (WriteOutcome::Rejected(reason), write) => Some((reason, write)),
                    _ => None,
                },
            );
        self.index.refresh().await?;
        match rejected {
            None => Ok(count),
            Some((reason, write)) => {
                Err(Error::Unfit(format!("the index does not take record {}: {reason}", id_of(&write))))
            }
        }
    }
}

/// What a record event says.
#[derive(Clone, Debug)]
pub(crate) struct RecordState {
    pub(crate) id: RecordId,
    pub(crate) version: Version,
    /// `None` once it is deleted.
    pub(crate) record: Option<Record>,
}

/// Reads an event of `organizations.record.v1`; a tombstone says the same as the delete before it.
pub(crate) async fn read_record(codec: &Codec, event: &Event) -> Result<RecordState> {
    let Some(value) = &event.value else { return read_tombstone(event) };
    let changed: RecordChanged = codec.decode(value).await?;
    let (id, version) = (changed.id, changed.version);
    if changed.op == Op::Delete {
        return Ok(RecordState { id, version, record: None });
    }
    let missing = |field: &str| Error::Unfit(format!("record {id} comes without {field}"));
    let record = Record {
        id,
        source: changed.source.ok_or_else(|| missing("source"))?,
        source_id: changed.source_id.ok_or_else(|| missing("source_id"))?,
        created_at: changed.created_at.ok_or_else(|| missing("created_at"))?,
        organization: changed.organization.ok_or_else(|| missing("organization"))?,
    };
    Ok(RecordState { id, version, record: Some(record) })
}

fn read_tombstone(event: &Event) -> Result<RecordState> {
    let id = std::str::from_utf8(&event.key).ok().and_then(|key| key.parse().ok());
    let version = event.header(cloud_event::VERSION).and_then(|version| version.parse().ok());
    match id.zip(version) {
        Some((id, version)) => Ok(RecordState { id, version, record: None }),
        None => Err(Error::Unfit("a tombstone without a record id and a version".into())),
    }
}

fn write_of(state: RecordState) -> IndexWrite {
    let Some(record) = state.record else {
        return IndexWrite::Delete { id: state.id, version: state.version };
    };
    let features = scoring::features(&record);
    IndexWrite::Upsert(IndexDocument {
        id: state.id,
        version: state.version,
        keys: scoring::blocking_keys(&features),
        search: scoring::search_fields(&record),
        features: features.to_bytes(),
    })
}

fn id_of(write: &IndexWrite) -> RecordId {
    match write {
        IndexWrite::Upsert(document) => document.id,
        IndexWrite::Delete { id, .. } => *id,
    }
}
