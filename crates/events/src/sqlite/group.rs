//! A member of a group: reads the partitions that are its own, and says so to the others.

use super::Shared;
use super::membership::{Membership, Ownership, Standing, group_id};
use super::reader;
use super::signal::deadline_after;
use crate::error::{Error, Result};
use crate::log::{Delivery, Event, GroupReader, Position, TopicPartition};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// A member of a group.
#[derive(Debug)]
pub(super) struct Member {
    shared: Arc<Shared>,
    membership: Membership,
    standing: Standing,
    generation: i64,
    heard_at: Option<Instant>,
    owned: BTreeMap<i64, Owned>,
    /// The partition served last: the next call begins behind it, so that none waits for ever.
    served: i64,
}

/// A partition of this member.
#[derive(Clone, Debug)]
struct Owned {
    at: TopicPartition,
    next_offset: i64,
}

impl Member {
    pub(super) async fn new(shared: Arc<Shared>, group: &str, topics: &[String]) -> Result<Self> {
        let membership = Membership {
            group: group.to_owned(),
            group_id: group_id(&shared.writer, group).await?,
            member: Uuid::now_v7().to_string(),
            topics: topics.to_vec(),
            session_timeout: shared.options.session_timeout,
        };
        let standing = Standing::New;
        let owned = BTreeMap::new();
        Ok(Self { shared, membership, standing, generation: -1, heard_at: None, owned, served: 0 })
    }

    /// When the others must hear from this member again: three times within its session.
    fn heartbeat_at(&self) -> Instant {
        self.heard_at.map_or_else(Instant::now, |at| at + self.membership.session_timeout / 3)
    }

    /// Shares the partitions anew; what came and went.
    async fn sync(&mut self) -> Result<Delivery> {
        let heard_at = Instant::now();
        let writer = &self.shared.writer;
        let mut revoked = Vec::new();
        let ownership = match self.membership.sync(writer, self.standing).await? {
            Some(ownership) => ownership,
            None => {
                // The others hold this member for dead: it returns as a new one, and what it read is void.
                revoked.extend(std::mem::take(&mut self.owned).into_values().map(|owned| owned.at));
                self.membership.member = Uuid::now_v7().to_string();
                self.standing = Standing::New;
                self.membership.sync(writer, Standing::New).await?.unwrap_or_else(no_ownership)
            }
        };
        self.standing = Standing::Known;
        self.heard_at = Some(heard_at);
        if ownership.generation != self.generation {
            self.shared.signal.raise();
        }
        Ok(self.accept(ownership, revoked))
    }

    fn accept(&mut self, ownership: Ownership, mut revoked: Vec<TopicPartition>) -> Delivery {
        self.generation = ownership.generation;
        let mut before = std::mem::take(&mut self.owned);
        let mut assigned = Vec::new();
        for (id, (at, next_offset)) in ownership.partitions {
            let owned = before.remove(&id).unwrap_or_else(|| {
                assigned.push(at.clone());
                Owned { at, next_offset }
            });
            self.owned.insert(id, owned);
        }
        revoked.extend(before.into_values().map(|owned| owned.at));
        Delivery { assigned, revoked, events: Vec::new() }
    }

    /// Up to `max` events of the partitions that have some, each with its fair part.
    async fn fetch(&mut self, ends: &BTreeMap<i64, i64>, max: usize) -> Result<Vec<Event>> {
        let has_more =
            |(id, owned): &(&i64, &Owned)| ends.get(*id).is_some_and(|end| owned.next_offset < *end);
        let behind = self.owned.range(self.served + 1..).chain(self.owned.range(..=self.served));
        let ready: Vec<(i64, Owned)> =
            behind.filter(has_more).map(|(id, owned)| (*id, owned.clone())).collect();
        let mut events = Vec::new();
        let mut moved = Vec::with_capacity(ready.len());
        for (index, (id, owned)) in ready.iter().enumerate() {
            let part = (max - events.len()).div_ceil(ready.len() - index);
            if part == 0 {
                break;
            }
            let from = Position { at: owned.at.clone(), offset: owned.next_offset };
            let found = reader::fetch(&self.shared.readers, *id, &from, part).await?;
            // Nothing where something was promised: compaction took it between two glances.
            let next_offset = found.last().map_or(ends[id], |event| event.offset + 1);
            moved.push((*id, next_offset));
            events.extend(found);
        }
        // Positions move only now: a call that is dropped on its way loses nothing.
        for (id, next_offset) in moved {
            self.served = id;
            self.owned.entry(id).and_modify(|owned| owned.next_offset = next_offset);
        }
        Ok(events)
    }

    fn id_of(&self, at: &TopicPartition) -> Option<i64> {
        self.owned.iter().find(|(_, owned)| owned.at == *at).map(|(id, _)| *id)
    }

    fn fenced(&self, doing: &str) -> Error {
        Error::Fenced { doing: format!("{doing} of group {}", self.membership.group) }
    }
}

fn no_ownership() -> Ownership {
    Ownership { generation: -1, partitions: BTreeMap::new() }
}

#[async_trait]
impl GroupReader for Member {
    async fn next(&mut self, max: usize, wait: Duration) -> Result<Delivery> {
        let deadline = deadline_after(wait);
        let mut listener = self.shared.signal.listen();
        loop {
            let (generation, ends) = self.membership.glance(&self.shared.readers).await?;
            if generation != self.generation || Instant::now() >= self.heartbeat_at() {
                let change = self.sync().await?;
                if change != Delivery::default() {
                    return Ok(change);
                }
            }
            let events = self.fetch(&ends, max).await?;
            if !events.is_empty() || Instant::now() >= deadline {
                return Ok(Delivery { events, ..Delivery::default() });
            }
            listener.wait_until(deadline.min(self.heartbeat_at())).await;
        }
    }

    async fn keep_alive(&mut self) -> Result<()> {
        if self.standing == Standing::Known && Instant::now() >= self.heartbeat_at() {
            let heard_at = Instant::now();
            self.membership.heartbeat(&self.shared.writer).await?;
            self.heard_at = Some(heard_at);
        }
        Ok(())
    }

    async fn commit(&mut self, positions: &[Position]) -> Result<()> {
        if positions.is_empty() {
            return Ok(());
        }
        let mut places = Vec::with_capacity(positions.len());
        for position in positions {
            places.extend(self.id_of(&position.at).map(|id| (id, position.offset)));
        }
        let heard_at = Instant::now();
        let owned = self.membership.commit(&self.shared.writer, &places).await?;
        if owned && places.len() == positions.len() {
            self.heard_at = Some(heard_at);
            return Ok(());
        }
        Err(self.fenced("committing positions"))
    }

    async fn seek(&mut self, position: &Position) -> Result<()> {
        let id = self.id_of(&position.at).ok_or_else(|| self.fenced("seeking a position"))?;
        self.owned.entry(id).and_modify(|owned| owned.next_offset = position.offset.max(0));
        Ok(())
    }

    async fn leave(self: Box<Self>) -> Result<()> {
        self.membership.leave(&self.shared.writer).await?;
        self.shared.signal.raise();
        Ok(())
    }
}
