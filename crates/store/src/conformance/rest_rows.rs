//! Cases about places and services that people add to records of whatever source.

use super::Backend;
use super::fixture::{
    by, end, full_record, import, keys, location, read, record_id, revision, rows, service,
};
use crate::error::{Conflict, Error};
use crate::organizations::{REST_SOURCE, RestRow, Revisions, RowTable};

/// What people add stays through imports of the record's source, is captured with its owner, and goes on request.
pub async fn added_rows_outlive_imports(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let record = full_record("north", "1");
    import(&*organizations, &[&record]).await;
    let mut position = end(&*organizations).await;
    let place = location(REST_SOURCE, "added");
    organizations
        .put_row(record.id, &RestRow::Location(place.clone()), &Revisions::new(), &by("ann"))
        .await
        .expect("added");
    let mut offer = service(REST_SOURCE, "added");
    offer.location_ids = vec![place.id];
    offer.location_ids.extend(record.organization.locations.first().map(|location| location.id));
    organizations
        .put_row(record.id, &RestRow::Service(offer.clone()), &Revisions::new(), &by("ann"))
        .await
        .expect("added");
    let named = keys(&rows(&*organizations, &mut position).await);
    for (table, id) in [("location", place.id.0), ("service", offer.id.0), ("organization", record.id.0)] {
        assert!(named.contains(&(table.to_owned(), id)), "{table}");
    }
    let mut expected = record.clone();
    expected.organization.locations.push(place.clone());
    expected.organization.services.push(offer.clone());
    let stands = read(&*organizations, record.id).await.expect("the record stands");
    assert_eq!(stands.organization.locations, expected.organization.locations);
    assert_eq!(stands.organization.services.last().map(|service| &service.phones), Some(&offer.phones));

    let mut told = record.clone();
    told.organization.locations.truncate(1);
    told.organization.services.clear();
    import(&*organizations, &[&told]).await;
    let stands = read(&*organizations, record.id).await.expect("the record stands");
    assert_eq!(stands.organization.locations, [told.organization.locations[0].clone(), place.clone()]);
    assert_eq!(stands.organization.services.iter().map(|service| service.id).collect::<Vec<_>>(), [offer.id]);

    let now = revision(&*organizations, record.id).await;
    let stale = Revisions::from([(record.id, now + 1)]);
    let refused = organizations.delete_row(RowTable::Location, place.id.0, &stale, &by("ann")).await;
    assert!(matches!(refused, Err(Error::Conflict(Conflict::Stale(_)))), "{refused:?}");
    let seen = Revisions::from([(record.id, now)]);
    organizations.delete_row(RowTable::Location, place.id.0, &seen, &by("ann")).await.expect("deleted");
    let stands = read(&*organizations, record.id).await.expect("the record stands");
    assert_eq!(stands.organization.locations, told.organization.locations);
    assert!(revision(&*organizations, record.id).await > now);
}

/// A row written again is as it was told last, with no child more; and only on what stands.
pub async fn an_added_row_is_written_as_a_whole(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let record = full_record("north", "1");
    import(&*organizations, &[&record]).await;
    let (mut place, mut offer) = (location(REST_SOURCE, "added"), service(REST_SOURCE, "added"));
    offer.location_ids = vec![place.id, record.organization.locations[0].id];
    for shorter in [false, true] {
        if shorter {
            place.addresses.remove(0);
            place.phones.clear();
            offer.phones.remove(1);
            offer.location_ids.remove(0);
        }
        let seen = Revisions::from([(record.id, revision(&*organizations, record.id).await)]);
        let row = RestRow::Location(place.clone());
        organizations.put_row(record.id, &row, &seen, &by("ann")).await.expect("written");
        let refused =
            organizations.put_row(record.id, &RestRow::Service(offer.clone()), &seen, &by("ann")).await;
        assert!(matches!(refused, Err(Error::Conflict(Conflict::Stale(_)))), "{refused:?}");
        let seen = Revisions::from([(record.id, revision(&*organizations, record.id).await)]);
        organizations
            .put_row(record.id, &RestRow::Service(offer.clone()), &seen, &by("ann"))
            .await
            .expect("written");
        let stands = read(&*organizations, record.id).await.expect("the record stands").organization;
        assert_eq!((stands.locations.last(), stands.services.last()), (Some(&place), Some(&offer)));
        let imported = &record.organization;
        assert_eq!(stands.locations[..imported.locations.len()], imported.locations);
        assert_eq!(stands.services[..imported.services.len()], imported.services);
    }
}

/// People's own record is written anew only while what they saw stands.
pub async fn a_record_is_rewritten_on_what_stands(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let mut record = full_record(REST_SOURCE, "1");
    import(&*organizations, &[&record]).await;
    let seen = Revisions::from([(record.id, revision(&*organizations, record.id).await)]);
    record.organization.name = Some("First".to_owned());
    record.organization.services.clear();
    organizations.rewrite(record.clone(), &seen, &by("ann")).await.expect("written");
    let mut late = record.clone();
    late.organization.name = Some("Second".to_owned());
    let refused = organizations.rewrite(late, &seen, &by("ann")).await;
    assert!(matches!(refused, Err(Error::Conflict(Conflict::Stale(_)))), "{refused:?}");
    assert_eq!(read(&*organizations, record.id).await, Some(record));
}

/// A source's rows are written by their source only, and nothing is added to a record that is not there.
pub async fn rows_of_a_source_are_left_alone(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let record = full_record("north", "1");
    import(&*organizations, &[&record]).await;
    let imported = record.organization.locations[0].clone();
    let refused =
        organizations.delete_row(RowTable::Location, imported.id.0, &Revisions::new(), &by("ann")).await;
    assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
    let mut spoilt = imported;
    spoilt.name = Some("spoilt".to_owned());
    let refused =
        organizations.put_row(record.id, &RestRow::Location(spoilt), &Revisions::new(), &by("ann")).await;
    assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
    let added = RestRow::Location(location(REST_SOURCE, "added"));
    let refused = organizations.put_row(record_id("north", "9"), &added, &Revisions::new(), &by("ann")).await;
    assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
    assert_eq!(read(&*organizations, record.id).await, Some(record));
}
