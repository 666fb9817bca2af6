//! What every index must do, as checks that both adapters run; `index_conformance!` makes tests of them.

pub mod blocks;
pub mod generations;
pub mod search;
pub mod versions;

use crate::error::Result;
use crate::port::{Block, Index, IndexWrite, StoredDocument, WriteOutcome};
use async_trait::async_trait;
use entity::{IndexDocument, RecordId, SearchFields, Version};
use std::sync::Arc;
use uuid::Uuid;

/// A place for one index: empty at first, and the same again each time it is opened.
#[async_trait]
pub trait Bed: Send + Sync {
    /// Opens the index as a new process would.
    async fn open(&self) -> Arc<dyn Index>;

    /// Takes it away after the test.
    async fn remove(self: Box<Self>);
}

/// Makes one test per check of the suite.
///
/// `$bed` gives an `Option<Box<dyn Bed>>` for each test; it says aloud why there is none.
#[macro_export]
macro_rules! index_conformance {
    ($bed:expr) => {
        $crate::index_conformance! { $bed =>
            versions::a_newer_version_overwrites_and_an_older_one_does_not,
            versions::a_delete_outlives_older_writes,
            versions::a_delete_of_an_unknown_record_counts,
            versions::writes_of_one_call_go_in_order,
            versions::concurrent_writers_end_at_the_newest,
            versions::a_refused_document_does_not_stop_the_others,
            versions::nothing_written_is_nothing_done,
            versions::it_is_all_there_after_a_restart,
            blocks::a_block_is_complete_or_comes_with_its_size_only,
            blocks::many_keys_are_answered_in_their_order,
            blocks::candidates_come_with_their_documents,
            blocks::documents_come_back_as_written,
            blocks::a_walk_meets_every_document_once,
            search::names_are_found_with_typing_errors,
            search::places_and_telephones_are_found,
            search::what_is_gone_is_not_found,
            search::any_text_is_a_query,
            generations::a_generation_is_filled_beside_the_live_one,
            generations::a_switch_shows_no_gap,
            generations::names_that_cannot_be_are_refused,
        }
    };
    ($bed:expr => $($room:ident :: $check:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $check() {
                let bed: Option<Box<dyn $crate::conformance::Bed>> = $bed;
                if let Some(bed) = bed {
                    $crate::conformance::$room::$check(bed.as_ref()).await;
                    bed.remove().await;
                }
            }
        )*
    };
}

/// The id of the `n`th record; ids grow with `n`.
fn id(n: u64) -> RecordId {
    RecordId(Uuid::from_u64_pair(n, 0x8000_0000_0000_0001))
}

/// A small document.
fn document(n: u64, version: i64, keys: &[&str]) -> IndexDocument {
    IndexDocument {
        id: id(n),
        version: Version(version),
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        search: SearchFields::default(),
        features: format!("features of {n} at {version}").into_bytes(),
    }
}

fn upsert(n: u64, version: i64, keys: &[&str]) -> IndexWrite {
    IndexWrite::Upsert(document(n, version, keys))
}

fn delete(n: u64, version: i64) -> IndexWrite {
    IndexWrite::Delete { id: id(n), version: Version(version) }
}

async fn write(index: &dyn Index, writes: Vec<IndexWrite>) -> Vec<WriteOutcome> {
    let outcomes = done(index.write(writes).await);
    done(index.refresh().await);
    outcomes
}

async fn write_one(index: &dyn Index, change: IndexWrite) -> WriteOutcome {
    let mut outcomes = write(index, vec![change]).await;
    assert_eq!(outcomes.len(), 1, "one outcome per write");
    outcomes.remove(0)
}

/// The one document of the record, or `None`.
async fn read_one(index: &dyn Index, n: u64) -> Option<StoredDocument> {
    let mut found = done(index.documents(&[id(n)]).await);
    assert!(found.len() <= 1, "one document per record: {found:?}");
    found.pop()
}

async fn block(index: &dyn Index, key: &str, block_size_max: usize) -> Block {
    let mut blocks = done(index.blocks(&[key.to_owned()], block_size_max).await);
    assert_eq!(blocks.len(), 1, "one block per key");
    blocks.remove(0)
}

async fn ids_of(index: &dyn Index, key: &str) -> Vec<RecordId> {
    block(index, key, 10_000).await.ids
}

/// The value, or the end of the test with the whole chain of causes.
#[track_caller]
fn done<T>(result: Result<T>) -> T {
    result.map_err(|error| format!("{error:?}")).expect("the index does what it is asked")
}

/// Numbers below `n` in an order that looks like none and is the same each time.
fn shuffled(n: i64, seed: u64) -> Vec<i64> {
    let mut state = seed | 1;
    let mut keyed: Vec<(u64, i64)> = (0..n)
        .map(|number| {
            // Xorshift: enough to lose the order.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state, number)
        })
        .collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, number)| number).collect()
}
