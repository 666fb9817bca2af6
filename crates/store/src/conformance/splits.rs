//! Cases about taking golden records apart, and about the facts that consumers hear of it.

use super::fixture::{at, captures, end, family, key, merge_request, record};
use super::{Backend, DataProduct};
use crate::error::{Conflict, Error};
use crate::link_log::{Act, replay};
use crate::merging::{SplitOutcome, SplitRequest};
use entity::{Link, MergeId, OrganizationId, Record, RecordId, Split, Undo};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use uuid::Uuid;

/// So many records, of which each but the last was merged into the next one, in a step of its own.
async fn chain(backend: &dyn Backend, count: usize) -> (Arc<dyn DataProduct>, Vec<RecordId>, Vec<MergeId>) {
    let organizations = backend.organizations().await;
    let records: Vec<Record> = (0..count).map(|n| record("north", &n.to_string())).collect();
    let ids: Vec<RecordId> = records.iter().map(|record| record.id).collect();
    organizations.upsert(records).await.expect("imported");
    let mut merges = Vec::new();
    for pair in ids.windows(2) {
        merges.push(merge(&*organizations, pair[1], &[pair[0]]).await);
    }
    (organizations, ids, merges)
}

async fn merge(organizations: &dyn DataProduct, survivor: RecordId, absorbed: &[RecordId]) -> MergeId {
    let mut request = merge_request(organizations, survivor, absorbed).await;
    request.merged_at = entity::clock::now();
    organizations.merge(&request).await.expect("merged").id
}

async fn request(
    organizations: &dyn DataProduct,
    organization: RecordId,
    groups: &[&[RecordId]],
) -> SplitRequest {
    let id = Uuid::now_v7();
    let split = Split {
        id: MergeId(id),
        organization: organization.into(),
        groups: groups.iter().map(|group| group.to_vec()).collect(),
        split_by: "ann".to_owned(),
        split_at: at(8),
        reason: Some("two doors".to_owned()),
        undo: None,
    };
    let expected = family(organizations, &[organization]).await.revisions;
    SplitRequest { split, expected, key: key(&id.to_string(), "split") }
}

async fn split(
    organizations: &dyn DataProduct,
    organization: RecordId,
    groups: &[&[RecordId]],
) -> SplitOutcome {
    let request = request(organizations, organization, groups).await;
    organizations.split(&request).await.expect("split")
}

fn undo() -> Undo {
    Undo::new("ben", at(9), Some("one door".to_owned()))
}

/// Where each id leads.
async fn roots(organizations: &dyn DataProduct, ids: &[RecordId]) -> Vec<RecordId> {
    let roots = family(organizations, ids).await.roots();
    ids.iter().map(|id| roots[id].into()).collect()
}

/// The links that hold are those that the link log comes to.
pub(super) async fn links_are_those_of_the_log(organizations: &dyn DataProduct, ids: &[RecordId]) {
    let history = organizations.history(ids).await.expect("read");
    let replayed = replay(&history.steps_without(&BTreeSet::new()), &history.withdrawn());
    let mut links: Vec<Link> = history.family.links.clone();
    links.sort_by_key(|link| link.absorbed);
    assert_eq!(links, replayed.links);
    for merge in &history.merges {
        let remade = replayed.remade.iter().any(|remade| remade.id == merge.id);
        let ended = replayed.ended.contains_key(&merge.id) || (merge.split.is_some() && !remade);
        let by_person = merge.undo.as_ref().is_some_and(|undo| undo.split.is_none());
        assert_eq!(merge.undo.is_some(), ended || by_person, "{merge:?}");
    }
}

