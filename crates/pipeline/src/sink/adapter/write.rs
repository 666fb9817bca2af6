//! A batch into the tables: only what is newer than what was applied before.

use super::rows::Rows;
use super::tables::{self, PositionRow, VersionRow};
use super::{Connection, Id, IdList, id, id_list};
use crate::error::Result;
use crate::sink::batch::{Batch, Keyed, Keys, State};
use crate::sink::failure::failed;
use entity::OrganizationId;
use entity::event::{LocationChanged, OrganizationChanged, ServiceChanged};
use events::log::TopicPartition;
use std::collections::{BTreeMap, HashSet};

/// Writes a batch; how many keys were newer than the copy.
pub(super) async fn batch(db: &mut Connection, batch: Batch) -> Result<usize> {
    // The same order in every process: two members never wait for each other crosswise.
    let organizations = organizations(db, batch.organizations).await?;
    let locations = locations(db, batch.locations).await?;
    let services = services(db, batch.services).await?;
    Ok(organizations + locations + services)
}

async fn organizations(db: &mut Connection, keys: Keys<OrganizationChanged>) -> Result<usize> {
    let newer = newer(db, "organization", keys).await?;
    if newer.is_empty() {
        return Ok(0);
    }
    let ids = newer.ids();
    let gone = id_list(&newer.without_row());
    remove(db, concat!("DELETE FROM organization_alternate_name WHERE ", among!("organization_id")), &ids)
        .await?;
    remove(db, concat!("DELETE FROM organization_identifier WHERE ", among!("organization_id")), &ids)
        .await?;
    let phones = concat!(
        "DELETE FROM phone WHERE ",
        among!("organization_id"),
        " AND location_id IS NULL AND service_id IS NULL"
    );
    remove(db, phones, &ids).await?;
    remove(db, concat!("DELETE FROM organization_redirect WHERE ", among!("absorbed_id")), &ids).await?;
    remove(db, concat!("DELETE FROM organization WHERE ", among!("id")), &gone).await?;
    let mut rows = Rows::default();
    for redirect in &newer.redirects {
        rows.take_redirect(*redirect);
    }
    let count = newer.count();
    newer.live.into_iter().for_each(|(_, changed)| rows.take_organization(*changed));
    tables::insert(db, rows.redirects).await?;
    tables::upsert(db, rows.organizations).await?;
    tables::insert(db, rows.names).await?;
    tables::insert(db, rows.identifiers).await?;
    tables::insert(db, rows.phones).await?;
    Ok(count)
}

async fn locations(db: &mut Connection, keys: Keys<LocationChanged>) -> Result<usize> {
    let newer = newer(db, "location", keys).await?;
    if newer.is_empty() {
        return Ok(0);
    }
    let ids = newer.ids();
    let gone = id_list(&newer.without_row());
    remove(db, concat!("DELETE FROM address WHERE ", among!("location_id")), &ids).await?;
    remove(db, concat!("DELETE FROM phone WHERE ", among!("location_id")), &ids).await?;
    remove(db, concat!("DELETE FROM location WHERE ", among!("id")), &gone).await?;
    let count = newer.count();
    let mut rows = Rows::default();
    newer.live.into_iter().for_each(|(_, changed)| rows.take_location(*changed));
    tables::upsert(db, rows.locations).await?;
    tables::insert(db, rows.addresses).await?;
    tables::insert(db, rows.phones).await?;
    Ok(count)
}

async fn services(db: &mut Connection, keys: Keys<ServiceChanged>) -> Result<usize> {
    let newer = newer(db, "service", keys).await?;
    if newer.is_empty() {
        return Ok(0);
    }
    let ids = newer.ids();
    let gone = id_list(&newer.without_row());
    remove(db, concat!("DELETE FROM service_at_location WHERE ", among!("service_id")), &ids).await?;
    remove(db, concat!("DELETE FROM phone WHERE ", among!("service_id")), &ids).await?;
    remove(db, concat!("DELETE FROM service WHERE ", among!("id")), &gone).await?;
    let count = newer.count();
    let mut rows = Rows::default();
    newer.live.into_iter().for_each(|(_, changed)| rows.take_service(*changed));
    tables::upsert(db, rows.services).await?;
    tables::insert(db, rows.places_of_service).await?;
    tables::insert(db, rows.phones).await?;
    Ok(count)
}

