//! Adding, editing and deleting a location or service.

use super::{HeldRow, OwnedRow, Row, read};
use crate::hsds::RowIds;
use crate::organizations::Room;
use crate::organizations::conditional::require_match;
use crate::organizations::edit::{Subject, facts};
use crate::organizations::held::look_up_to_write;
use crate::organizations::patch::{self, Object};
use crate::organizations::remove::owned_by_source;
use crate::problem::{Problem, Result};
use crate::request::Headers;
use entity::Record;
use serde_json::Value;
use store::organizations::Revisions;
use store::{By, REST_SOURCE, is_added_over_rest};
use uuid::Uuid;

/// Adds a row of people to an organization of whatever source.
pub(super) async fn create<R: Row>(
    room: &Room,
    mut body: Object,
    caller: String,
) -> Result<OwnedRow<R::Shown>> {
    let organization = match body.remove("organization_id") {
        Some(Value::String(id)) => id.parse::<Uuid>().ok(),
        _ => None,
    };
    let organization =
        organization.ok_or_else(|| Problem::invalid("organization_id", "is required: an id"))?;
    let held = look_up_to_write(&*room.store, organization.into()).await?;
    let owner = held.principal();
    let row = R::taken(patch::read(body)?, &mut RowIds::default(), &owner.organization)?;
    let id = row.id();
    room.store.put_row(owner.id, &row.added(), &Revisions::new(), &By::now(caller)).await?;
    room.changed();
    Ok(read::<R>(room, id).await?.view())
}

/// Edits a row by JSON merge patch: facts above a source's row, the row itself where people added it.
pub(super) async fn edit<R: Row>(
    room: &Room,
    id: Uuid,
    headers: &Headers,
    caller: String,
    patch: Object,
) -> Result<HeldRow<R>> {
    let found = read::<R>(room, id).await?;
    require_match(headers, &found.held.etag)?;
    let shown = patch::object_of(&OwnedRow {
        row: R::Shown::from(found.row.clone()),
        organization_id: found.held.golden.id.0,
        source_organization_id: found.owner.0,
        etag: found.held.etag.clone(),
    });
    let changed = patch::changes(&shown, patch, &patch::object_of(&R::Shown::default()))?;
    if !changed.is_empty() {
        write(room, &found, changed, caller).await?;
        room.changed();
    }
    read(room, id).await
}

async fn write<R: Row>(room: &Room, found: &HeldRow<R>, changed: Object, caller: String) -> Result<()> {
    let missing = || Problem::not_found(format!("organization {}", found.owner));
    let owner = found.held.record(found.owner).ok_or_else(missing)?;
    if owner.source == REST_SOURCE {
        return rewrite::<R>(room, (found, owner), changed, caller).await;
    }
    if is_added_over_rest(found.row.id(), found.row.source_id()) {
        let row = wanted::<R>(found, owner, changed)?;
        let by = By::now(caller);
        return Ok(room.store.put_row(owner.id, &row.added(), &found.held.revisions(), &by).await?);
    }
    if changed.contains_key("phones") {
        return Err(patch::sources_own(&["phones"], "the telephones of this row belong to its source"));
    }
    let mut ids = RowIds::default();
    found.row.stand(&mut ids);
    let wanted = R::taken(patch::read(changed.clone())?, &mut ids, &owner.organization)?;
    let subject =
        Subject { table: R::TABLE.name(), row_id: found.row.id(), record_id: found.owner, stated_by: caller };
    let facts = facts(&subject, &found.row, &wanted, &changed)?;
    Ok(room.store.state_facts(&facts, &found.held.revisions()).await?)
}

/// The whole row as it shall be.
fn wanted<R: Row>(found: &HeldRow<R>, owner: &Record, changed: Object) -> Result<R> {
    let mut object = patch::object_of(&R::Shown::from(found.row.clone()));
    object.extend(changed);
    let mut ids = RowIds::default();
    found.row.stand(&mut ids);
    R::taken(patch::read(object)?, &mut ids, &owner.organization)
}

/// A record that people created is theirs as a whole.
async fn rewrite<R: Row>(
    room: &Room,
    (found, owner): (&HeldRow<R>, &Record),
    changed: Object,
    caller: String,
) -> Result<()> {
    let row = wanted(found, owner, changed)?;
    let mut record = owner.clone();
    for standing in
        R::of_mut(&mut record.organization).iter_mut().filter(|standing| standing.id() == row.id())
    {
        *standing = row.clone();
    }
    Ok(room.store.rewrite(record, &found.held.revisions(), &By::now(caller)).await?)
}

/// Deletes a row that people added.
pub(super) async fn remove<R: Row>(room: &Room, id: Uuid, headers: &Headers, caller: String) -> Result<()> {
    let found = read::<R>(room, id).await?;
    require_match(headers, &found.held.etag)?;
    let source = found.held.record(found.owner).map_or(REST_SOURCE, |owner| owner.source.as_str());
    if source != REST_SOURCE && !is_added_over_rest(id, found.row.source_id()) {
        return Err(owned_by_source(R::TABLE.name(), id, source));
    }
    room.store.delete_row(R::TABLE, id, &found.held.revisions(), &By::now(caller)).await?;
    room.changed();
    Ok(())
}
