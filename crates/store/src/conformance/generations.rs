//! Cases about staging, switching and ending generations.

use super::Backend;
use super::clusters::cluster;
use super::fixture::{nth, pair, scores};
use super::scores::{apply, pairs};
use crate::error::Error;
use crate::resolution::Resolution;
use entity::ClusterId;
use uuid::Uuid;

async fn events(resolution: &dyn Resolution) -> Vec<(ClusterId, bool)> {
    let rows = resolution.outbox(100).await.expect("read");
    rows.into_iter().map(|row| (row.id, row.cluster.is_some())).collect()
}

fn id(n: u128) -> ClusterId {
    ClusterId(Uuid::from_u128(n))
}

/// One staged beside the live one says nothing; a switch says what differs, and so does the way back.
pub async fn a_switch_publishes_what_differs(backend: &dyn Backend) {
    let generations = backend.generations().await;
    let first = generations.follow_live().await.expect("there is a live one");
    let one = generations.of(first);
    one.apply_clusters(&[cluster(1, &[1, 2], 0.9), cluster(3, &[3, 4], 0.8)], &[], &[])
        .await
        .expect("written");
    one.published(i64::MAX).await.expect("acknowledged");

    let staged = generations.stage("two", "{}").await.expect("staged");
    assert!(!staged.live && staged.of_this_code, "{staged:?}");
    assert_eq!(generations.stage("two", "{}").await.expect("staged again").id, staged.id);
    let other_text = generations.stage("two", "{ }").await;
    assert!(matches!(other_text, Err(Error::Invalid(_))), "{other_text:?}");
    let two = generations.of(staged.id);
    two.apply_clusters(&[cluster(1, &[1, 2], 0.9), cluster(5, &[5, 6], 0.7)], &[], &[])
        .await
        .expect("written");
    assert_eq!((events(&*one).await, events(&*two).await), (vec![], vec![]), "only the live one speaks");

    generations.activate(staged.id).await.expect("activated");
    assert_eq!(generations.follow_live().await.expect("read"), staged.id);
    assert_eq!(events(&*one).await, [], "the outbox is the live one's");
    assert_eq!(events(&*two).await, [(id(3), false), (id(5), true)], "an equal cluster is not told again");
    generations.activate(staged.id).await.expect("a second time is harmless");
    assert_eq!(events(&*two).await.len(), 2);
    one.apply_clusters(&[cluster(7, &[7, 8], 0.9)], &[], &[]).await.expect("kept up to date beside it");
    two.published(i64::MAX).await.expect("acknowledged");

    generations.activate(first).await.expect("rolled back");
    assert_eq!(events(&*one).await, [(id(5), false), (id(3), true), (id(7), true)]);
    let away = generations.activate(404).await;
    assert!(matches!(away, Err(Error::NotFound(_))), "{away:?}");
}

/// The live one cannot be ended; another goes with all that it came to, and its number never comes back.
pub async fn a_retired_generation_is_gone(backend: &dyn Backend) {
    let generations = backend.generations().await;
    let live = generations.follow_live().await.expect("there is a live one");
    let refused = generations.retire(live).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    apply(&*generations.of(live), &[scores(1, 1, &[pair((1, 1), (2, 1), 1.0)])]).await;

    let staged = generations.stage("two", "{}").await.expect("staged");
    let two = generations.of(staged.id);
    apply(&*two, &[scores(1, 1, &[pair((1, 1), (2, 1), 7.0)])]).await;
    generations.retire(staged.id).await.expect("retired");
    let twice = generations.retire(staged.id).await;
    assert!(matches!(twice, Err(Error::NotFound(_))), "{twice:?}");
    assert_eq!(pairs(&*two).await, []);
    assert_eq!(pairs(&*generations.of(live)).await, [pair((1, 1), (2, 1), 1.0)]);
    let versions: Vec<_> =
        generations.list().await.expect("read").into_iter().map(|generation| generation.id).collect();
    assert_eq!(versions, [live]);
    let again = generations.stage("two", "{}").await.expect("staged");
    assert!(again.id > staged.id, "{} came back", again.id);
    assert!(pairs(&*generations.of(again.id)).await.is_empty());
    assert!(two.components(&[nth(1)], 0.0).await.expect("read").pairs.is_empty());
}
