//! What a change would do, before it is made: golden records before and after, field by field.

use crate::fold::presented;
use crate::plan::without_merges;
use crate::project::{Projection, project};
use entity::{Family, FieldChoice, GoldenRecord, Merge, Organization, OrganizationId, RecordId, StewardFact};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// One golden id before and after: what it shows, or that it is not there.
#[derive(Clone, Debug, PartialEq)]
pub struct GoldenChange {
    /// The golden id.
    pub id: OrganizationId,
    /// As it is presented now; `None` where nothing lives under the id.
    pub before: Option<GoldenRecord>,
    /// As it would be presented.
    pub after: Option<GoldenRecord>,
    /// The fields that differ.
    pub fields: Vec<FieldChange>,
}

/// One field before and after, as JSON; null where it is not there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The field of [`Organization`].
    pub field: String,
    /// Its value now.
    pub before: Value,
    /// Its value afterwards.
    pub after: Value,
}

/// A place or service that would belong to another golden record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedChild {
    /// `location` or `service`.
    pub table: String,
    /// The row.
    pub id: Uuid,
    /// The record that owns it, before and after.
    pub record_id: RecordId,
    /// Its golden record now.
    pub before: OrganizationId,
    /// Its golden record afterwards.
    pub after: OrganizationId,
}

/// Everything that consumers would see of a change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// Golden ids that would change, come or go, by id.
    pub golden: Vec<GoldenChange>,
    /// Ids whose redirect would change: where each leads now and afterwards, if anywhere.
    pub redirects: BTreeMap<OrganizationId, (Option<OrganizationId>, Option<OrganizationId>)>,
    /// Children that would go along.
    pub moved: Vec<MovedChild>,
}

/// What an undo would do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UndoEffects {
    /// What consumers would see.
    pub effects: Effects,
    /// The choices that would end with the merge.
    pub choices_that_end: Vec<FieldChoice>,
    /// What people stated of the organization since the merge, of the golden id that they addressed: it stays there.
    pub facts_that_stay: Vec<StewardFact>,
}

/// Compares a family with what it would be.
#[must_use]
pub fn effects(before: &Family, after: &Family) -> Effects {
    let (now, then) = (project(before), project(after));
    Effects {
        golden: golden_changes(&now, &then),
        redirects: redirect_changes(&now, &then),
        moved: moved_children(before, after),
    }
}

/// What the undo of a merge would do to a family that holds its whole trees.
#[must_use]
pub fn undo_effects(family: &Family, merge: &Merge) -> UndoEffects {
    let undone = BTreeSet::from([merge.id]);
    let after = without_merges(family, &undone);
    let ends = |choice: &&FieldChoice| choice.rests_on.contains(&merge.id);
    let choices_that_end = family.choices.iter().filter(ends).cloned().collect();
    let effects = effects(family, &after);
    UndoEffects { effects, choices_that_end, facts_that_stay: facts_since(family, merge) }
}

/// Facts stated since a merge of the golden ids that showed it: of the survivor, and of those that absorbed it since.
fn facts_since(family: &Family, merge: &Merge) -> Vec<StewardFact> {
    let showed: BTreeSet<RecordId> = {
        let parent = |id: RecordId| {
            let link = family.links.iter().find(|link| link.absorbed == id && link.merge_id != merge.id);
            link.map(|link| link.survivor)
        };
        // Bounded by the number of links, as all walks are.
        std::iter::successors(Some(RecordId::from(merge.survivor)), |id| parent(*id))
            .take(family.links.len() + 1)
            .collect()
    };
    let stated = |fact: &&StewardFact| {
        fact.table == "organization" && fact.stated_at >= merge.merged_at && showed.contains(&fact.record_id)
    };
    family.facts.iter().filter(stated).cloned().collect()
}

fn golden_changes(now: &Projection, then: &Projection) -> Vec<GoldenChange> {
    let ids: BTreeSet<_> = now.golden.keys().chain(then.golden.keys()).copied().collect();
    let mut changes = Vec::new();
    for id in ids {
        let (before, after) = (now.golden.get(&id), then.golden.get(&id));
        if before == after {
            continue;
        }
        let (before, after) = (before.cloned().map(presented), after.cloned().map(presented));
        let fields = changed_fields_of(before.as_ref(), after.as_ref());
        changes.push(GoldenChange { id, before, after, fields });
    }
    changes
}

/// The fields in which two golden records differ, by name.
#[must_use]
pub fn changed_fields_of(before: Option<&GoldenRecord>, after: Option<&GoldenRecord>) -> Vec<FieldChange> {
    let object = |golden: Option<&GoldenRecord>| {
        let organization = golden.map(|golden| serde_json::to_value(&golden.organization));
        match organization {
            Some(Ok(Value::Object(fields))) => fields,
            _ => serde_json::Map::new(),
        }
    };
    let (before, mut after) = (object(before), object(after));
    let mut fields = Vec::new();
    let empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    for (field, before) in before {
        let after = after.remove(&field).unwrap_or_default();
        if before != after && !(empty(&before) && empty(&after)) {
            fields.push(FieldChange { field, before, after });
        }
    }
    let came = after.into_iter().filter(|(_, value)| !empty(value));
    fields.extend(came.map(|(field, after)| FieldChange { field, before: Value::Null, after }));
    fields.sort_by(|one, other| one.field.cmp(&other.field));
    fields
}

fn redirect_changes(
    now: &Projection,
    then: &Projection,
) -> BTreeMap<OrganizationId, (Option<OrganizationId>, Option<OrganizationId>)> {
    let ids: BTreeSet<_> = now.redirects.keys().chain(then.redirects.keys()).copied().collect();
    let leads = |projection: &Projection, id: OrganizationId| projection.redirects.get(&id).copied();
    ids.into_iter()
        .map(|id| (id, (leads(now, id), leads(then, id))))
        .filter(|(_, (before, after))| before != after)
        .collect()
}

fn moved_children(before: &Family, after: &Family) -> Vec<MovedChild> {
    let (now, then) = (before.forest(), after.forest());
    let mut moved = Vec::new();
    for record in &after.records {
        let (before, after) = (now.root(record.id), then.root(record.id));
        if before == after {
            continue;
        }
        let child =
            |table: &str, id| MovedChild { table: table.to_owned(), id, record_id: record.id, before, after };
        let Organization { locations, services, .. } = &record.organization;
        moved.extend(locations.iter().map(|place| child("location", place.id.0)));
        moved.extend(services.iter().map(|service| child("service", service.id.0)));
    }
    moved
}
