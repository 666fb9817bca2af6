//! Records out: organizations as their sources tell them, merged or not.

use super::Room;
use super::held::{Addressed, look_up};
use super::read::redirect;
use super::views::RecordView;
use crate::problem::{Kind, Problem, Result};
use crate::request::{Parameters, PathId};
use crate::responses::{ListProblems, ReadProblems};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use entity::RecordId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Records as their sources tell them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RecordList {
    records: Vec<RecordView>,
}

/// Reads the records that a golden record is made of.
#[utoipa::path(get, path = "/v1/organizations/{id}/records", operation_id = "list_records_of_organization",
    tag = "organizations",
    params(("id" = Uuid, Path, description = "The golden id, or an absorbed one")),
    responses(
        (status = 200, description = "The records, by id", body = RecordList),
        (status = 308, description = "The id was absorbed: `Location` leads to the survivor's records"),
        ReadProblems))]
pub(super) async fn of_organization(State(room): State<Room>, PathId(id): PathId) -> Result<Response> {
    match look_up(&*room.store, id.into()).await? {
        Addressed::Golden(held) => {
            let mut records = held.family.records;
            records.sort_by_key(|record| record.id);
            let view = |record| RecordView::new(record, held.golden.id.0);
            Ok(Json(RecordList { records: records.into_iter().map(view).collect() }).into_response())
        }
        Addressed::Absorbed { survivor, .. } => {
            Ok(redirect(&format!("/v1/organizations/{survivor}/records")))
        }
    }
}

/// Which records.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct IdsQuery {
    /// Record ids, separated by commas; 200 at most.
    ids: String,
}

const IDS_MAX: usize = 200;

/// Reads some records by their ids; those that are not there are left out.
#[utoipa::path(get, path = "/v1/records", operation_id = "get_records", tag = "organizations", params(IdsQuery),
    responses((status = 200, description = "The records, by id", body = RecordList), ListProblems))]
pub(super) async fn by_ids(
    State(room): State<Room>,
    Parameters(query): Parameters<IdsQuery>,
) -> Result<Json<RecordList>> {
    let bad = |id: &str| Problem::new(Kind::Malformed, format!("{id:?} in ids is not an id: ids are UUIDs"));
    let texts = query.ids.split(',').map(str::trim).filter(|id| !id.is_empty());
    let ids = texts.map(|id| id.parse().map_err(|_| bad(id))).collect::<Result<Vec<RecordId>>>()?;
    if ids.len() > IDS_MAX {
        return Err(Problem::new(
            Kind::Malformed,
            format!("ids names {} records: ask for {IDS_MAX} at most", ids.len()),
        ));
    }
    let family = room.store.family(&ids).await?;
    let roots = family.roots();
    let asked = family.records.into_iter().filter(|record| ids.contains(&record.id));
    let mut records: Vec<_> = asked.collect();
    records.sort_by_key(|record| record.id);
    let view = |record: entity::Record| {
        let organization = roots[&record.id].0;
        RecordView::new(record, organization)
    };
    Ok(Json(RecordList { records: records.into_iter().map(view).collect() }))
}
