//! Cases about records in and out.

use super::fixture::{
    at, captures, end, family, full_record, import, phone, read, record, record_id, revision, rows,
};
use super::{Backend, DataProduct};
use crate::error::Error;
use crate::organizations::UpsertCounts;
use entity::{LocationId, Record};
use std::collections::HashSet;
use uuid::Uuid;

/// Every field, every list in its order, and what is beyond the model come back.
pub async fn reads_back_what_was_imported(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let (full, bare) = (full_record("north", "1"), record("north", "2"));
    let counts = organizations.upsert(vec![full.clone(), bare.clone()]).await.expect("imported");
    assert_eq!(counts, UpsertCounts { inserted: 2, present: 0 });
    assert_eq!(read(&*organizations, full.id).await.as_ref(), Some(&full));
    assert_eq!(read(&*organizations, bare.id).await.as_ref(), Some(&bare));
    assert_eq!(organizations.record_count().await.expect("counted"), 2);
    let unknown = family(&*organizations, &[record_id("north", "3")]).await;
    assert!(unknown.records.is_empty() && unknown.links.is_empty(), "an unknown id adds nothing");
}

/// A second import of equal records writes nothing: no revision moves, no log row appears.
pub async fn an_equal_record_changes_nothing(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let records = [full_record("north", "1"), full_record("north", "2")];
    import(&*organizations, &[&records[0], &records[1]]).await;
    let mut position = end(&*organizations).await;
    let before = revision(&*organizations, records[0].id).await;
    let counts = organizations.upsert(records.to_vec()).await.expect("imported");
    assert_eq!(counts, UpsertCounts { inserted: 0, present: 2 });
    assert_eq!(rows(&*organizations, &mut position).await, []);
    assert_eq!(revision(&*organizations, records[0].id).await, before);
}

/// An update changes the fields and the revision, and keeps the id and the time of the first arrival.
pub async fn an_update_keeps_the_first_arrival(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let first = full_record("north", "1");
    import(&*organizations, &[&first]).await;
    let before = revision(&*organizations, first.id).await;
    let mut told = first.clone();
    told.id = Uuid::from_u128(77).into();
    told.created_at = at(999);
    told.organization.name = Some("Another name".to_owned());
    told.organization.email = None;
    told.organization.locations[1].latitude = None;
    told.organization.services.reverse();
    told.organization.extra.0.clear();
    import(&*organizations, &[&told]).await;
    let expected = Record { id: first.id, created_at: first.created_at, ..told };
    assert_eq!(read(&*organizations, first.id).await, Some(expected));
    assert!(revision(&*organizations, first.id).await > before, "the revision grows");
    assert_eq!(read(&*organizations, Uuid::from_u128(77).into()).await, None);
}

/// What the source no longer tells of is deleted, and its siblings stay.
pub async fn a_child_that_is_gone_is_deleted(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let (mut one, other) = (full_record("north", "1"), full_record("north", "2"));
    import(&*organizations, &[&one, &other]).await;
    let mut position = end(&*organizations).await;
    let gone = one.organization.locations.remove(0);
    one.organization.alternate_names.remove(1);
    one.organization.identifiers.clear();
    one.organization.phones.remove(0);
    one.organization.locations[0].addresses.remove(0);
    one.organization.services[0].phones.clear();
    for service in &mut one.organization.services {
        service.location_ids.retain(|place| *place != gone.id);
    }
    import(&*organizations, &[&one]).await;
    assert_eq!(read(&*organizations, one.id).await.as_ref(), Some(&one));
    assert_eq!(read(&*organizations, other.id).await.as_ref(), Some(&other));
    let rows = rows(&*organizations, &mut position).await;
    let deleted: Vec<_> = rows.iter().filter(|row| row.op == "D").collect();
    assert_eq!(deleted.len(), 1, "one location: {deleted:?}");
    assert_eq!((deleted[0].row_id, deleted[0].owner_before), (gone.id.0, Some(one.id)));
}

