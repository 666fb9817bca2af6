//! What sources and people do, by the roll of a dice: the same seed does the same.

use crate::running::Loop;
use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    CandidatePair, Judgement, JudgementVerdict, Location, MergeId, Organization, OrganizationId, Record,
    RecordId, Undo,
};
use serde_json::json;
use std::collections::{BTreeSet, HashSet};
use store::organizations::MergeRequest;
use uuid::Uuid;

const RECORDS: usize = GENERATED + 1 + SITES;
const GENERATED: usize = 154;
/// Of one agency, which is told with all of them.
const SITES: usize = 5;
const STREETS: [&str; SITES] = ["Oak", "Halsted", "Sheridan", "Pulaski", "Archer"];
const VERDICTS: [JudgementVerdict; 6] = [
    JudgementVerdict::Match,
    JudgementVerdict::Match,
    JudgementVerdict::NonMatch,
    JudgementVerdict::NonMatch,
    JudgementVerdict::Related,
    JudgementVerdict::Unsure,
];

pub(crate) struct History {
    dice: Dice,
    /// All records that may come, as their sources tell them at first.
    told: Vec<Record>,
    /// Per record, the organization that it tells of.
    entities: Vec<u64>,
    /// Which of them are there now.
    there: BTreeSet<usize>,
    merges: Vec<MergeId>,
    decisions: Vec<Uuid>,
    steps: Vec<String>,
    now: DateTime<Utc>,
}

impl History {
    pub(crate) fn new(seed: u64) -> Self {
        let base = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let (mut told, mut entities): (Vec<Record>, Vec<u64>) = sample::generate(GENERATED, seed, base)
            .map(|generated| (generated.record, generated.entity))
            .unzip();
        told.extend(agency_and_sites(base));
        // People are as likely to take one site for another as any two records of one organization.
        entities.resize(RECORDS, u64::MAX);
        // Arrival is not in the order of the ids, and some arrive at the same time.
        for (at, record) in (0..).zip(&mut told) {
            record.created_at = base + TimeDelta::seconds((at * 37) % 50);
        }
        let (there, merges, decisions) = (BTreeSet::new(), Vec::new(), Vec::new());
        Self { dice: Dice(seed), told, entities, there, merges, decisions, steps: Vec::new(), now: base }
    }

    /// What was done, in short.
    pub(crate) fn told(&self) -> String {
        self.steps.join(", ")
    }

    pub(crate) async fn step(&mut self, running: &Loop) {
        self.now += TimeDelta::seconds(1);
        let roll = self.dice.below(100);
        let step = match roll {
            0..40 => self.tell(running).await,
            40..50 => self.delete(running).await,
            50..55 => self.snapshot(running).await,
            55..67 => self.merge(running).await,
            67..74 => self.undo(running).await,
            74..90 => self.judge(running).await,
            90..96 => self.withdraw(running).await,
            _ => {
                running.settled().await;
                "a pause".to_owned()
            }
        };
        self.steps.push(step);
    }

    /// Some records come, change, or come back; a few are told wrongly.
    async fn tell(&mut self, running: &Loop) -> String {
        let count = 1 + self.dice.below(24);
        let chosen: BTreeSet<usize> = (0..count).map(|_| self.dice.below(RECORDS)).collect();
        let records: Vec<Record> = chosen.iter().map(|at| self.version_of(*at)).collect();
        running.organizations.upsert(records).await.unwrap();
        let text = format!("{} told", chosen.len());
        self.there.extend(chosen);
        text
    }

    /// A record as it is, or with something of another one's.
    fn version_of(&mut self, at: usize) -> Record {
        let mut record = self.told[at].clone();
        let other = self.told[self.dice.below(RECORDS)].organization.clone();
        match self.dice.below(10) {
            0 => record.organization.name = other.name,
            1 => record.organization.website = other.website,
            2 => record.organization.locations.clear(),
            3 => record.organization.name = None,
            4 => drop(record.organization.locations.pop()),
            5 => {
                // A number of another one's register, or none.
                record.organization.tax_id = None;
                record.organization.identifiers = other.identifiers;
            }
            _ => {}
        }
        record
    }

