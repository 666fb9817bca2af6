//! Families out: records with their children, the links among them, and what people stated.

use super::choices::load_choices;
use super::tables::{
    self, AddressRow, IdentifierRow, LocationRow, NameRow, OrganizationRow, PhoneRow, ServiceAtLocationRow,
    ServiceRow, TableRow,
};
use super::{Db, Executor, OrganizationsStore, id_list};
use crate::error::{Doing, Error, Result};
use chrono::{DateTime, Utc};
use entity::{
    Family, Link, Location, LocationId, Organization, Record, RecordId, Service, ServiceId, StewardFact,
};
use sqlx::{AssertSqlSafe, FromRow};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

impl OrganizationsStore {
    pub(super) async fn read_family(&self, ids: &[RecordId]) -> Result<Family> {
        let mut snapshot = self.pools.begin_snapshot().await?;
        let mut family = load_family(&mut snapshot, ids.iter().copied().collect()).await?;
        family.policy = self.policy_seen_by(&mut snapshot).await?;
        snapshot.commit().await.doing(|| "ending a read".into())?;
        Ok(family)
    }
}

/// Reads whole families in the caller's snapshot, all but the policy in force.
pub(super) async fn load_family(db: Executor<'_>, mut ids: BTreeSet<RecordId>) -> Result<Family> {
    if ids.is_empty() {
        return Ok(Family::default());
    }
    let links = follow_links(&mut *db, &mut ids).await?;
    let list = id_list(ids.iter().map(|id| id.0));
    let facts = load_facts(&mut *db, &list).await?;
    let choices = if links.is_empty() { Vec::new() } else { load_choices(&mut *db, &list).await? };
    let mut family = Family { links, facts, choices, ..Family::default() };
    let mut children = Children::load(&mut *db, &list).await?;
    for revised in load_organizations(db, &list).await? {
        let record = children.assemble(revised.row)?;
        family.revisions.insert(record.id, revised.revision);
        family.changed_at.extend(revised.changed_at.map(|changed_at| (record.id, changed_at)));
        family.records.push(record);
    }
    Ok(family)
}

/// Adds every id that active links reach from these, and gives the links.
pub(super) async fn follow_links(db: Executor<'_>, ids: &mut BTreeSet<RecordId>) -> Result<Vec<Link>> {
    let mut links: HashMap<RecordId, Link> = HashMap::new();
    let mut frontier: Vec<RecordId> = ids.iter().copied().collect();
    while !frontier.is_empty() {
        let list = id_list(frontier.iter().map(|id| id.0));
        let rows: Vec<(Uuid, Uuid, Uuid)> = sqlx::query_as(concat!(
            "SELECT absorbed_id, survivor_id, merge_id FROM link WHERE ended_at IS NULL AND absorbed_id IN ",
            ids!("$1"),
            " UNION SELECT absorbed_id, survivor_id, merge_id FROM link WHERE ended_at IS NULL AND survivor_id IN ",
            ids!("$1")
        ))
        .bind(list)
        .fetch_all(&mut *db)
        .await
        .doing(|| "following links".into())?;
        frontier.clear();
        for (absorbed, survivor, merge_id) in rows {
            let link =
                Link { absorbed: absorbed.into(), survivor: survivor.into(), merge_id: merge_id.into() };
            frontier.extend([link.absorbed, link.survivor].into_iter().filter(|id| ids.insert(*id)));
            links.insert(link.absorbed, link);
        }
    }
    let mut links: Vec<_> = links.into_values().collect();
    links.sort_by_key(|link| link.absorbed);
    Ok(links)
}

#[derive(Debug, FromRow)]
struct RevisedOrganization {
    #[sqlx(flatten)]
    row: OrganizationRow,
    revision: i64,
    changed_at: Option<DateTime<Utc>>,
}

async fn load_organizations(db: Executor<'_>, list: &str) -> Result<Vec<RevisedOrganization>> {
    let columns = OrganizationRow::COLUMNS.join(", ");
    let select = format!(
        "SELECT {columns}, revision, changed_at FROM organization WHERE id IN {} ORDER BY id",
        ids!("$1")
    );
    sqlx::query_as(AssertSqlSafe(select))
        .bind(list)
        .fetch_all(db)
        .await
        .doing(|| "reading organizations".into())
}

