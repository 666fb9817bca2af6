//! Relations: records that belong to a record and are not the same, such as an agency and its sites.
//!
//! They follow from the two records alone, so no list of them is kept: what is asked is compared.

use super::Room;
use super::views::RelationName;
use crate::live::{Live, unusable};
use crate::problem::{Problem, Result};
use crate::request::Parameters;
use crate::responses::ReadProblems;
use axum::Json;
use axum::extract::State;
use entity::{RecordId, Relation};
use index::{Candidate, StoredDocument};
use scoring::RecordFeatures;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A record that belongs to the one that was asked for.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RecordRelation)]
pub(crate) struct RelationView {
    /// The other record.
    pub(super) record: Uuid,
    /// How the two belong together.
    #[schema(value_type = RelationName)]
    relation: Relation,
    /// For `parent`: which of the two has the several locations.
    pub(super) parent: Uuid,
    /// Natural log-odds of being the same, the prior included: its terms are at `/v1/explanations`.
    match_weight: f64,
}

/// The records that belong to a record.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RelationList {
    /// The record that was asked for.
    record: Uuid,
    /// By the model that is live.
    model_version: String,
    /// Likest first.
    relations: Vec<RelationView>,
}

/// Of which record.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RelationQuery {
    /// The id of a record; a golden id is that of its first record.
    record: Uuid,
}

/// Lists the records that are related to a record and not the same: the sites of an agency, or the agency of a site.
///
/// Of all records that share an open block with it, those of a single location beside one of several, under one name,
/// telephone or domain.
#[utoipa::path(get, path = "/v1/relations", operation_id = "list_relations", tag = "review", params(RelationQuery),
    responses((status = 200, description = "All of them", body = RelationList), ReadProblems))]
pub(super) async fn list(
    State(room): State<Room>,
    Parameters(RelationQuery { record }): Parameters<RelationQuery>,
) -> Result<Json<RelationList>> {
    let live = room.live.look().await?;
    let asked = room.index.documents(&[RecordId(record)]).await?.pop();
    let asked = asked.ok_or_else(|| Problem::not_found(format!("record {record} in the index")))?;
    let mut near = room.index.candidates(&asked.keys, live.model.block_size_max()).await?.documents;
    near.retain(|other| other.id != asked.id);
    let relations = related(&live, &[asked], &near)?;
    let relations = relations.into_iter().map(|(_, relation)| relation).collect();
    Ok(Json(RelationList { record, model_version: live.model.version().to_owned(), relations }))
}

/// Of the records near by, which none of the documents is among, those that belong to one of them, with which; likest first.
pub(super) fn related(
    live: &Live,
    documents: &[StoredDocument],
    near: &[Candidate],
) -> Result<Vec<(RecordId, RelationView)>> {
    let own = with_features(documents.iter().map(|one| (one.id, one.features.as_slice())))?;
    let others = with_features(near.iter().map(|one| (one.id, one.features.as_slice())))?;
    let mut relations = Vec::new();
    for (own, asked) in own {
        for (theirs, other) in &others {
            let vector = scoring::compare(&own, theirs);
            if vector.is_branch() {
                let parent = if own.location_count > theirs.location_count { asked } else { *other };
                let match_weight = live.model.weigh(&vector) + live.model.prior(live.records);
                let relation = Relation::Parent;
                relations.push((
                    asked,
                    RelationView { record: other.0, relation, parent: parent.0, match_weight },
                ));
            }
        }
    }
    relations.sort_by(|(a, one), (b, other)| {
        other.match_weight.total_cmp(&one.match_weight).then((one.record, *a).cmp(&(other.record, *b)))
    });
    Ok(relations)
}

fn with_features<'a>(
    told: impl Iterator<Item = (RecordId, &'a [u8])>,
) -> Result<Vec<(RecordFeatures<'a>, RecordId)>> {
    told.map(|(id, bytes)| Ok((RecordFeatures::from_bytes(bytes).map_err(|error| unusable(&error))?, id)))
        .collect()
}