/// The keys of a table that a batch changes.
#[derive(Debug)]
struct Newer<T> {
    live: Vec<(Id, Box<T>)>,
    redirects: Vec<Redirect>,
    gone: Vec<Id>,
}

/// An absorbed id, its survivor, and the version that says so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Redirect {
    pub(super) absorbed: Id,
    pub(super) survivor: OrganizationId,
    pub(super) version: i64,
}

impl<T> Newer<T> {
    fn is_empty(&self) -> bool {
        self.count() == 0
    }

    fn count(&self) -> usize {
        self.live.len() + self.redirects.len() + self.gone.len()
    }

    fn without_row(&self) -> Vec<Id> {
        let redirects = self.redirects.iter().map(|redirect| redirect.absorbed);
        redirects.chain(self.gone.iter().copied()).collect()
    }

    fn ids(&self) -> IdList {
        let mut ids = self.without_row();
        ids.extend(self.live.iter().map(|(id, _)| *id));
        id_list(&ids)
    }
}

/// Notes the versions of these keys and keeps the keys that are newer than the copy.
async fn newer<T>(db: &mut Connection, table_name: &'static str, keys: Keys<T>) -> Result<Newer<T>> {
    let version = |(key, keyed): (&uuid::Uuid, &Keyed<T>)| VersionRow {
        table_name,
        id: id(*key),
        version: keyed.version.0,
        op: keyed.state.op().as_str(),
    };
    let versions = keys.iter().map(version).collect();
    let winners: HashSet<Id> = tables::outdate(db, versions).await?.into_iter().collect();
    let mut newer = Newer { live: Vec::new(), redirects: Vec::new(), gone: Vec::new() };
    for (key, Keyed { version, state }) in keys {
        let key = id(key);
        if !winners.contains(&key) {
            continue;
        }
        match state {
            State::Live(changed) => newer.live.push((key, changed)),
            State::Redirect(survivor) => {
                newer.redirects.push(Redirect { absorbed: key, survivor, version: version.0 });
            }
            State::Gone => newer.gone.push(key),
        }
    }
    Ok(newer)
}

async fn remove(db: &mut Connection, statement: &'static str, ids: &IdList) -> Result<()> {
    let removed = sqlx::query(statement).bind(ids).execute(db).await;
    removed.map(drop).map_err(failed("removing rows of the copy"))
}

/// Moves positions, never back.
pub(super) async fn positions(
    db: &mut Connection,
    next_offsets: &BTreeMap<TopicPartition, i64>,
) -> Result<()> {
    let row = |(at, next_offset): (&TopicPartition, &i64)| PositionRow {
        topic: at.topic.clone(),
        partition: at.partition,
        next_offset: *next_offset,
    };
    tables::advance(db, next_offsets.iter().map(row).collect()).await
}

/// As if the copy had never read this partition.
pub(super) async fn forget_position(db: &mut Connection, at: &TopicPartition) -> Result<()> {
    let forget = sqlx::query("DELETE FROM sink_position WHERE topic = $1 AND partition = $2");
    let forgotten = forget.bind(&at.topic).bind(at.partition).execute(db).await;
    forgotten.map(drop).map_err(failed("forgetting a position of the copy"))
}

/// All positions that the copy holds.
pub(super) async fn stored_positions(db: &mut Connection) -> Result<BTreeMap<TopicPartition, i64>> {
    let select = "SELECT topic, partition, next_offset FROM sink_position";
    let stored: Vec<(String, i32, i64)> =
        sqlx::query_as(select).fetch_all(db).await.map_err(failed("reading the copy's positions"))?;
    Ok(stored
        .into_iter()
        .map(|(topic, partition, offset)| (TopicPartition { topic, partition }, offset))
        .collect())
}
