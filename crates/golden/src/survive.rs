//! Which record's value wins a field: a person's choice, then the rules of the policy, then who arrived first.

use crate::fields::Told;
use chrono::{DateTime, Utc};
use entity::policy::Rule;
use entity::{FieldChoice, Organization, OrganizationId, PolicyDocument, Record, RecordId};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Why a value won, or what it lost to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WonBy {
    /// A person stated it.
    Steward,
    /// A person chose the record whose value it is.
    Choice,
    /// The survivor's own record says so.
    Survivor,
    /// Its source is trusted more.
    SourceTrust,
    /// Its source changed the record last.
    Recency,
    /// Its record is the eldest.
    Oldest,
    /// It is the longest.
    Longest,
    /// Most records say so.
    MostFrequent,
    /// The rules leave it open, and its record was there first.
    Arrival,
    /// No record says otherwise.
    Agreed,
}

impl WonBy {
    fn rule(rule: &Rule) -> Self {
        match rule {
            Rule::Survivor => Self::Survivor,
            Rule::SourceTrust(_) => Self::SourceTrust,
            Rule::Recency => Self::Recency,
            Rule::Oldest => Self::Oldest,
            Rule::Longest => Self::Longest,
            Rule::MostFrequent => Self::MostFrequent,
        }
    }
}

/// The members of a golden record and what decides among them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contest<'a> {
    pub(crate) id: OrganizationId,
    /// The survivor's own record first, then the others as they arrived: the order that settles what rules leave open.
    pub(crate) records: &'a [&'a Record],
    pub(crate) policy: &'a PolicyDocument,
    /// The choices made for ids that lead here, newest last.
    pub(crate) choices: &'a [&'a FieldChoice],
    pub(crate) changed_at: &'a BTreeMap<RecordId, DateTime<Utc>>,
}

/// A record that tells a value.
#[derive(Debug)]
pub(crate) struct Teller<'a, T> {
    pub(crate) record: &'a Record,
    pub(crate) value: &'a T,
}

impl<'a> Contest<'a> {
    /// Whose value wins, if anybody tells one.
    pub(crate) fn winner<T: Told + 'a>(
        &self,
        field: &str,
        told: impl Fn(&'a Organization) -> Option<&'a T>,
    ) -> Option<Teller<'a, T>> {
        // The usual policy needs no look at the values: the order of the records is its order.
        let by_order = matches!(self.policy.rules(field), [Rule::Survivor]) && self.choice(field).is_none();
        if by_order { self.tellers(told).next() } else { self.decide(field, told, |_, _| {}) }
    }

    /// Whose value wins; `lost` hears of each other teller, and what it lost to.
    pub(crate) fn decide<T: Told + 'a>(
        &self,
        field: &str,
        told: impl Fn(&'a Organization) -> Option<&'a T>,
        mut lost: impl FnMut(Teller<'a, T>, WonBy),
    ) -> Option<Teller<'a, T>> {
        let mut standing: Vec<_> = self.tellers(told).collect();
        if let Some(chosen) = self.choice(field)
            && standing.iter().any(|teller| teller.record.id == chosen)
        {
            keep_best(&mut standing, WonBy::Choice, &mut lost, |teller| {
                i64::from(teller.record.id == chosen)
            });
        }
        for rule in self.policy.rules(field) {
            if standing.len() < 2 {
                break;
            }
            let scores = self.scores(rule, &standing);
            let mut scores = scores.into_iter();
            keep_best(&mut standing, WonBy::rule(rule), &mut lost, |_| scores.next().unwrap_or(i64::MIN));
        }
        let mut standing = standing.into_iter();
        let winner = standing.next();
        standing.for_each(|teller| lost(teller, WonBy::Arrival));
        winner
    }

    fn tellers<T: 'a>(
        &self,
        told: impl Fn(&'a Organization) -> Option<&'a T>,
    ) -> impl Iterator<Item = Teller<'a, T>> {
        self.records
            .iter()
            .filter_map(move |record| Some(Teller { record, value: told(&record.organization)? }))
    }

    /// The member that a person chose: by the newest choice only, for an older one was superseded by it.
    pub(crate) fn choice(&self, field: &str) -> Option<RecordId> {
        self.choices.iter().rev().find(|choice| choice.chosen.field == field)?.chosen.record_id
    }

    /// How good each teller is under a rule; the greatest are kept.
    fn scores<T: Told>(&self, rule: &Rule, standing: &[Teller<'_, T>]) -> Vec<i64> {
        let each = |score: &dyn Fn(&Teller<'_, T>) -> i64| standing.iter().map(score).collect();
        match rule {
            Rule::Survivor => each(&|teller| i64::from(teller.record.id.0 == self.id.0)),
            Rule::SourceTrust(sources) => each(&|teller| {
                let place = sources.iter().position(|source| *source == teller.record.source);
                -i64::try_from(place.unwrap_or(sources.len())).unwrap_or(i64::MAX)
            }),
            Rule::Recency => each(&|teller| {
                let changed = self.changed_at.get(&teller.record.id).unwrap_or(&teller.record.created_at);
                changed.timestamp_micros()
            }),
            Rule::Oldest => each(&|teller| -teller.record.created_at.timestamp_micros()),
            Rule::Longest => each(&|teller| teller.value.characters()),
            Rule::MostFrequent => {
                let keys: Vec<_> = standing.iter().map(|teller| teller.value.key()).collect();
                let count = |key: &Cow<'_, str>| keys.iter().filter(|other| *other == key).count();
                keys.iter().map(|key| i64::try_from(count(key)).unwrap_or(i64::MAX)).collect()
            }
        }
    }
}

/// Keeps the tellers with the greatest score, in their order.
fn keep_best<'a, T>(
    standing: &mut Vec<Teller<'a, T>>,
    by: WonBy,
    lost: &mut impl FnMut(Teller<'a, T>, WonBy),
    score: impl FnMut(&Teller<'a, T>) -> i64,
) {
    let scores: Vec<i64> = standing.iter().map(score).collect();
    let best = scores.iter().copied().max().unwrap_or(i64::MIN);
    let all = std::mem::take(standing);
    for (teller, score) in all.into_iter().zip(scores) {
        if score == best { standing.push(teller) } else { lost(teller, by) }
    }
}