    /// A record goes, unless it is merged.
    async fn delete(&mut self, running: &Loop) -> String {
        let Some(at) = self.one_there() else { return "nothing to delete".into() };
        let id = self.told[at].id;
        let family = running.organizations.family(&[id]).await.unwrap();
        let Some(revision) = family.revisions.get(&id) else { return "gone before".into() };
        match running
            .organizations
            .delete_members(id.into(), &[(id, *revision)].into(), &store::By::now("ann"))
            .await
        {
            Ok(()) => {
                self.there.remove(&at);
                "one deleted".into()
            }
            Err(refused) => format!("no delete ({refused})"),
        }
    }

    /// A source tells all it has, and some of what it had is not among it: merged records go too.
    async fn snapshot(&mut self, running: &Loop) -> String {
        let Some(at) = self.one_there() else { return "no snapshot".into() };
        let source = self.told[at].source.clone();
        let of_source: Vec<usize> =
            self.there.iter().copied().filter(|at| self.told[*at].source == source).collect();
        let gone: Vec<usize> = of_source.iter().copied().filter(|_| self.dice.below(8) == 0).collect();
        let present: HashSet<String> = of_source
            .iter()
            .filter(|at| !gone.contains(at))
            .map(|at| self.told[*at].source_id.clone())
            .collect();
        running.organizations.delete_absent(&source, &present).await.unwrap();
        self.there.retain(|at| !gone.contains(at));
        format!("a snapshot without {}", gone.len())
    }

    async fn merge(&mut self, running: &Loop) -> String {
        let golden = running.organizations.list(None, 1000).await.unwrap();
        let pair = self.likely_pair();
        let roots = match pair {
            Some((a, b)) => {
                let roots = running.organizations.family(&[a, b]).await.unwrap().roots();
                [a, b].iter().filter_map(|id| roots.get(id).copied()).collect::<BTreeSet<_>>()
            }
            None => BTreeSet::new(),
        };
        let mut roots: Vec<OrganizationId> = roots.into_iter().collect();
        if golden.len() > 2 && self.dice.below(3) == 0 {
            roots.push(golden[self.dice.below(golden.len())]);
        }
        roots.sort_unstable();
        roots.dedup();
        if roots.len() < 2 {
            return "nothing to merge".into();
        }
        let survivor = roots.swap_remove(self.dice.below(roots.len()));
        let id = MergeId(self.dice.id());
        let request = MergeRequest {
            id,
            survivor,
            absorbed: roots.clone(),
            expected: std::collections::BTreeMap::new(),
            merged_by: "ana".into(),
            merged_at: self.now,
            reason: None,
            choices: Vec::new(),
            batch: None,
            key: store::merging::RequestKey { key: id.to_string(), fingerprint: id.to_string() },
        };
        match running.organizations.merge(&request).await {
            Ok(_) => {
                self.merges.push(id);
                format!("{} merged", roots.len() + 1)
            }
            Err(refused) => format!("no merge ({refused})"),
        }
    }

    async fn undo(&mut self, running: &Loop) -> String {
        if self.merges.is_empty() {
            return "nothing to undo".into();
        }
        let id = self.merges.swap_remove(self.dice.below(self.merges.len()));
        let undo = Undo::new("ben", self.now, None);
        running.organizations.undo(id, &undo).await.unwrap();
        "one undone".into()
    }

