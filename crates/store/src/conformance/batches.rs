//! Cases about batches of merges: a second person, one by one, and one undo.

use super::fixture::{at, by, family, key, merge_request, record};
use super::{Backend, DataProduct};
use crate::error::{Conflict, Error};
use crate::merging::{Answer, Batch, BatchItem, BatchState, ItemRequest, ItemState};
use crate::organizations::MergeRequest;
use entity::{OrganizationId, Record, RecordId, Undo};
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;

/// Three pairs and a batch that wants to merge each.
async fn batch(backend: &dyn Backend) -> (Arc<dyn DataProduct>, Vec<RecordId>, Batch) {
    let organizations = backend.organizations().await;
    let records: Vec<Record> = (0..6).map(|n| record("north", &n.to_string())).collect();
    let ids: Vec<RecordId> = records.iter().map(|record| record.id).collect();
    organizations.upsert(records).await.expect("imported");
    let mut items = Vec::new();
    for (position, pair) in (0..).zip(ids.chunks(2)) {
        let request = ItemRequest {
            survivor: pair[0].into(),
            absorbed: vec![pair[1].into()],
            expected: family(&*organizations, pair).await.revisions,
            preview_digest: "a.b.c.d".to_owned(),
            choices: json!([]),
        };
        items.push(BatchItem { position, request, state: ItemState::Pending, merge: None, problem: None });
    }
    let batch = Batch {
        id: Uuid::now_v7(),
        state: BatchState::AwaitingApproval,
        created_by: "ann".to_owned(),
        created_at: at(6),
        reason: Some("the same".to_owned()),
        approved: None,
        closed: None,
        items,
    };
    organizations.create_batch(&batch, &key("k", "batch")).await.expect("written");
    (organizations, ids, batch)
}

async fn request_of(organizations: &dyn DataProduct, batch: &Batch, position: usize) -> MergeRequest {
    let item = &batch.items[position].request;
    let absorbed: Vec<RecordId> = item.absorbed.iter().copied().map(RecordId::from).collect();
    let mut request = merge_request(organizations, item.survivor.into(), &absorbed).await;
    request.batch = Some(batch.id);
    request
}

/// Merges one item and writes down that it did.
async fn carry_out(organizations: &dyn DataProduct, batch: &Batch, position: usize) -> MergeRequest {
    let request = request_of(organizations, batch, position).await;
    let merge = organizations.merge(&request).await.expect("merged");
    assert_eq!(merge.batch, Some(batch.id));
    let item =
        BatchItem { state: ItemState::Applied, merge: Some(merge.id), ..batch.items[position].clone() };
    organizations.settle_item(batch.id, &item).await.expect("written");
    request
}

/// Nobody approves their own batch; only what was approved runs; the last item ends it.
pub async fn a_batch_runs_once_somebody_else_approves(backend: &dyn Backend) {
    let (organizations, ids, batch) = batch(backend).await;
    assert_eq!(organizations.batch(batch.id).await.expect("read"), Some(batch.clone()));
    assert_eq!(organizations.batches(None, 10).await.expect("read"), std::slice::from_ref(&batch));
    assert!(organizations.running_batches().await.expect("read").is_empty());
    let own = organizations.approve_batch(batch.id, &by("ann")).await;
    assert!(matches!(own, Err(Error::Conflict(Conflict::OwnApproval(_)))), "{own:?}");
    let early = organizations.merge(&request_of(&*organizations, &batch, 0).await).await;
    assert!(matches!(early, Err(Error::Conflict(Conflict::BatchClosed { .. }))), "{early:?}");

    let approved = organizations.approve_batch(batch.id, &by("ben")).await.expect("approved");
    assert_eq!((approved.state, approved.approved), (BatchState::Running, Some(("ben".to_owned(), at(8)))));
    organizations.approve_batch(batch.id, &by("ben")).await.expect("harmless");
    let late = organizations.approve_batch(batch.id, &by("cid")).await;
    assert!(matches!(late, Err(Error::Conflict(Conflict::BatchClosed { .. }))), "{late:?}");

    carry_out(&*organizations, &batch, 0).await;
    let running = organizations.running_batches().await.expect("read");
    assert_eq!(running[0].items.iter().map(|item| item.position).collect::<Vec<_>>(), [1, 2]);
    let problem = json!({"type": "/problems/stale-members"});
    let refused =
        BatchItem { state: ItemState::Refused, problem: Some(problem.clone()), ..batch.items[1].clone() };
    organizations.settle_item(batch.id, &refused).await.expect("written");
    carry_out(&*organizations, &batch, 2).await;
    let done = organizations.batch(batch.id).await.expect("read").expect("it is there");
    assert_eq!(done.state, BatchState::Done);
    let states: Vec<ItemState> = done.items.iter().map(|item| item.state).collect();
    assert_eq!(states, [ItemState::Applied, ItemState::Refused, ItemState::Applied]);
    assert_eq!(done.items[1].problem, Some(problem));
    let closed = organizations.cancel_batch(batch.id, &by("ann"), None).await;
    assert!(matches!(closed, Err(Error::Conflict(Conflict::BatchClosed { .. }))), "{closed:?}");

    // One undo for all of it, also of what a split has ended meanwhile.
    let undone = organizations.undo_batch(batch.id, &Undo::new("cid", at(9), None)).await.expect("undone");
    assert_eq!((undone.state, undone.closed), (BatchState::Undone, Some(("cid".to_owned(), at(9), None))));
    assert!(family(&*organizations, &ids).await.links.is_empty());
    organizations.undo_batch(batch.id, &Undo::new("dan", at(9), None)).await.expect("harmless");
    let merges = organizations.merges(None, 10).await.expect("read");
    assert!(merges.iter().all(|merge| merge.undo.as_ref().is_some_and(|undo| undo.undone_by == "cid")));
}

