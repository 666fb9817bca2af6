//! What a batch of events says: the newest state of each key, and how far it leads in each partition.

use crate::error::{Error, Result};
use entity::event::{LocationChanged, Op, OrganizationChanged, ServiceChanged};
use entity::{OrganizationId, Version};
use events::Event;
use events::codec::{Codec, cloud_event};
use events::log::TopicPartition;
use events::topics::Product;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A key's newest state.
#[derive(Debug)]
pub(super) struct Keyed<T> {
    pub(super) version: Version,
    pub(super) state: State<T>,
}

/// What became of a key.
#[derive(Debug)]
pub(super) enum State<T> {
    Live(Box<T>),
    /// Look there instead.
    Redirect(OrganizationId),
    Gone,
}

impl<T> State<T> {
    pub(super) fn op(&self) -> Op {
        match self {
            Self::Live(_) => Op::Upsert,
            Self::Redirect(_) => Op::Redirect,
            Self::Gone => Op::Delete,
        }
    }
}

/// Keys in order, so that all who lock them do so in one order.
pub(super) type Keys<T> = BTreeMap<Uuid, Keyed<T>>;

/// A batch, reduced to what counts.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) organizations: Keys<OrganizationChanged>,
    pub(super) locations: Keys<LocationChanged>,
    pub(super) services: Keys<ServiceChanged>,
    /// The next offset of each partition.
    pub(super) next_offsets: BTreeMap<TopicPartition, i64>,
}

impl Batch {
    pub(super) async fn read(codec: &Codec, events: &[Event]) -> Result<Self> {
        let mut batch = Self::default();
        for event in events {
            match codec.names().product_of(&event.topic) {
                Some(Product::Organization) => keep(&mut batch.organizations, read(codec, event).await?),
                Some(Product::Location) => keep(&mut batch.locations, read(codec, event).await?),
                Some(Product::Service) => keep(&mut batch.services, read(codec, event).await?),
                _ => return Err(Error::Unfit(format!("topic {} is not one of a SQL copy", event.topic))),
            }
            let next = event.next_position();
            let offset = batch.next_offsets.entry(next.at).or_default();
            *offset = next.offset.max(*offset);
        }
        Ok(batch)
    }
}

/// Versions decide, not places: a key that moved has events in two partitions.
fn keep<T>(keys: &mut Keys<T>, (id, read): (Uuid, Keyed<T>)) {
    match keys.get(&id) {
        Some(known) if known.version >= read.version => {}
        _ => drop(keys.insert(id, read)),
    }
}

async fn read<T: Value>(codec: &Codec, event: &Event) -> Result<(Uuid, Keyed<T>)> {
    let id: Uuid = std::str::from_utf8(&event.key)
        .ok()
        .and_then(|key| key.parse().ok())
        .ok_or_else(|| Error::Unfit("the key is not an id".into()))?;
    let Some(bytes) = &event.value else {
        // A tombstone says the same as the delete before it, which compaction may have taken.
        let version = event.header(cloud_event::VERSION).and_then(|version| version.parse().ok());
        let version = version.ok_or_else(|| Error::Unfit("a tombstone without a version".into()))?;
        return Ok((id, Keyed { version, state: State::Gone }));
    };
    let value: T = codec.decode(bytes).await?;
    if value.id() != id {
        return Err(Error::Unfit(format!("the value under key {id} is about {}", value.id())));
    }
    let version = value.version();
    Ok((id, Keyed { version, state: value.into_state()? }))
}

/// What the values of the three topics have in common.
trait Value: DeserializeOwned {
    fn id(&self) -> Uuid;
    fn version(&self) -> Version;
    fn into_state(self) -> Result<State<Self>>;
}

impl Value for OrganizationChanged {
    fn id(&self) -> Uuid {
        self.id.0
    }
    fn version(&self) -> Version {
        self.version
    }
    fn into_state(self) -> Result<State<Self>> {
        match self.op {
            Op::Delete => Ok(State::Gone),
            Op::Redirect => {
                let lost = || Error::Unfit(format!("the redirect of {} leads nowhere", self.id));
                self.redirect_to.map(State::Redirect).ok_or_else(lost)
            }
            Op::Upsert if self.organization.is_none() => Err(bare("organization", self.id.0)),
            Op::Upsert => Ok(State::Live(Box::new(self))),
        }
    }
}

macro_rules! owned_row {
    ($changed:ident, $row:ident) => {
        impl Value for $changed {
            fn id(&self) -> Uuid {
                self.id.0
            }
            fn version(&self) -> Version {
                self.version
            }
            fn into_state(self) -> Result<State<Self>> {
                match self.op {
                    Op::Delete => Ok(State::Gone),
                    Op::Upsert if self.$row.is_some() => Ok(State::Live(Box::new(self))),
                    Op::Upsert | Op::Redirect => Err(bare(stringify!($row), self.id.0)),
                }
            }
        }
    };
}

owned_row!(LocationChanged, location);
owned_row!(ServiceChanged, service);

fn bare(what: &str, id: Uuid) -> Error {
    Error::Unfit(format!("{what} {id} comes without its {what}"))
}
