//! Cases about what people state and delete, and about the lists they read.

use super::fixture::{
    at, by, captures, end, family, full_record, import, keys, merge_request, record, record_id, revision,
};
use super::{Backend, DataProduct};
use crate::error::{Conflict, Error};
use crate::organizations::{Revisions, RowTable};
use entity::{OrganizationId, Record, StewardFact};
use serde_json::json;
use std::collections::HashSet;

fn fact(record: &Record, field: &str, value: serde_json::Value, micros: i64) -> StewardFact {
    StewardFact {
        table: "organization".to_owned(),
        row_id: record.id.0,
        record_id: record.id,
        field: field.to_owned(),
        value,
        stated_by: "ann".to_owned(),
        stated_at: at(micros),
    }
}

/// Facts go in only while the revision stands that the writer saw; they are captured, raise the revision, and
/// survive a new import.
pub async fn facts_are_stated_on_what_stands(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let record = full_record("north", "1");
    import(&*organizations, &[&record]).await;
    let mut position = end(&*organizations).await;
    let seen = family(&*organizations, &[record.id]).await.revisions;
    let mut of_place = fact(&record, "name", json!(null), 3);
    (of_place.table, of_place.row_id) = ("location".to_owned(), record.organization.locations[0].id.0);
    let facts =
        [fact(&record, "name", json!("ü\"\\"), 2), of_place, fact(&record, "year", json!(1.5), 2_000_000)];
    organizations.state_facts(&facts, &seen).await.expect("stated");
    assert!(revision(&*organizations, record.id).await > seen[&record.id]);
    let stale = organizations.state_facts(&facts, &seen).await;
    assert!(matches!(stale, Err(Error::Conflict(Conflict::Stale(_)))), "{stale:?}");
    let unknown = organizations.state_facts(&facts, &Revisions::from([(record_id("north", "9"), 1)])).await;
    assert!(matches!(unknown, Err(Error::NotFound(_))), "{unknown:?}");

    let captured = captures(&*organizations, &mut position, 1000).await.remove(0);
    let named = keys(&captured.rows);
    assert!(named.contains(&("steward_organization".to_owned(), record.id.0)));
    assert!(named.contains(&("steward_location".to_owned(), facts[1].row_id)));
    assert_eq!(captured.family.facts, facts, "oldest first, each once");
    let mut told = record.clone();
    told.organization.name = Some("told anew".to_owned());
    import(&*organizations, &[&told]).await;
    assert_eq!(family(&*organizations, &[record.id]).await.facts, facts);
}

/// A golden record is deleted with all of its members, as they were seen, or not at all; its links stay.
pub async fn a_golden_record_is_deleted_with_all_of_its_members(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let (one, two, other) = (record("north", "1"), record("north", "2"), record("north", "3"));
    import(&*organizations, &[&one, &two, &other]).await;
    let request = merge_request(&*organizations, one.id, &[two.id]).await;
    organizations.merge(&request).await.expect("merged");
    let seen = family(&*organizations, &[one.id]).await.revisions;
    let absorbed = organizations.delete_members(two.id.into(), &seen, &by("ann")).await;
    assert!(matches!(absorbed, Err(Error::Conflict(Conflict::Absorbed { .. }))), "{absorbed:?}");
    let only = Revisions::from([(one.id, seen[&one.id])]);
    let with_other: Revisions = family(&*organizations, &[one.id, other.id]).await.revisions;
    let raised: Revisions = seen.iter().map(|(id, revision)| (*id, revision + 1)).collect();
    for not_these in [only, with_other, raised] {
        let stale = organizations.delete_members(one.id.into(), &not_these, &by("ann")).await;
        assert!(matches!(stale, Err(Error::Conflict(Conflict::Stale(_)))), "{stale:?}");
    }
    organizations.delete_members(one.id.into(), &seen, &by("ann")).await.expect("deleted");
    assert_eq!(listed(&*organizations).await, sorted([other.id]));
    let gone = organizations.delete_members(one.id.into(), &seen, &by("ann")).await;
    assert!(matches!(gone, Err(Error::NotFound(_))), "{gone:?}");
    import(&*organizations, &[&two]).await;
    assert_eq!(listed(&*organizations).await, sorted([one.id, other.id]), "the link still holds");
    let last = Revisions::from([(two.id, revision(&*organizations, two.id).await)]);
    organizations
        .delete_members(one.id.into(), &last, &by("ann"))
        .await
        .expect("the last member, under its golden id");
    assert_eq!(listed(&*organizations).await, sorted([other.id]));
}

