//! Undo = never happened: any sequence of source changes, edits, merges, choices and undos ends in the state of the same
//! sequence without the merges that were undone.
//!
//! The sequence is lived through twice: once as the store does it, step by step with the functions of this crate, and once
//! by a bookkeeper who never hears of the undone merges and knows nothing but a map of who was absorbed by whom.

use crate::support::{at, golden_id, id, made, merge_id, named, record};
use chrono::{DateTime, Utc};
use entity::policy::{Rule, SURVIVING_FIELDS};
use entity::{
    Choosing, ChosenField, Family, FieldChoice, GoldenRecord, Link, Merge, MergeId, Organization,
    OrganizationId, Policy, PolicyDocument, Record, RecordId, StewardFact,
};
use golden::{
    PlanFault, ProposedMerge, explain, project, undo_effects, with_choices, with_merge, without_merges,
};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Records of the world.
const RECORDS: u128 = 7;
const SOURCES: [&str; 3] = ["registry", "county", "city"];

/// What happened, with everything decided.
#[derive(Clone, Debug)]
enum Event {
    Told(Box<Record>),
    Gone(RecordId),
    Stated(StewardFact),
    Merged(ProposedMerge),
    Chosen { id: OrganizationId, chosen: ChosenField, at: DateTime<Utc> },
    Undone(MergeId),
    Activated(Arc<Policy>),
}

/// The raw material of a step: which kind, and numbers to pick with.
type Dice = (u8, usize, usize, usize);

fn dice() -> impl Strategy<Value = Vec<Dice>> {
    prop::collection::vec((0u8..20, 0usize..1000, 0usize..1000, 0usize..1000), 1..60)
}

/// The world as the store would hold it.
#[derive(Default)]
struct World {
    family: Family,
    merges: Vec<Merge>,
    undone: BTreeSet<MergeId>,
    clock: i64,
}

impl World {
    fn step(&mut self, (kind, a, b, c): Dice) -> Option<Event> {
        self.clock += 1;
        let any = id(a as u128 % RECORDS + 1);
        let event = match kind {
            0..=5 => Event::Told(Box::new(self.telling(any, b, c))),
            6..=7 => Event::Gone(any),
            8..=9 => self.fact(pick(&self.golden_ids(), a)?, b, c),
            10..=14 => Event::Merged(self.proposal(a, b, c)?),
            15 => {
                let id = pick(&self.golden_ids(), a)?;
                let chosen = self.chosen(id, b, c)?;
                Event::Chosen { id, chosen, at: at(self.clock) }
            }
            16..=18 => {
                let standing: Vec<_> =
                    self.merges.iter().map(|merge| merge.id).filter(|id| !self.undone.contains(id)).collect();
                Event::Undone(pick(&standing, a)?)
            }
            _ => Event::Activated(some_policy(a)),
        };
        self.live(&event).then_some(event)
    }

    /// Lets it happen; whether it could.
    fn live(&mut self, event: &Event) -> bool {
        match event {
            Event::Told(record) => tell(&mut self.family, record, self.clock),
            Event::Gone(gone) => forget(&mut self.family, *gone),
            Event::Stated(fact) => self.family.facts.push(fact.clone()),
            Event::Merged(proposed) => match with_merge(&self.family, proposed) {
                Ok(family) => {
                    self.family = family;
                    self.merges.push(made(proposed));
                }
                Err(PlanFault::Choice { .. } | PlanFault::Missing(_)) => return false,
                Err(fault) => panic!("{fault:?} of {proposed:?}"),
            },
            Event::Chosen { id, chosen, at } => {
                let by = Choosing { organization_id: *id, merge_id: None, by: "cem", at: *at };
                self.family = with_choices(&self.family, &by, std::slice::from_ref(chosen)).unwrap();
            }
            Event::Undone(merge) => self.undo(*merge),
            Event::Activated(policy) => self.family.policy = Arc::clone(policy),
        }
        true
    }

    /// Undoes a merge, and holds the dry run to its word.
    fn undo(&mut self, id: MergeId) {
        let merge = self.merges.iter().find(|merge| merge.id == id).unwrap();
        let foretold = undo_effects(&self.family, merge);
        let before = project(&self.family);
        let choices = self.family.choices.len();
        self.family = without_merges(&self.family, &[id].into());
        self.undone.insert(id);
        let after = project(&self.family);
        assert_eq!(choices - self.family.choices.len(), foretold.choices_that_end.len());
        let mut shown: BTreeMap<OrganizationId, GoldenRecord> = presented(before.golden);
        for change in foretold.effects.golden {
            assert_eq!(shown.remove(&change.id), change.before);
            shown.extend(change.after.map(|after| (change.id, after)));
        }
        assert_eq!(shown, presented(after.golden), "the dry run told all");
        let mut redirects = before.redirects;
        for (id, (_, after)) in foretold.effects.redirects {
            redirects.remove(&id);
            redirects.extend(after.map(|after| (id, after)));
        }
        assert_eq!(redirects, after.redirects);
    }

