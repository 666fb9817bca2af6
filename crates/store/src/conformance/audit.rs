//! Cases about the audit log: everything that people write is in it, nothing else, and no change goes unseen.

use super::fixture::{at, by, family, import, location, merge_request, record, revision};
use super::{Backend, DataProduct};
use crate::audit::{AuditEntry, AuditQuery, Broken, Chain, Deed};
use crate::organizations::{RestRow, Revisions, RowTable};
use entity::{StewardFact, Undo};
use serde_json::json;
use std::sync::Arc;

async fn whole(organizations: &dyn DataProduct) -> Vec<AuditEntry> {
    organizations.audit(&AuditQuery::default(), 0, 10_000).await.expect("read")
}

fn broken(entries: &[AuditEntry]) -> Option<Broken> {
    let mut chain = Chain::default();
    entries.iter().find_map(|entry| chain.follow(entry).err())
}

/// Every write of people is told of once, in the transaction of the write; imports are not told of.
pub async fn what_people_write_is_written_down(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let (one, two) = (record("north", "1"), record("north", "2"));
    import(&*organizations, &[&one, &two]).await;
    assert!(whole(&*organizations).await.is_empty(), "an import is no write of people");
    let fact = StewardFact {
        table: "organization".to_owned(),
        row_id: one.id.0,
        record_id: one.id,
        field: "name".to_owned(),
        value: json!("ü"),
        stated_by: "ann".to_owned(),
        stated_at: at(5),
    };
    organizations.state_facts(&[fact], &Revisions::new()).await.expect("stated");
    let place = location("rest", "added");
    let row = RestRow::Location(place.clone());
    organizations.put_row(two.id, &row, &Revisions::new(), &by("ann")).await.expect("added");
    organizations
        .delete_row(RowTable::Location, place.id.0, &Revisions::new(), &by("ben"))
        .await
        .expect("gone");
    organizations.rewrite(record("rest", "3"), &Revisions::new(), &by("cid")).await.expect("created");
    let request = merge_request(&*organizations, one.id, &[two.id]).await;
    organizations.merge(&request).await.expect("merged");
    organizations.merge(&request).await.expect("answered");
    let of_two = Revisions::from([(two.id, revision(&*organizations, two.id).await)]);
    organizations.delete_members(two.id.into(), &of_two, &by("dan")).await.expect_err("it is merged");
    organizations.undo(request.id, &Undo::new("ben", at(9), None)).await.expect("undone");
    organizations.undo(request.id, &Undo::new("eve", at(9), None)).await.expect("harmless");
    organizations.delete_members(two.id.into(), &of_two, &by("ann")).await.expect("deleted");
    let entries = whole(&*organizations).await;
    let told: Vec<(&str, &str)> =
        entries.iter().map(|entry| (entry.actor.as_str(), entry.action.as_str())).collect();
    let expected = [
        ("ann", "fact"),
        ("ann", "location.put"),
        ("ben", "location.delete"),
        ("cid", "organization.create"),
        ("ann", "merge"),
        ("ben", "merge.undo"),
        ("ann", "organization.delete"),
    ];
    assert_eq!(told, expected);
    assert_eq!(broken(&entries), None);

    let of = |query: AuditQuery| {
        let organizations = Arc::clone(&organizations);
        async move {
            let entries = organizations.audit(&query, 0, 100).await.expect("read");
            entries.iter().map(|entry| entry.seq).collect::<Vec<_>>()
        }
    };
    let subject =
        |id: &dyn std::fmt::Display| AuditQuery { subject: Some(id.to_string()), ..AuditQuery::default() };
    assert_eq!(of(subject(&two.id)).await, [2, 3, 5, 6, 7]);
    assert_eq!(of(subject(&request.id)).await, [5, 6]);
    assert_eq!(of(AuditQuery { actor: Some("ben".to_owned()), ..AuditQuery::default() }).await, [3, 6]);
    assert_eq!(of(AuditQuery { actor: Some("ben".to_owned()), ..subject(&request.id) }).await, [6]);
    assert_eq!(
        of(AuditQuery { from: Some(at(8)), to: Some(at(9)), ..AuditQuery::default() }).await,
        [2, 3, 4, 7]
    );
    let page = organizations.audit(&AuditQuery::default(), 3, 2).await.expect("read");
    assert_eq!(page, entries[3..5]);
    let deed = Deed {
        at: at(10),
        actor: "adm".to_owned(),
        action: "token.create".to_owned(),
        subjects: vec!["t".to_owned()],
        detail: json!({"role": "viewer"}),
    };
    let entry = organizations.record_deed(&deed).await.expect("written");
    assert_eq!((entry.seq, &entry.previous), (8, &entries[6].hash));
    assert_eq!(of(subject(&"t")).await, [8]);
}

/// Whatever somebody changes by SQL, the first entry that is not as it was written is named.
pub async fn a_tampered_entry_is_found(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    for number in 0..6 {
        let deed = Deed {
            at: at(number),
            actor: "ann".to_owned(),
            action: "merge".to_owned(),
            subjects: vec![number.to_string()],
            detail: json!({}),
        };
        organizations.record_deed(&deed).await.expect("written");
    }
    assert_eq!(broken(&whole(&*organizations).await), None);
    for (statement, found) in [
        ("UPDATE audit SET detail = '{\"more\":1}' WHERE seq = 5", 5),
        ("UPDATE audit SET actor = 'ben' WHERE seq = 4", 4),
        ("UPDATE audit SET hash = (SELECT hash FROM audit WHERE seq = 2) WHERE seq = 3", 3),
        ("DELETE FROM audit WHERE seq = 2", 2),
        ("UPDATE audit SET subjects = '[]' WHERE seq = 1", 1),
    ] {
        backend.run(&[statement.to_owned()]).await.expect("tampered");
        let broken = broken(&whole(&*organizations).await).expect("it is found");
        assert_eq!(broken.seq, found, "{statement}: {}", broken.why);
    }
}

/// Many writers at once, and the chain does not fork.
pub async fn concurrent_writers_do_not_fork_the_chain(backend: &dyn Backend) {
    let handles = [backend.organizations().await, backend.organizations().await];
    let records: Vec<_> = (0..20).map(|n| record("north", &n.to_string())).collect();
    handles[0].upsert(records.clone()).await.expect("imported");
    let writers = records.iter().enumerate().map(|(number, record)| {
        let organizations = Arc::clone(&handles[number % 2]);
        async move {
            let seen = family(&*organizations, &[record.id]).await.revisions;
            let fact = StewardFact {
                table: "organization".to_owned(),
                row_id: record.id.0,
                record_id: record.id,
                field: "name".to_owned(),
                value: json!(number),
                stated_by: format!("person {number}"),
                stated_at: at(3),
            };
            organizations.state_facts(&[fact], &seen).await.expect("stated");
        }
    });
    futures::future::join_all(writers).await;
    let entries = whole(&*handles[0]).await;
    assert_eq!(entries.len(), 20);
    assert_eq!(broken(&entries), None);
}
