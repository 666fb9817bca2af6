//! Undo = never happened, on the real store: histories are lived through twice, once with merges that are undone again, once
//! by people who never made them; the same rows stand at the end.

use super::fixture::{at, family, key, location, phone, record, record_id};
use super::{Backend, DataProduct};
use crate::organizations::{ChoiceRequest, MergeRequest, Revisions};
use entity::policy::SURVIVING_FIELDS;
use entity::{ChosenField, Family, MergeId, OrganizationId, Record, RecordId, StewardFact, Undo};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use uuid::Uuid;

/// Records of a history.
const RECORDS: usize = 6;
const STEPS: usize = 45;
const HISTORIES: u64 = 6;

/// What happened. Records by number, merges by their place among all merges.
#[derive(Clone, Debug)]
enum Step {
    Told { record: usize, how: u64 },
    Gone(usize),
    Stated { about: usize, field: &'static str, value: u64 },
    Merged { survivor: usize, absorbed: Vec<usize>, choices: Vec<(&'static str, usize)> },
    Chosen { about: usize, field: &'static str, record: usize },
    Undone(usize),
}

/// Numbers that look like chance, and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).expect("31 bits") % sides.max(1)
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        of.get(self.roll(of.len())).copied()
    }
}

/// What a writer of histories keeps in mind, so that each step is one that the store takes.
#[derive(Default)]
struct Plot {
    there: BTreeSet<usize>,
    /// Per absorbed record, its survivor and the merge.
    absorbed_by: BTreeMap<usize, (usize, usize)>,
    merges: usize,
    undone: BTreeSet<usize>,
}

impl Plot {
    fn root(&self, mut record: usize) -> usize {
        while let Some((survivor, _)) = self.absorbed_by.get(&record) {
            record = *survivor;
        }
        record
    }

    /// Golden ids whose own record is there.
    fn heads(&self) -> Vec<usize> {
        self.there.iter().copied().filter(|record| !self.absorbed_by.contains_key(record)).collect()
    }

    fn members(&self, root: usize) -> Vec<usize> {
        self.there.iter().copied().filter(|record| self.root(*record) == root).collect()
    }

    fn step(&mut self, dice: &mut Dice) -> Option<Step> {
        let any = dice.roll(RECORDS);
        let field = SURVIVING_FIELDS[dice.roll(4)];
        let value = u64::try_from(dice.roll(1 << 20)).unwrap_or_default();
        Some(match dice.roll(20) {
            0..=5 => {
                self.there.insert(any);
                Step::Told { record: any, how: value }
            }
            6 => Step::Gone(self.there.take(&any)?),
            7..=8 => Step::Stated { about: dice.pick(&self.heads())?, field, value },
            9..=13 => self.merge(dice, field)?,
            14 => {
                let about = dice.pick(&self.heads())?;
                Step::Chosen { about, field, record: dice.pick(&self.members(about))? }
            }
            _ => {
                let standing: Vec<_> =
                    (0..self.merges).filter(|merge| !self.undone.contains(merge)).collect();
                let merge = dice.pick(&standing)?;
                self.undone.insert(merge);
                self.absorbed_by.retain(|_, (_, by)| *by != merge);
                Step::Undone(merge)
            }
        })
    }

    fn merge(&mut self, dice: &mut Dice, field: &'static str) -> Option<Step> {
        let mut heads = self.heads();
        let survivor = dice.pick(&heads)?;
        heads.retain(|head| *head != survivor);
        let mut absorbed = vec![dice.pick(&heads)?];
        absorbed.extend(dice.pick(&heads).filter(|other| *other != absorbed[0]));
        for record in &absorbed {
            self.absorbed_by.insert(*record, (survivor, self.merges));
        }
        self.merges += 1;
        let chosen = dice.pick(&self.members(survivor))?;
        let choices = if dice.roll(2) == 0 { vec![(field, chosen)] } else { vec![] };
        Some(Step::Merged { survivor, absorbed, choices })
    }
}

/// One who lives through a history, in records of their own.
struct Life<'a> {
    organizations: &'a dyn DataProduct,
    source: String,
    merges: Vec<MergeId>,
    there: HashSet<String>,
    now: i64,
}

impl Life<'_> {
    fn id(&self, record: usize) -> RecordId {
        record_id(&self.source, &record.to_string())
    }

    fn told(&self, number: usize, how: u64) -> Record {
        let mut told = record(&self.source, &number.to_string());
        let said =
            |place: u64, text: &str| (how >> place & 1 == 1).then(|| format!("{text} {}", how >> 8 & 1));
        told.organization.description = said(0, "description");
        told.organization.email = said(1, "email");
        told.organization.legal_status = said(2, "status");
        if how >> 3 & 1 == 1 {
            told.organization.locations = vec![location(&self.source, &number.to_string())];
        }
        if how >> 4 & 1 == 1 {
            told.organization.phones = vec![phone(&self.source, &format!("{number}-{}", how >> 9 & 1))];
        }
        told
    }

