//! Which id each row gets: the one under which it stands; else its own, if that is free; else a derived one.

use super::pointers::Replaced;
use super::{Executor, id_list};
use crate::error::{Doing, Error, Result};
use entity::{Phone, Record, ServiceId};
use sqlx::AssertSqlSafe;
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

/// The ids under which rows stand, and those already given away.
#[derive(Debug, Default)]
pub(super) struct KnownIds {
    tables: HashMap<&'static str, TableIds>,
    /// Ids of rows that were there before.
    pub(super) standing: HashSet<Uuid>,
    /// How many of the records were there before.
    pub(super) present: u64,
    /// Per source, records that were there before or take over rows that were: they may have rows that are gone now.
    pub(super) with_rows: BTreeMap<String, Vec<Uuid>>,
    /// Rows that others point at and that did not get the id that their source gives them.
    pub(super) replaced: Replaced,
}

#[derive(Debug, Default)]
struct TableIds {
    /// Per source and its id of a row.
    given: HashMap<String, HashMap<String, Uuid>>,
    taken: HashSet<Uuid>,
}

impl KnownIds {
    /// Gives every row of these records its id.
    pub(super) async fn assign(&mut self, db: Executor<'_>, records: &mut [Record]) -> Result<()> {
        let mut wanted: BTreeMap<(&'static str, &str), Vec<(&str, Uuid)>> = BTreeMap::new();
        for record in &*records {
            each_row(record, &mut |table, source_id, id| {
                wanted.entry((table, &record.source)).or_default().push((source_id, id));
            });
        }
        for ((table, source), rows) in wanted {
            self.look_up(&mut *db, (table, source), &rows).await?;
        }
        for record in &mut *records {
            self.assign_record(record);
        }
        self.replaced.point(db, records).await
    }

    async fn look_up(
        &mut self,
        db: Executor<'_>,
        (table, source): (&'static str, &str),
        rows: &[(&str, Uuid)],
    ) -> Result<()> {
        let source_ids: Vec<_> = rows.iter().map(|(source_id, _)| *source_id).collect();
        if let Some(nul) = source_ids.iter().chain([&source]).find(|text| text.contains('\0')) {
            let row = format!("{table} {} {}", source.escape_debug(), nul.escape_debug());
            return Err(Error::Invalid(format!(
                "{row}: source or source_id holds a NUL character: remove it"
            )));
        }
        let doing = || format!("looking up ids of {table}");
        // The wanted first, and each looked for by an index.
        let by_source = format!(
            "SELECT source_id, {table}.id FROM {} AS wanted CROSS JOIN {table}
             WHERE source = $1 AND source_id = wanted.value",
            json_rows!("$2")
        );
        let standing: Vec<(String, Uuid)> = sqlx::query_as(AssertSqlSafe(by_source))
            .bind(source)
            .bind(serde_json::to_string(&source_ids).expect("texts are JSON"))
            .fetch_all(&mut *db)
            .await
            .doing(doing)?;
        let ids = self.tables.entry(table).or_default();
        let given = ids.given.entry(source.to_owned()).or_default();
        self.standing.extend(standing.iter().map(|(_, id)| *id));
        given.extend(standing);
        let new = rows.iter().filter(|(source_id, _)| !given.contains_key(*source_id));
        let wanted: HashSet<_> =
            new.flat_map(|(source_id, own)| [*own, entity::id::derive(source, table, source_id)]).collect();
        if !wanted.is_empty() {
            let by_id = format!(
                "SELECT {table}.id FROM {} AS wanted CROSS JOIN {table} WHERE {table}.id = {}",
                json_rows!("$1"),
                id_column!("wanted.value")
            );
            let taken = sqlx::query_scalar(AssertSqlSafe(by_id)).bind(id_list(wanted)).fetch_all(db);
            let taken: Vec<Uuid> = taken.await.doing(doing)?;
            ids.taken.extend(taken);
        }
        Ok(())
    }

    fn assign_record(&mut self, record: &mut Record) {
        let mut given = Given { known: self, source: &record.source, stood: false };
        record.id = given.id_of("organization", &record.source_id, record.id.0).into();
        let was_there = given.stood;
        let organization = &mut record.organization;
        for location in &mut organization.locations {
            location.id = given.id_of("location", &location.source_id, location.id.0).into();
            for address in &mut location.addresses {
                address.id = given.id_of("address", &address.source_id, address.id);
            }
            given.assign_phones(&mut location.phones);
        }
        for service in &mut organization.services {
            service.id = ServiceId(given.id_of("service", &service.source_id, service.id.0));
            given.assign_phones(&mut service.phones);
        }
        for identifier in &mut organization.identifiers {
            identifier.id = given.id_of("organization_identifier", &identifier.source_id, identifier.id);
        }
        given.assign_phones(&mut organization.phones);
        if given.stood {
            self.with_rows.entry(record.source.clone()).or_default().push(record.id.0);
        }
        self.present += u64::from(was_there);
    }
}

/// Gives ids to the rows of one record.
struct Given<'a> {
    known: &'a mut KnownIds,
    source: &'a str,
    /// Whether any of its rows was there before.
    stood: bool,
}

impl Given<'_> {
    fn id_of(&mut self, table: &'static str, source_id: &str, own: Uuid) -> Uuid {
        let id = self.free_or_standing(table, source_id, own);
        if id != own {
            self.known.replaced.remember((table, self.source), own, id);
        }
        id
    }

    fn free_or_standing(&mut self, table: &'static str, source_id: &str, own: Uuid) -> Uuid {
        let ids = self.known.tables.entry(table).or_default();
        if let Some(id) = ids.given.get(self.source).and_then(|given| given.get(source_id)) {
            self.stood |= self.known.standing.contains(id);
            return *id;
        }
        let derived = || entity::id::derive(self.source, table, source_id);
        // What is derived may be taken as well: by a source that gives our id as its own.
        let last = || entity::id::derive(self.source, table, &format!("{source_id}\n{own}"));
        let free = |id: &Uuid| !ids.taken.contains(id);
        let id = Some(own).filter(free).unwrap_or_else(|| Some(derived()).filter(free).unwrap_or_else(last));
        ids.taken.insert(id);
        ids.given.entry(self.source.to_owned()).or_default().insert(source_id.to_owned(), id);
        id
    }

    fn assign_phones(&mut self, phones: &mut [Phone]) {
        for phone in phones {
            phone.id = self.id_of("phone", &phone.source_id, phone.id);
        }
    }
}

/// Calls back for every row of a record that has an id of its own.
fn each_row<'a>(record: &'a Record, row: &mut impl FnMut(&'static str, &'a str, Uuid)) {
    row("organization", &record.source_id, record.id.0);
    let organization = &record.organization;
    let phones = organization.phones.iter();
    let phones = phones.chain(organization.locations.iter().flat_map(|location| &location.phones));
    for phone in phones.chain(organization.services.iter().flat_map(|service| &service.phones)) {
        row("phone", &phone.source_id, phone.id);
    }
    for location in &organization.locations {
        row("location", &location.source_id, location.id.0);
        for address in &location.addresses {
            row("address", &address.source_id, address.id);
        }
    }
    for service in &organization.services {
        row("service", &service.source_id, service.id.0);
    }
    for identifier in &organization.identifiers {
        row("organization_identifier", &identifier.source_id, identifier.id);
    }
}
