//! The projection: from a family of records to its golden records and redirects.

use crate::fields::surviving_fields;
use crate::steward::state_facts;
use crate::survive::Contest;
use crate::{fold, lists};
use entity::record::FieldOrigin;
use entity::{
    Family, FieldChoice, Forest, GoldenRecord, Organization, OrganizationId, Record, RecordId, StewardFact,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What a family looks like to consumers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Projection {
    /// Golden records that live, by id.
    pub golden: BTreeMap<OrganizationId, GoldenRecord>,
    /// Absorbed ids and the survivor each leads to; chains are flattened. Only to golden records that live.
    pub redirects: BTreeMap<OrganizationId, OrganizationId>,
}

/// Projects a family under the policy that it carries. Pure: the same rows in any order give the same bytes.
#[must_use]
pub fn project(family: &Family) -> Projection {
    let forest = family.forest();
    let mut facts = by_root(&family.facts, &forest, |fact| fact.record_id);
    let alone = |record: &Record, id, facts: &mut HashMap<_, Vec<_>>| {
        alone(id, record, facts.remove(&id).unwrap_or_default())
    };
    // The common case, and the poller's hot path: nothing is merged.
    if family.links.is_empty() {
        let records = family.records.iter().map(|record| (record.id.into(), record));
        let golden = records.map(|(id, record)| (id, alone(record, id, &mut facts))).collect();
        return Projection { golden, redirects: BTreeMap::new() };
    }
    let mut choices = by_root(&family.choices, &forest, |choice| choice.organization_id.into());
    let golden: BTreeMap<_, _> = members(family, &forest)
        .into_iter()
        .map(|(id, records)| {
            let golden = match records.as_slice() {
                [record] => alone(record, id, &mut facts),
                _ => {
                    let words = (facts.remove(&id), choices.remove(&id));
                    together(id, records, words, family)
                }
            };
            (id, golden)
        })
        .collect();
    let absorbed = family.links.iter().map(|link| (link.absorbed.into(), forest.root(link.absorbed)));
    let redirects = absorbed.filter(|(id, root)| id != root && golden.contains_key(root)).collect();
    Projection { golden, redirects }
}

/// Records by the golden record that they are members of.
pub(crate) fn members<'a>(family: &'a Family, forest: &Forest) -> BTreeMap<OrganizationId, Vec<&'a Record>> {
    let mut members: BTreeMap<OrganizationId, Vec<&Record>> = BTreeMap::new();
    for record in &family.records {
        members.entry(forest.root(record.id)).or_default().push(record);
    }
    members
}

/// What was said of ids, by where these ids lead. A word on an id whose own record is gone goes there, too.
pub(crate) fn by_root<'a, T>(
    words: &'a [T],
    forest: &Forest,
    about: impl Fn(&T) -> RecordId,
) -> HashMap<OrganizationId, Vec<&'a T>> {
    let mut by_root: HashMap<OrganizationId, Vec<&T>> = HashMap::new();
    for word in words {
        by_root.entry(forest.root(about(word))).or_default().push(word);
    }
    by_root
}

/// The survivor first, then the others as they arrived; choices by age.
pub(crate) fn in_order(id: OrganizationId, records: &mut [&Record], choices: &mut [&FieldChoice]) {
    records.sort_by_key(|record| (record.id.0 != id.0, record.created_at, record.id));
    choices.sort_by_key(|choice| (choice.chosen_at, choice.merge_id, choice.chosen.record_id));
}

/// One record speaks: no policy decides, nothing is folded.
fn alone(id: OrganizationId, record: &Record, facts: Vec<&StewardFact>) -> GoldenRecord {
    let mut organization = record.organization.clone();
    lists::tidy(&mut organization);
    let mut origins = Vec::with_capacity(6);
    macro_rules! origins {
        ($($field:ident),*) => {$(
            if organization.$field.is_some() {
                origins.push(origin(stringify!($field), record));
            }
        )*};
    }
    surviving_fields!(origins);
    state_facts(&mut organization, &mut origins, facts);
    GoldenRecord {
        id,
        members: vec![record.id],
        created_at: record.created_at,
        organization,
        origins,
        folded: Vec::new(),
        policy: None,
    }
}

fn origin(field: &str, record: &Record) -> FieldOrigin {
    FieldOrigin { field: field.to_owned(), record_id: record.id, origin: record.source.clone() }
}

/// Several records speak.
fn together(
    id: OrganizationId,
    mut records: Vec<&Record>,
    (facts, choices): (Option<Vec<&StewardFact>>, Option<Vec<&FieldChoice>>),
    family: &Family,
) -> GoldenRecord {
    let mut choices = choices.unwrap_or_default();
    in_order(id, &mut records, &mut choices);
    let policy = &family.policy.document;
    let contest =
        Contest { id, records: &records, policy, choices: &choices, changed_at: &family.changed_at };
    let (mut organization, mut origins) = survive(&contest);
    lists::unite(&mut organization, &records);
    state_facts(&mut organization, &mut origins, facts.unwrap_or_default());
    let folded = fold::duplicates(&organization, &records, &policy.fold);
    let mut members: Vec<_> = records.iter().map(|record| record.id).collect();
    members.sort_unstable();
    let created_at = records.iter().map(|record| record.created_at).min();
    GoldenRecord {
        id,
        members,
        created_at: created_at.expect("a golden record has members"),
        organization,
        origins,
        folded,
        policy: Some(family.policy.label()),
    }
}

/// The fields of which one value wins, and whose it is.
fn survive(contest: &Contest<'_>) -> (Organization, Vec<FieldOrigin>) {
    let mut golden = Organization::default();
    let mut origins = Vec::new();
    macro_rules! survive {
        ($($field:ident),*) => {$(
            if let Some(winner) = contest.winner(stringify!($field), |told| told.$field.as_ref()) {
                golden.$field = Some(winner.value.clone());
                origins.push(origin(stringify!($field), winner.record));
            }
        )*};
    }
    surviving_fields!(survive);
    let keys: BTreeSet<&String> =
        contest.records.iter().flat_map(|record| record.organization.extra.0.keys()).collect();
    for key in keys {
        if let Some(winner) = contest.winner("extra", |told| told.extra.0.get(key)) {
            golden.extra.0.insert(key.clone(), winner.value.clone());
        }
    }
    (golden, origins)
}