async fn load_rows<R>(db: Executor<'_>, list: &str) -> Result<Vec<R>>
where
    R: TableRow + for<'r> FromRow<'r, <Db as sqlx::Database>::Row> + Send + Unpin,
{
    let select = format!(
        "SELECT {} FROM {} WHERE organization_id IN {} ORDER BY position, id",
        R::COLUMNS.join(", "),
        R::TABLE,
        ids!("$1")
    );
    let rows = sqlx::query_as(AssertSqlSafe(select)).bind(list).fetch_all(db).await;
    rows.doing(|| format!("reading rows of {}", R::TABLE))
}

async fn load_facts(db: Executor<'_>, list: &str) -> Result<Vec<StewardFact>> {
    type Row = (String, Uuid, Uuid, String, String, String, DateTime<Utc>);
    let rows: Vec<Row> = sqlx::query_as(concat!(
        "SELECT table_name, row_id, organization_id, field, value, stated_by, stated_at
         FROM steward_fact WHERE organization_id IN ",
        ids!("$1"),
        " ORDER BY stated_at, id"
    ))
    .bind(list)
    .fetch_all(db)
    .await
    .doing(|| "reading steward facts".into())?;
    rows.into_iter()
        .map(|(table, row_id, record_id, field, value, stated_by, stated_at)| {
            let value = serde_json::from_str(&value).map_err(|error| Error::Corrupt {
                doing: "reading a steward fact".into(),
                source: error.into(),
            })?;
            Ok(StewardFact { table, row_id, record_id: record_id.into(), field, value, stated_by, stated_at })
        })
        .collect()
}

/// The children of many records, each list waiting for its parent.
struct Children {
    names: HashMap<Uuid, Vec<NameRow>>,
    identifiers: HashMap<Uuid, Vec<IdentifierRow>>,
    locations: HashMap<Uuid, Vec<LocationRow>>,
    services: HashMap<Uuid, Vec<ServiceRow>>,
    /// By location, service, or organization: whichever the number belongs to.
    phones: HashMap<Uuid, Vec<PhoneRow>>,
    addresses: HashMap<Uuid, Vec<AddressRow>>,
    places: HashMap<Uuid, Vec<ServiceAtLocationRow>>,
}

impl Children {
    async fn load(db: Executor<'_>, list: &str) -> Result<Self> {
        let phone_parent = |row: &PhoneRow| row.location_id.or(row.service_id).unwrap_or(row.organization_id);
        Ok(Self {
            names: grouped(load_rows(&mut *db, list).await?, |row: &NameRow| row.organization_id),
            identifiers: grouped(load_rows(&mut *db, list).await?, |row: &IdentifierRow| row.organization_id),
            locations: grouped(load_rows(&mut *db, list).await?, |row: &LocationRow| row.organization_id),
            services: grouped(load_rows(&mut *db, list).await?, |row: &ServiceRow| row.organization_id),
            phones: grouped(load_rows(&mut *db, list).await?, phone_parent),
            addresses: grouped(load_rows(&mut *db, list).await?, |row: &AddressRow| row.location_id),
            places: grouped(load_rows(db, list).await?, |row: &ServiceAtLocationRow| row.service_id),
        })
    }

    fn assemble(&mut self, row: OrganizationRow) -> Result<Record> {
        let id = row.id;
        let organization = Organization {
            name: row.name,
            alternate_names: take(&mut self.names, id).map(|name| name.name).collect(),
            description: row.description,
            email: row.email,
            website: row.website,
            tax_status: row.tax_status,
            tax_id: row.tax_id,
            year_incorporated: row.year_incorporated.and_then(|year| i32::try_from(year).ok()),
            legal_status: row.legal_status,
            uri: row.uri,
            parent_organization_id: row.parent_organization_id,
            identifiers: take(&mut self.identifiers, id).map(TryInto::try_into).collect::<Result<_>>()?,
            phones: self.phones(id)?,
            locations: take(&mut self.locations, id).map(|row| self.location(row)).collect::<Result<_>>()?,
            services: take(&mut self.services, id).map(|row| self.service(row)).collect::<Result<_>>()?,
            extra: tables::extra(row.extra.as_deref())?,
        };
        let (source, source_id, created_at) = (row.source, row.source_id, row.created_at);
        Ok(Record { id: tables::owner(id), source, source_id, created_at, organization })
    }

    fn phones(&mut self, parent: Uuid) -> Result<Vec<entity::Phone>> {
        take(&mut self.phones, parent).map(TryInto::try_into).collect()
    }

    fn location(&mut self, row: LocationRow) -> Result<Location> {
        let id = row.id;
        let mut location = Location::try_from(row)?;
        location.addresses = take(&mut self.addresses, id).map(TryInto::try_into).collect::<Result<_>>()?;
        location.phones = self.phones(id)?;
        Ok(location)
    }

    fn service(&mut self, row: ServiceRow) -> Result<Service> {
        let ServiceId(id) = row.id.into();
        let mut service = Service::try_from(row)?;
        service.phones = self.phones(id)?;
        service.location_ids =
            take(&mut self.places, id).map(|place| LocationId(place.location_id)).collect();
        Ok(service)
    }
}

fn grouped<R>(rows: Vec<R>, parent: impl Fn(&R) -> Uuid) -> HashMap<Uuid, Vec<R>> {
    let mut groups: HashMap<Uuid, Vec<R>> = HashMap::new();
    for row in rows {
        groups.entry(parent(&row)).or_default().push(row);
    }
    groups
}

fn take<R>(groups: &mut HashMap<Uuid, Vec<R>>, parent: Uuid) -> std::vec::IntoIter<R> {
    groups.remove(&parent).unwrap_or_default().into_iter()
}
