//! From a capture to events: which keys changed, and what each of them is now.

use super::children::{Child, Owner};
use crate::error::Result;
use crate::publisher::{Envelope, Publisher};
use entity::event::{MergeChanged, MergeOp, Op, OrganizationChanged, RecordChanged, RedirectChanged};
use entity::{Family, GoldenRecord, Location, Merge, OrganizationId, Record, RecordId, Service, Version};
use events::NewEvent;
use events::topics::Product;
use golden::Projection;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use store::{Capture, ChangeRow};
use uuid::Uuid;

/// How a capture is published.
#[derive(Debug)]
pub(super) struct Settings<'a> {
    pub(super) publisher: &'a Publisher,
    pub(super) products: &'a HashSet<Product>,
    pub(super) version: Version,
}

/// The products that the poller publishes.
#[derive(Debug)]
pub struct Published;

impl Published {
    /// All of them.
    pub const ALL: [Product; 6] = [
        Product::Record,
        Product::Organization,
        Product::Location,
        Product::Service,
        Product::Merge,
        Product::Redirect,
    ];
}

/// A golden record embeds so many locations and services; of the others it gives id and name.
#[must_use]
pub const fn children_embedded_max() -> usize {
    500
}

/// The events of a capture. Per key they stand in the order in which a consumer may apply them.
pub(super) fn events_of(settings: &Settings<'_>, capture: &Capture) -> Result<Vec<NewEvent>> {
    let family = &capture.family;
    let mut sheet = Sheet {
        settings,
        family,
        records: family.records.iter().map(|record| (record.id, record)).collect(),
        roots: family.roots(),
        projection: golden::project(family),
        events: Vec::new(),
    };
    let touched = Touched::of(&capture.rows, &sheet.roots);
    for id in &touched.records {
        sheet.record(*id)?;
    }
    for id in &touched.organizations {
        sheet.organization(*id, touched.relinked.contains(id))?;
    }
    sheet.children::<Location>(&touched.locations, &touched.relinked)?;
    sheet.children::<Service>(&touched.services, &touched.relinked)?;
    for merge in &capture.merges {
        if let Some(told) = touched.merges.get(&merge.id.0) {
            sheet.merge(merge, *told)?;
        }
    }
    Ok(sheet.events)
}

/// Which keys a capture concerns.
#[derive(Debug, Default)]
struct Touched {
    /// Records whose own rows changed.
    records: BTreeSet<RecordId>,
    /// Ids of the clean topic: golden, absorbed or gone. Golden ids that live come first in their family.
    organizations: BTreeSet<OrganizationId>,
    /// Those of them whose links changed.
    relinked: BTreeSet<OrganizationId>,
    /// Per location, the records that owned it before.
    locations: BTreeMap<Uuid, BTreeSet<RecordId>>,
    /// Per service, the records that owned it before.
    services: BTreeMap<Uuid, BTreeSet<RecordId>>,
    /// Merges that were made, taken back, or brought back by the undo of the split that had ended them.
    merges: BTreeMap<Uuid, MergeTold>,
}

/// What the log tells of a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MergeTold {
    /// That it was made, and perhaps more.
    Made,
    /// That it was taken back or brought back; consumers know it.
    Changed,
}

impl Touched {
    fn of(rows: &[ChangeRow], roots: &BTreeMap<RecordId, OrganizationId>) -> Self {
        let mut touched = Self::default();
        let mut relinked = BTreeSet::new();
        for row in rows {
            let owners: Vec<_> = [row.owner_before, row.owner_after].into_iter().flatten().collect();
            match row.table.as_str() {
                "organization" => touched.records.extend(&owners),
                "location" => touched.child(row, |touched| &mut touched.locations),
                "service" => touched.child(row, |touched| &mut touched.services),
                "steward_location" => drop(touched.locations.entry(row.row_id).or_default()),
                "steward_service" => drop(touched.services.entry(row.row_id).or_default()),
                "link" => relinked.extend(&owners),
                "merge" => {
                    let told = touched.merges.entry(row.row_id).or_insert(MergeTold::Changed);
                    if row.op != "U" {
                        *told = MergeTold::Made;
                    }
                }
                _ => {}
            }
            touched.organizations.extend(owners.into_iter().map(OrganizationId::from));
        }
        touched.whole_families(roots, &relinked);
        touched
    }

