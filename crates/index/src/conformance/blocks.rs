//! Blocks are whole, documents come back as written, a walk meets all of them.

use super::{Bed, block, delete, document, done, id, upsert, write};
use crate::port::{Candidates, IndexWrite, WriteOutcome};
use entity::RecordId;

/// More documents than the page or window of any server.
const MANY: u64 = 10_500;

/// One key on thousands of documents, asked for with limits on either side of its size.
pub async fn a_block_is_complete_or_comes_with_its_size_only(bed: &dyn Bed) {
    let index = bed.open().await;
    let index = index.as_ref();
    let writes = (0..MANY).map(|n| upsert(n, 1, &["all", &format!("tenth {}", n % 10), &format!("own {n}")]));
    let outcomes = write(index, writes.collect()).await;
    assert!(outcomes.iter().all(|outcome| *outcome == WriteOutcome::Applied));
    let many = usize::try_from(MANY).expect("it is small");
    let all: Vec<RecordId> = (0..MANY).map(id).collect();
    for limit in [many, many + 1, usize::MAX] {
        let found = block(index, "all", limit).await;
        assert_eq!((found.size, found.ids == all), (many, true), "limit {limit}");
    }
    for limit in [0, 1, many - 1] {
        let found = block(index, "all", limit).await;
        assert_eq!((found.size, found.ids), (many, Vec::new()), "limit {limit}");
    }
    let keys = ["all", "own 7", "nobody's", "tenth 3", "own 7"].map(str::to_owned);
    let found = done(index.blocks(&keys, 2_000).await);
    let sizes: Vec<usize> = found.iter().map(|block| block.size).collect();
    assert_eq!(sizes, [many, 1, 0, many / 10, 1]);
    assert_eq!(found.iter().map(|block| block.key.clone()).collect::<Vec<_>>(), keys);
    assert_eq!(found[1].ids, [id(7)]);
    assert_eq!(found[3].ids, (0..MANY).filter(|n| n % 10 == 3).map(id).collect::<Vec<_>>());
    // Deletes are felt in sizes too.
    write(index, (0..MANY).filter(|n| n % 10 != 3).map(|n| delete(n, 2)).collect()).await;
    assert_eq!(block(index, "all", many).await.ids, found[3].ids);
    assert_eq!(block(index, "all", 10).await.size, many / 10);
}

/// Twelve thousand keys in one call.
pub async fn many_keys_are_answered_in_their_order(bed: &dyn Bed) {
    let index = bed.open().await;
    let index = index.as_ref();
    write(index, (0..300).map(|n| upsert(n, 1, &[&format!("key {n}"), "shared"])).collect()).await;
    let keys: Vec<String> = (0..12_000).rev().map(|n| format!("key {n}")).collect();
    let blocks = done(index.blocks(&keys, 10).await);
    assert_eq!(blocks.len(), keys.len());
    for (n, (block, key)) in (0..12_000).rev().zip(blocks.iter().zip(&keys)) {
        let expected = if n < 300 { vec![id(n)] } else { Vec::new() };
        assert_eq!((&block.key, block.size, &block.ids), (key, expected.len(), &expected));
    }
}

/// Any bytes, any text.
pub async fn documents_come_back_as_written(bed: &dyn Bed) {
    let index = bed.open().await;
    let index = index.as_ref();
    let strange = ["żółć", "日本", "a:b", "a,b", "\"'\\", "", "line\nbreak", "NUL\0inside", "🦀", "a", "a"];
    let mut odd = document(1, 1 << 62, &strange);
    odd.features = (0..=255).cycle().take(5_000).collect();
    let mut empty = document(2, 0, &[]);
    empty.features = Vec::new();
    let mut documents = vec![odd, empty];
    documents.extend((3..2_600).map(|n| document(n, 1, &["plain"])));
    write(index, documents.iter().cloned().map(IndexWrite::Upsert).collect()).await;
    // Asked for twice each, in another order, with strangers between.
    let asked: Vec<RecordId> = (0..2_700).rev().chain(0..2_700).map(id).collect();
    let mut found = done(index.documents(&asked).await);
    found.sort_by_key(|document| document.id);
    assert_eq!(found.len(), documents.len());
    for (found, written) in found.iter().zip(&documents) {
        assert_eq!((found.id, found.version), (written.id, written.version));
        assert_eq!((&found.keys, &found.features), (&written.keys, &written.features));
    }
    for key in strange {
        assert_eq!(block(index, key, 5).await.ids, [id(1)], "block {key:?}");
    }
    assert_eq!(block(index, "NUL", 5).await.size, 0);
}

