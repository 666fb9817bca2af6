//! Why a golden record says what it says: per field the value that won, why, and the values that lost.

use crate::fields::{Told, surviving_fields};
use crate::project::{by_root, in_order, members};
use crate::steward::{apply_fact, by_age};
use crate::survive::{Contest, Teller, WonBy};
use entity::policy::SURVIVING_FIELDS;
use entity::{Family, Organization, OrganizationId, RecordId, StewardFact};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How one field of a golden record came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldOutcome {
    /// The field, one of [`SURVIVING_FIELDS`].
    pub field: String,
    /// The value that won; null where a person cleared the field.
    pub value: Value,
    /// The record that tells it, or the id that a person's word is about.
    pub record_id: RecordId,
    /// The record's source, or `steward`.
    pub origin: String,
    /// Why it won.
    pub won_by: WonBy,
    /// Who stated the value or chose the record, where a person did.
    pub by: Option<String>,
    /// What the other records tell, equal values among them.
    pub losers: Vec<LosingValue>,
}

/// A value that did not win.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LosingValue {
    /// The record that tells it.
    pub record_id: RecordId,
    /// Its source.
    pub source: String,
    /// The value.
    pub value: Value,
    /// What it lost to.
    pub lost_to: WonBy,
}

/// Explains the golden record of an id, field by field, those left out that nobody tells; `None` when nothing lives
/// under the id. What it says of values is what [`crate::project`] projects (`an_explanation_is_true`).
#[must_use]
pub fn explain(family: &Family, id: OrganizationId) -> Option<Vec<FieldOutcome>> {
    let forest = family.forest();
    let mut records = members(family, &forest).remove(&id)?;
    let mut choices = by_root(&family.choices, &forest, |choice| choice.organization_id.into())
        .remove(&id)
        .unwrap_or_default();
    in_order(id, &mut records, &mut choices);
    let mut facts = by_root(&family.facts, &forest, |fact| fact.record_id).remove(&id).unwrap_or_default();
    facts.retain(|fact| fact.table == "organization");
    by_age(&mut facts);
    let policy = &family.policy.document;
    let contest =
        Contest { id, records: &records, policy, choices: &choices, changed_at: &family.changed_at };
    let mut outcomes = Vec::new();
    macro_rules! outcomes {
        ($($field:ident),*) => {$(
            outcomes.extend(outcome(&contest, stringify!($field), |told| told.$field.as_ref()));
        )*};
    }
    surviving_fields!(outcomes);
    for fact in facts {
        overrule(&mut outcomes, fact);
    }
    Some(outcomes)
}

fn outcome<'a, T: Told + 'a>(
    contest: &Contest<'a>,
    field: &str,
    told: impl Fn(&'a Organization) -> Option<&'a T>,
) -> Option<FieldOutcome> {
    let mut losers: Vec<(Teller<'_, T>, WonBy)> = Vec::new();
    let winner = contest.decide(field, told, |teller, by| losers.push((teller, by)))?;
    let chosen = contest.choice(field) == Some(winner.record.id);
    let last_rival = losers.iter().rev().find(|(teller, _)| teller.value.key() != winner.value.key());
    let won_by = if chosen { WonBy::Choice } else { last_rival.map_or(WonBy::Agreed, |(_, by)| *by) };
    let choice = contest.choices.iter().rev().find(|choice| choice.chosen.field == field);
    Some(FieldOutcome {
        field: field.to_owned(),
        value: winner.value.json(),
        record_id: winner.record.id,
        origin: winner.record.source.clone(),
        won_by,
        by: choice.filter(|_| chosen).map(|choice| choice.chosen_by.clone()),
        losers: losers.into_iter().map(lost).collect(),
    })
}

fn lost<T: Told>((teller, lost_to): (Teller<'_, T>, WonBy)) -> LosingValue {
    let (record_id, source) = (teller.record.id, teller.record.source.clone());
    LosingValue { record_id, source, value: teller.value.json(), lost_to }
}

/// A person's word stands above what the records tell; a word of before is no record's.
fn overrule(outcomes: &mut Vec<FieldOutcome>, fact: &StewardFact) {
    let field = fact.field.as_str();
    let fits = apply_fact(&mut Organization::default(), field, &fact.value).is_ok();
    if !fits || !SURVIVING_FIELDS.contains(&field) {
        return;
    }
    let at = outcomes.binary_search_by(|outcome| outcome.field.as_str().cmp(field));
    let mut losers = Vec::new();
    if let Ok(before) = at.map(|at| outcomes.remove(at)) {
        losers = before.losers;
        losers.iter_mut().for_each(|loser| loser.lost_to = WonBy::Steward);
        if before.won_by != WonBy::Steward {
            let FieldOutcome { record_id, origin: source, value, .. } = before;
            losers.insert(0, LosingValue { record_id, source, value, lost_to: WonBy::Steward });
        }
    }
    let at = at.unwrap_or_else(|at| at);
    let outcome = FieldOutcome {
        field: fact.field.clone(),
        value: fact.value.clone(),
        record_id: fact.record_id,
        origin: "steward".to_owned(),
        won_by: WonBy::Steward,
        by: Some(fact.stated_by.clone()),
        losers,
    };
    outcomes.insert(at, outcome);
}