    /// Lives a step; one who is not told of some merges leaves out what cannot be without them.
    async fn live(&mut self, step: &Step, untold: &BTreeSet<usize>) {
        self.now += 1000;
        match step {
            Step::Told { record, how } => {
                self.there.insert(record.to_string());
                self.organizations.upsert(vec![self.told(*record, *how)]).await.expect("told");
            }
            Step::Gone(record) => {
                self.there.remove(&record.to_string());
                self.organizations.delete_absent(&self.source, &self.there).await.expect("gone");
            }
            Step::Stated { about, field, value } => {
                let fact = StewardFact {
                    table: "organization".to_owned(),
                    row_id: self.id(*about).0,
                    record_id: self.id(*about),
                    field: (*field).to_owned(),
                    value: format!("stated {value}").into(),
                    stated_by: "ann".to_owned(),
                    stated_at: at(self.now),
                };
                self.organizations.state_facts(&[fact], &Revisions::new()).await.expect("stated");
            }
            Step::Merged { survivor, absorbed, choices } => {
                let id = MergeId(Uuid::now_v7());
                let untold = untold.contains(&self.merges.len());
                self.merges.push(id);
                if !untold {
                    self.merge(id, (*survivor, absorbed), choices).await;
                }
            }
            Step::Chosen { about, field, record } => {
                if self.root(*record).await == self.id(*about).into() {
                    let request = ChoiceRequest {
                        organization_id: self.id(*about).into(),
                        choices: vec![self.chosen(field, *record)],
                        expected: Revisions::new(),
                        chosen_by: "cem".to_owned(),
                        chosen_at: at(self.now),
                    };
                    self.organizations.choose(&request).await.expect("chosen");
                }
            }
            Step::Undone(merge) => {
                if !untold.contains(merge) {
                    let undo = Undo::new("ben", at(self.now), None);
                    self.organizations.undo(self.merges[*merge], &undo).await.expect("undone");
                }
            }
        }
    }

    async fn merge(
        &self,
        id: MergeId,
        (survivor, absorbed): (usize, &[usize]),
        choices: &[(&'static str, usize)],
    ) {
        let parts: BTreeSet<OrganizationId> =
            absorbed.iter().chain([&survivor]).map(|part| self.id(*part).into()).collect();
        let mut chosen = Vec::new();
        for (field, record) in choices {
            if parts.contains(&self.root(*record).await) {
                chosen.push(self.chosen(field, *record));
            }
        }
        let request = MergeRequest {
            id,
            survivor: self.id(survivor).into(),
            absorbed: absorbed.iter().map(|part| self.id(*part).into()).collect(),
            choices: chosen,
            expected: Revisions::new(),
            merged_by: "ann".to_owned(),
            merged_at: at(self.now),
            reason: None,
            batch: None,
            key: key(&format!("key of {id}"), ""),
        };
        self.organizations.merge(&request).await.expect("merged");
    }

    fn chosen(&self, field: &str, record: usize) -> ChosenField {
        ChosenField { field: field.to_owned(), record_id: Some(self.id(record)) }
    }

    async fn root(&self, record: usize) -> OrganizationId {
        let id = self.id(record);
        family(self.organizations, &[id]).await.roots().get(&id).copied().unwrap_or(id.into())
    }

    /// What stands at the end, in words that are the same for all who lived it: sorted lines, ids and the source by name.
    async fn end(&self) -> Vec<String> {
        let ids: Vec<_> = (0..RECORDS).map(|record| self.id(record)).collect();
        let Family { records, links, facts, choices, changed_at, .. } =
            family(self.organizations, &ids).await;
        let mut lines = Vec::new();
        self.tell("record", &records, &mut lines);
        self.tell("link", &links, &mut lines);
        self.tell("fact", &facts, &mut lines);
        self.tell("choice", &choices, &mut lines);
        self.tell("changed", &changed_at.keys().collect::<Vec<_>>(), &mut lines);
        let listed = self.organizations.list(None, 10_000).await.expect("listed");
        let golden: Vec<_> = listed.into_iter().filter(|id| ids.contains(&(*id).into())).collect();
        self.tell("golden", &golden, &mut lines);
        lines.sort_unstable();
        lines
    }

    fn tell<T: Serialize>(&self, what: &str, items: &[T], lines: &mut Vec<String>) {
        let derived = |table: &str, told_as: String| entity::id::derive(&self.source, table, &told_as);
        for item in items {
            let mut line = format!("{what} {}", serde_json::to_string(item).expect("JSON"));
            for record in 0..RECORDS {
                line = line.replace(&self.id(record).to_string(), &format!("<record {record}>"));
                for (table, told_as) in [
                    ("location", record.to_string()),
                    ("address", format!("{record}-z")),
                    ("address", format!("{record}-a")),
                    ("phone", format!("{record}-0")),
                    ("phone", format!("{record}-1")),
                    ("phone", format!("{record}-location-z")),
                    ("phone", format!("{record}-location-a")),
                ] {
                    let id = derived(table, told_as.clone()).to_string();
                    line = line.replace(&id, &format!("<{table} {told_as}>"));
                }
            }
            for (number, merge) in self.merges.iter().enumerate() {
                line = line.replace(&merge.to_string(), &format!("<merge {number}>"));
            }
            lines.push(line.replace(&self.source, "<source>"));
        }
    }
}

/// Any sequence of source changes, edits, merges on top of merges, choices and undos ends in the state of the same sequence
/// without the merges that were undone; revisions and the log of what happened aside.
pub async fn undo_is_as_if_it_had_never_happened(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    for seed in 0..HISTORIES {
        let (mut dice, mut plot) = (Dice(seed), Plot::default());
        let steps: Vec<Step> = (0..STEPS).filter_map(|_| plot.step(&mut dice)).collect();
        assert!(seed > 0 || !plot.undone.is_empty(), "a history that undoes nothing shows nothing");
        let mut ends = Vec::new();
        for untold in [BTreeSet::new(), plot.undone.clone()] {
            let source = format!("history {seed} without {}", untold.len());
            let mut life = Life {
                organizations: &*organizations,
                source,
                merges: Vec::new(),
                there: HashSet::new(),
                now: 0,
            };
            for step in &steps {
                life.live(step, &untold).await;
            }
            ends.push(life.end().await);
        }
        assert_eq!(ends[0], ends[1], "seed {seed}: {steps:#?}");
    }
}