/// A split through merges of several steps is exact, ends just what it parts, and its undo leaves nothing behind.
pub async fn a_split_takes_apart_what_several_steps_made(backend: &dyn Backend) {
    let (organizations, ids, merges) = chain(backend, 4).await;
    let before = family(&*organizations, &ids).await;
    let mut position = end(&*organizations).await;
    let outcome = split(&*organizations, ids[3], &[&[ids[3], ids[0]], &[ids[1], ids[2]]]).await;
    assert_eq!(roots(&*organizations, &ids).await, [ids[3], ids[2], ids[2], ids[3]]);
    let ended: BTreeSet<MergeId> = outcome.ended.iter().copied().collect();
    assert_eq!(ended, BTreeSet::from([merges[0], merges[2]]), "the middle one stands");
    assert_eq!(outcome.remade.len(), 1, "0 and 3 stay together");
    links_are_those_of_the_log(&*organizations, &ids).await;

    // What consumers hear: the ended merges are unmerged, what stays together is merged, each under its own id.
    let captured = captures(&*organizations, &mut position, 1000).await.remove(0);
    let told: BTreeMap<MergeId, bool> =
        captured.merges.iter().map(|merge| (merge.id, merge.undo.is_none())).collect();
    let expected =
        outcome.ended.iter().map(|id| (*id, false)).chain(outcome.remade.iter().map(|id| (*id, true)));
    assert_eq!(told, expected.collect());
    let of_split = captured.merges.iter().find(|merge| merge.id == outcome.remade[0]).expect("told of");
    assert_eq!((of_split.split, of_split.survivor), (Some(outcome.split.id), ids[3].into()));
    let ended = captured.merges.iter().find(|merge| merge.id == merges[0]).expect("told of");
    assert_eq!(ended.undo.as_ref().and_then(|undo| undo.split), Some(outcome.split.id));

    let undone = organizations.undo_split(outcome.split.id, &undo()).await.expect("undone");
    assert_eq!(undone.split.undo, Some(undo()));
    assert_eq!(family(&*organizations, &ids).await, before, "as if it had never been");
    links_are_those_of_the_log(&*organizations, &ids).await;
    let captured = captures(&*organizations, &mut position, 1000).await.remove(0);
    let told: BTreeMap<MergeId, bool> =
        captured.merges.iter().map(|merge| (merge.id, merge.undo.is_none())).collect();
    let expected =
        outcome.ended.iter().map(|id| (*id, true)).chain(outcome.remade.iter().map(|id| (*id, false)));
    assert_eq!(told, expected.collect(), "each under the id of its merge");
    let again =
        organizations.undo_split(outcome.split.id, &Undo::new("cid", at(10), None)).await.expect("harmless");
    assert_eq!(again.split, undone.split);
}

/// Merges after a split, and undos in between, end as they would have without the split.
pub async fn a_split_that_is_undone_has_never_been(backend: &dyn Backend) {
    let (organizations, ids, merges) = chain(backend, 5).await;
    organizations.undo(merges[3], &undo()).await.expect("undone");
    let outcome = split(&*organizations, ids[3], &[&[ids[3]], &[ids[2], ids[1]], &[ids[0]]]).await;
    assert_eq!(roots(&*organizations, &ids).await, [ids[0], ids[2], ids[2], ids[3], ids[4]]);
    // 0 goes into 4 while it is by itself.
    let later = merge(&*organizations, ids[4], &[ids[0]]).await;
    links_are_those_of_the_log(&*organizations, &ids).await;
    organizations.undo_split(outcome.split.id, &undo()).await.expect("undone");
    links_are_those_of_the_log(&*organizations, &ids).await;
    assert_eq!(roots(&*organizations, &ids).await, [ids[4]; 5], "what it was part of goes along");
    // Without the later one as well, nothing but the chain is left.
    organizations.undo(later, &undo()).await.expect("undone");
    assert_eq!(roots(&*organizations, &ids).await, [ids[3], ids[3], ids[3], ids[3], ids[4]]);
    organizations.undo(merges[1], &undo()).await.expect("undone");
    assert_eq!(roots(&*organizations, &ids).await, [ids[1], ids[1], ids[3], ids[3], ids[4]]);
    links_are_those_of_the_log(&*organizations, &ids).await;
}

/// A merge that a split ended and that a person takes back stays so when the split is taken back.
pub async fn an_undo_outlives_the_split_that_came_before(backend: &dyn Backend) {
    let (organizations, ids, merges) = chain(backend, 3).await;
    let outcome = split(&*organizations, ids[2], &[&[ids[2]], &[ids[1]], &[ids[0]]]).await;
    let taken_back = organizations.undo(merges[0], &undo()).await.expect("undone");
    assert_eq!(taken_back.undo, Some(undo()), "by a person now");
    organizations.undo_split(outcome.split.id, &undo()).await.expect("undone");
    assert_eq!(roots(&*organizations, &ids).await, [ids[0], ids[2], ids[2]]);
    // What a split made again may be taken back by itself.
    let outcome = split(&*organizations, ids[2], &[&[ids[2]], &[ids[1]]]).await;
    assert!(outcome.remade.is_empty());
    links_are_those_of_the_log(&*organizations, &ids).await;
}

