//! Cases about merges and their undo.

use super::Backend;
use super::fixture::{at, captures, end, family, import, key, merge_request, record, revision};
use crate::error::{Conflict, Error};
use crate::organizations::MergeRequest;
use entity::{MergeId, OrganizationId, Record, RecordId, Undo};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

async fn records(backend: &dyn Backend, count: usize) -> (Arc<dyn super::DataProduct>, Vec<RecordId>) {
    let organizations = backend.organizations().await;
    let records: Vec<Record> = (0..count).map(|n| record("north", &n.to_string())).collect();
    let ids = records.iter().map(|record| record.id).collect();
    organizations.upsert(records).await.expect("imported");
    (organizations, ids)
}

fn undo() -> Undo {
    Undo::new("ben", at(1_000_009), Some("not the same".to_owned()))
}

/// Only ids that live and were not absorbed merge, each named once.
pub async fn only_golden_ids_merge(backend: &dyn Backend) {
    let (organizations, ids) = records(backend, 4).await;
    let mut position = end(&*organizations).await;
    let request = merge_request(&*organizations, ids[0], &[ids[1], ids[2]]).await;
    let merge = organizations.merge(&request).await.expect("merged");
    let mut absorbed = request.absorbed.clone();
    absorbed.sort_unstable();
    assert_eq!((merge.survivor, &merge.absorbed), (request.survivor, &absorbed));
    let captured = captures(&*organizations, &mut position, 1000).await.remove(0);
    assert_eq!(captured.merges, std::slice::from_ref(&merge));
    assert_eq!(captured.family.roots()[&ids[2]], ids[0].into());
    assert_eq!(organizations.merge_by_id(request.id).await.expect("read"), Some(merge));

    for (survivor, absorbed) in [(ids[3], ids[1]), (ids[1], ids[3])] {
        let mut again = merge_request(&*organizations, survivor, &[absorbed]).await;
        again.expected = family(&*organizations, &[survivor, absorbed]).await.revisions;
        match organizations.merge(&again).await {
            Err(Error::Conflict(Conflict::Absorbed { absorbed, survivor })) => {
                assert_eq!((absorbed, survivor), (ids[1].to_string(), ids[0].to_string()));
            }
            other => panic!("an absorbed id merged: {other:?}"),
        }
    }
    let missing = RecordId(Uuid::from_u128(1));
    let request = merge_request(&*organizations, ids[0], &[missing]).await;
    let refused = organizations.merge(&request).await;
    assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
    for absorbed in [vec![], vec![ids[3]], vec![ids[0], ids[0]]] {
        let request = merge_request(&*organizations, ids[3], &absorbed).await;
        let refused = organizations.merge(&request).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{absorbed:?}: {refused:?}");
    }
}

/// A merge goes through only while every member stands as the decider saw it, and no other member came.
pub async fn a_merge_is_decided_on_what_stands(backend: &dyn Backend) {
    let (organizations, ids) = records(backend, 3).await;
    let request = merge_request(&*organizations, ids[0], &[ids[1]]).await;
    let mut told = record("north", "1");
    told.organization.name = Some("changed".to_owned());
    import(&*organizations, &[&told]).await;
    stale(organizations.merge(&request).await);

    let request = merge_request(&*organizations, ids[0], &[ids[1]]).await;
    let meanwhile = merge_request(&*organizations, ids[1], &[ids[2]]).await;
    organizations.merge(&meanwhile).await.expect("merged");
    stale(organizations.merge(&request).await);
    assert_eq!(organizations.merges(None, 10).await.expect("read").len(), 1);
    let seen_now = merge_request(&*organizations, ids[0], &[ids[1]]).await;
    organizations.merge(&seen_now).await.expect("merged");
    let roots = family(&*organizations, &[ids[2]]).await.roots();
    assert!(roots.values().all(|root| *root == ids[0].into()), "{roots:?}");
}

fn stale<T: std::fmt::Debug>(outcome: crate::Result<T>) {
    assert!(matches!(outcome, Err(Error::Conflict(Conflict::Stale(_)))), "it was stale: {outcome:?}");
}

