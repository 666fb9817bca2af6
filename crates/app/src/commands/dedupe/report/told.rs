//! Clusters and pairs one by one: what is in them and why.

use super::super::Ran;
use entity::{Record, RecordId};
use maud::{Markup, html};
use std::collections::HashMap;

const CLUSTERS_MAX: usize = 12;
const MEMBERS_MAX: usize = 30;
/// Pairs around the threshold and pairs over the whole range.
const PAIRS_NEAR: usize = 12;
const PAIRS_SPREAD: usize = 12;

/// The largest clusters, by their places.
pub(super) fn largest(ran: &Ran<'_>) -> Vec<usize> {
    let mut sizes: Vec<(usize, usize)> =
        ran.clusters.iter().enumerate().map(|(at, members)| (members.len(), at)).collect();
    sizes.retain(|(size, _)| *size > 1);
    sizes.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    sizes.into_iter().take(CLUSTERS_MAX).map(|(_, at)| at).collect()
}

/// Pairs that tell most: around the threshold, and some of every weight; the surest first.
pub(super) fn samples(ran: &Ran<'_>) -> Vec<usize> {
    let mut pairs: Vec<(f64, usize)> =
        (0..ran.pairs.len()).map(|at| (ran.batch.pair(&ran.pairs, at).weight, at)).collect();
    pairs.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let over = pairs.partition_point(|(weight, _)| *weight >= ran.threshold);
    let near = over.saturating_sub(PAIRS_NEAR / 2)..pairs.len().min(over + PAIRS_NEAR / 2);
    let spread = (0..PAIRS_SPREAD).map(|part| part * pairs.len() / PAIRS_SPREAD);
    let mut places: Vec<usize> = near.chain(spread).filter(|place| *place < pairs.len()).collect();
    places.sort_unstable();
    places.dedup();
    places.into_iter().map(|place| pairs[place].1).collect()
}

pub(super) fn cluster(ran: &Ran<'_>, at: usize, records: &HashMap<RecordId, Record>) -> Markup {
    let members = ran.clusters.members(at);
    let name =
        records.get(&ran.batch.id(members.anchor())).and_then(|record| record.organization.name.as_deref());
    html! {
        details {
            summary { strong { (members.len()) } " × " (name.unwrap_or("unnamed")) " "
                span.probability { (format!("{:.3}", members.probability())) } }
            table.members {
                @for (number, probability) in members.iter().take(MEMBERS_MAX) {
                    tr { (cells(ran, number, records)) td { (format!("{probability:.3}")) } }
                }
            }
            @if members.len() > MEMBERS_MAX { p { (members.len() - MEMBERS_MAX) " more" } }
        }
    }
}

/// Whether what is in it shows at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    Open,
    Closed,
}

pub(super) fn pair(
    ran: &Ran<'_>,
    (at, fold): (usize, Fold),
    records: &HashMap<RecordId, Record>,
) -> anyhow::Result<Markup> {
    let pair = ran.batch.pair(&ran.pairs, at);
    let levels = ran.pairs.levels(at).map(|levels| levels.levels()).unwrap_or_default();
    let lines = ran.plan.model.explain(levels, ran.batch.len() as u64)?;
    let most = lines.iter().map(|line| line.weight.abs()).fold(1.0, f64::max);
    let same = ran.cluster_of[pair.a as usize] == ran.cluster_of[pair.b as usize];
    let name = records.get(&ran.batch.id(pair.a)).and_then(|record| record.organization.name.as_deref());
    Ok(html! {
        details open[fold == Fold::Open] {
            summary {
                span.verdict.joined[same] { (if same { "joined" } else { "apart" }) } " "
                strong { (format!("{:+.2}", pair.weight)) } " "
                span.probability { (format!("{:.4}", ran.plan.model.probability(pair.weight))) } " "
                (name.unwrap_or("unnamed"))
            }
            table.members {
                tr { (cells(ran, pair.a, records)) }
                tr { (cells(ran, pair.b, records)) }
            }
            table.waterfall {
                @for line in &lines {
                    tr {
                        th { (line.comparison) } td { (line.level) }
                        td.bar {
                            span.for[line.weight > 0.0].against[line.weight <= 0.0]
                                style=(format!("width:{:.1}%", 100.0 * line.weight.abs() / most)) {}
                        }
                        td.figure { (format!("{:+.3}", line.weight)) }
                    }
                }
                tr.sum { th { "sum" } td {} td {} td.figure { (format!("{:+.3}", pair.weight)) } }
            }
        }
    })
}

/// What tells an organization to a person.
fn cells(ran: &Ran<'_>, number: u32, records: &HashMap<RecordId, Record>) -> Markup {
    let record = records.get(&ran.batch.id(number)).map(|record| &record.organization);
    let address = record.and_then(|organization| {
        let address = organization.locations.first()?.addresses.first()?;
        let parts = [&address.address_1, &address.city, &address.state_province, &address.postal_code];
        Some(parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(", "))
    });
    let phone =
        record.and_then(|organization| organization.phones.first()).map(|phone| phone.number.as_str());
    let web =
        record.and_then(|organization| organization.website.as_deref().or(organization.email.as_deref()));
    html! {
        td { code { (ran.batch.source_id(number)) } }
        td { (record.and_then(|organization| organization.name.as_deref()).unwrap_or_default()) }
        td { (address.unwrap_or_default()) } td { (phone.unwrap_or_default()) } td { (web.unwrap_or_default()) }
    }
}
