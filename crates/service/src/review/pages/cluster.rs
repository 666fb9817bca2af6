//! One cluster: its members side by side, the evidence, and the decision.

use super::{compare, evidence};
use crate::access::frame::asks_for_name;
use crate::page::{Page, PageProblem, Place, percent};
use crate::request::PathId;
use crate::review::Room;
use crate::review::client::MemberRecord;
use crate::review::clusters::{ClusterQuery, page};
use crate::review::clusters::{cluster, cursor_of};
use axum::extract::State;
use entity::{Cluster, ClusterId, OrganizationId, RecordId};
use maud::{Markup, html};
use std::collections::HashMap;

/// A member with its letter and what its source says.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) letter: String,
    pub(super) record_id: RecordId,
    pub(super) organization_id: OrganizationId,
    pub(super) probability: f64,
    pub(super) record: Option<MemberRecord>,
}

pub(super) async fn show(State(room): State<Room>, PathId(id): PathId) -> Result<Page, PageProblem> {
    let cluster = cluster(&room, id.into()).await?;
    let ids: Vec<RecordId> = cluster.members.iter().map(|member| member.record_id).collect();
    let (records, notice) = match room.organizations.records(&ids).await {
        Ok(records) => (records, html! {}),
        Err(_) => (
            Vec::new(),
            html! { p.notice role="status" { "The organizations do not answer now: try again in a moment." } },
        ),
    };
    let members = members(&cluster, records);
    let next = next(&room, &cluster).await?;
    let title = members.iter().find_map(|member| member.record.as_ref()).map(MemberRecord::shown_name);
    let content = html! {
        p.crumbs { a href="/clusters" data-key="q" { "Queue " kbd { "q" } }
            @if let Some(next) = next { a href={ "/clusters/" (next) } data-key="j" rel="next" { "Next " kbd { "j" } } } }
        h1 { "Are these " (members.len()) " one organization?" }
        p.lead {
            b { (percent(cluster.probability)) } " likely, says the model "
            code { (cluster.model_version) } ". You decide."
        }
        (notice)
        @if cluster.is_open() { (decision(&cluster, &members, next)) } @else {
            p.notice { "Decided: they belong to one organization. " a href="/decisions" { "History" } }
            (compare::table(&members, compare::Choice::Settled))
        }
        (evidence::section(&cluster, &members))
    };
    Ok(Page::new(title.unwrap_or("A cluster"), Place::Clusters, content))
}

fn members(cluster: &Cluster, records: Vec<MemberRecord>) -> Vec<Member> {
    let mut records: HashMap<RecordId, MemberRecord> =
        records.into_iter().map(|record| (record.id, record)).collect();
    let member = |(number, member): (usize, &entity::ClusterMember)| Member {
        letter: letter(number),
        record_id: member.record_id,
        organization_id: member.organization_id,
        probability: member.probability,
        record: records.remove(&member.record_id),
    };
    cluster.members.iter().enumerate().map(member).collect()
}

/// A, B, …, Z, A2, B2, …
fn letter(number: usize) -> String {
    let letter = char::from(b'A' + u8::try_from(number % 26).unwrap_or(0));
    let round = number / 26;
    if round == 0 { letter.to_string() } else { format!("{letter}{}", round + 1) }
}

/// The cluster to look at after this one: further down the queue, else from its top.
pub(super) async fn next(room: &Room, cluster: &Cluster) -> Result<Option<ClusterId>, PageProblem> {
    let below = ClusterQuery { cursor: Some(cursor_of(cluster)), limit: Some(1), ..ClusterQuery::default() };
    if let Some(next) = page(room, &below).await?.clusters.first() {
        return Ok(Some(next.id));
    }
    let top = ClusterQuery { limit: Some(2), ..ClusterQuery::default() };
    Ok(page(room, &top).await?.clusters.into_iter().map(|next| next.id).find(|id| *id != cluster.id))
}

fn decision(cluster: &Cluster, members: &[Member], next: Option<ClusterId>) -> Markup {
    let chosen = members.first().map(|member| member.organization_id);
    html! {
        form method="post" action={ "/clusters/" (cluster.id) "/decide" } {
            @if let Some(next) = next { input type="hidden" name="next" value=(next); }
            (compare::table(members, compare::Choice::Survivor(chosen)))
            div.verdicts role="group" aria-label="Your decision" {
                button.merge name="verdict" value="match" data-key="m" { "Merge " kbd { "m" } }
                button name="verdict" value="non_match" data-key="n" { "Not the same " kbd { "n" } }
                button name="verdict" value="related" data-key="r" title="A branch, a parent, or the same under a new name" { "Related " kbd { "r" } }
                label { "Why" input name="reason" maxlength="1000" autocomplete="off" placeholder="optional"; }
                @if asks_for_name() { label { "Your name" input name="user" maxlength="200" autocomplete="nickname" placeholder="anonymous" data-remember="user"; } }
            }
            p.hint { "Merging changes no source: it links the records, and can be undone at any time." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::letter;

    #[test]
    fn letters_do_not_run_out() {
        assert_eq!([0, 25, 26, 53].map(letter), ["A", "Z", "A2", "B3"]);
    }
}