/// A split names each member of a golden record once, and is decided on what stands.
pub async fn a_split_is_decided_on_what_stands(backend: &dyn Backend) {
    let (organizations, ids, _) = chain(backend, 3).await;
    let stranger = record("south", "1").id;
    for groups in [
        vec![&[ids[0], ids[1], ids[2]][..]],
        vec![&[ids[0]][..], &[ids[1]][..]],
        vec![&[ids[0], ids[1]][..], &[ids[2], ids[0]][..]],
        vec![&[ids[0], ids[1]][..], &[ids[2], stranger][..]],
        vec![&[ids[0], ids[1], ids[2]][..], &[][..]],
    ] {
        let asked = request(&*organizations, ids[2], &groups).await;
        let refused = organizations.split(&asked).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{groups:?}: {refused:?}");
    }
    let whole: [&[RecordId]; 2] = [&[ids[0], ids[1]], &[ids[2]]];
    let absorbed = request(&*organizations, ids[1], &whole).await;
    let refused = organizations.split(&absorbed).await;
    assert!(matches!(refused, Err(Error::Conflict(Conflict::Absorbed { .. }))), "{refused:?}");
    let gone = request(&*organizations, stranger, &whole).await;
    assert!(matches!(organizations.split(&gone).await, Err(Error::NotFound(_))));

    let decided = request(&*organizations, ids[2], &whole).await;
    let mut told = record("north", "1");
    told.organization.name = Some("changed".to_owned());
    super::fixture::import(&*organizations, &[&told]).await;
    let refused = organizations.split(&decided).await;
    assert!(matches!(refused, Err(Error::Conflict(Conflict::Stale(_)))), "{refused:?}");
    let decided = request(&*organizations, ids[2], &whole).await;
    let outcome = organizations.split(&decided).await.expect("split");
    let mut repeat = decided.clone();
    repeat.split.id = MergeId(Uuid::now_v7());
    assert_eq!(organizations.split(&repeat).await.expect("answered"), outcome);
    assert_eq!(organizations.split_by_id(outcome.split.id).await.expect("read"), Some(outcome));
    let unknown = organizations.undo_split(MergeId(Uuid::from_u128(1)), &undo()).await;
    assert!(matches!(unknown, Err(Error::NotFound(_))), "{unknown:?}");
}

/// The history of an id holds every step that touched it, in order, undone ones too.
pub async fn a_history_tells_all_that_was_done(backend: &dyn Backend) {
    let (organizations, ids, merges) = chain(backend, 3).await;
    organizations.undo(merges[1], &undo()).await.expect("undone");
    let outcome = split(&*organizations, ids[1], &[&[ids[1]], &[ids[0]]]).await;
    let history = organizations.history(&[ids[0]]).await.expect("read");
    assert_eq!(history.merges.iter().map(|merge| merge.id).collect::<Vec<_>>(), merges);
    assert_eq!(history.splits, std::slice::from_ref(&outcome.split));
    assert_eq!(history.family.records.len(), 3, "with the rows of all that is named");
    let steps = history.steps_without(&BTreeSet::new());
    assert_eq!(steps.iter().map(|step| step.id).collect::<Vec<_>>(), [merges[0], outcome.split.id]);
    assert!(matches!(&steps[1].act, Act::Part(groups) if groups.len() == 2));
    assert_eq!(organizations.history_of_step(outcome.split.id).await.expect("read"), history);
    let nothing = organizations.history_of_step(MergeId(Uuid::from_u128(1))).await.expect("read");
    assert!(nothing.merges.is_empty() && nothing.family.records.is_empty());

    let since = organizations.merges_since(None, 10).await.expect("read");
    assert_eq!(since.iter().map(|merge| merge.id).collect::<Vec<_>>(), merges, "oldest first");
    let rest = organizations.merges_since(Some(merges[0]), 10).await.expect("read");
    assert_eq!(rest, since[1..]);
    let unknown = organizations.merges_since(Some(MergeId(Uuid::from_u128(1))), 1).await;
    assert!(matches!(unknown, Err(Error::NotFound(_))));
    let survivors: Vec<OrganizationId> = since.iter().map(|merge| merge.survivor).collect();
    assert_eq!(survivors, [ids[1].into(), ids[2].into()]);
}