/// The same key gives the same merge, once; another request under the key is refused.
pub async fn a_repeated_request_gets_the_same_answer(backend: &dyn Backend) {
    let (organizations, ids) = records(backend, 3).await;
    let request = merge_request(&*organizations, ids[0], &[ids[1]]).await;
    let merge = organizations.merge(&request).await.expect("merged");
    let repeat = MergeRequest { id: MergeId(Uuid::now_v7()), ..request.clone() };
    assert_eq!(organizations.merge(&repeat).await.expect("answered"), merge);
    let other = MergeRequest { key: key(&request.key.key, "another"), ..request.clone() };
    let refused = organizations.merge(&other).await;
    assert!(matches!(refused, Err(Error::Conflict(Conflict::KeyReused))), "{refused:?}");
    let undone = organizations.undo(request.id, &undo()).await.expect("undone");
    assert_eq!(
        organizations.merge(&repeat).await.expect("answered"),
        merge,
        "as it was answered, and not merged anew"
    );
    assert!(family(&*organizations, &ids).await.links.is_empty());
    assert_eq!(organizations.merges(None, 10).await.expect("read"), [undone]);
}

/// An undo is exact and repeatable, whatever was merged later.
pub async fn an_undo_is_never_blocked(backend: &dyn Backend) {
    let (organizations, ids) = records(backend, 3).await;
    let first = merge_request(&*organizations, ids[1], &[ids[0]]).await;
    organizations.merge(&first).await.expect("merged");
    let second = merge_request(&*organizations, ids[2], &[ids[1]]).await;
    organizations.merge(&second).await.expect("merged");
    let mut position = end(&*organizations).await;
    let undone = organizations.undo(first.id, &undo()).await.expect("undone");
    assert_eq!(undone.undo, Some(undo()));
    let other = Undo { undone_by: "someone later".to_owned(), ..undo() };
    assert_eq!(organizations.undo(first.id, &other).await.expect("harmless"), undone);
    let captured = captures(&*organizations, &mut position, 1000).await.remove(0);
    assert_eq!(captured.merges, [undone]);
    let all: BTreeMap<_, OrganizationId> =
        [(ids[0], ids[0].into()), (ids[1], ids[2].into()), (ids[2], ids[2].into())].into();
    assert_eq!(captured.family.roots(), all, "both ends of the link are told of");
    assert_eq!(
        captured.rows.iter().filter(|row| row.table == "merge").count(),
        1,
        "the second undo wrote nothing"
    );
    let unknown = organizations.undo(MergeId(Uuid::from_u128(1)), &undo()).await;
    assert!(matches!(unknown, Err(Error::NotFound(_))), "{unknown:?}");
    // What was undone may be merged again, the other way round.
    let request = merge_request(&*organizations, ids[0], &[ids[2]]).await;
    organizations.merge(&request).await.expect("merged");
    assert!(family(&*organizations, &ids).await.roots().values().all(|root| *root == ids[0].into()));
}

/// Twenty people merge and undo over the same few ids at once: links stay a forest, and every answer is a clear one.
pub async fn concurrent_merges_leave_a_forest(backend: &dyn Backend) {
    let (organizations, ids) = records(backend, 6).await;
    let people = (0..20).map(|n: usize| {
        let (organizations, ids) = (Arc::clone(&organizations), ids.clone());
        async move {
            let (survivor, absorbed) = (ids[n % 6], ids[(n / 6 + n + 1) % 6]);
            let request = merge_request(&*organizations, survivor, &[absorbed]).await;
            let merged = organizations.merge(&request).await;
            if merged.is_ok() && n.is_multiple_of(5) {
                organizations.undo(request.id, &undo()).await.expect("undone");
            }
            merged
        }
    });
    let outcomes = futures::future::join_all(people).await;
    for outcome in &outcomes {
        assert!(matches!(outcome, Ok(_) | Err(Error::Conflict(_))), "{outcome:?}");
    }
    assert!(outcomes.iter().any(Result::is_ok), "somebody was first");
    let family = family(&*organizations, &ids).await;
    let parents: BTreeMap<_, _> = family.links.iter().map(|link| (link.absorbed, link.survivor)).collect();
    assert_eq!(parents.len(), family.links.len(), "each is absorbed once");
    for id in &ids {
        let path: Vec<_> = std::iter::successors(Some(*id), |at| parents.get(at).copied()).take(10).collect();
        assert!(path.len() < 10, "a cycle: {path:?}");
    }
    let standing = organizations.merges(None, 100).await.expect("read");
    let links = standing.iter().filter(|merge| merge.undo.is_none()).map(|merge| merge.absorbed.len());
    assert_eq!(links.sum::<usize>(), family.links.len());
    assert!(revision(&*organizations, ids[0]).await >= 1);
}
