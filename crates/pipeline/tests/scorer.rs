//! What a scorer says of the pairs that a record had, by what the index holds of their partners.

#![cfg(test)]

use chrono::DateTime;
use entity::event::RecordChanged;
use entity::{CandidatePair, Record, RecordId, Version};
use events::Event;
use events::codec::Codec;
use events::registry::sqlite::SqliteRegistry;
use events::topics::{Product, TopicNames};
use index::sqlite::SqliteIndex;
use pipeline::Stage;
use pipeline::indexer::Indexer;
use pipeline::scorer::Scorer;
use scoring::Model;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use store::Resolution;
use store::sqlite::ResolutionStore;
use uuid::Uuid;

/// A store, and two stages on an index that can be had anew.
struct Desk {
    folder: tempfile::TempDir,
    codec: Arc<Codec>,
    resolution: Arc<dyn Resolution>,
    indexer: Indexer,
    scorer: Scorer,
}

impl Desk {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let registry = Arc::new(SqliteRegistry::open(&folder.path().join("registry.db")).await.unwrap());
        let codec = Arc::new(Codec::new(registry, TopicNames::default()));
        codec.prepare().await.unwrap();
        let model = Arc::new(Model::shipped().clone());
        let file = folder.path().join("resolution.db");
        let store = ResolutionStore::open(&file, (model.version(), Model::shipped_text())).await.unwrap();
        let resolution: Arc<dyn Resolution> = Arc::new(store);
        let index = index_at(&folder.path().join("index.db")).await;
        let indexer = Indexer { codec: Arc::clone(&codec), index: Arc::clone(&index) };
        let scorer = Scorer { codec: Arc::clone(&codec), index, resolution: Arc::clone(&resolution), model };
        Self { folder, codec, resolution, indexer, scorer }
    }

    /// Goes on with an empty index, as after its file was deleted.
    async fn lose_index(&mut self) {
        let index = index_at(&self.folder.path().join("another.db")).await;
        self.indexer.index = Arc::clone(&index);
        self.scorer.index = index;
    }

    fn event(&self, record: &Record, version: i64) -> Event {
        let value = RecordChanged::upsert(record.clone(), Version(version));
        let value = Some(self.codec.encode(Product::Record, &value).unwrap());
        let (topic, key) = (TopicNames::default().record, record.id.to_string().into_bytes());
        Event { topic, partition: 0, offset: version, time_ms: 0, key, value, headers: Vec::new() }
    }

    async fn index(&mut self, record: &Record, version: i64) {
        let event = self.event(record, version);
        self.indexer.apply(&[event]).await.unwrap();
    }

    async fn score(&mut self, record: &Record, version: i64) {
        let event = self.event(record, version);
        self.scorer.apply(&[event]).await.unwrap();
    }

    /// Both stages, one after the other.
    async fn take_in(&mut self, record: &Record, version: i64) {
        self.index(record, version).await;
        self.score(record, version).await;
    }

    async fn pairs(&self) -> Vec<CandidatePair> {
        let pairs = self.resolution.scan_pairs(None, 100).await.unwrap();
        pairs.into_iter().map(|scored| scored.pair).collect()
    }
}

async fn index_at(file: &Path) -> Arc<dyn index::Index> {
    Arc::new(SqliteIndex::open(file).await.unwrap())
}

/// One organization told twice, and another that shares no key with it.
fn records() -> [Record; 3] {
    let mut made = sample::generate(100, 1, DateTime::UNIX_EPOCH).map(|generated| generated.record);
    let keys = |record: &Record| -> BTreeSet<String> {
        scoring::blocking_keys(&scoring::features(record)).into_iter().collect()
    };
    let one = made.next().unwrap();
    let other = made.find(|other| keys(other).is_disjoint(&keys(&one))).unwrap();
    let twin = Record { id: RecordId(Uuid::from_u128(7)), source_id: "twin".into(), ..one.clone() };
    [one, twin, other]
}

#[tokio::test]
async fn a_pair_stands_while_the_index_lacks_the_partner() {
    let mut desk = Desk::new().await;
    let [one, twin, _] = records();
    desk.take_in(&one, 1).await;
    desk.take_in(&twin, 1).await;
    let pair = CandidatePair::new(one.id, twin.id).unwrap();
    assert_eq!(desk.pairs().await, [pair]);
    // A replay into a new index: the one comes before its twin.
    desk.lose_index().await;
    desk.take_in(&one, 1).await;
    assert_eq!(desk.pairs().await, [pair], "what the index does not have yet is not gone");
    desk.take_in(&twin, 1).await;
    assert_eq!(desk.pairs().await, [pair]);
}

#[tokio::test]
async fn a_pair_ends_with_what_its_records_shared() {
    let mut desk = Desk::new().await;
    let [one, twin, other] = records();
    desk.take_in(&one, 1).await;
    desk.take_in(&twin, 1).await;
    // The twin becomes another; its event waits, the one's comes again.
    let changed = Record { organization: other.organization, ..twin.clone() };
    desk.index(&changed, 2).await;
    desk.score(&one, 1).await;
    assert_eq!(desk.pairs().await, [], "they share no block any more");
    desk.score(&changed, 2).await;
    assert_eq!(desk.pairs().await, []);
    desk.take_in(&twin, 3).await;
    assert_eq!(desk.pairs().await, [CandidatePair::new(one.id, twin.id).unwrap()]);
}
