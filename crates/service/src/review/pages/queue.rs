//! The queue: clusters that wait, in the order in which they are worth deciding.

use super::cluster::{band_label, progress};
use super::fields::Fields;
use super::look::{QUEUE_FIELDS, queue_filter};
use crate::page::{Page, PageProblem, Place, ago, count, percent};
use crate::paging::{bad_cursor, opened};
use crate::problem::Result;
use crate::request::Caller;
use crate::review::Room;
use crate::review::bands::BANDS;
use crate::review::client::MemberRecord;
use crate::review::clusters::{ClusterQuery, Status, page};
use crate::review::progress::{BandCount, waiting as bands_waiting};
use crate::review::queue::{QueueFilterQuery, ShelfName, Sort, Walk, place, walk};
use axum::extract::{RawQuery, State};
use entity::{Cluster, RecordId};
use maud::{Markup, html};
use std::collections::HashMap;
use store::review::QueuedCluster;

/// Members named per cluster; more are counted.
const NAMED: usize = 4;
const SHOWN: usize = 20;

type Records = HashMap<RecordId, MemberRecord>;

pub(super) async fn show(
    State(room): State<Room>,
    RawQuery(query): RawQuery,
    caller: Caller,
) -> Result<Page, PageProblem> {
    let query = query.unwrap_or_default();
    let fields = Fields::read(query.as_bytes());
    let content = if fields.text("status") == Some("all") {
        all(&room, fields.text("cursor")).await?
    } else {
        waiting(&room, &fields, &caller.name).await?
    };
    Ok(Page::new("Clusters", Place::Clusters, content))
}

async fn waiting(room: &Room, fields: &Fields, viewer: &str) -> Result<Markup, PageProblem> {
    let filter = queue_filter(&fields.query(&QUEUE_FIELDS))?;
    let after = fields.text("cursor").map(place).transpose()?;
    let piece = walk(room, &filter, Walk { after, limit: SHOWN, free_for: None }).await?;
    let bands = bands_waiting(room).await?;
    let (records, notice) = records(room, piece.clusters.iter().map(|queued| &queued.cluster)).await;
    let text = filter.text();
    Ok(html! {
        (heading(room, &bands, (filter.shelf == ShelfName::Aside, false)).await?)
        (controls(&filter))
        (notice)
        @if piece.clusters.is_empty() {
            p.empty { @if filter == QueueFilterQuery::default() { "Nothing waits: every cluster is decided." } @else { "Nothing waits here. " a href="/clusters" { "The whole queue" } } }
        } @else {
            ol.queue { @for (number, queued) in piece.clusters.iter().enumerate() { (waiting_entry(queued, &records, (&text, viewer, number == 0))) } }
        }
        @if let Some(next) = &piece.next { p { a.button href={ "/clusters?" (text) "&cursor=" (next) } { "More" } } }
        (progress(room, viewer, &bands).await?)
    })
}

/// All clusters, decided ones too: by probability.
async fn all(room: &Room, cursor: Option<&str>) -> Result<Markup, PageProblem> {
    if let Some(cursor) = cursor {
        opened(cursor).map_err(|_| bad_cursor(cursor))?;
    }
    let query = ClusterQuery { status: Status::All, cursor: cursor.map(str::to_owned), limit: None };
    let page = page(room, &query).await?;
    let (records, notice) = records(room, page.clusters.iter()).await;
    Ok(html! {
        (heading(room, &bands_waiting(room).await?, (false, true)).await?)
        (notice)
        @if page.clusters.is_empty() { p.empty { "There is no cluster yet." } } @else {
            ol.queue { @for cluster in &page.clusters { li { (entry(cluster, &records, "", false)) } } }
        }
        @if let Some(next) = &page.next { p { a.button href={ "/clusters?status=all&cursor=" (next) } { "More" } } }
    })
}

