//! Cases about children that change their owner.

use super::Backend;
use super::fixture::{end, full_record, import, location, owners, phone, read, record, rows};
use std::collections::BTreeSet;

/// A location moves with its own children; both owners are captured, and the old one tells no more of it.
pub async fn a_child_moves_between_records(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let (mut from, mut to) = (full_record("north", "1"), full_record("north", "2"));
    import(&*organizations, &[&from, &to]).await;
    let mut position = end(&*organizations).await;
    let moved = from.organization.locations.remove(1);
    from.organization
        .services
        .iter_mut()
        .for_each(|service| service.location_ids.retain(|id| *id != moved.id));
    to.organization.locations.push(moved.clone());
    import(&*organizations, &[&to]).await;
    assert_eq!(read(&*organizations, to.id).await.as_ref(), Some(&to));
    let left = read(&*organizations, from.id).await.expect("the record stands");
    assert_eq!(left.organization.locations, from.organization.locations);

    let rows = rows(&*organizations, &mut position).await;
    assert_eq!(owners(&rows), BTreeSet::from([from.id, to.id]));
    let of_moved: Vec<_> = rows.iter().filter(|row| row.row_id == moved.id.0).collect();
    assert!(of_moved.iter().any(|row| row.owner_before == Some(from.id)), "the old owner: {of_moved:?}");
    assert!(of_moved.iter().any(|row| row.owner_after == Some(to.id)), "the new owner: {of_moved:?}");

    import(&*organizations, &[&from, &to]).await;
    assert_eq!(read(&*organizations, from.id).await.as_ref(), Some(&from));
    assert_eq!(read(&*organizations, to.id).await.as_ref(), Some(&to));
}

/// A new record takes a location over and tells of other telephones: the old ones are gone.
pub async fn a_child_moves_to_a_new_record(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let mut from = full_record("north", "1");
    import(&*organizations, &[&from]).await;
    let mut moved = from.organization.locations.remove(0);
    moved.phones = vec![phone("north", "new line")];
    moved.addresses.remove(0);
    from.organization
        .services
        .iter_mut()
        .for_each(|service| service.location_ids.retain(|id| *id != moved.id));
    let mut to = record("north", "2");
    to.organization.locations = vec![moved];
    import(&*organizations, &[&to]).await;
    assert_eq!(read(&*organizations, to.id).await.as_ref(), Some(&to));
    import(&*organizations, &[&from]).await;
    assert_eq!(read(&*organizations, to.id).await.as_ref(), Some(&to));
    assert_eq!(read(&*organizations, from.id).await.as_ref(), Some(&from));
}

/// Of a location that two records of a batch tell of, the last telling counts, with its own children only.
pub async fn a_child_told_by_two_records_has_one_owner(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let (mut one, mut two) = (record("north", "1"), record("north", "2"));
    let shared = location("north", "shared");
    one.organization.locations = vec![shared.clone()];
    two.organization.locations = vec![shared];
    two.organization.locations[0].phones = vec![phone("north", "another line")];
    import(&*organizations, &[&one, &two]).await;
    assert_eq!(read(&*organizations, two.id).await.as_ref(), Some(&two));
    one.organization.locations.clear();
    assert_eq!(read(&*organizations, one.id).await.as_ref(), Some(&one));
}

/// When somebody's program moves a row to another record, the children of the row go along.
pub async fn a_row_moved_by_hand_takes_its_children_along(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let (mut from, mut to) = (full_record("north", "1"), record("north", "2"));
    import(&*organizations, &[&from, &to]).await;
    let mut position = end(&*organizations).await;
    let place = from.organization.locations.remove(0);
    let offer = from.organization.services.remove(0);
    let set = format!("SET organization_id = {}, position = 0", backend.literal(to.id.0));
    let statements = [
        format!("UPDATE location {set} WHERE id = {}", backend.literal(place.id.0)),
        format!("UPDATE service {set} WHERE id = {}", backend.literal(offer.id.0)),
    ];
    backend.run(&statements).await.expect("moved");
    to.organization.locations = vec![place];
    to.organization.services = vec![offer];
    assert_eq!(read(&*organizations, to.id).await.as_ref(), Some(&to));
    let left = read(&*organizations, from.id).await.expect("the record stands");
    assert_eq!(left.organization.locations, from.organization.locations);
    assert_eq!(owners(&rows(&*organizations, &mut position).await), BTreeSet::from([from.id, to.id]));
}
