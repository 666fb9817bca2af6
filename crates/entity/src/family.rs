//! A family: everything that a golden record is made of, read in one snapshot.

use crate::id::{OrganizationId, RecordId};
use crate::merge::{Link, StewardFact};
use crate::record::Record;
use std::collections::{BTreeMap, BTreeSet};

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
}

impl Family {
    /// For every id of the family, existing record or not, the survivor that it leads to.
    ///
    /// Links form a forest: an id is absorbed at most once at a time, and only roots are ever linked.
    #[must_use]
    pub fn roots(&self) -> BTreeMap<RecordId, OrganizationId> {
        let parents: BTreeMap<_, _> = self.links.iter().map(|link| (link.absorbed, link.survivor)).collect();
        let ids: BTreeSet<_> = self
            .records
            .iter()
            .map(|record| record.id)
            .chain(self.links.iter().flat_map(|link| [link.absorbed, link.survivor]))
            .collect();
        ids.into_iter().map(|id| (id, root(id, &parents))).collect()
    }
}

fn root(id: RecordId, parents: &BTreeMap<RecordId, RecordId>) -> OrganizationId {
    let mut at = id;
    // Bounded by the number of links, so that a cycle in damaged data ends instead of hanging.
    for _ in 0..parents.len() {
        match parents.get(&at) {
            Some(parent) => at = *parent,
            None => break,
        }
    }
    at.into()
}
