//! Where a golden record comes from: its members, and every merge, split and undo that concerned them.

use super::Room;
use super::held::{Addressed, look_up};
use super::read::redirect;
use super::views::{MergeView, UndoView};
use crate::problem::Result;
use crate::request::PathId;
use crate::responses::ReadProblems;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use entity::RecordId;
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// Where a golden record comes from.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Lineage {
    /// The golden id.
    id: Uuid,
    /// Its records, by id.
    members: Vec<MemberView>,
    /// Merges that ever concerned its ids, in the order in which they were made, undone ones too.
    merges: Vec<MergeView>,
    /// Splits that ever concerned its ids.
    splits: Vec<SplitOfLineage>,
}

/// A record and by which merges it belongs here.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct MemberView {
    record_id: Uuid,
    source: String,
    source_id: String,
    created_at: DateTime<Utc>,
    /// The merges by which it leads to the golden id, in the order of the way; none for the survivor's own record.
    merges: Vec<Uuid>,
}

/// A split, in short.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SplitOfLineage {
    id: Uuid,
    organization: Uuid,
    partition: Vec<Vec<Uuid>>,
    split_by: String,
    split_at: DateTime<Utc>,
    reason: Option<String>,
    undo: Option<UndoView>,
}

/// Reads where a golden record comes from: members, merges, splits and undos; who, when and why.
#[utoipa::path(get, path = "/v1/organizations/{id}/lineage", operation_id = "get_lineage", tag = "organizations",
    params(("id" = Uuid, Path, description = "The golden id, or an absorbed one")),
    responses(
        (status = 200, description = "Members, merges and splits", body = Lineage),
        (status = 308, description = "The id was absorbed: `Location` leads to the survivor's lineage"),
        ReadProblems))]
pub(super) async fn get(State(room): State<Room>, PathId(id): PathId) -> Result<Response> {
    let held = match look_up(&*room.store, id.into()).await? {
        Addressed::Golden(held) => held,
        Addressed::Absorbed { survivor, .. } => {
            return Ok(redirect(&format!("/v1/organizations/{survivor}/lineage")));
        }
    };
    let forest = held.family.forest();
    let mut members: Vec<MemberView> = held
        .family
        .records
        .iter()
        .map(|record| MemberView {
            record_id: record.id.0,
            source: record.source.clone(),
            source_id: record.source_id.clone(),
            created_at: record.created_at,
            merges: forest.path(record.id).into_iter().map(|merge| merge.0).collect(),
        })
        .collect();
    members.sort_by_key(|member| member.record_id);
    // What concerned these ids themselves: the history goes on to all that those steps ever touched.
    let own: BTreeSet<RecordId> = held.family.roots().into_keys().chain([RecordId(id)]).collect();
    let history = room.store.history(&own.iter().copied().collect::<Vec<_>>()).await?;
    let merges = history.merges.into_iter().filter(|merge| {
        merge.absorbed.iter().chain([&merge.survivor]).any(|id| own.contains(&RecordId::from(*id)))
    });
    let splits =
        history.splits.into_iter().filter(|split| split.groups.iter().flatten().any(|id| own.contains(id)));
    let lineage = Lineage {
        id,
        members,
        merges: merges.map(MergeView::from).collect(),
        splits: splits
            .map(|split| SplitOfLineage {
                id: split.id.0,
                organization: split.organization.0,
                partition: split.groups.iter().map(|group| group.iter().map(|id| id.0).collect()).collect(),
                split_by: split.split_by,
                split_at: split.split_at,
                reason: split.reason,
                undo: split.undo.map(UndoView::from),
            })
            .collect(),
    };
    Ok(Json(lineage).into_response())
}