    fn child(
        &mut self,
        row: &ChangeRow,
        children: impl FnOnce(&mut Self) -> &mut BTreeMap<Uuid, BTreeSet<RecordId>>,
    ) {
        self.records.extend([row.owner_before, row.owner_after].into_iter().flatten());
        children(self).entry(row.row_id).or_default().extend(row.owner_before);
    }

    /// A family with links goes out whole: its golden record, and every id that leads to it.
    fn whole_families(&mut self, roots: &BTreeMap<RecordId, OrganizationId>, relinked: &BTreeSet<RecordId>) {
        let root_of = |id: RecordId| roots.get(&id).copied().unwrap_or(id.into());
        let relinked_roots: BTreeSet<_> = relinked.iter().map(|id| root_of(*id)).collect();
        let families: BTreeSet<_> = self.organizations.iter().map(|id| root_of((*id).into())).collect();
        for (id, root) in roots {
            if families.contains(root) {
                self.organizations.extend([(*id).into(), *root]);
            }
            if relinked_roots.contains(root) {
                self.relinked.extend([OrganizationId::from(*id), *root]);
            }
        }
    }
}

/// What is known while the events are written down.
struct Sheet<'a> {
    settings: &'a Settings<'a>,
    family: &'a Family,
    records: HashMap<RecordId, &'a Record>,
    roots: BTreeMap<RecordId, OrganizationId>,
    projection: Projection,
    events: Vec<NewEvent>,
}

