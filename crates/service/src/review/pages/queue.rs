//! The queue: clusters that wait, the surest first.

use crate::page::{Page, PageProblem, Place, count, percent};
use crate::request::Parameters;
use crate::review::Room;
use crate::review::client::MemberRecord;
use crate::review::clusters::{ClusterQuery, Status, page};
use axum::extract::State;
use entity::{Cluster, RecordId};
use maud::{Markup, html};
use std::collections::HashMap;

/// Members named per cluster; more are counted.
const NAMED: usize = 4;

type Records = HashMap<RecordId, MemberRecord>;

pub(super) async fn show(
    State(room): State<Room>,
    Parameters(query): Parameters<ClusterQuery>,
) -> Result<Page, PageProblem> {
    let page = page(&room, &query).await?;
    let (open, total) = room.store.cluster_counts().await?;
    let (records, notice) = records(&room, &page.clusters).await;
    let status = if query.status == Status::All { "all" } else { "open" };
    let content = html! {
        h1 { "Clusters" }
        p.lead { "Each holds records that look like one organization. Decide, and the next one comes." }
        nav.tabs aria-label="Which clusters" {
            a href="/clusters" aria-current=[(query.status == Status::Open).then_some("page")] { "Waiting " b { (count(open)) } }
            a href="/clusters?status=all" aria-current=[(query.status == Status::All).then_some("page")] { "All " b { (count(total)) } }
        }
        (notice)
        @if page.clusters.is_empty() {
            p.empty { @if query.status == Status::Open { "Nothing waits: every cluster is decided." } @else { "There is no cluster yet." } }
        } @else {
            ol.queue { @for (number, cluster) in page.clusters.iter().enumerate() { (entry(cluster, &records, number == 0)) } }
        }
        @if let Some(next) = &page.next {
            p { a.button href={ "/clusters?status=" (status) "&cursor=" (next) } { "More" } }
        }
    };
    Ok(Page::new("Clusters", Place::Clusters, content))
}

/// The records of the members that are named; a notice instead when the organizations do not answer.
async fn records(room: &Room, clusters: &[Cluster]) -> (Records, Markup) {
    let named = clusters.iter().flat_map(|cluster| cluster.members.iter().take(NAMED));
    let ids: Vec<RecordId> = named.map(|member| member.record_id).collect();
    match room.organizations.records(&ids).await {
        Ok(records) => (records.into_iter().map(|record| (record.id, record)).collect(), html! {}),
        Err(_) => (
            Records::new(),
            html! { p.notice role="status" { "The organizations do not answer now, so that only ids can be shown." } },
        ),
    }
}

fn entry(cluster: &Cluster, records: &Records, first: bool) -> Markup {
    let more = cluster.members.len().saturating_sub(NAMED);
    html! {
        li { a.entry href={ "/clusters/" (cluster.id) } data-key=[first.then_some("Enter")] {
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
        } }
    }
}
