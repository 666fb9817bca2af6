//! Records in, as their source tells them: ids are given, rows are upserted, children that are gone deleted.

use super::audit::commit_with;
use super::bulk::{Standing, Statement, delete_others, make_ready};
use super::known_ids::KnownIds;
use super::people::check_revisions;
use super::tables::{
    AddressRow, IdentifierRow, LocationRow, NameRow, PhoneRow, RowSet, ServiceAtLocationRow, ServiceRow,
    TableRow,
};
use super::{Db, Executor, OrganizationsStore, id_list};
use crate::audit::Deed;
use crate::error::{Doing, Result};
use crate::merging::By;
use crate::organizations::{Revisions, UpsertCounts};
use entity::{Phone, Record};
use serde_json::json;
use sqlx::Transaction;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use uuid::Uuid;

/// The lock under which ids are given: two sources may want the same one.
const IDS: i64 = 0x6964_7300;
/// Records written together: the log then tells of a record's rows side by side, and a page of it reads few
/// families twice.
const RECORDS_TOGETHER: usize = 64;

impl OrganizationsStore {
    pub(super) async fn write_records(&self, records: Vec<Record>) -> Result<UpsertCounts> {
        let mut transaction = self.pools.begin_write().await?;
        let counts = write(&mut transaction, records, &Revisions::new()).await?;
        transaction.commit().await.doing(|| "committing an import".into())?;
        Ok(counts)
    }

    /// As an import of one record, and written into the audit log. Without revisions, it is a new one.
    pub(super) async fn write_record_of_people(
        &self,
        record: Record,
        expected: &Revisions,
        by: &By,
    ) -> Result<()> {
        let id = record.id.to_string();
        let action = if expected.is_empty() { "organization.create" } else { "organization.rewrite" };
        let detail = json!({ "record": id, "name": record.organization.name });
        let mut transaction = self.pools.begin_write().await?;
        write(&mut transaction, vec![record], expected).await?;
        commit_with(transaction, &Deed::new(by, action, [id], detail)).await.map(drop)
    }