    fn golden_ids(&self) -> Vec<OrganizationId> {
        let forest = self.family.forest();
        let ids: BTreeSet<_> = self.family.records.iter().map(|record| forest.root(record.id)).collect();
        ids.into_iter().collect()
    }

    fn telling(&self, id: RecordId, b: usize, c: usize) -> Record {
        let n = id.0.as_u128();
        let said = |place: usize, text: &str| {
            (b >> place & 1 == 1).then(|| format!("{text} {}", "x".repeat(c >> place & 3)))
        };
        let organization = Organization {
            description: said(0, "Description"),
            email: said(1, "mail"),
            website: said(2, "web"),
            year_incorporated: (b & 8 == 8).then_some(1900 + i32::try_from(c % 3).unwrap()),
            extra: entity::organization::Extra(
                [("k".to_owned(), Value::from(c % 4))].into_iter().filter(|_| b & 16 == 16).collect(),
            ),
            ..named(["Kitchen", "kitchen", "The Kitchen", "Community Kitchen of Ithaca"][c % 4])
        };
        // A record that is told again keeps its arrival; one that comes back arrives anew.
        let there = self.family.records.iter().find(|record| record.id == id);
        let created_at = there.map_or(at(self.clock), |record| record.created_at);
        Record { created_at, ..record(n, SOURCES[usize::try_from(n).unwrap() % 3], organization) }
    }

    fn fact(&self, about: OrganizationId, b: usize, c: usize) -> Event {
        let field = SURVIVING_FIELDS[b % 4];
        let value = if c.is_multiple_of(4) { Value::Null } else { format!("stated {c}").into() };
        Event::Stated(crate::support::fact(about.0.as_u128(), field, value, self.clock))
    }

    fn proposal(&self, a: usize, b: usize, c: usize) -> Option<ProposedMerge> {
        let mut roots = self.golden_ids();
        let survivor = pick(&roots, a)?;
        roots.retain(|root| *root != survivor);
        let mut absorbed = vec![pick(&roots, b)?];
        absorbed.extend(pick(&roots, c).filter(|other| c.is_multiple_of(3) && *other != absorbed[0]));
        let n = self.merges.len() as u128 + 1;
        let chosen = |field: usize| ChosenField {
            field: SURVIVING_FIELDS[field % 4].into(),
            record_id: (c % 5 != 0).then(|| id((b + field) as u128 % RECORDS + 1)),
        };
        let choices = if c % 2 == 0 { vec![chosen(a), chosen(a + 1)] } else { vec![] };
        let by = "ben".to_owned();
        Some(ProposedMerge { id: merge_id(n), survivor, absorbed, choices, by, at: at(self.clock) })
    }

    fn chosen(&self, about: OrganizationId, b: usize, c: usize) -> Option<ChosenField> {
        let (forest, records) = (self.family.forest(), self.family.records.iter());
        let members: Vec<_> =
            records.map(|record| record.id).filter(|record| forest.root(*record) == about).collect();
        let record_id = if c.is_multiple_of(4) { None } else { pick(&members, c) };
        Some(ChosenField { field: SURVIVING_FIELDS[b % 4].into(), record_id })
    }
}

fn presented(golden: BTreeMap<OrganizationId, GoldenRecord>) -> BTreeMap<OrganizationId, GoldenRecord> {
    golden.into_iter().map(|(id, golden)| (id, golden::presented(golden))).collect()
}

fn pick<T: Copy>(of: &[T], n: usize) -> Option<T> {
    of.get(n % of.len().max(1)).copied()
}

fn some_policy(n: usize) -> Arc<Policy> {
    let trust = Rule::SourceTrust(vec!["city".into(), "registry".into()]);
    let rules = [
        vec![Rule::Survivor],
        vec![trust, Rule::Longest],
        vec![Rule::Recency],
        vec![Rule::MostFrequent, Rule::Oldest],
        vec![Rule::Longest, Rule::Recency],
    ];
    let fields = [("email".to_owned(), rules[(n + 1) % 5].clone())].into();
    let document = PolicyDocument { default: rules[n % 5].clone(), fields, ..PolicyDocument::default() };
    Arc::new(Policy { name: format!("p{}", n % 5), version: 1, document })
}

fn tell(family: &mut Family, record: &Record, clock: i64) {
    match family.records.iter_mut().find(|there| there.id == record.id) {
        Some(there) if there == record => {}
        Some(there) => {
            *there = record.clone();
            family.changed_at.insert(record.id, at(clock));
        }
        None => family.records.push(record.clone()),
    }
}

fn forget(family: &mut Family, gone: RecordId) {
    family.records.retain(|record| record.id != gone);
    family.changed_at.remove(&gone);
}

/// One who never hears of undone merges.
#[derive(Default)]
struct Bookkeeper {
    family: Family,
    absorbed_by: BTreeMap<RecordId, (RecordId, MergeId)>,
}