async fn heading(
    room: &Room,
    bands: &[BandCount],
    (aside, all): (bool, bool),
) -> Result<Markup, PageProblem> {
    let (_, total) = room.store.cluster_counts().await?;
    let open: u64 = bands.iter().map(|band| band.waiting).sum();
    let current = |here: bool| here.then_some("page");
    Ok(html! {
        h1 { "Clusters" }
        p.lead { "Each holds records that look like one organization. Decide, and the next one comes." }
        nav.tabs aria-label="Which clusters" {
            a href="/clusters" aria-current=[current(!aside && !all)] { "Waiting " b { (count(open)) } }
            a href="/clusters?shelf=aside" aria-current=[current(aside)] { "Put aside" }
            a href="/clusters?status=all" aria-current=[current(all)] { "All " b { (count(total)) } }
        }
    })
}

fn controls(filter: &QueueFilterQuery) -> Markup {
    let sorts = [
        (Sort::Value, "value", "worth: organizations that would go × probability"),
        (Sort::Probability, "probability", "the surest first"),
        (Sort::Age, "age", "the longest waiting first"),
        (Sort::Size, "size", "the largest first"),
    ];
    html! {
        form.filters method="get" action="/clusters" aria-label="Order and filter" {
            @if filter.shelf == ShelfName::Aside { input type="hidden" name="shelf" value="aside"; }
            label { "Order" select name="sort" { @for (sort, value, label) in sorts {
                option value=(value) selected[filter.sort == sort] { (label) }
            } } }
            label { "Probability" select name="band" {
                option value="" { "any" }
                @for band in BANDS.iter().rev() { option value=(band.name) selected[filter.band.as_deref() == Some(band.name)] { (band.label) } }
            } }
            label { "Records, from" input type="number" name="size_min" min="2" max="10000" value=[filter.size_min]; }
            label { "to" input type="number" name="size_max" min="2" max="10000" value=[filter.size_max]; }
            label { "Source" input name="source" maxlength="200" value=[filter.source.as_deref()] autocomplete="off"; }
            button { "Show" }
        }
    }
}

/// The records of the members that are named; a notice instead when the organizations do not answer.
async fn records<'a>(room: &Room, clusters: impl Iterator<Item = &'a Cluster>) -> (Records, Markup) {
    let named = clusters.flat_map(|cluster| cluster.members.iter().take(NAMED));
    let ids: Vec<RecordId> = named.map(|member| member.record_id).collect();
    match room.organizations.records(&ids).await {
        Ok(records) => (records.into_iter().map(|record| (record.id, record)).collect(), html! {}),
        Err(_) => (
            Records::new(),
            html! { p.notice role="status" { "The organizations do not answer now, so that only ids can be shown." } },
        ),
    }
}

fn waiting_entry(
    queued: &QueuedCluster,
    records: &Records,
    (text, viewer, first): (&str, &str, bool),
) -> Markup {
    html! { li {
        (entry(&queued.cluster, records, text, first))
        p.entry-note {
            span { "worth " b { (format!("{:.1}", queued.cluster.review_value())) } } " · "
            span { (band_label(queued.cluster.probability)) } " · "
            span { "came " (ago(queued.opened_at, entity::clock::now())) }
            @if let Some(claim) = &queued.claim { " · " span.tag {
                @if claim.holder == viewer { "yours" } @else { "held by " (claim.holder) }
                " until " (claim.until.format("%H:%M")) " UTC"
            } }
        }
    } }
}

fn entry(cluster: &Cluster, records: &Records, text: &str, first: bool) -> Markup {
    let more = cluster.members.len().saturating_sub(NAMED);
    let and = if text.is_empty() { String::new() } else { format!("?{text}") };
    html! {
        a.entry href={ "/clusters/" (cluster.id) (and) } data-key=[first.then_some("Enter")] {
            span.chance { (percent(cluster.probability)) }
            span.members {
                @for member in cluster.members.iter().take(NAMED) {
                    @match records.get(&member.record_id) {
                        Some(record) => span.member {
                            b { (record.shown_name()) }
                            @if let Some(address) = record.addresses().first() { " " span.where { (address) } }
                            " " span.source { (record.source) }
                        },
                        None => span.member { code { (member.record_id) } },
                    }
                }
                @if more > 0 { span.member { "and " (more) " more" } }
            }
            span.size { (cluster.members.len()) " records" }
        }
    }
}