/// The HSDS UUID of a source is its row's id only while no other source has it; else the derived one is.
pub async fn a_taken_id_is_replaced_by_a_derived_one(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let mut first = full_record("north", "1");
    first.id = Uuid::from_u128(5).into();
    // Another source may also claim what would be derived for a third.
    let mut squatter = record("west", "9");
    squatter.id = record_id("south", "1");
    import(&*organizations, &[&first, &squatter]).await;
    let mut second = full_record("south", "1");
    second.id = first.id;
    for (ours, theirs) in second.organization.locations.iter_mut().zip(&first.organization.locations) {
        ours.id = theirs.id;
    }
    second.organization.services.iter_mut().for_each(|service| service.location_ids.clear());
    second.organization.services[0].location_ids = vec![first.organization.locations[1].id];
    for _ in 0..2 {
        import(&*organizations, &[&second]).await;
    }
    assert_eq!(read(&*organizations, first.id).await.as_ref(), Some(&first), "the first is untouched");
    assert_eq!(
        read(&*organizations, squatter.id).await.as_ref(),
        Some(&squatter),
        "the squatter is untouched"
    );
    let all = organizations.list(None, 10).await.expect("listed");
    assert_eq!(all.len(), 3);
    let third = all.into_iter().find(|id| id.0 != first.id.0 && id.0 != squatter.id.0).expect("a third id");
    let stands = read(&*organizations, third.into()).await.expect("the record stands");
    assert_eq!((stands.source.as_str(), stands.source_id.as_str()), ("south", "1"));
    let location = &stands.organization.locations[1];
    assert_eq!(location.id.0, entity::id::derive("south", "location", &location.source_id));
    assert_eq!(stands.organization.services[0].location_ids, [location.id], "the place follows its new id");
}

/// An organization names its parent by the source's id; where that was not free, by the id that the parent got,
/// whichever of the two comes first.
pub async fn a_parent_is_named_by_the_id_it_got(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let squatter = record("west", "9");
    let (mut parent, mut early, mut late) = (record("north", ""), record("north", "2"), record("north", "3"));
    parent.id = squatter.id;
    // As some databases write UUIDs.
    parent.source_id = squatter.id.to_string().to_uppercase();
    let mut stranger = record("south", "4");
    for child in [&mut early, &mut late, &mut stranger] {
        child.organization.parent_organization_id = Some(squatter.id.0);
    }
    import(&*organizations, &[&squatter]).await;
    import(&*organizations, &[&early, &stranger]).await;
    let got = entity::id::derive("north", "organization", &parent.source_id);
    for together in [vec![&parent], vec![&late], vec![&early, &late], vec![&late, &parent]] {
        import(&*organizations, &together).await;
    }
    let mut position = end(&*organizations).await;
    import(&*organizations, &[&parent, &early, &late]).await;
    assert_eq!(rows(&*organizations, &mut position).await, [], "told again, nothing changes");
    for (child, expected) in [(&early, got), (&late, got), (&stranger, squatter.id.0)] {
        let stands = read(&*organizations, child.id).await.expect("the child stands");
        assert_eq!(stands.organization.parent_organization_id, Some(expected), "{}", child.source_id);
    }
}

/// A service may be offered at a place of another organization: before that comes, after it is gone, and under the
/// id that it got.
pub async fn a_place_of_another_is_pointed_at(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let squatter = full_record("west", "9");
    import(&*organizations, &[&squatter]).await;
    let (mut offering, mut host) = (full_record("north", "1"), full_record("north", "2"));
    let free = host.organization.locations[1].id;
    // The source's own id of this one is taken.
    let taken = squatter.organization.locations[0].id;
    host.organization.locations[0].id = taken;
    host.organization.locations[0].source_id = taken.to_string();
    host.organization.services.clear();
    let nowhere = LocationId(Uuid::from_u128(8));
    offering.organization.services[0].location_ids = vec![free, taken, nowhere];
    let mut expected = offering.clone();
    import(&*organizations, &[&offering]).await;
    assert_eq!(
        read(&*organizations, offering.id).await.as_ref(),
        Some(&expected),
        "before the place is there"
    );
    import(&*organizations, &[&host]).await;
    let place = entity::id::derive("north", "location", &taken.to_string()).into();
    expected.organization.services[0].location_ids = vec![free, place, nowhere];
    assert_eq!(read(&*organizations, offering.id).await.as_ref(), Some(&expected), "it follows the new id");
    for together in [vec![&offering], vec![&offering, &host]] {
        import(&*organizations, &together).await;
        assert_eq!(read(&*organizations, offering.id).await.as_ref(), Some(&expected));
    }
    let standing = read(&*organizations, squatter.id).await;
    assert_eq!(standing.as_ref(), Some(&squatter), "another source's pointers stay");
    let delete = format!("DELETE FROM organization WHERE id = {}", backend.literal(host.id.0));
    backend.run(&[delete]).await.expect("deleted");
    assert_eq!(
        read(&*organizations, offering.id).await.as_ref(),
        Some(&expected),
        "the source still tells it"
    );
}

