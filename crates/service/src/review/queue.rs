//! The queue: clusters that wait for a person, in the order in which they are worth deciding.

use super::Room;
use super::bands;
use super::views::ClusterView;
use crate::paging::{bad_cursor, limit, opened, sealed};
use crate::problem::Result;
use crate::request::Parameters;
use crate::responses::ReviewListProblems;
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use store::review::{Claim, QueueFilter, QueueOrder, QueuePage, QueuePlace, QueuedCluster, Shelf};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// What comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Sort {
    /// The most golden records to fold, times the probability that they are one.
    #[default]
    Value,
    /// The surest.
    Probability,
    /// The one that has waited longest.
    Age,
    /// The largest.
    Size,
}

impl Sort {
    pub(super) fn order(self) -> QueueOrder {
        match self {
            Self::Value => QueueOrder::Value,
            Self::Probability => QueueOrder::Probability,
            Self::Age => QueueOrder::Age,
            Self::Size => QueueOrder::Size,
        }
    }
}

/// Those that wait, or those that were put aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ShelfName {
    /// They wait.
    #[default]
    Waiting,
    /// Somebody was unsure of them, and nothing of them has changed since.
    Aside,
}

/// Which clusters of the queue, and in which order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct QueueFilterQuery {
    /// `value` (golden records that would go, times the probability), `probability`, `age` or `size`.
    #[param(inline)]
    #[serde(skip_serializing_if = "is_default")]
    pub(super) sort: Sort,
    /// A band of probability: `p99`, `p95`, `p80`, `p50` or `p0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) band: Option<String>,
    /// At least so many records.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_i64)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_i64)]
    pub(super) size_min: Option<u32>,
    /// At most so many records.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_i64)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_i64)]
    pub(super) size_max: Option<u32>,
    /// Only with a record of this source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<String>,
    /// `waiting`, or `aside`: those that somebody was unsure of.
    #[param(inline)]
    #[serde(skip_serializing_if = "is_default")]
    pub(super) shelf: ShelfName,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl QueueFilterQuery {
    pub(super) fn filter(&self) -> Result<QueueFilter> {
        let band = self.band.as_deref().map(bands::band).transpose()?;
        let all = QueueFilter::default();
        Ok(QueueFilter {
            probability_min: band.map_or(all.probability_min, |band| band.from),
            probability_below: band.map_or(all.probability_below, |band| band.below),
            size_min: self.size_min.unwrap_or(all.size_min),
            size_max: self.size_max.unwrap_or(all.size_max),
            shelf: match self.shelf {
                ShelfName::Waiting => Shelf::Waiting,
                ShelfName::Aside => Shelf::Aside,
            },
        })
    }

    /// As the query of a URL; empty for the whole queue in its own order.
    pub(super) fn text(&self) -> String {
        let value = serde_json::to_value(self).unwrap_or_default();
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in value.as_object().into_iter().flatten() {
            let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            text.append_pair(name, &shown);
        }
        text.finish()
    }
}

/// Which page of the queue.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct QueueQuery {
    /// `value` (golden records that would go, times the probability), `probability`, `age` or `size`.
    #[param(inline)]
    sort: Sort,
    /// A band of probability: `p99`, `p95`, `p80`, `p50` or `p0`.
    band: Option<String>,
    /// At least so many records.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_i64)]
    size_min: Option<u32>,
    /// At most so many records.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_i64)]
    size_max: Option<u32>,
    /// Only with a record of this source.
    source: Option<String>,
    /// `waiting`, or `aside`: those that somebody was unsure of.
    #[param(inline)]
    shelf: ShelfName,
    /// `next` of the page before; the first page without it.
    pub(super) cursor: Option<String>,
    /// At most so many, 20 unless told, 200 at most.
    #[param(minimum = 1, maximum = 200)]
    pub(super) limit: Option<usize>,
}

impl QueueQuery {
    pub(super) fn filter(&self) -> QueueFilterQuery {
        QueueFilterQuery {
            sort: self.sort,
            band: self.band.clone(),
            size_min: self.size_min,
            size_max: self.size_max,
            source: self.source.clone(),
            shelf: self.shelf,
        }
    }
}

/// A page of the queue.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct QueueView {
    clusters: Vec<QueuedView>,
    /// The cursor of the next page; absent at the end. With `source`, a page may be short before the end.
    next: Option<String>,
}

