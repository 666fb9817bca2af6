//! Cases about what the log sees: every table, whoever writes, and nothing that was taken back.

use super::Backend;
use super::fixture::{captures, end, full_record, import, keys, owners, read, record, revision, rows};
use entity::{Record, RecordId};
use std::collections::BTreeSet;
use uuid::Uuid;

/// What somebody's program does to one table, and the rows that this is a change of.
struct Write {
    table: &'static str,
    /// Columns and values of a new row, beyond id, owner, source and source id.
    insert: Vec<(&'static str, String)>,
    /// An assignment.
    update: &'static str,
    /// What the log must name beside the record itself.
    named: Vec<(&'static str, Uuid)>,
}

fn writes(backend: &dyn Backend, record: &Record) -> Vec<Write> {
    let place = record.organization.locations[0].id.0;
    let other_place = record.organization.locations[1].id.0;
    let offer = record.organization.services[0].id.0;
    let id = |id: Uuid| backend.literal(id);
    let write = |table, insert, update, named| Write { table, insert, update, named };
    let number = || ("number", "'1'".to_owned());
    vec![
        write("location", vec![], "name = 'n'", vec![("location", new_row())]),
        write("service", vec![], "name = 'n'", vec![("service", new_row())]),
        write("organization_identifier", vec![("identifier", "'1'".into())], "scheme = 'n'", vec![]),
        write("alternate_name", vec![("name", "'n'".into())], "name = 'm'", vec![]),
        write("phone", vec![number()], "number = 'n'", vec![]),
        write("phone", vec![number(), ("location_id", id(place))], "number = 'n'", vec![("location", place)]),
        write("phone", vec![number(), ("service_id", id(offer))], "number = 'n'", vec![("service", offer)]),
        write("address", vec![("location_id", id(place))], "city = 'n'", vec![("location", place)]),
        write(
            "service_at_location",
            vec![("service_id", id(offer)), ("location_id", id(other_place))],
            "position = 9",
            vec![("service", offer)],
        ),
    ]
}

fn new_row() -> Uuid {
    Uuid::from_u128(0xabc)
}

/// Inserts, updates and deletes of every table by anybody are captured with the record that owns the row, and raise
/// its revision.
pub async fn every_table_is_captured_with_its_owner(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let mut record = full_record("north", "1");
    record.organization.services.iter_mut().for_each(|service| service.location_ids.truncate(1));
    import(&*organizations, &[&record, &full_record("north", "2")]).await;
    for write in writes(backend, &record) {
        for statement in statements(backend, &write, record.id) {
            let mut position = end(&*organizations).await;
            let before = revision(&*organizations, record.id).await;
            backend.run(std::slice::from_ref(&statement)).await.expect("written");
            let rows = rows(&*organizations, &mut position).await;
            let named = write.named.iter().map(|(table, id)| ((*table).to_owned(), *id));
            let own = ("organization".to_owned(), record.id.0);
            assert_eq!(keys(&rows), named.chain([own]).collect(), "{statement}");
            assert_eq!(owners(&rows), BTreeSet::from([record.id]), "{statement}");
            assert!(revision(&*organizations, record.id).await > before, "{statement}");
        }
    }
    assert_eq!(read(&*organizations, record.id).await, Some(record), "what came has gone");
}

fn statements(backend: &dyn Backend, write: &Write, owner: RecordId) -> [String; 3] {
    let columns: String = write.insert.iter().map(|(column, _)| format!(", {column}")).collect();
    let values: String = write.insert.iter().map(|(_, value)| format!(", {value}")).collect();
    let (table, new, owner) = (write.table, backend.literal(new_row()), backend.literal(owner.0));
    [
        format!(
            "INSERT INTO {table} (id, organization_id, source, source_id{columns})
             VALUES ({new}, {owner}, 'north', 'new'{values})"
        ),
        format!("UPDATE {table} SET {} WHERE id = {new}", write.update),
        format!("DELETE FROM {table} WHERE id = {new}"),
    ]
}

/// A deleted record takes all its children along, and each that has a topic of its own is told of.
pub async fn a_delete_takes_all_children_along(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let (gone, other) = (full_record("north", "1"), full_record("north", "2"));
    import(&*organizations, &[&gone, &other]).await;
    let mut position = end(&*organizations).await;
    let delete = format!("DELETE FROM organization WHERE id = {}", backend.literal(gone.id.0));
    backend.run(&[delete]).await.expect("deleted");
    let rows = rows(&*organizations, &mut position).await;
    let deleted: Vec<_> = rows.iter().filter(|row| row.op == "D").cloned().collect();
    let places = gone.organization.locations.iter().map(|location| ("location".to_owned(), location.id.0));
    let offers = gone.organization.services.iter().map(|service| ("service".to_owned(), service.id.0));
    let own = [("organization".to_owned(), gone.id.0)];
    assert_eq!(keys(&deleted), places.chain(offers).chain(own).collect());
    assert_eq!(owners(&rows), BTreeSet::from([gone.id]));
    assert_eq!(read(&*organizations, gone.id).await, None);
    assert_eq!(read(&*organizations, other.id).await, Some(other));
    // The same key may live again within one transaction: the end counts.
    import(&*organizations, &[&gone]).await;
    assert_eq!(read(&*organizations, gone.id).await, Some(gone));
}

/// When a primary key changes, the log tells of the end of the old key and of the new one.
pub async fn a_new_key_ends_the_old_one(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let mut record = full_record("north", "1");
    import(&*organizations, &[&record]).await;
    for table in ["location", "organization"] {
        let mut position = end(&*organizations).await;
        let new = Uuid::new_v5(&new_row(), table.as_bytes());
        let old = match table {
            "location" => std::mem::replace(&mut record.organization.locations[0].id, new.into()).0,
            _ => std::mem::replace(&mut record.id, new.into()).0,
        };
        for place in record.organization.services.iter_mut().flat_map(|service| &mut service.location_ids) {
            *place = if place.0 == old { new.into() } else { *place };
        }
        let owner_before = if table == "organization" { RecordId(old) } else { record.id };
        let (old_literal, new_literal) = (backend.literal(old), backend.literal(new));
        let update = format!("UPDATE {table} SET id = {new_literal} WHERE id = {old_literal}");
        backend.run(&[update]).await.expect("changed");
        let captured = captures(&*organizations, &mut position, 1000).await.remove(0);
        let of = |id: Uuid| captured.rows.iter().filter(move |row| row.table == table && row.row_id == id);
        assert!(of(old).any(|row| row.owner_before == Some(owner_before)), "{table}: the old key");
        assert!(of(new).any(|row| row.owner_after == Some(record.id)), "{table}: the new key");
        assert_eq!(captured.family.records, [record.clone()], "{table}");
    }
}

/// What was rolled back, wholly or to a savepoint, is not captured.
pub async fn what_was_rolled_back_is_not_captured(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let (kept, dropped) = (record("north", "1"), record("north", "2"));
    import(&*organizations, &[&kept, &dropped]).await;
    let mut position = end(&*organizations).await;
    let rename = |record: &Record, name: &str| {
        format!("UPDATE organization SET name = '{name}' WHERE id = {}", backend.literal(record.id.0))
    };
    let statements = [
        rename(&kept, "kept"),
        "SAVEPOINT s".to_owned(),
        rename(&dropped, "dropped"),
        "ROLLBACK TO SAVEPOINT s".to_owned(),
    ];
    backend.run(&statements).await.expect("written");
    let failed = backend.run(&[rename(&dropped, "dropped"), "nonsense".to_owned()]).await;
    assert!(failed.is_err(), "the second statement is no SQL");
    assert_eq!(owners(&rows(&*organizations, &mut position).await), BTreeSet::from([kept.id]));
    assert_eq!(read(&*organizations, dropped.id).await, Some(dropped));
}
