//! A new generation is filled beside the live one and takes its place at once.

use super::{Bed, block, done, id, ids_of, upsert, write, write_one};
use crate::error::Error;
use crate::port::WriteOutcome;
use futures::future::{join, join_all};
use std::sync::atomic::{AtomicBool, Ordering};

/// Handles see their own generation; after the switch the live handle sees the new one, and the old one stays until
/// it is dropped.
pub async fn a_generation_is_filled_beside_the_live_one(bed: &dyn Bed) {
    let live = bed.open().await;
    write(live.as_ref(), vec![upsert(1, 9, &["a"]), upsert(2, 9, &["a"])]).await;
    let next = done(live.generation("next-2").await);
    assert_eq!(done(next.count().await), 0);
    assert_eq!(
        write_one(next.as_ref(), upsert(1, 3, &["a"])).await,
        WriteOutcome::Applied,
        "versions are its own"
    );
    let same = done(live.generation("next-2").await);
    assert_eq!(ids_of(same.as_ref(), "a").await, [id(1)], "the same name is the same generation");
    assert_eq!(ids_of(live.as_ref(), "a").await, [id(1), id(2)], "the live one does not notice");
    let away = live.switch_to("never-made").await;
    assert!(matches!(away, Err(Error::NotFound(_))), "{away:?}");

    done(live.switch_to("next-2").await);
    done(live.switch_to("next-2").await);
    assert_eq!(ids_of(live.as_ref(), "a").await, [id(1)]);
    write(live.as_ref(), vec![upsert(4, 1, &["a"])]).await;
    assert_eq!(ids_of(next.as_ref(), "a").await, [id(1), id(4)], "the live handle writes to the new one");
    let third = done(live.generation("third").await);
    done(live.switch_to("third").await);
    assert_eq!(done(live.count().await), 0);
    assert_eq!(ids_of(next.as_ref(), "a").await, [id(1), id(4)], "the one before stays");
    done(live.switch_to("next-2").await);
    assert_eq!(ids_of(live.as_ref(), "a").await, [id(1), id(4)], "there is a way back");
    done(live.switch_to("third").await);
    let kept = live.drop_generation("third").await;
    assert!(matches!(kept, Err(Error::Invalid(_))), "the live one stays: {kept:?}");
    done(live.drop_generation("next-2").await);
    done(live.drop_generation("next-2").await);
    assert_eq!(done(live.generations().await), ["first", "third"]);
    let late = next.write(vec![upsert(5, 1, &["a"])]).await;
    assert!(matches!(late, Err(Error::NotFound(_))), "a dropped generation takes nothing: {late:?}");
    let late = next.count().await;
    assert!(matches!(late, Err(Error::NotFound(_))), "a dropped generation shows nothing: {late:?}");
    write(third.as_ref(), vec![upsert(6, 1, &["a"])]).await;
    assert_eq!(ids_of(bed.open().await.as_ref(), "a").await, [id(6)], "another process sees the same");
    // The name is free again, and what it held does not come back.
    let again = done(live.generation("next-2").await);
    assert_eq!(done(again.count().await), 0);
}

/// A reader never fails and never sees less than either generation holds.
pub async fn a_switch_shows_no_gap(bed: &dyn Bed) {
    const SWITCHES: usize = 5;
    const READERS: usize = 4;
    let live = bed.open().await;
    let fill = (0..500).map(|n| upsert(n, 1, &["all"])).collect::<Vec<_>>();
    write(live.as_ref(), fill.clone()).await;
    let reader = bed.open().await;
    let is_over = AtomicBool::new(false);
    let read = async || {
        let mut reads = 0_usize;
        while !is_over.load(Ordering::Acquire) {
            assert_eq!(block(reader.as_ref(), "all", 1_000).await.ids.len(), 500);
            assert_eq!(done(reader.documents(&[id(3), id(400)]).await).len(), 2);
            assert_eq!(done(reader.count().await), 500);
            reads += 1;
        }
        reads
    };
    let switch = async {
        for number in 0..SWITCHES {
            let name = format!("generation-{number}");
            let next = done(live.generation(&name).await);
            write(next.as_ref(), fill.clone()).await;
            done(live.switch_to(&name).await);
        }
        is_over.store(true, Ordering::Release);
    };
    let (reads, ()) = join(join_all((0..READERS).map(|_| read())), switch).await;
    assert!(reads.iter().all(|reads| *reads > 0), "the readers had their turn");
}

/// Names that could not be an index anywhere.
pub async fn names_that_cannot_be_are_refused(bed: &dyn Bed) {
    let index = bed.open().await;
    for name in ["", "Big", "with blank", "a/b", "a,b", "*", "ü", "a@b", &"x".repeat(101)] {
        let refused = index.generation(name).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{name:?}: {refused:?}");
    }
    for name in ["v1", "2026-11-21.3_b"] {
        done(index.generation(name).await);
    }
}