impl Bookkeeper {
    fn hears(&mut self, event: &Event, clock: i64) {
        match event {
            Event::Told(record) => tell(&mut self.family, record, clock),
            Event::Gone(gone) => forget(&mut self.family, *gone),
            Event::Stated(fact) => self.family.facts.push(fact.clone()),
            Event::Merged(merge) => {
                for absorbed in &merge.absorbed {
                    self.absorbed_by.insert((*absorbed).into(), (merge.survivor.into(), merge.id));
                }
                for chosen in &merge.choices {
                    self.chosen(merge.survivor, chosen, (Some(merge.id), "ben", merge.at));
                }
            }
            Event::Chosen { id, chosen, at } => self.chosen(*id, chosen, (None, "cem", *at)),
            Event::Undone(_) => unreachable!("nobody tells them"),
            Event::Activated(policy) => self.family.policy = Arc::clone(policy),
        }
    }

    /// A choice of a record that is no member is no choice.
    fn chosen(
        &mut self,
        id: OrganizationId,
        chosen: &ChosenField,
        (merge_id, by, at): (Option<MergeId>, &str, DateTime<Utc>),
    ) {
        let mut rests_on: Vec<_> = merge_id.into_iter().collect();
        if let Some(mut record) = chosen.record_id {
            while let Some((survivor, merge)) = self.absorbed_by.get(&record) {
                rests_on.push(*merge);
                record = *survivor;
            }
            if record.0 != id.0 {
                return;
            }
        }
        rests_on.sort_unstable();
        rests_on.dedup();
        self.family.choices.push(FieldChoice {
            organization_id: id,
            chosen: chosen.clone(),
            merge_id,
            rests_on,
            chosen_by: by.into(),
            chosen_at: at,
        });
    }

    fn family(mut self) -> Family {
        self.family.links = self
            .absorbed_by
            .into_iter()
            .map(|(absorbed, (survivor, merge_id))| Link { absorbed, survivor, merge_id })
            .collect();
        self.family
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn undo_is_as_if_it_had_never_happened(dice in dice()) {
        let mut world = World::default();
        let mut history = Vec::new();
        for dice in dice {
            history.extend(world.step(dice).map(|event| (event, world.clock)));
        }
        let mut bookkeeper = Bookkeeper::default();
        for (event, clock) in &history {
            let unheard = match event {
                Event::Undone(_) => true,
                Event::Merged(merge) => world.undone.contains(&merge.id),
                _ => false,
            };
            if !unheard {
                bookkeeper.hears(event, *clock);
            }
        }
        let (mut lived, mut booked) = (world.family, bookkeeper.family());
        lived.links.sort_by_key(|link| link.absorbed);
        booked.links.sort_by_key(|link| link.absorbed);
        prop_assert_eq!(&lived.links, &booked.links);
        prop_assert_eq!(&lived.choices, &booked.choices);
        prop_assert_eq!(&lived, &booked);
        let projection = project(&lived);
        prop_assert_eq!(&projection, &project(&booked));

        // Invariant: each record is a member of one golden record, and redirects lead to golden records that live.
        let members: Vec<_> = projection.golden.values().flat_map(|golden| golden.members.clone()).collect();
        let mut ids: Vec<_> = lived.records.iter().map(|record| record.id).collect();
        ids.sort_unstable();
        let mut sorted = members;
        sorted.sort_unstable();
        prop_assert_eq!(sorted, ids);
        prop_assert!(projection.redirects.values().all(|root| projection.golden.contains_key(root)));
        for (id, golden) in &projection.golden {
            an_explanation_is_true(&lived, *id, golden);
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(dice in dice(), turn in 0usize..7) {
        let mut world = World::default();
        for dice in dice {
            world.step(dice);
        }
        let straight = project(&world.family);
        let mut family = world.family;
        let turned = |length: usize| turn % length.max(1);
        family.records.reverse();
        let at = turned(family.records.len());
        family.records.rotate_left(at);
        let at = turned(family.links.len());
        family.links.rotate_left(at);
        family.facts.reverse();
        family.choices.reverse();
        prop_assert_eq!(straight, project(&family));
    }
}

/// Whose value an explanation says has won is whose value the projection holds, and where it says it is from.
fn an_explanation_is_true(family: &Family, id: OrganizationId, golden: &GoldenRecord) {
    let organization = serde_json::to_value(&golden.organization).unwrap();
    let outcomes = explain(family, id).unwrap();
    for outcome in &outcomes {
        assert_eq!(outcome.value, organization[&outcome.field], "{outcome:?}");
        let origin = golden.origins.iter().find(|origin| origin.field == outcome.field).unwrap();
        assert_eq!((&origin.record_id, &origin.origin), (&outcome.record_id, &outcome.origin));
    }
    let explained: BTreeSet<_> = outcomes.iter().map(|outcome| outcome.field.as_str()).collect();
    for field in SURVIVING_FIELDS {
        assert!(
            organization[field].is_null() || explained.contains(field),
            "{field} is told and not explained"
        );
    }
    assert_eq!(golden_id(id.0.as_u128()), golden.id);
}
