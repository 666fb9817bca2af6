//! A family: everything that a golden record is made of, read in one snapshot.

use crate::id::{MergeId, OrganizationId, RecordId};
use crate::merge::{Choosing, ChosenField, FieldChoice, Link, StewardFact};
use crate::policy::Policy;
use crate::record::Record;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Records with the links among them and what people stated of them: one or more whole trees of links.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Family {
    /// The records that exist, in no order.
    pub records: Vec<Record>,
    /// The revision of each existing record's row.
    pub revisions: BTreeMap<RecordId, i64>,
    /// The links that hold.
    pub links: Vec<Link>,
    /// Steward facts, oldest first.
    pub facts: Vec<StewardFact>,
    /// The choices that hold, oldest first.
    pub choices: Vec<FieldChoice>,
    /// When its source last changed a record, children included; a record that is not here is as it arrived.
    ///
    /// Beside the records and not in them: a record that is told again as it was is equal to what stands.
    pub changed_at: BTreeMap<RecordId, DateTime<Utc>>,
    /// The policy in force.
    pub policy: Arc<Policy>,
}

impl Family {
    /// For every id of the family, existing record or not, the survivor that it leads to.
    #[must_use]
    pub fn roots(&self) -> BTreeMap<RecordId, OrganizationId> {
        let forest = self.forest();
        let ids: BTreeSet<_> = self
            .records
            .iter()
            .map(|record| record.id)
            .chain(self.links.iter().flat_map(|link| [link.absorbed, link.survivor]))
            .collect();
        ids.into_iter().map(|id| (id, forest.root(id))).collect()
    }

    /// The links, to be followed.
    #[must_use]
    pub fn forest(&self) -> Forest {
        Forest(self.links.iter().map(|link| (link.absorbed, (link.survivor, link.merge_id))).collect())
    }
}

/// Links as a forest: an id is absorbed at most once at a time, and only roots are ever linked.
#[derive(Clone, Debug, Default)]
pub struct Forest(HashMap<RecordId, (RecordId, MergeId)>);

impl Forest {
    /// The survivor that an id leads to; itself, when it was not absorbed.
    #[must_use]
    pub fn root(&self, id: RecordId) -> OrganizationId {
        self.way(id).last().map_or(id, |(survivor, _)| survivor).into()
    }

    /// The merges by which an id leads to its survivor, in the order of the way; none for a survivor.
    #[must_use]
    pub fn path(&self, id: RecordId) -> Vec<MergeId> {
        self.way(id).map(|(_, merge)| merge).collect()
    }

    /// Whether an id was absorbed.
    #[must_use]
    pub fn is_absorbed(&self, id: RecordId) -> bool {
        self.0.contains_key(&id)
    }

    /// A choice as it is kept, with the merges that it rests on; `None` when the chosen record does not lead to the
    /// golden id that it is made for.
    #[must_use]
    pub fn choice(&self, made: &Choosing<'_>, chosen: &ChosenField) -> Option<FieldChoice> {
        let mut rests_on: Vec<MergeId> = made.merge_id.into_iter().collect();
        if let Some(record) = chosen.record_id {
            if self.root(record) != made.organization_id {
                return None;
            }
            rests_on.extend(self.path(record));
        }
        rests_on.sort_unstable();
        rests_on.dedup();
        Some(FieldChoice {
            organization_id: made.organization_id,
            chosen: chosen.clone(),
            merge_id: made.merge_id,
            rests_on,
            chosen_by: made.by.to_owned(),
            chosen_at: made.at,
        })
    }

    /// Bounded by the number of links, so that a cycle in damaged data ends instead of hanging.
    fn way(&self, id: RecordId) -> impl Iterator<Item = (RecordId, MergeId)> + '_ {
        let step = |id| self.0.get(&id).copied();
        std::iter::successors(step(id), move |(survivor, _)| step(*survivor)).take(self.0.len())
    }
}
