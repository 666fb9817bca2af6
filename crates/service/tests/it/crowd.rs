//! Fifty reviewers at once on the same few organizations, merging, splitting and undoing; then everything is checked
//! against a model: no lost, doubled or half merge, links form a forest, golden records are what the log comes to.

use crate::support::Server;
use entity::{Family, MergeId, OrganizationId, RecordId};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::link_log::{Act, replay};

const REVIEWERS: usize = 50;
const ROUNDS: usize = 6;
const ORGANIZATIONS: usize = 14;

/// A generator of its own for each reviewer: what they try does not depend on who is first.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// What a reviewer was told to have been done.
#[derive(Debug)]
enum Done {
    Merged(MergeId),
    Undone(MergeId),
    Split(MergeId),
    SplitUndone(MergeId),
}

fn id_in(body: &Value) -> MergeId {
    serde_json::from_value(body["id"].clone()).unwrap()
}

async fn review(server: Arc<Server>, number: usize, ids: Arc<Vec<String>>) -> Vec<Done> {
    let mut dice = Dice(u64::try_from(number).unwrap() * 7919 + 1);
    let mut done = Vec::new();
    let mut own: Vec<(bool, MergeId)> = Vec::new();
    for round in 0..ROUNDS {
        let key = format!("{number}-{round}");
        match dice.roll(10) {
            0..=5 => {
                let survivor = &ids[dice.roll(ids.len())];
                let others: BTreeSet<&String> =
                    (0..=dice.roll(3)).map(|_| &ids[dice.roll(ids.len())]).collect();
                let body = json!({"survivor": survivor, "organizations": others.into_iter().filter(|id| *id != survivor).collect::<Vec<_>>()});
                let answer = server.merge(&key, &body).await;
                match answer.status.as_u16() {
                    201 => {
                        // Whoever got no answer asks again, and it is the same merge.
                        let again = server.merge_unseen(&key, &body).await.expect(201);
                        assert_eq!(again.body["id"], answer.body["id"]);
                        done.push(Done::Merged(id_in(&answer.body)));
                        own.push((false, id_in(&answer.body)));
                    }
                    409 | 422 | 428 => {}
                    other => panic!("{other}: {}", answer.text),
                }
            }
            6 => {
                let path = format!("/v1/organizations/{}", ids[dice.roll(ids.len())]);
                let golden = server.get(&path).await;
                let members: Vec<Value> = golden.body["members"].as_array().cloned().unwrap_or_default();
                if golden.status != 200 || members.len() < 2 {
                    continue;
                }
                let at = 1 + dice.roll(members.len() - 1);
                let body =
                    json!({"organization": golden.body["id"], "partition": [members[..at], members[at..]]});
                let request = server.request("POST", "/v1/splits").header("idempotency-key", &key);
                let request = request.header("if-match", golden.etag()).json(&body);
                let answer = crate::support::send(request).await;
                match answer.status.as_u16() {
                    201 => {
                        done.push(Done::Split(id_in(&answer.body)));
                        own.push((true, id_in(&answer.body)));
                    }
                    404 | 409 | 412 | 422 => {}
                    other => panic!("{other}: {}", answer.text),
                }
            }
            _ if own.is_empty() => {}
            _ => {
                let (split, id) = own.swap_remove(dice.roll(own.len()));
                let kind = if split { "splits" } else { "merges" };
                server.post(&format!("/v1/{kind}/{id}/undo"), &json!({})).await.expect(200);
                done.push(if split { Done::SplitUndone(id) } else { Done::Undone(id) });
            }
        }
    }
    done
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_reviewers_on_overlapping_clusters() {
    let server = Arc::new(Server::start().await);
    fifty(&server).await;
}

async fn fifty(server: &Arc<Server>) {
    let mut ids = Vec::new();
    for number in 0..ORGANIZATIONS {
        ids.push(server.import_named(&number.to_string(), &format!("Clinic {number}")).await.to_string());
    }
    let ids = Arc::new(ids);
    let reviewers =
        (0..REVIEWERS).map(|number| tokio::spawn(review(Arc::clone(server), number, Arc::clone(&ids))));
    let mut done = Vec::new();
    for reviewer in futures::future::join_all(reviewers).await {
        done.extend(reviewer.unwrap());
    }
    let merged = done.iter().filter(|done| matches!(done, Done::Merged(_))).count();
    assert!(merged > 0, "somebody merged: {merged}");
    check(server, &ids, &done).await;
}

/// Everything that was told to have been done is there, once, and what stands is what the log comes to.
async fn check(server: &Server, ids: &[String], done: &[Done]) {
    let store = &server.ports.organizations;
    let records: Vec<RecordId> = ids.iter().map(|id| id.parse().unwrap()).collect();
    let history = store.history(&records).await.unwrap();
    let by_person = |merge: &entity::Merge| merge.undo.as_ref().is_some_and(|undo| undo.split.is_none());

    let own: BTreeMap<MergeId, bool> = history
        .merges
        .iter()
        .filter(|merge| merge.split.is_none())
        .map(|merge| (merge.id, by_person(merge)))
        .collect();
    let mut told: BTreeMap<MergeId, bool> = BTreeMap::new();
    let mut splits: BTreeMap<MergeId, bool> = BTreeMap::new();
    for done in done {
        match done {
            Done::Merged(id) => assert!(told.insert(*id, false).is_none(), "{id} is told twice"),
            Done::Undone(id) => drop(told.insert(*id, true)),
            Done::Split(id) => drop(splits.insert(*id, false)),
            Done::SplitUndone(id) => drop(splits.insert(*id, true)),
        }
    }
    assert_eq!(own, told, "no merge is lost, and none is there that nobody was told of");
    let there: BTreeMap<_, _> = history.splits.iter().map(|split| (split.id, split.undo.is_some())).collect();
    assert_eq!(there, splits);

    // Links: those of the replayed log, whole, and a forest.
    let replayed = replay(&history.steps_without(&BTreeSet::new()), &history.withdrawn());
    let mut links = history.family.links.clone();
    links.sort_by_key(|link| link.absorbed);
    assert_eq!(links, replayed.links);
    let parents: BTreeMap<RecordId, RecordId> =
        links.iter().map(|link| (link.absorbed, link.survivor)).collect();
    assert_eq!(parents.len(), links.len(), "each id is absorbed once");
    let root = |id: &RecordId| {
        let way: Vec<_> = std::iter::successors(Some(*id), |at| parents.get(at).copied()).take(100).collect();
        assert!(way.len() < 100, "a cycle at {id}");
        *way.last().unwrap()
    };
    // A simple model of its own: sets of ids, joined and parted in the order of the log.
    let mut sets: Vec<BTreeSet<RecordId>> = records.iter().map(|id| BTreeSet::from([*id])).collect();
    if history.splits.is_empty() {
        for step in history.steps_without(&BTreeSet::new()) {
            let Act::Join(join) = step.act else { continue };
            let (joined, rest): (Vec<_>, Vec<_>) = sets.into_iter().partition(|set| {
                set.contains(&join.survivor) || join.absorbed.iter().any(|id| set.contains(id))
            });
            sets = rest;
            sets.push(joined.into_iter().flatten().collect());
        }
        for set in &sets {
            assert_eq!(set.iter().map(root).collect::<BTreeSet<_>>().len(), 1, "{set:?}");
        }
    }
    // Golden records: what REST shows is the projection of rows and log, nothing else.
    let family = Family { links: replayed.links, ..history.family.clone() };
    let projected = golden::project(&family).golden;
    let mut listed = BTreeSet::new();
    for golden in server.get("/v1/organizations?limit=200").await.body["organizations"].as_array().unwrap() {
        let id: OrganizationId = serde_json::from_value(golden["id"].clone()).unwrap();
        let members: Vec<RecordId> = serde_json::from_value(golden["members"].clone()).unwrap();
        assert_eq!(members, projected[&id].members);
        assert_eq!(golden["name"], json!(projected[&id].organization.name));
        listed.insert(id);
    }
    assert_eq!(listed, projected.keys().copied().collect());
    // The audit log: one entry for each thing that was done, in an unbroken chain.
    let entries = store.audit(&store::AuditQuery::default(), 0, 100_000).await.unwrap();
    let mut chain = store::audit::Chain::default();
    for entry in &entries {
        chain.follow(entry).unwrap();
    }
    assert_eq!(entries.len(), done.len());
}