/// Pages of any size, deletes left out.
pub async fn a_walk_meets_every_document_once(bed: &dyn Bed) {
    let index = bed.open().await;
    let index = index.as_ref();
    // Written in another order than walked.
    write(index, (0..2_500).rev().map(|n| upsert(n, 1, &["a"])).collect()).await;
    write(index, (0..2_500).filter(|n| n % 5 == 0).map(|n| delete(n, 2)).collect()).await;
    let expected: Vec<RecordId> = (0..2_500).filter(|n| n % 5 != 0).map(id).collect();
    for page in [7, 1_500, 100_000] {
        let mut met: Vec<RecordId> = Vec::new();
        loop {
            let found = done(index.scan(met.last().copied(), page).await);
            assert!(found.len() <= page);
            let is_last = found.len() < page;
            met.extend(found.into_iter().map(|document| document.id));
            if is_last {
                break;
            }
        }
        assert!(met == expected, "pages of {page}: met {} of {}", met.len(), expected.len());
    }
    assert_eq!(done(index.count().await), 2_000);
}

/// All that a batch is compared with, for more keys than one question takes.
pub async fn candidates_come_with_their_documents(bed: &dyn Bed) {
    let index = bed.open().await;
    let index = index.as_ref();
    let mut writes: Vec<_> = (0..3_000).map(|n| upsert(n, 1, &["all", &format!("pair {}", n / 2)])).collect();
    let mut odd = document(4, 7, &["pair 2", "pair 2", "żółć [1,2] \"'\\", ""]);
    odd.features = (0..=255).collect();
    let gone = [delete(6, 2)];
    writes.extend([IndexWrite::Upsert(odd.clone())].into_iter().chain(gone));
    write(index, writes).await;
    assert_eq!(done(index.candidates(&[], 10).await), Candidates::default());
    let keys = ["żółć [1,2] \"'\\", "nobody's", "all", "pair 2", "pair 3", "", "pair 2"].map(str::to_owned);
    for limit in [2, 2_997] {
        let mut found = done(index.candidates(&keys, limit).await);
        let two = vec![id(4), id(5)];
        let blocks = [vec![id(4)], vec![], vec![], two.clone(), vec![id(7)], vec![id(4)], two].map(Some);
        assert_eq!(found.blocks[..2], blocks[..2], "limit {limit}");
        assert_eq!((&found.blocks[2], &found.blocks[3..]), (&None, &blocks[3..]), "limit {limit}");
        found.documents.sort_by_key(|document| document.id);
        let ids: Vec<RecordId> = found.documents.iter().map(|document| document.id).collect();
        assert_eq!(ids, [id(4), id(5), id(7)], "limit {limit}");
        assert_eq!((found.documents[0].version, &found.documents[0].features), (odd.version, &odd.features));
    }
    // Without 4 (which has other keys) and 6 (deleted).
    let all: Vec<RecordId> = (0..3_000).filter(|n| ![4, 6].contains(n)).map(id).collect();
    let keys: Vec<String> = (0..12_000).map(|n| format!("pair {n}")).chain(["all".to_owned()]).collect();
    let found = done(index.candidates(&keys, all.len()).await);
    assert_eq!(found.blocks.last(), Some(&Some(all)));
    assert_eq!(found.documents.len(), 2_999);
    for (n, block) in (0..12_000).zip(&found.blocks) {
        let two = [2 * n, 2 * n + 1].into_iter().filter(|n| *n < 3_000 && *n != 6).map(id);
        assert_eq!(*block, Some(two.collect()), "pair {n}");
    }
}
