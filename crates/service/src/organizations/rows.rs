//! Locations and services under ids of their own: near 1:1 rows of the organization that owns them.

pub(super) mod locations;
pub(super) mod services;
mod table;
mod write;

pub(super) use table::Row;

use super::Room;
use super::conditional::quoted;
use super::held::Held;
use crate::paging::{PageQuery, bad_cursor, last_of_more, sealed};
use crate::problem::{Problem, Result};
use axum::Json;
use axum::http::{HeaderName, HeaderValue, header};
use entity::{OrganizationId, RecordId};
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// A location or service, and whose it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OwnedRow<T> {
    #[serde(flatten)]
    row: T,
    /// The golden record that it belongs to now.
    organization_id: Uuid,
    /// The record that owns it.
    source_organization_id: Uuid,
    /// The state of now, for `If-Match`: that of its organization.
    etag: String,
}

/// A new location or service.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewRow<T> {
    /// The organization that it belongs to.
    organization_id: Uuid,
    #[serde(flatten)]
    row: T,
}

/// A page of locations or services.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RowPage<T> {
    rows: Vec<OwnedRow<T>>,
    /// The cursor of the next page; absent at the end.
    next: Option<String>,
}

type Tagged<T> = ([(HeaderName, HeaderValue); 1], Json<OwnedRow<T>>);

/// A row and the organization that it is part of, as one snapshot holds them.
struct HeldRow<R> {
    /// As its golden record shows it.
    row: R,
    owner: RecordId,
    held: Held,
}

impl<R: Row> HeldRow<R> {
    fn view(self) -> OwnedRow<R::Shown> {
        OwnedRow {
            row: self.row.into(),
            organization_id: self.held.golden.id.0,
            source_organization_id: self.owner.0,
            etag: self.held.etag,
        }
    }

    fn tagged(self) -> Tagged<R::Shown> {
        let etag = quoted(&self.held.etag);
        ([(header::ETAG, etag)], Json(self.view()))
    }
}

async fn read<R: Row>(room: &Room, id: Uuid) -> Result<HeldRow<R>> {
    let missing = || Problem::not_found(format!("{} {id}", R::TABLE.name()));
    let owner = room.store.owner_of(R::TABLE, id).await?.ok_or_else(missing)?;
    let family = room.store.family(&[owner]).await?;
    let root = *family.roots().get(&owner).ok_or_else(missing)?;
    let golden = golden::project(&family).golden.remove(&root).ok_or_else(missing)?;
    let row = R::of(&golden.organization).iter().find(|row| row.id() == id).cloned().ok_or_else(missing)?;
    Ok(HeldRow { row, owner, held: Held::new(family, golden) })
}

async fn list<R: Row>(room: &Room, page: &PageQuery) -> Result<RowPage<R::Shown>> {
    let limit = page.limit()?;
    let after = page.after()?.map(|id| Uuid::parse_str(&id).map_err(|_| bad_cursor(&id))).transpose()?;
    let mut rows = room.store.list_rows(R::TABLE, after, limit + 1).await?;
    let next = last_of_more(&mut rows, limit).map(|(id, _)| sealed(&id.to_string()));
    let owners: BTreeSet<RecordId> = rows.iter().map(|(_, owner)| *owner).collect();
    let family = room.store.family(&owners.into_iter().collect::<Vec<_>>()).await?;
    let (roots, projection) = (family.roots(), golden::project(&family));
    let view = |(id, owner): (Uuid, RecordId)| {
        let organization: OrganizationId = *roots.get(&owner)?;
        let golden = projection.golden.get(&organization)?;
        let row = R::of(&golden.organization).iter().find(|row| row.id() == id)?.clone();
        let etag = super::conditional::etag(&golden.members, &family.revisions);
        Some(OwnedRow {
            row: row.into(),
            organization_id: organization.0,
            source_organization_id: owner.0,
            etag,
        })
    };
    Ok(RowPage { rows: rows.into_iter().filter_map(view).collect(), next })
}