/// A cluster in the queue.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = QueuedCluster)]
pub(super) struct QueuedView {
    #[serde(flatten)]
    cluster: ClusterView,
    /// What deciding is worth: golden records that would go, times the probability.
    value: f64,
    /// Since when it waits.
    opened_at: DateTime<Utc>,
    /// The band that it is in.
    band: String,
    /// Who holds it, while somebody does.
    claim: Option<ClaimView>,
}

/// Who holds a cluster.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ClaimOnCluster)]
pub(super) struct ClaimView {
    /// The claim.
    id: Uuid,
    /// By whom.
    holder: String,
    /// Until when.
    until: DateTime<Utc>,
}

impl From<Claim> for ClaimView {
    fn from(claim: Claim) -> Self {
        Self { id: claim.id, holder: claim.holder, until: claim.until }
    }
}

impl From<QueuedCluster> for QueuedView {
    fn from(queued: QueuedCluster) -> Self {
        Self {
            value: queued.cluster.review_value(),
            band: bands::of(queued.cluster.probability).name.to_owned(),
            opened_at: queued.opened_at,
            claim: queued.claim.map(ClaimView::from),
            cluster: queued.cluster.into(),
        }
    }
}

/// Reads the queue, the most worthwhile first.
///
/// `value` is the number of golden records that the cluster would fold away, times the probability that it is one
/// organization: ten sure duplicates of one come before one sure pair, and a sure pair before a doubtful one.
#[utoipa::path(get, path = "/v1/review/queue", operation_id = "read_queue", tag = "review", params(QueueQuery),
    responses((status = 200, description = "A page", body = QueueView), ReviewListProblems))]
pub(super) async fn read(
    State(room): State<Room>,
    Parameters(query): Parameters<QueueQuery>,
) -> Result<Json<QueueView>> {
    let limit = limit(query.limit, 20, 200)?;
    let after = query.cursor.as_deref().map(place).transpose()?;
    let page = walk(&room, &query.filter(), Walk { after, limit, free_for: None }).await?;
    let clusters = page.clusters.into_iter().map(QueuedView::from).collect();
    Ok(Json(QueueView { clusters, next: page.next }))
}

/// How far to walk.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    pub(super) after: Option<QueuePlace>,
    pub(super) limit: usize,
    /// Without those that somebody other than this person holds.
    pub(super) free_for: Option<String>,
}

/// A piece of the queue.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) clusters: Vec<QueuedCluster>,
    pub(super) next: Option<String>,
}

/// Clusters looked at for one page when only some have a record of the wanted source.
const LOOKED_AT_MAX: usize = 1000;
const STEP: usize = 100;

pub(super) async fn walk(room: &Room, query: &QueueFilterQuery, walk: Walk) -> Result<Piece> {
    let order = query.sort.order();
    let mut page = QueuePage {
        order,
        filter: query.filter()?,
        after: walk.after,
        free_for: walk.free_for,
        limit: if query.source.is_some() { STEP } else { walk.limit + 1 },
    };
    let mut piece = Piece::default();
    for _ in 0..LOOKED_AT_MAX / STEP {
        let found = room.store.queue(&page).await?;
        let more = found.len() == page.limit;
        if query.source.is_some() {
            room.sources.learn(room, found.iter().map(|queued| &queued.cluster)).await?;
        }
        for queued in found {
            if piece.clusters.len() == walk.limit {
                piece.next = page.after.map(sealed_place);
                return Ok(piece);
            }
            page.after = Some(queued.place(order));
            if room.sources.tells(query.source.as_deref(), &queued.cluster) {
                piece.clusters.push(queued);
            }
        }
        if !more {
            return Ok(piece);
        }
    }
    piece.next = page.after.map(sealed_place);
    Ok(piece)
}

/// A place as a cursor: the number's exact bits, so that no rounding skips or repeats a cluster.
fn sealed_place(place: QueuePlace) -> String {
    sealed(&format!("{:016x}{}", place.number.to_bits(), place.id))
}

pub(super) fn place(cursor: &str) -> Result<QueuePlace> {
    let text = opened(cursor)?;
    let parts = text.split_at_checked(16);
    let parsed = parts.and_then(|(bits, id)| {
        let number = f64::from_bits(u64::from_str_radix(bits, 16).ok()?);
        Some(QueuePlace { number, id: id.parse().ok()? })
    });
    parsed.filter(|place| place.number.is_finite()).ok_or_else(|| bad_cursor(cursor))
}