/// A batch that is stopped in the middle keeps what was applied, skips the rest, and merges nothing more.
pub async fn a_stopped_batch_merges_nothing_more(backend: &dyn Backend) {
    let (organizations, ids, batch) = batch(backend).await;
    organizations.approve_batch(batch.id, &by("ben")).await.expect("approved");
    let made = carry_out(&*organizations, &batch, 0).await;
    let cancelled =
        organizations.cancel_batch(batch.id, &by("ann"), Some("enough")).await.expect("cancelled");
    assert_eq!(cancelled.state, BatchState::Cancelled);
    let states: Vec<ItemState> = cancelled.items.iter().map(|item| item.state).collect();
    assert_eq!(states, [ItemState::Applied, ItemState::Skipped, ItemState::Skipped]);
    assert_eq!(organizations.batch(batch.id).await.expect("read"), Some(cancelled.clone()));
    let late = organizations.merge(&request_of(&*organizations, &batch, 1).await).await;
    assert!(matches!(late, Err(Error::Conflict(Conflict::BatchClosed { .. }))), "{late:?}");
    assert_eq!(organizations.merge(&made).await.expect("answered").id, made.id, "an answer stays an answer");
    let roots = family(&*organizations, &ids[..2]).await.roots();
    assert!(roots.values().all(|root| *root == OrganizationId::from(ids[0])));
    organizations.undo_batch(batch.id, &Undo::new("cid", at(9), None)).await.expect("undone");
    assert!(family(&*organizations, &ids).await.links.is_empty());
}

/// A key is answered with what it made, of whatever kind, until answers of its age are forgotten.
pub async fn answers_are_kept_and_then_forgotten(backend: &dyn Backend) {
    let (organizations, ids, batch) = batch(backend).await;
    let asked = key("k", "batch");
    assert_eq!(organizations.answer_to(&asked).await.expect("read"), Some(Answer::Batch(batch.clone())));
    let again = Batch { id: Uuid::now_v7(), ..batch.clone() };
    assert_eq!(organizations.create_batch(&again, &asked).await.expect("answered"), batch);
    let reused = organizations.answer_to(&key("k", "another")).await;
    assert!(matches!(reused, Err(Error::Conflict(Conflict::KeyReused))), "{reused:?}");
    let request = merge_request(&*organizations, ids[0], &[ids[1]]).await;
    assert_eq!(organizations.answer_to(&request.key).await.expect("read"), None);
    let merge = organizations.merge(&request).await.expect("merged");
    assert_eq!(organizations.answer_to(&request.key).await.expect("read"), Some(Answer::Merge(merge)));
    assert_eq!(organizations.prune_answers(at(6)).await.expect("pruned"), 0);
    assert_eq!(organizations.prune_answers(at(7)).await.expect("pruned"), 1, "the batch's, which is older");
    assert_eq!(organizations.answer_to(&asked).await.expect("read"), None);
    assert!(organizations.answer_to(&request.key).await.expect("read").is_some());
}
