//! An addressed organization, read in one snapshot: its family, its golden record, its tag.

use super::conditional::etag;
use crate::problem::{Problem, Result};
use entity::{Family, GoldenRecord, MergeId, OrganizationId, Record, RecordId};
use store::Organizations;
use store::organizations::Revisions;

/// What goes by an id.
#[derive(Debug)]
pub(super) enum Addressed {
    /// A golden record that lives.
    Golden(Box<Held>),
    /// An absorbed id.
    Absorbed {
        /// Where it leads.
        survivor: OrganizationId,
        /// The merge that absorbed it.
        merge_id: MergeId,
    },
}

/// A golden record and what it is made of.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) family: Family,
    pub(super) golden: GoldenRecord,
    pub(super) etag: String,
}

/// Reads what goes by this id.
pub(super) async fn look_up(store: &dyn Organizations, id: OrganizationId) -> Result<Addressed> {
    let family = store.family(&[id.into()]).await?;
    let mut projection = golden::project(&family);
    if let Some(golden) = projection.golden.remove(&id) {
        return Ok(Addressed::Golden(Box::new(Held::new(family, golden))));
    }
    let survivor = projection.redirects.get(&id).copied();
    let link = family.links.iter().find(|link| link.absorbed.0 == id.0);
    match survivor.zip(link) {
        Some((survivor, link)) => Ok(Addressed::Absorbed { survivor, merge_id: link.merge_id }),
        None => Err(Problem::not_found(format!("organization {id}"))),
    }
}

/// Why nothing lives under an id: it was absorbed, or was never there.
pub(super) fn absorbed_or_missing(family: &Family, id: OrganizationId) -> Problem {
    match family.roots().get(&id.into()) {
        Some(survivor) if *survivor != id => Problem::merged_entity(&id.to_string(), &survivor.to_string()),
        _ => Problem::not_found(format!("organization {id}")),
    }
}

/// Reads a golden record in order to write to it: an absorbed id is a conflict, never a silent redirect.
pub(super) async fn look_up_to_write(store: &dyn Organizations, id: OrganizationId) -> Result<Held> {
    match look_up(store, id).await? {
        Addressed::Golden(held) => Ok(*held),
        Addressed::Absorbed { survivor, .. } => {
            Err(Problem::merged_entity(&id.to_string(), &survivor.to_string()))
        }
    }
}

/// The revisions of the members.
pub(super) fn revisions_of(golden: &GoldenRecord, family: &Family) -> Revisions {
    let members = golden.members.iter();
    members.filter_map(|id| family.revisions.get_key_value(id)).map(|(id, at)| (*id, *at)).collect()
}

impl Held {
    pub(super) fn new(family: Family, golden: GoldenRecord) -> Self {
        let etag = etag(&golden.members, &family.revisions);
        Self { family, golden, etag }
    }

    /// The revisions of the members: a write goes through while they stand.
    pub(super) fn revisions(&self) -> Revisions {
        revisions_of(&self.golden, &self.family)
    }

    pub(super) fn record(&self, id: RecordId) -> Option<&Record> {
        self.family.records.iter().find(|record| record.id == id)
    }

    /// The record that a person's word on the golden record is attached to: the survivor's own; once that is
    /// gone, the eldest member's.
    pub(super) fn principal(&self) -> &Record {
        let members = self.family.records.iter().filter(|record| self.golden.members.contains(&record.id));
        members
            .min_by_key(|record| (record.id.0 != self.golden.id.0, record.created_at, record.id))
            .expect("a golden record has members")
    }
}
