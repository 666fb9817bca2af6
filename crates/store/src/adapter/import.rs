//! Records in, as their source tells them: ids are found or given, rows are upserted, children that are gone deleted.

use super::tables::{self, RowSet, TableRow};
use super::{Executor, OrganizationsStore, id_list};
use crate::error::{Doing, Result};
use crate::organizations::UpsertCounts;
use entity::{LocationId, Phone, Record, ServiceId};
use sqlx::AssertSqlSafe;
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

impl OrganizationsStore {
    pub(super) async fn write_records(&self, records: Vec<Record>) -> Result<UpsertCounts> {
        let mut transaction = self.pools.begin_write().await?;
        let mut records = last_of_each(records);
        let mut known = KnownIds::default();
        known.assign(&mut transaction, &mut records).await?;
        let counts = UpsertCounts {
            inserted: (records.len() - known.present.len()) as u64,
            present: known.present.len() as u64,
        };
        let rows = RowSet::of(records);
        write_rows(&mut transaction, rows, &known.present).await?;
        transaction.commit().await.doing(|| "committing an import".into())?;
        Ok(counts)
    }

    pub(super) async fn remove_absent(&self, source: &str, present: &HashSet<String>) -> Result<u64> {
        let doing = || format!("deleting what is absent from the snapshot of {source}");
        let all: Vec<(Uuid, String)> = sqlx::query_as("SELECT id, source_id FROM organization WHERE source = $1")
            .bind(source)
            .fetch_all(&self.pools.read)
            .await
            .doing(doing)?;
        let absent: Vec<_> = all.into_iter().filter(|(_, source_id)| !present.contains(source_id)).collect();
        for chunk in absent.chunks(500) {
            let ids = id_list(chunk.iter().map(|(id, _)| *id));
            sqlx::query(concat!("DELETE FROM organization WHERE id IN ", ids!("$1")))
                .bind(ids)
                .execute(&self.pools.write)
                .await
                .doing(doing)?;
        }
        Ok(absent.len() as u64)
    }
}

/// One statement may write a row only once: of a record told twice, the last telling counts.
fn last_of_each(records: Vec<Record>) -> Vec<Record> {
    let mut last: HashMap<(String, String), usize> = HashMap::new();
    let mut kept: Vec<Record> = Vec::with_capacity(records.len());
    for record in records {
        match last.entry((record.source.clone(), record.source_id.clone())) {
            std::collections::hash_map::Entry::Occupied(at) => kept[*at.get()] = record,
            std::collections::hash_map::Entry::Vacant(at) => {
                at.insert(kept.len());
                kept.push(record);
            }
        }
    }
    kept
}

