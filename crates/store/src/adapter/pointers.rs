//! Pointers from one record to rows of another: they follow when such a row got another id than its source gives it.

use super::{Executor, id_list};
use crate::error::{Doing, Result};
use entity::Record;
use sqlx::AssertSqlSafe;
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

/// A column that points at rows of another record, without a foreign key: those may come later, or never.
struct Pointer {
    /// The table that is pointed at.
    to: &'static str,
    from: &'static str,
    column: &'static str,
}

const POINTERS: [Pointer; 2] = [
    Pointer { to: "location", from: "service_at_location", column: "location_id" },
    Pointer { to: "organization", from: "organization", column: "parent_organization_id" },
];

/// Per table and source: ids that the source gives its rows and that they did not get, and those that they got.
#[derive(Debug, Default)]
pub(super) struct Replaced(HashMap<(&'static str, String), HashMap<Uuid, Uuid>>);

impl Replaced {
    pub(super) fn remember(&mut self, (table, source): (&'static str, &str), own: Uuid, id: Uuid) {
        if POINTERS.iter().any(|pointer| pointer.to == table) {
            self.0.entry((table, source.to_owned())).or_default().insert(own, id);
        }
    }

    /// Lets the pointers of these records follow rows that are among them, or were imported before.
    pub(super) async fn point(&mut self, db: Executor<'_>, records: &mut [Record]) -> Result<()> {
        let mut afar: BTreeMap<(&'static str, &str), HashSet<Uuid>> = BTreeMap::new();
        for record in &*records {
            for (table, id) in pointers_afar(record) {
                afar.entry((table, &record.source)).or_default().insert(id);
            }
        }
        for ((table, source), ids) in afar {
            self.look_up(&mut *db, (table, source), &ids).await?;
        }
        if !self.0.is_empty() {
            records.iter_mut().for_each(|record| self.point_record(record));
        }
        Ok(())
    }

    /// Rows of this source that the source calls by these ids, and that stand under others.
    async fn look_up(
        &mut self,
        db: Executor<'_>,
        (table, source): (&'static str, &str),
        ids: &HashSet<Uuid>,
    ) -> Result<()> {
        // As a source may write them.
        let texts = ids.iter().flat_map(|id| [id.to_string(), id.to_string().to_uppercase()]);
        let texts = serde_json::to_string(&texts.collect::<Vec<_>>()).expect("texts are JSON");
        let select = format!(
            "SELECT source_id, {table}.id FROM {} AS wanted CROSS JOIN {table}
             WHERE source = $1 AND source_id = wanted.value",
            json_rows!("$2")
        );
        let select = sqlx::query_as(AssertSqlSafe(select)).bind(source).bind(texts).fetch_all(db);
        let rows: Vec<(String, Uuid)> = select.await.doing(|| format!("looking up ids of {table}"))?;
        for (source_id, id) in rows {
            if let Some(own) = Uuid::parse_str(&source_id).ok().filter(|own| *own != id) {
                self.remember((table, source), own, id);
            }
        }
        Ok(())
    }

    fn point_record(&self, record: &mut Record) {
        if let Some(moved) = self.0.get(&("location", record.source.clone())) {
            let services = record.organization.services.iter_mut();
            for place in services.flat_map(|service| &mut service.location_ids) {
                *place = moved.get(&place.0).map_or(*place, |id| (*id).into());
            }
        }
        if let Some(moved) = self.0.get(&("organization", record.source.clone()))
            && let Some(parent) = &mut record.organization.parent_organization_id
        {
            *parent = moved.get(parent).copied().unwrap_or(*parent);
        }
    }

    /// Lets the pointers of what was imported before follow the rows of this import.
    pub(super) async fn repoint(&self, db: Executor<'_>) -> Result<()> {
        for ((table, source), moved) in &self.0 {
            for Pointer { from, column, .. } in POINTERS.iter().filter(|pointer| pointer.to == *table) {
                let doing = || format!("letting {column} of {from} follow");
                let select = format!(
                    "SELECT DISTINCT {column} FROM {from} WHERE source = $1 AND {column} IN {}",
                    ids!("$2")
                );
                let select = sqlx::query_scalar(AssertSqlSafe(select)).bind(source);
                let pointed_at: Vec<Uuid> =
                    select.bind(id_list(moved.keys().copied())).fetch_all(&mut *db).await.doing(doing)?;
                let update = format!("UPDATE {from} SET {column} = $1 WHERE source = $2 AND {column} = $3");
                for own in pointed_at {
                    let update =
                        sqlx::query(AssertSqlSafe(update.clone())).bind(moved.get(&own)).bind(source);
                    update.bind(own).execute(&mut *db).await.doing(doing)?;
                }
            }
        }
        Ok(())
    }
}

/// What a record points at beyond itself.
fn pointers_afar(record: &Record) -> Vec<(&'static str, Uuid)> {
    let own: HashSet<_> = record.organization.locations.iter().map(|location| location.id).collect();
    let places = record.organization.services.iter().flat_map(|service| &service.location_ids);
    let places = places.filter(|place| !own.contains(place)).map(|place| ("location", place.0));
    let parent = record.organization.parent_organization_id.map(|parent| ("organization", parent));
    places.chain(parent).collect()
}
