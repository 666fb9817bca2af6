//! Samples that are answered without seeing what the model says: the only answers that measure it.

use super::Room;
use super::bands::{self, band};
use super::precision::lower_bound;
use crate::problem::{Problem, Result};
use crate::request::{Body, Caller, PathId};
use crate::responses::{PlainProblems, ReadProblems, SamplingProblems};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use entity::{Cluster, ClusterId};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use store::review::sampling::{BatchItem, BlindItem, BlindOutcome, BlindSample};
use utoipa::ToSchema;
use uuid::Uuid;

const SAMPLE_MAX: usize = 5000;
const LISTED: usize = 200;

/// A sample to draw.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SampleBody {
    /// The band: `p99`, `p95`, `p80`, `p50` or `p0`.
    band: String,
    /// So many clusters, 5000 at most; all of the band when it holds fewer.
    #[schema(minimum = 1, maximum = 5000)]
    n: usize,
    /// The same seed on the same clusters draws the same sample; a new one unless told.
    #[serde(default)]
    seed: Option<u32>,
}

/// A sample, with what its answers say so far.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = BlindSample)]
pub(super) struct SampleView {
    id: Uuid,
    /// The band that it was drawn from.
    band: String,
    /// The model whose clusters they are.
    model_version: String,
    /// What it was drawn with.
    seed: u64,
    /// How many clusters waited in the band when it was drawn: the population.
    population: u64,
    /// How many were drawn, each with the same chance.
    n: u64,
    /// For how many clusters of the population each stands: population / n.
    weight: f64,
    /// By whom.
    drawn_by: String,
    /// When.
    drawn_at: DateTime<Utc>,
    /// Answered so far.
    answered: u64,
    /// Of those, how many proposals were right.
    right: u64,
    /// Clusters that changed before they were answered: they count for nothing.
    void: u64,
    /// The share of right proposals, once there are answers.
    precision: Option<f64>,
    /// Its lower bound at 95 % confidence (Clopper–Pearson, one-sided).
    precision_bound: f64,
    /// The clusters in the order in which to answer them; not in lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    items: Vec<ItemView>,
}

/// A cluster of a sample.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = BlindItem)]
pub(super) struct ItemView {
    /// The cluster.
    cluster_id: Uuid,
    /// `right`, `wrong` or `void` once it is answered.
    outcome: Option<String>,
    /// By whom.
    answered_by: Option<String>,
    /// The decision that answered it.
    decision_id: Option<Uuid>,
}

/// What the answers of samples add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Answers {
    pub(super) right: u64,
    pub(super) wrong: u64,
    pub(super) void: u64,
    pub(super) waiting: u64,
}

impl Answers {
    pub(super) fn of(items: &[BlindItem]) -> Self {
        let mut answers = Self::default();
        for item in items {
            match item.outcome {
                Some(BlindOutcome::Right) => answers.right += 1,
                Some(BlindOutcome::Wrong) => answers.wrong += 1,
                Some(BlindOutcome::Void) => answers.void += 1,
                None => answers.waiting += 1,
            }
        }
        answers
    }

    pub(super) fn answered(self) -> u64 {
        self.right + self.wrong
    }

    pub(super) fn bound(self) -> f64 {
        lower_bound(self.right, self.answered())
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of clusters are far below 2^53")]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

impl SampleView {
    fn new(sample: BlindSample, items: &[BlindItem], with_items: bool) -> Self {
        let answers = Answers::of(items);
        let n = items.len() as u64;
        let item = |item: &BlindItem| ItemView {
            cluster_id: item.cluster_id.0,
            outcome: item.outcome.map(|outcome| word(outcome).to_owned()),
            answered_by: item.answered_by.clone(),
            decision_id: item.decision_id,
        };
        Self {
            id: sample.id,
            band: bands::named(sample.band).map_or("", |band| band.name).to_owned(),
            model_version: sample.model_version,
            seed: sample.seed,
            population: sample.population,
            n,
            weight: share(sample.population, n).unwrap_or(0.0),
            drawn_by: sample.drawn_by,
            drawn_at: sample.drawn_at,
            answered: answers.answered(),
            right: answers.right,
            void: answers.void,
            precision: share(answers.right, answers.answered()),
            precision_bound: answers.bound(),
            items: if with_items { items.iter().map(item).collect() } else { Vec::new() },
        }
    }
}

fn word(outcome: BlindOutcome) -> &'static str {
    match outcome {
        BlindOutcome::Right => "right",
        BlindOutcome::Wrong => "wrong",
        BlindOutcome::Void => "void",
    }
}

/// The first `n` in an order that follows from the seed and nothing else: each has the same chance.
fn drawn(mut population: Vec<BatchItem>, n: usize, seed: u64) -> Vec<BatchItem> {
    let namespace = Uuid::from_u128(u128::from(seed));
    population.sort_by_cached_key(|item| Uuid::new_v5(&namespace, item.cluster_id.0.as_bytes()));
    population.truncate(n);
    population
}

/// Draws a sample uniformly, without replacement, from the clusters that wait in a band.
///
/// Answer each with a decision that names the sample as `blind_sample`; `/blind/{id}` is the page for it, which hides
/// what the model and other people say until the answer is given.
#[utoipa::path(post, path = "/v1/review/blind-samples", operation_id = "draw_blind_sample", tag = "review",
    params(("X-Orgloop-User" = Option<String>, Header, description = "Who draws")),
    request_body = SampleBody,
    responses((status = 201, description = "The sample", body = SampleView), SamplingProblems))]