    pub(super) async fn remove_absent(&self, source: &str, present: &HashSet<String>) -> Result<u64> {
        let doing = || format!("deleting what is absent from the snapshot of {source}");
        let all: Vec<(Uuid, String)> =
            sqlx::query_as("SELECT id, source_id FROM organization WHERE source = $1")
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

async fn write(
    transaction: &mut Transaction<'static, Db>,
    records: Vec<Record>,
    expected: &Revisions,
) -> Result<UpsertCounts> {
    super::super::serialize_writers(transaction, IDS).await?;
    check_revisions(transaction, expected).await?;
    let mut records = last_of_each(records);
    let mut known = KnownIds::default();
    known.assign(&mut *transaction, &mut records).await?;
    let counts = UpsertCounts { inserted: records.len() as u64 - known.present, present: known.present };
    keep_last_tellings(&mut records);
    let places = records.iter().flat_map(|record| &record.organization.locations);
    let places: Vec<_> = places.map(|place| place.id.0).collect();
    for (source, ids) in &known.with_rows {
        // Before services are written: a place that goes takes its record's pointers along.
        let records = id_list(ids.iter().copied());
        delete_others::<LocationRow>(&mut *transaction, (source, &records), &places).await?;
    }
    let told = write_rows(&mut *transaction, records, Standing::Only(known.standing)).await?;
    for (source, ids) in known.with_rows {
        told.delete_others(&mut *transaction, &source, &id_list(ids)).await?;
    }
    known.replaced.repoint(&mut *transaction).await?;
    Ok(counts)
}

/// Of a record told twice, the last telling counts.
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

/// Of a child told twice, within a record or by two, the last telling counts.
fn keep_last_tellings(records: &mut [Record]) {
    let (mut places, mut offers, mut rest) = (HashSet::new(), HashSet::new(), HashSet::new());
    for organization in records.iter_mut().rev().map(|record| &mut record.organization) {
        let keep_phones = |phones: &mut Vec<Phone>, rest: &mut _| keep_last(phones, rest, |phone| phone.id);
        keep_last(&mut organization.services, &mut offers, |service| service.id);
        keep_last(&mut organization.locations, &mut places, |location| location.id);
        keep_last(&mut organization.identifiers, &mut rest, |identifier| identifier.id);
        for service in organization.services.iter_mut().rev() {
            keep_phones(&mut service.phones, &mut rest);
        }
        for location in organization.locations.iter_mut().rev() {
            keep_phones(&mut location.phones, &mut rest);
            keep_last(&mut location.addresses, &mut rest, |address| address.id);
        }
        keep_phones(&mut organization.phones, &mut rest);
    }
}

fn keep_last<T, K: Eq + Hash>(list: &mut Vec<T>, seen: &mut HashSet<K>, key: impl Fn(&T) -> K) {
    let kept: Vec<bool> = list.iter().rev().map(|item| seen.insert(key(item))).collect();
    let mut kept = kept.into_iter().rev();
    list.retain(|_| kept.next().unwrap_or(true));
}

/// Writes all records and gives the ids of their children. Rows are made ready on another thread while the database
/// writes those before.
async fn write_rows(db: Executor<'_>, records: Vec<Record>, standing: Standing) -> Result<ToldIds> {
    let (ready, mut next) = tokio::sync::mpsc::channel(4);
    let making = tokio::task::spawn_blocking(move || {
        let mut told = ToldIds::default();
        let mut records = records.into_iter().peekable();
        while records.peek().is_some() {
            let rows = RowSet::of(records.by_ref().take(RECORDS_TOGETHER));
            told.remember(&rows);
            // Nobody listens any more once a statement has failed.
            if ready.blocking_send(statements(rows, &standing)?).is_err() {
                break;
            }
        }
        Ok(told)
    });
    while let Some(statements) = next.recv().await {
        for statement in statements {
            statement.execute(&mut *db).await?;
        }
    }
    making.await.expect("making rows ready does not panic and is not cancelled")
}

/// The statements for these rows, children first: what has no parent yet raises no revision and logs nothing twice.
/// Foreign keys are checked at the commit.
pub(super) fn statements(rows: RowSet, standing: &Standing) -> Result<Vec<Statement>> {
    let mut statements = Vec::new();
    // These have no ids of their own in their source, and were not looked up.
    make_ready(rows.places_of_service, &Standing::Any, &mut statements)?;
    make_ready(rows.names, &Standing::Any, &mut statements)?;
    make_ready(rows.addresses, standing, &mut statements)?;
    make_ready(rows.phones, standing, &mut statements)?;
    make_ready(rows.identifiers, standing, &mut statements)?;
    make_ready(rows.services, standing, &mut statements)?;
    make_ready(rows.locations, standing, &mut statements)?;
    make_ready(rows.organizations, standing, &mut statements)?;
    Ok(statements)
}

/// The children that an import tells of, beside places.
#[derive(Default)]
struct ToldIds {
    services: Vec<Uuid>,
    identifiers: Vec<Uuid>,
    names: Vec<Uuid>,
    phones: Vec<Uuid>,
    addresses: Vec<Uuid>,
    places_of_service: Vec<Uuid>,
}

impl ToldIds {
    fn remember(&mut self, rows: &RowSet) {
        self.services.extend(rows.services.iter().map(TableRow::id));
        self.identifiers.extend(rows.identifiers.iter().map(TableRow::id));
        self.names.extend(rows.names.iter().map(TableRow::id));
        self.phones.extend(rows.phones.iter().map(TableRow::id));
        self.addresses.extend(rows.addresses.iter().map(TableRow::id));
        self.places_of_service.extend(rows.places_of_service.iter().map(TableRow::id));
    }

    /// Deletes what a source no longer tells of these records. What people added to them stays.
    async fn delete_others(&self, db: Executor<'_>, source: &str, records: &str) -> Result<()> {
        let of = (source, records);
        delete_others::<ServiceAtLocationRow>(&mut *db, of, &self.places_of_service).await?;
        delete_others::<AddressRow>(&mut *db, of, &self.addresses).await?;
        delete_others::<PhoneRow>(&mut *db, of, &self.phones).await?;
        delete_others::<NameRow>(&mut *db, of, &self.names).await?;
        delete_others::<IdentifierRow>(&mut *db, of, &self.identifiers).await?;
        delete_others::<ServiceRow>(db, of, &self.services).await
    }
}
