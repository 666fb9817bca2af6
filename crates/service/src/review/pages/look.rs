//! A cluster as one person looks at it: the members, what was said before, and where it stands in the queue.

use super::fields::Fields;
use super::joins::Joins;
use crate::page::PageProblem;
use crate::problem::{Problem, Result};
use crate::request::Caller;
use crate::review::Room;
use crate::review::client::MemberRecord;
use crate::review::clusters::pairs;
use crate::review::queue::{QueueFilterQuery, Walk, walk};
use crate::review::said::SaidView;
use entity::{Cluster, ClusterId, OrganizationId, RecordId};
use std::collections::HashMap;
use store::resolution::{Decision, FieldChoice};
use store::review::{Comment, QueuedCluster};
use uuid::Uuid;

/// What the address of the page asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    /// The part of the queue that one works through.
    pub(super) filter: QueueFilterQuery,
    /// The cluster that one came from.
    pub(super) from: Option<ClusterId>,
    /// Records added by hand.
    pub(super) added: Vec<RecordId>,
    /// Words to search another candidate by.
    pub(super) search: Option<String>,
    pub(super) survivor: Option<OrganizationId>,
    pub(super) choices: Vec<FieldChoice>,
    /// How members are put into groups at first.
    pub(super) tool: Option<Tool>,
}

/// A first proposal of groups for a large cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    /// In two, where it hangs together least.
    Bridge,
    /// By the host of the website.
    Domain,
    /// By the address.
    Address,
}

/// The names of the queue's part in an address.
pub(super) const QUEUE_FIELDS: [&str; 6] = ["sort", "band", "size_min", "size_max", "source", "shelf"];

impl Asked {
    pub(super) fn read(query: &str) -> Result<Self> {
        let fields = Fields::read(query.as_bytes());
        let filter = queue_filter(&fields.query(&QUEUE_FIELDS))?;
        let tool = match fields.text("tool") {
            Some("bridge") => Some(Tool::Bridge),
            Some("domain") => Some(Tool::Domain),
            Some("address") => Some(Tool::Address),
            _ => None,
        };
        Ok(Self {
            filter,
            from: fields.one("from")?,
            added: fields.all("add")?,
            search: fields.text("q").map(str::to_owned),
            survivor: fields.one("survivor")?,
            choices: choices(&fields)?,
            tool,
        })
    }

    /// The address of another cluster of the same part of the queue, coming from this one.
    pub(super) fn onward(&self, to: ClusterId, from: ClusterId) -> String {
        let filter = self.filter.text();
        let and = if filter.is_empty() { "" } else { "&" };
        format!("/clusters/{to}?{filter}{and}from={from}")
    }
}

/// The fields whose winner was chosen: `choose.name~1` and the like, with the number of the group.
pub(super) fn choices(fields: &Fields) -> Result<Vec<FieldChoice>> {
    let choice = |(named, record): (&str, &str)| {
        let field = named.split_once('~').map_or(named, |(field, _)| field);
        let problem = |_| Problem::invalid(format!("choose.{field}"), "is not an id");
        Ok(FieldChoice { field: field.to_owned(), record_id: record.parse().map_err(problem)? })
    };
    fields.beginning("choose.").map(choice).collect()
}

/// The queue's part, as the REST port reads it.
pub(super) fn queue_filter(query: &str) -> Result<QueueFilterQuery> {
    let uri: axum::http::Uri =
        format!("/?{query}").parse().map_err(|_| Problem::invalid("", "the address cannot be read"))?;
    let axum::extract::Query(filter) = axum::extract::Query::try_from_uri(&uri)
        .map_err(|rejection| Problem::new(crate::problem::Kind::Malformed, rejection.body_text()))?;
    Ok(filter)
}

/// A member with its letter and what its source says.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) letter: String,
    pub(super) record_id: RecordId,
    pub(super) organization_id: OrganizationId,
    /// That it belongs with the rest; none for one added by hand.
    pub(super) probability: Option<f64>,
    pub(super) record: Option<MemberRecord>,
    /// The first member of its golden record stands for it.
    pub(super) stands_for_all: bool,
}

/// All that the page of a cluster shows.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) asked: Asked,
    pub(super) queued: QueuedCluster,
    pub(super) members: Vec<Member>,
    pub(super) joins: Joins,
    /// Whether the organizations answered.
    pub(super) told: bool,
    pub(super) said: Vec<SaidView>,
    pub(super) comments: Vec<Comment>,
    pub(super) decisions: Vec<Decision>,
    pub(super) next: Option<ClusterId>,
    /// Who looks.
    pub(super) viewer: String,
}

impl Look {
    pub(super) fn cluster(&self) -> &Cluster {
        &self.queued.cluster
    }

    pub(super) fn letters(&self) -> HashMap<Uuid, &str> {
        self.members.iter().map(|member| (member.record_id.0, member.letter.as_str())).collect()
    }

