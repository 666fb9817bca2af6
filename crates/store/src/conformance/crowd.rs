//! Fifty people at once on the same few organizations: what is there afterwards is what each of them was told.

use super::fixture::{at, family, key, merge_request, record};
use super::splits::links_are_those_of_the_log;
use super::{Backend, DataProduct};
use crate::audit::{AuditQuery, Chain};
use crate::error::{Conflict, Error};
use crate::merging::SplitRequest;
use entity::{MergeId, Record, RecordId, Split, Undo};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

const PEOPLE: usize = 50;
const ROUNDS: usize = 5;
const RECORDS: usize = 12;

/// What somebody was told: of a merge or a split, whether it was taken back.
type Told = BTreeMap<MergeId, bool>;

/// A generator of its own for each person: what they try does not depend on who is first.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % sides
    }
}

fn lost<T>(outcome: &Result<T, Error>) -> bool {
    use Conflict::{Absorbed, Stale};
    matches!(
        outcome,
        Err(Error::Conflict(Stale(_) | Absorbed { .. }) | Error::Invalid(_) | Error::NotFound(_))
    )
}

async fn try_to_merge(organizations: &dyn DataProduct, ids: &[RecordId], dice: &mut Dice) -> Option<MergeId> {
    let survivor = ids[dice.roll(ids.len())];
    let mut absorbed: Vec<RecordId> = (0..=dice.roll(3)).map(|_| ids[dice.roll(ids.len())]).collect();
    absorbed.sort_unstable();
    absorbed.dedup();
    absorbed.retain(|id| *id != survivor);
    let request = merge_request(organizations, survivor, &absorbed).await;
    let outcome = organizations.merge(&request).await;
    assert!(outcome.is_ok() || lost(&outcome), "{outcome:?}");
    let merge = outcome.ok()?;
    assert_eq!(organizations.merge(&request).await.expect("answered"), merge, "asked twice, made once");
    Some(merge.id)
}

async fn try_to_split(organizations: &dyn DataProduct, ids: &[RecordId], dice: &mut Dice) -> Option<MergeId> {
    let id = ids[dice.roll(ids.len())];
    let seen = family(organizations, &[id]).await;
    let organization = *seen.roots().get(&id)?;
    let members: Vec<RecordId> = seen.revisions.keys().copied().collect();
    if members.len() < 2 {
        return None;
    }
    let (left, right) = members.split_at(1 + dice.roll(members.len() - 1));
    let id = Uuid::now_v7();
    let split = Split {
        id: MergeId(id),
        organization,
        groups: vec![left.to_vec(), right.to_vec()],
        split_by: "ann".to_owned(),
        split_at: at(8),
        reason: None,
        undo: None,
    };
    let request = SplitRequest { split, expected: seen.revisions, key: key(&id.to_string(), "split") };
    let outcome = organizations.split(&request).await;
    assert!(outcome.is_ok() || lost(&outcome), "{outcome:?}");
    outcome.ok().map(|outcome| outcome.split.id)
}

async fn person(organizations: Arc<dyn DataProduct>, number: usize, ids: Arc<Vec<RecordId>>) -> (Told, Told) {
    let mut dice = Dice(number as u64 * 7919 + 1);
    let (mut merges, mut splits) = (Told::new(), Told::new());
    for _ in 0..ROUNDS {
        match dice.roll(10) {
            0..=5 => {
                merges.extend(try_to_merge(&*organizations, &ids, &mut dice).await.map(|id| (id, false)))
            }
            6 => splits.extend(try_to_split(&*organizations, &ids, &mut dice).await.map(|id| (id, false))),
            choice => {
                let undo = Undo::new(format!("person {number}"), at(9), None);
                let (told, split) = if choice == 9 { (&mut splits, true) } else { (&mut merges, false) };
                let standing: Vec<MergeId> =
                    told.iter().filter(|(_, undone)| !**undone).map(|(id, _)| *id).collect();
                if standing.is_empty() {
                    continue;
                }
                let id = standing[dice.roll(standing.len())];
                if split {
                    organizations.undo_split(id, &undo).await.expect("never blocked");
                } else {
                    organizations.undo(id, &undo).await.expect("never blocked");
                }
                told.insert(id, true);
            }
        }
    }
    (merges, splits)
}

/// No merge is lost, doubled or half; links are a forest, and what the log comes to; the audit chain is whole.
pub async fn fifty_people_leave_what_they_were_told(backend: &dyn Backend) {
    // Two handles, as two processes have them.
    let handles = [backend.organizations().await, backend.organizations().await];
    let records: Vec<Record> = (0..RECORDS).map(|n| record("north", &n.to_string())).collect();
    let ids: Arc<Vec<RecordId>> = Arc::new(records.iter().map(|record| record.id).collect());
    handles[0].upsert(records).await.expect("imported");
    let people = (0..PEOPLE).map(|number| person(Arc::clone(&handles[number % 2]), number, Arc::clone(&ids)));
    let (mut merges, mut splits) = (Told::new(), Told::new());
    for (of_merges, of_splits) in futures::future::join_all(people).await {
        merges.extend(of_merges);
        splits.extend(of_splits);
    }
    assert!(merges.len() > 5, "somebody merged: {}", merges.len());

    let organizations = &*handles[0];
    links_are_those_of_the_log(organizations, &ids).await;
    let history = organizations.history(&ids).await.expect("read");
    let by_person = |undo: &Option<Undo>| undo.as_ref().is_some_and(|undo| undo.split.is_none());
    let own = history.merges.iter().filter(|merge| merge.split.is_none());
    let there: Told = own.map(|merge| (merge.id, by_person(&merge.undo))).collect();
    assert_eq!(there, merges);
    let there: Told = history.splits.iter().map(|split| (split.id, by_person(&split.undo))).collect();
    assert_eq!(there, splits);
    let parents: BTreeMap<_, _> =
        history.family.links.iter().map(|link| (link.absorbed, link.survivor)).collect();
    assert_eq!(parents.len(), history.family.links.len(), "each is absorbed once");
    for id in ids.iter() {
        let way = std::iter::successors(Some(*id), |at| parents.get(at).copied()).take(100).count();
        assert!(way < 100, "a cycle at {id}");
    }
    let entries = organizations.audit(&AuditQuery::default(), 0, 10_000).await.expect("read");
    let mut chain = Chain::default();
    for entry in &entries {
        chain.follow(entry).expect("unbroken");
    }
    let undone = merges.values().chain(splits.values()).filter(|undone| **undone).count();
    assert_eq!(entries.len(), merges.len() + splits.len() + undone, "one entry for each thing that was done");
}