    async fn judge(&mut self, running: &Loop) -> String {
        let count = 1 + self.dice.below(3);
        let mut judgements = Vec::new();
        for _ in 0..count {
            let pair = match self.dice.below(4) {
                0 => self.any_pair(),
                _ => self.likely_pair(),
            };
            let Some(pair) = pair.and_then(|(a, b)| CandidatePair::new(a, b)) else { continue };
            let verdict = VERDICTS[self.dice.below(VERDICTS.len())];
            let judged_by = "ana".to_owned();
            judgements.push(Judgement { pair, verdict, judged_by, judged_at: self.now, reason: None });
        }
        let decision = self.dice.id();
        running.resolution.judge(&judgements, Some(decision)).await.unwrap();
        self.decisions.push(decision);
        format!("{} judged", judgements.len())
    }

    async fn withdraw(&mut self, running: &Loop) -> String {
        if self.decisions.is_empty() {
            return "nothing to withdraw".into();
        }
        let decision = self.decisions.swap_remove(self.dice.below(self.decisions.len()));
        running.resolution.withdraw(decision, self.now).await.unwrap();
        "one withdrawn".into()
    }

    fn one_there(&mut self) -> Option<usize> {
        let nth = (!self.there.is_empty()).then(|| self.dice.below(self.there.len()))?;
        self.there.iter().nth(nth).copied()
    }

    /// Two records, there or not: people judge records that are gone, and some come back.
    fn any_pair(&mut self) -> Option<(RecordId, RecordId)> {
        let (a, b) = (self.dice.below(RECORDS), self.dice.below(RECORDS));
        Some((self.told[a].id, self.told[b].id))
    }

    /// Two records that tell of one organization, as long as the dice finds some.
    fn likely_pair(&mut self) -> Option<(RecordId, RecordId)> {
        for _ in 0..20 {
            let at = self.dice.below(RECORDS);
            let same: Vec<usize> = (0..RECORDS)
                .filter(|other| *other != at && self.entities[*other] == self.entities[at])
                .collect();
            if !same.is_empty() {
                let other = same[self.dice.below(same.len())];
                return Some((self.told[at].id, self.told[other].id));
            }
        }
        self.any_pair()
    }
}

/// An agency that lists its places, and a record of each place: alike in all but the address.
fn agency_and_sites(created_at: DateTime<Utc>) -> impl Iterator<Item = Record> {
    let telling = move |own: &str, places: std::ops::Range<usize>| {
        let row = |table: &str, nth: usize| {
            let source_id = format!("{own} {nth}");
            json!({"id": entity::id::derive("agency", table, &source_id), "source_id": source_id})
        };
        let location = |nth: usize| -> Location {
            let (mut address, mut location) = (row("address", nth), row("location", nth));
            address["address_1"] = format!("{} {} Street", 100 + 337 * nth, STREETS[nth]).into();
            address["city"] = "Chicago".into();
            address["postal_code"] = (60601 + nth).to_string().into();
            location["addresses"] = json!([address]);
            location["phones"] = json!([]);
            serde_json::from_value(location).unwrap()
        };
        let mut phone = row("phone", 0);
        phone["number"] = "+1 312 555 0142".into();
        let organization = Organization {
            name: Some("Hope Foundation".into()),
            website: Some("https://hopefoundation.org".into()),
            phones: vec![serde_json::from_value(phone).unwrap()],
            locations: places.map(location).collect(),
            ..Organization::default()
        };
        let id = entity::id::derive("agency", "organization", own).into();
        Record { id, source: "agency".into(), source_id: own.into(), created_at, organization }
    };
    let sites = (0..SITES).map(move |nth| telling(&nth.to_string(), nth..nth + 1));
    std::iter::once(telling("all", 0..SITES)).chain(sites)
}

/// Numbers that look random: `SplitMix64`.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let state = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^ (state >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.roll() % limit as u64).unwrap()
    }

    fn id(&mut self) -> Uuid {
        let (high, low) = (self.roll(), self.roll());
        uuid::Builder::from_random_bytes(((u128::from(high) << 64) | u128::from(low)).to_be_bytes())
            .into_uuid()
    }
}