pub(super) async fn draw(
    State(room): State<Room>,
    caller: Caller,
    Body(body): Body<SampleBody>,
) -> Result<(StatusCode, Json<SampleView>)> {
    let sample = draw_from(&room, &body.band, (body.n, body.seed), &caller.name).await?;
    let items = room.store.blind_items(sample.id).await?;
    Ok((StatusCode::CREATED, Json(SampleView::new(sample, &items, true))))
}

pub(super) async fn draw_from(
    room: &Room,
    band_name: &str,
    (n, seed): (usize, Option<u32>),
    by: &str,
) -> Result<BlindSample> {
    let band = band(band_name)?;
    if n == 0 || n > SAMPLE_MAX {
        return Err(Problem::invalid("n", format!("{n} is not between 1 and {SAMPLE_MAX}")));
    }
    let population = room.store.population(band).await?;
    if population.is_empty() {
        return Err(Problem::invalid("band", format!("no cluster waits in the band {band_name}")));
    }
    let seed = seed.map_or_else(|| Uuid::new_v4().as_u64_pair().0 & 0xffff_ffff, u64::from);
    let sample = BlindSample {
        id: Uuid::now_v7(),
        band,
        model_version: room.store.live_model().await?,
        seed,
        population: population.len() as u64,
        drawn_by: by.to_owned(),
        drawn_at: entity::clock::now(),
    };
    room.store.add_sample(&sample, &drawn(population, n, seed)).await?;
    Ok(sample)
}

/// Samples, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct SampleList {
    samples: Vec<SampleView>,
}

/// Lists the newest 200 samples with what their answers say so far.
#[utoipa::path(get, path = "/v1/review/blind-samples", operation_id = "list_blind_samples", tag = "review",
    responses((status = 200, description = "Samples, newest first", body = SampleList), PlainProblems))]
pub(super) async fn list(State(room): State<Room>) -> Result<Json<SampleList>> {
    let mut samples = Vec::new();
    for sample in room.store.samples(LISTED).await? {
        let items = room.store.blind_items(sample.id).await?;
        samples.push(SampleView::new(sample, &items, false));
    }
    Ok(Json(SampleList { samples }))
}

/// The sample of this id.
pub(super) async fn sample(room: &Room, id: Uuid) -> Result<BlindSample> {
    let sample = room.store.sample(id).await?;
    sample.ok_or_else(|| Problem::not_found(format!("sample {id}")))
}

/// Reads a sample with its clusters.
#[utoipa::path(get, path = "/v1/review/blind-samples/{id}", operation_id = "get_blind_sample", tag = "review",
    params(("id" = Uuid, Path, description = "The sample")),
    responses((status = 200, description = "The sample", body = SampleView), ReadProblems))]
pub(super) async fn get(State(room): State<Room>, PathId(id): PathId) -> Result<Json<SampleView>> {
    let sample = sample(&room, id).await?;
    let items = present_items(&room, id).await?;
    Ok(Json(SampleView::new(sample, &items, true)))
}

/// The clusters of a sample, with those voided that changed before anybody answered.
pub(super) async fn present_items(room: &Room, sample: Uuid) -> Result<Vec<BlindItem>> {
    let mut items = room.store.blind_items(sample).await?;
    let open = items.iter().filter(|item| item.outcome.is_none()).map(|item| item.cluster_id);
    let waiting = waiting(room, open).await?;
    for item in items.iter_mut().filter(|item| item.outcome.is_none()) {
        if waiting.get(&item.cluster_id) != Some(&item.revision) {
            room.store.void_item(sample, item.cluster_id, entity::clock::now()).await?;
            item.outcome = Some(BlindOutcome::Void);
        }
    }
    Ok(items)
}

/// Of these clusters those that still wait, with their revisions.
pub(super) async fn waiting(
    room: &Room,
    ids: impl Iterator<Item = ClusterId>,
) -> Result<HashMap<ClusterId, String>> {
    let clusters = room.store.clusters_of(&ids.collect::<Vec<_>>()).await?;
    let open = clusters.into_iter().filter(Cluster::is_open);
    Ok(open.map(|cluster| (cluster.id, cluster.revision())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn population(size: u128) -> Vec<BatchItem> {
        let item = |n| BatchItem { cluster_id: Uuid::from_u128(n).into(), revision: String::new() };
        (0..size).map(item).collect()
    }

    #[test]
    fn the_same_seed_draws_the_same_and_no_cluster_is_likelier_than_another() {
        assert_eq!(drawn(population(50), 10, 7), drawn(population(50), 10, 7));
        assert_ne!(drawn(population(50), 10, 7), drawn(population(50), 10, 8));
        let mut counts = vec![0_u32; 10];
        for seed in 0..2000 {
            for item in drawn(population(10), 3, seed) {
                counts[usize::try_from(item.cluster_id.0.as_u128()).unwrap()] += 1;
            }
        }
        // 600 each are expected, with a deviation of about 20.
        assert!(counts.iter().all(|count| (500..700).contains(count)), "{counts:?}");
    }
}