/// The ids under which rows stand, and those already given away.
#[derive(Debug, Default)]
struct KnownIds {
    /// Per (table, source, source id).
    standing: HashMap<(&'static str, String, String), Uuid>,
    /// Per (table, id): who has it.
    taken: HashMap<(&'static str, Uuid), (String, String)>,
    /// Records that were there before.
    present: HashSet<Uuid>,
}

const TABLES: [&str; 6] = ["organization", "location", "service", "organization_identifier", "phone", "address"];

impl KnownIds {
    /// Gives every row the id under which it stands; else its own, if it is free; else the derived one.
    async fn assign(&mut self, db: Executor<'_>, records: &mut [Record]) -> Result<()> {
        let mut wanted: BTreeMap<(&'static str, &str), Vec<(String, Uuid)>> = BTreeMap::new();
        for record in &*records {
            each_row(record, &mut |table, source_id, id| {
                wanted.entry((table, &record.source)).or_default().push((source_id.to_owned(), id));
            });
        }
        for ((table, source), rows) in wanted {
            self.look_up(&mut *db, table, source, &rows).await?;
        }
        for record in records {
            self.assign_record(record);
        }
        Ok(())
    }

    async fn look_up(
        &mut self,
        db: Executor<'_>,
        table: &'static str,
        source: &str,
        rows: &[(String, Uuid)],
    ) -> Result<()> {
        let source_ids = serde_json::to_string(&rows.iter().map(|(source_id, _)| source_id).collect::<Vec<_>>())
            .expect("texts are JSON");
        let select = "SELECT id, source, source_id FROM ";
        let by_source = format!("{select}{table} WHERE source = $1 AND source_id IN {}", texts!("$2"));
        let by_id = format!("{select}{table} WHERE id IN {}", ids!("$1"));
        let doing = || format!("looking up ids of {table}");
        let standing: Vec<(Uuid, String, String)> = sqlx::query_as(AssertSqlSafe(by_source))
            .bind(source)
            .bind(source_ids)
            .fetch_all(&mut *db)
            .await
            .doing(doing)?;
        let taken: Vec<(Uuid, String, String)> = sqlx::query_as(AssertSqlSafe(by_id))
            .bind(id_list(rows.iter().map(|(_, id)| *id)))
            .fetch_all(&mut *db)
            .await
            .doing(doing)?;
        for (id, source, source_id) in standing {
            self.taken.insert((table, id), (source.clone(), source_id.clone()));
            self.standing.insert((table, source, source_id), id);
        }
        self.taken.extend(taken.into_iter().map(|(id, source, source_id)| ((table, id), (source, source_id))));
        Ok(())
    }

    fn id_of(&mut self, table: &'static str, source: &str, source_id: &str, own: Uuid) -> Uuid {
        let who = (source.to_owned(), source_id.to_owned());
        if let Some(id) = self.standing.get(&(table, who.0.clone(), who.1.clone())) {
            return *id;
        }
        let free = self.taken.get(&(table, own)).is_none_or(|holder| *holder == who);
        let id = if free { own } else { entity::id::derive(source, table, source_id) };
        self.taken.insert((table, id), who);
        id
    }

    fn assign_record(&mut self, record: &mut Record) {
        let source = record.source.clone();
        let was_there = self
            .standing
            .contains_key(&(TABLES[0], source.clone(), record.source_id.clone()));
        record.id = self.id_of(TABLES[0], &source, &record.source_id, record.id.0).into();
        if was_there {
            self.present.insert(record.id.0);
        }
        let organization = &mut record.organization;
        let mut moved: HashMap<LocationId, LocationId> = HashMap::new();
        for location in &mut organization.locations {
            let id: LocationId = self.id_of("location", &source, &location.source_id, location.id.0).into();
            moved.insert(location.id, id);
            location.id = id;
            for address in &mut location.addresses {
                address.id = self.id_of("address", &source, &address.source_id, address.id);
            }
            self.assign_phones(&source, &mut location.phones);
        }
        for service in &mut organization.services {
            service.id = ServiceId(self.id_of("service", &source, &service.source_id, service.id.0));
            for location_id in &mut service.location_ids {
                *location_id = moved.get(location_id).copied().unwrap_or(*location_id);
            }
            self.assign_phones(&source, &mut service.phones);
        }
        for identifier in &mut organization.identifiers {
            identifier.id = self.id_of("organization_identifier", &source, &identifier.source_id, identifier.id);
        }
        self.assign_phones(&source, &mut organization.phones);
    }

    fn assign_phones(&mut self, source: &str, phones: &mut [Phone]) {
        for phone in phones {
            phone.id = self.id_of("phone", source, &phone.source_id, phone.id);
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

async fn write_rows(db: Executor<'_>, rows: RowSet, present: &HashSet<Uuid>) -> Result<()> {
    let present = (!present.is_empty()).then(|| id_list(present.iter().copied()));
    tables::upsert(&mut *db, rows.organizations).await?;
    replace(&mut *db, rows.locations, present.as_deref()).await?;
    replace(&mut *db, rows.services, present.as_deref()).await?;
    replace(&mut *db, rows.identifiers, present.as_deref()).await?;
    replace(&mut *db, rows.names, present.as_deref()).await?;
    replace(&mut *db, rows.phones, present.as_deref()).await?;
    replace(&mut *db, rows.addresses, present.as_deref()).await?;
    replace(&mut *db, rows.places_of_service, present.as_deref()).await
}

/// Upserts rows and deletes the others of those records that were there before.
async fn replace<R: TableRow>(db: Executor<'_>, rows: Vec<R>, present: Option<&str>) -> Result<()> {
    let kept = present.map(|_| id_list(rows.iter().map(TableRow::id)));
    tables::upsert(&mut *db, rows).await?;
    if let (Some(present), Some(kept)) = (present, kept) {
        let delete = format!(
            "DELETE FROM {table} WHERE organization_id IN {} AND id NOT IN {}
             AND source = (SELECT source FROM organization WHERE id = {table}.organization_id)",
            ids!("$1"),
            ids!("$2"),
            table = R::TABLE
        );
        sqlx::query(AssertSqlSafe(delete))
            .bind(present)
            .bind(kept)
            .execute(db)
            .await
            .doing(|| format!("deleting rows of {} that are gone", R::TABLE))?;
    }
    Ok(())
}
