//! Edits by people: of an imported record a steward fact per changed field, of their own record the row itself.

use super::Room;
use super::conditional::{quoted, require_match};
use super::held::{Held, look_up_to_write};
use super::patch::{self, Object};
use super::views::GoldenView;
use crate::hsds::{self, RowIds};
use crate::problem::{Problem, Result};
use crate::request::{Body, Caller, Headers, PathId};
use crate::responses::EditProblems;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use entity::{Record, StewardFact};
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{By, REST_SOURCE};
use uuid::Uuid;

/// Edits a golden record by JSON merge patch.
///
/// Of imported records, each changed field becomes a statement of the caller that stands above all sources and
/// survives re-import, merge and undo. Fields sent as they were read change nothing.
#[utoipa::path(patch, path = "/v1/organizations/{id}", operation_id = "edit_organization", tag = "organizations",
    params(("id" = Uuid, Path, description = "The golden id"),
        ("If-Match" = String, Header, description = "The ETag that the edit rests on"),
        ("X-Orgloop-User" = Option<String>, Header, description = "Who edits")),
    request_body(content = hsds::Organization, content_type = "application/merge-patch+json",
        description = "The fields to change; null clears a field"),
    responses((status = 200, description = "The golden record as it is now", body = GoldenView,
        headers(("ETag" = String))), EditProblems))]
pub(super) async fn edit(
    State(room): State<Room>,
    PathId(id): PathId,
    headers: Headers,
    Caller { name: caller, .. }: Caller,
    Body(patch): Body<Object>,
) -> Result<([(header::HeaderName, HeaderValue); 1], Json<GoldenView>)> {
    let held = look_up_to_write(&*room.store, id.into()).await?;
    require_match(&headers, &held.etag)?;
    let shown = patch::object_of(&GoldenView::new(held.golden.clone(), held.etag.clone()));
    let writable = patch::object_of(&hsds::Organization::default());
    let changed = patch::changes(&shown, patch, &writable)?;
    if !changed.is_empty() {
        match own_record(&held) {
            Some(record) => rewrite(&room, (&held, record), changed, caller).await?,
            None => state(&room, &held, changed, caller).await?,
        }
        room.changed();
    }
    let held = look_up_to_write(&*room.store, id.into()).await?;
    Ok(([(header::ETAG, quoted(&held.etag))], Json(held.into())))
}

/// The row that people wrote themselves, if it alone makes up the golden record and nothing was stated above it.
fn own_record(held: &Held) -> Option<&Record> {
    let record = held.principal();
    let alone = held.golden.members.len() == 1 && record.source == REST_SOURCE;
    (alone && !held.family.facts.iter().any(|fact| fact.table == "organization")).then_some(record)
}

async fn rewrite(
    room: &Room,
    (held, record): (&Held, &Record),
    changed: Object,
    caller: String,
) -> Result<()> {
    let mut wanted = patch::object_of(&hsds::Organization::from(record.organization.clone()));
    wanted.extend(changed);
    let wanted: hsds::Organization = patch::read(wanted)?;
    let organization = wanted.taken(&mut RowIds::of(&record.organization))?;
    if organization.name.is_none() {
        return Err(Problem::invalid("name", "is required"));
    }
    let record = Record { organization, ..record.clone() };
    Ok(room.store.rewrite(record, &held.revisions(), &By::now(caller)).await?)
}

async fn state(room: &Room, held: &Held, changed: Object, caller: String) -> Result<()> {
    let children = ["identifiers", "phones", "locations", "services"];
    let children: Vec<&str> = children.into_iter().filter(|field| changed.contains_key(*field)).collect();
    if !children.is_empty() {
        let advice = "these rows belong to their source; edit a location or service by its own id, or add one with POST";
        return Err(patch::sources_own(&children, advice));
    }
    let wanted: hsds::Organization = patch::read(changed.clone())?;
    let wanted = wanted.taken(&mut RowIds::default())?;
    // On the addressed id, whichever of its members' records are there: an undo then leaves it where it was said.
    let record_id = held.golden.id.into();
    let subject = Subject { table: "organization", row_id: held.golden.id.0, record_id, stated_by: caller };
    let facts = facts(&subject, &held.golden.organization, &wanted, &changed)?;
    room.store.state_facts(&facts, &held.revisions()).await?;
    Ok(())
}

/// What facts are about, and whose word they are.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) table: &'static str,
    pub(super) row_id: Uuid,
    pub(super) record_id: entity::RecordId,
    pub(super) stated_by: String,
}

/// One fact for each changed field whose value differs from the one seen.
pub(super) fn facts<T: Serialize + DeserializeOwned + Clone>(
    subject: &Subject,
    seen: &T,
    wanted: &T,
    changed: &Object,
) -> Result<Vec<StewardFact>> {
    let mut wanted = patch::object_of(wanted);
    wanted.retain(|field, _| changed.contains_key(field));
    let fields = golden::changed_fields(seen, &wanted)
        .map_err(|error| Problem::invalid(error.field, error.problem))?;
    let stated_at = entity::clock::now();
    let fact = |(field, value)| StewardFact {
        table: subject.table.to_owned(),
        row_id: subject.row_id,
        record_id: subject.record_id,
        field,
        value,
        stated_by: subject.stated_by.clone(),
        stated_at,
    };
    Ok(fields.into_iter().map(fact).collect())
}
