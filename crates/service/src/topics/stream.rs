//! Events as they come: server-sent events that go on for as long as the connection holds.

use super::read::{Placed, Reader};
use super::records::TopicRecord;
use crate::problem::Result;
use crate::serve::Stopping;
use axum::response::sse::{Event, KeepAlive, Sse};
use events::codec::Codec;
use futures::Stream;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// Events read ahead of the connection.
const AHEAD: usize = 100;
/// Longer waits change nothing: the reader is asked again.
const WAIT: Duration = Duration::from_secs(15);

struct Source {
    reader: Reader,
    codec: Arc<Codec>,
    while_open: WhileOpen,
    ahead: VecDeque<Placed>,
}

/// What a stream holds while it is open.
pub(super) struct WhileOpen {
    /// Tells that the service stops.
    pub(super) stopping: Option<Stopping>,
    /// Its place among the streams, free again when it ends.
    #[expect(dead_code, reason = "it is held, not read")]
    pub(super) place: OwnedSemaphorePermit,
}

pub(super) fn answer(
    reader: Reader,
    codec: Arc<Codec>,
    while_open: WhileOpen,
) -> Sse<impl Stream<Item = std::result::Result<Event, Infallible>>> {
    let source = Source { reader, codec, while_open, ahead: VecDeque::new() };
    let events = futures::stream::unfold(source, |mut source| async {
        match source.next().await {
            Ok(event) => event.map(|event| (Ok(event), source)),
            // The problem is in the log; the client comes back with its last id.
            Err(_) => None,
        }
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

impl Source {
    /// The next event; `None` once the service stops.
    async fn next(&mut self) -> Result<Option<Event>> {
        while self.ahead.is_empty() {
            let stopped = async {
                match &mut self.while_open.stopping {
                    Some(stopping) => stopping.begun().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stopped => return Ok(None),
                placed = self.reader.next(AHEAD, WAIT) => self.ahead.extend(placed?),
            }
        }
        let Some(Placed { event, next }) = self.ahead.pop_front() else { return Ok(None) };
        let record = TopicRecord::read(&self.codec, event).await?;
        let event = Event::default().event("record").id(next);
        // A record is plain JSON, and JSON of one line is a valid field of the stream.
        Ok(event.json_data(&record).ok())
    }
}