/// A golden id is listed while it has a member, also when the survivor's own record is gone, and no longer.
pub async fn a_survivor_outlives_its_record(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let survivor = record("south", "s");
    let middle = record("north", "m");
    let last = record("north", "l");
    let alone = record("north", "a");
    import(&*organizations, &[&survivor, &middle, &last, &alone]).await;
    for (stays, goes) in [(&middle, &last), (&survivor, &middle)] {
        let request = merge_request(&*organizations, stays.id, &[goes.id]).await;
        organizations.merge(&request).await.expect("merged");
    }
    assert_eq!(listed(&*organizations).await, sorted([survivor.id, alone.id]));
    organizations.delete_absent("south", &HashSet::new()).await.expect("deleted");
    assert_eq!(listed(&*organizations).await, sorted([survivor.id, alone.id]), "it has members");
    let of_last = family(&*organizations, &[last.id]).await;
    assert_eq!(of_last.roots()[&last.id], survivor.id.into());
    assert_eq!(of_last.records.len(), 2);
    let kept = HashSet::from(["l".to_owned(), "a".to_owned()]);
    organizations.delete_absent("north", &kept).await.expect("deleted");
    assert_eq!(
        listed(&*organizations).await,
        sorted([survivor.id, alone.id]),
        "through a member that is gone"
    );
    organizations.delete_absent("north", &HashSet::from(["a".to_owned()])).await.expect("deleted");
    assert_eq!(listed(&*organizations).await, sorted([alone.id]), "nothing is left of it");
    import(&*organizations, &[&last]).await;
    assert_eq!(listed(&*organizations).await, sorted([survivor.id, alone.id]), "the link still holds");
}

fn sorted<const N: usize>(ids: [entity::RecordId; N]) -> Vec<OrganizationId> {
    let mut ids: Vec<OrganizationId> = ids.into_iter().map(Into::into).collect();
    ids.sort_unstable();
    ids
}

/// All golden ids, one to a page.
async fn listed(organizations: &dyn DataProduct) -> Vec<OrganizationId> {
    let whole = organizations.list(None, 100).await.expect("listed");
    let mut paged: Vec<OrganizationId> = Vec::new();
    while let [id] = organizations.list(paged.last().copied(), 1).await.expect("listed")[..] {
        paged.push(id);
    }
    assert_eq!(paged, whole);
    whole
}

/// Locations and services are listed by id with the records that own them.
pub async fn rows_are_listed_with_their_owners(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let records = [full_record("north", "1"), full_record("north", "2")];
    import(&*organizations, &[&records[0], &records[1]]).await;
    for (table, of) in [
        (RowTable::Location, ids_of(&records, |record| &record.organization.locations, |row| row.id.0)),
        (RowTable::Service, ids_of(&records, |record| &record.organization.services, |row| row.id.0)),
    ] {
        let mut paged: Vec<(uuid::Uuid, entity::RecordId)> = Vec::new();
        loop {
            let after = paged.last().map(|(id, _)| *id);
            let page = organizations.list_rows(table, after, 3).await.expect("listed");
            if page.is_empty() {
                break;
            }
            paged.extend(page);
        }
        assert_eq!(paged, of);
        let (id, owner) = of[0];
        assert_eq!(organizations.owner_of(table, id).await.expect("found"), Some(owner));
        assert_eq!(organizations.owner_of(table, owner.0).await.expect("looked up"), None);
    }
}

fn ids_of<R>(
    records: &[Record],
    list: impl Fn(&Record) -> &Vec<R>,
    id: impl Fn(&R) -> uuid::Uuid,
) -> Vec<(uuid::Uuid, entity::RecordId)> {
    let rows = records.iter().flat_map(|record| list(record).iter().map(|row| (id(row), record.id)));
    let mut rows: Vec<_> = rows.collect();
    rows.sort_unstable();
    rows
}