    /// One member per golden record, in order.
    pub(super) fn heads(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.stands_for_all)
    }

    /// The claim of somebody else.
    pub(super) fn held_by_another(&self) -> Option<&store::review::Claim> {
        self.queued.claim.as_ref().filter(|claim| claim.holder != self.viewer)
    }
}

/// The cluster with what was said of it before, and the one that comes after it.
pub(super) async fn look(
    room: &Room,
    id: ClusterId,
    asked: Asked,
    caller: &Caller,
) -> Result<Look, PageProblem> {
    let glance = glance(room, id, asked, caller).await?;
    let said = room.store.pair_history(&pairs(glance.cluster())).await?;
    Ok(Look {
        said: said.into_iter().map(SaidView::from).collect(),
        comments: room.store.comments(id).await?,
        decisions: room.store.decisions_on(id).await?,
        next: next(room, &glance.queued, &glance.asked.filter, &glance.viewer).await?,
        ..glance
    })
}

/// The cluster and its members alone.
pub(super) async fn glance(
    room: &Room,
    id: ClusterId,
    asked: Asked,
    caller: &Caller,
) -> Result<Look, PageProblem> {
    let queued = room.store.queued(id).await?;
    let queued = queued.ok_or_else(|| Problem::not_found(format!("cluster {id}")))?;
    let cluster = &queued.cluster;
    let mut ids: Vec<RecordId> = cluster.members.iter().map(|member| member.record_id).collect();
    ids.extend(asked.added.iter().filter(|id| cluster.members.iter().all(|member| member.record_id != **id)));
    let (records, told) = match room.organizations.records(&ids).await {
        Ok(records) => (records, true),
        Err(_) => (Vec::new(), false),
    };
    Ok(Look {
        members: members(cluster, &ids, records),
        joins: Joins::of(room, cluster).await?,
        told,
        said: Vec::new(),
        comments: Vec::new(),
        decisions: Vec::new(),
        next: None,
        viewer: caller.name.clone(),
        asked,
        queued,
    })
}

fn members(cluster: &Cluster, ids: &[RecordId], records: Vec<MemberRecord>) -> Vec<Member> {
    let mut records: HashMap<RecordId, MemberRecord> =
        records.into_iter().map(|record| (record.id, record)).collect();
    let mut seen = std::collections::BTreeSet::new();
    let mut members = Vec::with_capacity(ids.len());
    for (number, id) in ids.iter().enumerate() {
        let known = cluster.members.iter().find(|member| member.record_id == *id);
        let record = records.remove(id);
        let organization = known.map(|member| member.organization_id);
        let organization = organization.or_else(|| record.as_ref().map(|record| record.organization_id));
        let Some(organization_id) = organization else { continue };
        members.push(Member {
            letter: letter(number),
            record_id: *id,
            organization_id,
            probability: known.map(|member| member.probability),
            record,
            stands_for_all: seen.insert(organization_id),
        });
    }
    members
}

/// A, B, …, Z, A2, B2, …
pub(super) fn letter(number: usize) -> String {
    let letter = char::from(b'A' + u8::try_from(number % 26).unwrap_or(0));
    let round = number / 26;
    if round == 0 { letter.to_string() } else { format!("{letter}{}", round + 1) }
}

/// The cluster to look at after this one: further down this part of the queue, else from its top; none that somebody
/// else holds.
pub(super) async fn next(
    room: &Room,
    queued: &QueuedCluster,
    filter: &QueueFilterQuery,
    viewer: &str,
) -> Result<Option<ClusterId>> {
    let free_for = Some(viewer.to_owned());
    let after = Some(queued.place(filter.sort.order()));
    let below = walk(room, filter, Walk { after, limit: 1, free_for: free_for.clone() }).await?;
    if let Some(next) = below.clusters.first() {
        return Ok(Some(next.cluster.id));
    }
    let top = walk(room, filter, Walk { after: None, limit: 2, free_for }).await?;
    Ok(top.clusters.into_iter().map(|next| next.cluster.id).find(|id| *id != queued.cluster.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_do_not_run_out() {
        assert_eq!([0, 25, 26, 53].map(letter), ["A", "Z", "A2", "B3"]);
    }

    #[test]
    fn the_address_keeps_the_part_of_the_queue() {
        let id = |n| ClusterId(Uuid::from_u128(n));
        let asked =
            Asked::read("band=p99&source=a+b&q=&add=00000000-0000-0000-0000-000000000007&sort=size").unwrap();
        assert_eq!(asked.added.len(), 1);
        let onward = asked.onward(id(1), id(2));
        assert!(onward.starts_with("/clusters/00000000-0000-0000-0000-000000000001?"), "{onward}");
        let (_, query) = onward.split_once('?').unwrap();
        let again = Asked::read(query).unwrap();
        assert_eq!((again.filter, again.from), (asked.filter, Some(id(2))));
        assert!(Asked::read("sort=luck").is_err());
        assert_eq!(Asked::default().onward(id(1), id(2)).matches('&').count(), 0);
    }
}
