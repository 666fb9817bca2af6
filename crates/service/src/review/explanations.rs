//! Explanations: what the weight of two records is made of, whether the loop compares them or not.

use super::Room;
use super::views::LineView;
use crate::live::{Live, unusable};
use crate::problem::{Kind, Problem, Result};
use crate::request::Parameters;
use crate::responses::ExplainProblems;
use axum::Json;
use axum::extract::State;
use entity::RecordId;
use entity::cluster::ExplanationLine;
use index::Index;
use scoring::{Model, RecordFeatures, Sketch};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Why a model holds two records to be one organization, or not.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Explanation {
    /// One record.
    #[schema(value_type = Uuid)]
    pub left: RecordId,
    /// The other.
    #[schema(value_type = Uuid)]
    pub right: RecordId,
    /// The model.
    pub model_version: String,
    /// How many records there are: the prior depends on it.
    pub records: u64,
    /// Natural log-odds, the prior included: the sum of the lines.
    pub match_weight: f64,
    /// The calibrated probability.
    pub probability: f64,
    /// Log-odds from which on the model joins.
    pub threshold: f64,
    /// Whether the loop compares them: they share the key of a block that is not over its size, and are not ruled out.
    pub candidates: bool,
    /// Whether they are ruled out whatever keys they share: in two regions, or nothing of name, address and contacts agrees.
    pub ruled_out: bool,
    /// The blocking keys that both have, those of closed blocks too.
    pub shared_blocking_keys: Vec<String>,
    /// What the weight is made of, strongest first; the prior is the last.
    #[schema(value_type = Vec<LineView>)]
    pub lines: Vec<ExplanationLine>,
}

/// Why there is no explanation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unexplained {
    /// Nothing to compare.
    #[error("record {0} is not in the index: is it imported, and is the indexer done?")]
    Missing(RecordId),
    /// The index did not answer.
    #[error("reading the index")]
    Index(#[from] index::Error),
    /// The model or the index is of another release.
    #[error("comparing what the index holds")]
    Unusable(#[from] scoring::Error),
}

impl From<Unexplained> for Problem {
    fn from(unexplained: Unexplained) -> Self {
        match unexplained {
            missing @ Unexplained::Missing(_) => Self::new(Kind::NotFound, missing.to_string()),
            Unexplained::Index(error) => error.into(),
            Unexplained::Unusable(error) => unusable(&error),
        }
    }
}

impl Explanation {
    /// By a model that weighs among so many records, of two records in its index.
    ///
    /// # Errors
    /// `Missing` when one of the two is not in the index.
    pub async fn of(
        index: &dyn Index,
        (model, records): (&Model, u64),
        (left, right): (RecordId, RecordId),
    ) -> Result<Self, Unexplained> {
        let documents = index.documents(&[left, right]).await?;
        let document = |id: RecordId| {
            documents.iter().find(|document| document.id == id).ok_or(Unexplained::Missing(id))
        };
        let (one, other) = (document(left)?, document(right)?);
        let features = RecordFeatures::from_bytes(&one.features)?;
        let others = RecordFeatures::from_bytes(&other.features)?;
        let vector = scoring::compare(&features, &others);
        let ruled_out = Sketch::of(&features).rules_out(&Sketch::of(&others));
        let shared: Vec<String> = one.keys.iter().filter(|key| other.keys.contains(key)).cloned().collect();
        let block_size_max = model.block_size_max();
        let blocks = index.blocks(&shared, block_size_max).await?;
        let match_weight = model.weigh(&vector) + model.prior(records);
        Ok(Self {
            left,
            right,
            model_version: model.version().to_owned(),
            records,
            match_weight,
            probability: model.probability(match_weight),
            threshold: model.threshold(),
            candidates: !ruled_out && blocks.iter().any(|block| block.size <= block_size_max),
            ruled_out,
            shared_blocking_keys: shared,
            lines: model.explain(vector.levels(), records)?,
        })
    }
}

/// Which two.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExplanationQuery {
    /// The id of a record; a golden id is that of its first record.
    left: Uuid,
    /// The id of another.
    right: Uuid,
}

/// Explains what the live model makes of two records, to the last term of the weight.
///
/// Also of two that the loop does not compare because they share no blocking key, or are ruled out. Records are compared as their sources
/// tell them: those that an organization is made of are at `/v1/organizations/{id}/records`. It is what `orgloop explain`
/// prints.
#[utoipa::path(get, path = "/v1/explanations", operation_id = "explain_pair", tag = "review",
    params(ExplanationQuery),
    responses((status = 200, description = "Each term, and what they come to", body = Explanation), ExplainProblems))]
pub(super) async fn explain(
    State(room): State<Room>,
    Parameters(ExplanationQuery { left, right }): Parameters<ExplanationQuery>,
) -> Result<Json<Explanation>> {
    if left == right {
        return Err(Problem::invalid("right", "is the same record as left: name two"));
    }
    let Live { model, records } = room.live.look().await?;
    let pair = (RecordId(left), RecordId(right));
    Ok(Json(Explanation::of(&*room.index, (&model, records), pair).await?))
}
