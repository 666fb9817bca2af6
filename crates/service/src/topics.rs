//! Topics over HTTP, so that a consumer can start with curl.

mod cursor;
mod list;
mod read;
mod records;
mod stream;

pub(crate) use list::sentence;

use crate::ports::Ports;
use events::EventLog;
use events::codec::Codec;
use events::topics::Product;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{Mutex, Semaphore};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the handlers of this room work with.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    log: Arc<dyn EventLog>,
    codec: Arc<Codec>,
    /// The partitions of topics that were read before.
    partitions: Arc<Mutex<HashMap<Product, Vec<i32>>>>,
    /// A place for each stream that may be open at a time.
    streams: Arc<Semaphore>,
}

/// Streams open at a time: each reads on by itself, and keeps a connection and a reader of the log.
const STREAMS_MAX: usize = 256;

pub(crate) fn routes(ports: &Ports) -> OpenApiRouter {
    let room = Room {
        log: Arc::clone(&ports.log),
        codec: Arc::clone(&ports.codec),
        partitions: Arc::default(),
        streams: Arc::new(Semaphore::new(STREAMS_MAX)),
    };
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(records::records)).with_state(room)
}