/// A place that goes takes the pointers of its own record along, whoever deletes it; a source that goes on telling of
/// one is believed.
pub async fn a_place_that_goes_is_offered_at_no_more(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let mut record = full_record("north", "1");
    import(&*organizations, &[&record]).await;
    let gone = record.organization.locations.remove(0);
    let delete = format!("DELETE FROM location WHERE id = {}", backend.literal(gone.id.0));
    backend.run(&[delete]).await.expect("deleted");
    let mut expected = record.clone();
    let services = expected.organization.services.iter_mut();
    services.for_each(|service| service.location_ids.retain(|place| *place != gone.id));
    assert_eq!(read(&*organizations, record.id).await, Some(expected));
    let last = record.organization.locations.remove(0);
    assert!(record.organization.services.iter().any(|service| service.location_ids.contains(&last.id)));
    for _ in 0..2 {
        import(&*organizations, &[&record]).await;
        assert_eq!(read(&*organizations, record.id).await.as_ref(), Some(&record), "as the source tells it");
    }
}

/// Of a record, or a child, told twice in one batch the last telling counts.
pub async fn a_record_told_twice_counts_once(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let mut told = [full_record("north", "1"), full_record("north", "1")];
    told[0].organization.phones.push(phone("north", "extra"));
    told[1].organization.name = Some("The last".to_owned());
    // The same row of the source under two ids is one row.
    let mut twin = told[1].organization.locations[0].clone();
    twin.id = Uuid::from_u128(6).into();
    twin.addresses.clear();
    twin.phones.clear();
    told[1].organization.locations.push(twin);
    let counts = organizations.upsert(told.to_vec()).await.expect("imported");
    assert_eq!(counts, UpsertCounts { inserted: 1, present: 0 });
    let stands = read(&*organizations, told[1].id).await.expect("the record stands");
    assert_eq!(stands.organization.name.as_deref(), Some("The last"));
    assert_eq!(stands.organization.phones, told[1].organization.phones);
    assert_eq!(stands.organization.locations.len(), 2);
}

/// An import of a whole snapshot deletes the records that are absent, of this source only.
pub async fn a_snapshot_deletes_what_is_absent(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let (kept, gone, other) =
        (full_record("north", "1"), full_record("north", "2"), full_record("south", "2"));
    import(&*organizations, &[&kept, &gone, &other]).await;
    let mut position = end(&*organizations).await;
    let present = HashSet::from(["1".to_owned(), "4".to_owned()]);
    assert_eq!(organizations.delete_absent("north", &present).await.expect("deleted"), 1);
    assert_eq!(organizations.delete_absent("north", &present).await.expect("deleted"), 0);
    let left = family(&*organizations, &[kept.id, gone.id, other.id]).await.records;
    assert_eq!(left.len(), 2);
    assert!(left.contains(&kept) && left.contains(&other));
    let captured = captures(&*organizations, &mut position, 1000).await.remove(0);
    let of_record = |row: &&crate::ChangeRow| row.table == "organization";
    let ends: Vec<_> =
        captured.rows.iter().filter(of_record).map(|row| (row.op.as_str(), row.row_id)).collect();
    assert_eq!(ends, [("D", gone.id.0)]);
    assert!(captured.family.records.is_empty(), "nothing is left of it");
}

/// A NUL in any text is refused with the place where it stands, and nothing is written.
pub async fn a_nul_is_refused(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    refuses(&*organizations, "organization north 1: name", |record| {
        record.organization.name = Some("a\0b".to_owned());
    })
    .await;
    refuses(&*organizations, "address north 1-z-a: city", |record| {
        record.organization.locations[0].addresses[1].city = Some("\0".to_owned());
    })
    .await;
    refuses(&*organizations, "source_id", |record| record.source_id = "1\0".to_owned()).await;
    assert_eq!(organizations.record_count().await.expect("counted"), 0);
}

async fn refuses(organizations: &dyn DataProduct, place: &str, spoil: impl FnOnce(&mut Record)) {
    let (mut bad, good) = (full_record("north", "1"), record("north", "2"));
    spoil(&mut bad);
    match organizations.upsert(vec![good, bad]).await {
        Err(Error::Invalid(text)) => assert!(text.contains(place), "{text} names {place}"),
        other => panic!("a NUL in {place} gave {other:?}"),
    }
}
