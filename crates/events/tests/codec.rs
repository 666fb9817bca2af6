//! Typed values and their bytes.

#[cfg(test)]
#[path = "codec/evolution.rs"]
mod evolution;
#[cfg(test)]
#[path = "codec/hostile.rs"]
mod hostile;
#[cfg(test)]
#[path = "codec/round_trip.rs"]
mod round_trip;
#[cfg(test)]
#[path = "codec/schemas.rs"]
mod schemas;
#[cfg(test)]
#[path = "codec/values.rs"]
mod values;

use events::codec::Codec;
use events::registry::sqlite::SqliteRegistry;
use events::topics::TopicNames;
use std::sync::Arc;

/// A codec over a new registry; the folder lives as long as the test.
#[cfg(test)]
pub(crate) async fn codec() -> (Codec, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let registry = SqliteRegistry::open(&folder.path().join("registry.db")).await.unwrap();
    let codec = Codec::new(Arc::new(registry), TopicNames::default());
    codec.prepare().await.unwrap();
    (codec, folder)
}