impl Sheet<'_> {
    fn record(&mut self, id: RecordId) -> Result<()> {
        let version = self.settings.version;
        let value = match self.records.get(&id).copied() {
            Some(record) => RecordChanged::upsert(record.clone(), version),
            None => RecordChanged::delete(id, version),
        };
        self.send(Product::Record, &id.to_string(), None, value.op, &value)
    }

    fn organization(&mut self, id: OrganizationId, relinked: bool) -> Result<()> {
        let golden = self.projection.golden.get(&id).cloned();
        let redirect_to = self.projection.redirects.get(&id).copied();
        let op = match (&golden, redirect_to) {
            (Some(_), _) => Op::Upsert,
            (None, Some(_)) => Op::Redirect,
            (None, None) => Op::Delete,
        };
        let key = id.to_string();
        let version = self.settings.version;
        let value = match golden.map(golden::presented).map(embed) {
            None => OrganizationChanged { redirect_to, ..OrganizationChanged::bare(id, version, op) },
            Some((golden, truncated)) => OrganizationChanged {
                redirect_to,
                members: Some(golden.members),
                created_at: Some(golden.created_at),
                organization: Some(golden.organization),
                origins: Some(golden.origins),
                truncated: Some(truncated),
                folded: Some(golden.folded),
                policy: golden.policy,
                ..OrganizationChanged::bare(id, version, op)
            },
        };
        self.send(Product::Organization, &key, None, op, &value)?;
        // An id that was never absorbed has nothing to take back.
        let linked = relinked || self.family.links.iter().any(|link| link.absorbed.0 == id.0);
        if redirect_to.is_some() || linked {
            let op = if redirect_to.is_some() { Op::Redirect } else { Op::Delete };
            let value = RedirectChanged { id, version, op, redirect_to };
            self.send(Product::Redirect, &key, None, op, &value)?;
        }
        Ok(())
    }

    /// The children whose own rows changed, and those of families whose links did.
    fn children<C: Child>(
        &mut self,
        touched: &BTreeMap<Uuid, BTreeSet<RecordId>>,
        relinked: &BTreeSet<OrganizationId>,
    ) -> Result<()> {
        let mut touched = touched.clone();
        let family = self.family;
        // Invariant: a moved link moves the effective owner of every child of its family (`a_merge_moves_children`).
        let mut here: HashMap<Uuid, (&Record, &C)> = HashMap::new();
        for record in &family.records {
            let relinked = relinked.contains(&record.id.into());
            for row in C::of(&record.organization) {
                here.insert(row.id(), (record, row));
                if relinked {
                    touched.entry(row.id()).or_default();
                }
            }
        }
        for (id, owners_before) in touched {
            let owned = here.get(&id).map(|(record, row)| {
                (Owner::of(*row, record, self.roots[&record.id]), self.edited(record, *row))
            });
            let owner = owned.as_ref().map(|(owner, _)| owner.record_id);
            let value = C::changed(id, self.settings.version, owned);
            self.child((C::PRODUCT, id), owner, &owners_before, &value)?;
        }
        Ok(())
    }

    /// A row with people's facts on it, oldest first.
    fn edited<C: Child>(&self, record: &Record, row: &C) -> C {
        let id = row.id();
        let mut row = row.clone();
        for fact in &self.family.facts {
            if fact.table == C::TABLE && fact.row_id == id && fact.record_id == record.id {
                // It was checked when it was stated; one that no longer fits is passed over.
                let _ = golden::apply_fact(&mut row, &fact.field, &fact.value);
            }
        }
        row
    }

    /// A location or service: in the partition of its owner; owners before are left a tombstone.
    fn child<T: Serialize>(
        &mut self,
        (product, id): (Product, Uuid),
        owner: Option<RecordId>,
        owners_before: &BTreeSet<RecordId>,
        value: &T,
    ) -> Result<()> {
        let key = id.to_string();
        match owner {
            None => {
                for before in owners_before {
                    self.send(product, &key, Some(*before), Op::Delete, value)?;
                }
            }
            Some(owner) => {
                for before in owners_before.iter().filter(|before| **before != owner) {
                    self.moved_away(product, &key, *before);
                }
                self.send(product, &key, Some(owner), Op::Upsert, value)?;
            }
        }
        Ok(())
    }

    /// The old partition may forget the key. One version lower, because the two partitions are read in any order:
    /// the live row must win.
    fn moved_away(&mut self, product: Product, key: &str, before: RecordId) {
        if !self.settings.products.contains(&product) {
            return;
        }
        let version = Version(self.settings.version.0 - 1);
        let partition_key = before.to_string();
        let envelope =
            Envelope { product, key, partition_key: &partition_key, version, op: Op::Delete.as_str() };
        self.events.push(self.settings.publisher.tombstone(&envelope));
    }

    /// The last fact of a merge is what it is now: a split ends merges, and its undo brings them back.
    fn merge(&mut self, merge: &Merge, told: MergeTold) -> Result<()> {
        let mut facts = vec![];
        if told == MergeTold::Made || merge.undo.is_none() {
            facts.push((MergeOp::Merged, &merge.merged_by, merge.merged_at, &merge.reason));
        }
        if let Some(undo) = &merge.undo {
            facts.push((MergeOp::Unmerged, &undo.undone_by, undo.undone_at, &undo.reason));
        }
        if !self.settings.products.contains(&Product::Merge) {
            return Ok(());
        }
        let key = merge.id.to_string();
        let both = facts.len() > 1;
        for (op, by, at, reason) in facts {
            // A merge taken back within one batch: two facts of one key need two versions.
            let earlier = i64::from(both && op == MergeOp::Merged);
            let version = Version(self.settings.version.0 - earlier);
            let value = MergeChanged {
                id: merge.id,
                version,
                op,
                survivor: Some(merge.survivor),
                absorbed: Some(merge.absorbed.clone()),
                by: Some(by.clone()),
                at: Some(at),
                reason: reason.clone(),
            };
            let (product, partition_key) = (Product::Merge, key.as_str());
            let envelope = Envelope { product, key: &key, partition_key, version, op: op.as_str() };
            self.events.push(self.settings.publisher.event(&envelope, &value)?);
        }
        Ok(())
    }

    /// An event; a delete is followed by a tombstone.
    fn send<T: Serialize>(
        &mut self,
        product: Product,
        key: &str,
        owner: Option<RecordId>,
        op: Op,
        value: &T,
    ) -> Result<()> {
        if !self.settings.products.contains(&product) {
            return Ok(());
        }
        let owner = owner.map(|owner| owner.to_string());
        let partition_key = owner.as_deref().unwrap_or(key);
        let version = self.settings.version;
        let envelope = Envelope { product, key, partition_key, version, op: op.as_str() };
        self.events.push(self.settings.publisher.event(&envelope, value)?);
        if op == Op::Delete {
            self.events.push(self.settings.publisher.tombstone(&envelope));
        }
        Ok(())
    }
}

/// Keeps a golden record within bounds; whether something was left out.
fn embed(mut golden: GoldenRecord) -> (GoldenRecord, bool) {
    let organization = &mut golden.organization;
    let truncated = organization.locations.len().max(organization.services.len()) > children_embedded_max();
    for location in organization.locations.iter_mut().skip(children_embedded_max()) {
        location.addresses.clear();
        location.phones.clear();
        location.description = None;
        location.extra = entity::organization::Extra::default();
    }
    for service in organization.services.iter_mut().skip(children_embedded_max()) {
        service.phones.clear();
        service.location_ids.clear();
        service.description = None;
        service.extra = entity::organization::Extra::default();
    }
    (golden, truncated)
}
