//! Records, links and words for the cases.

use chrono::{DateTime, Utc};
use entity::policy::Rule;
use entity::{
    ChosenField, Family, GoldenRecord, Link, Merge, MergeId, Organization, OrganizationId, Policy,
    PolicyDocument, Record, RecordId, StewardFact,
};
use golden::{FieldOutcome, ProposedMerge, WonBy};
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

pub(crate) fn id(n: u128) -> RecordId {
    RecordId(Uuid::from_u128(n))
}

pub(crate) fn golden_id(n: u128) -> OrganizationId {
    id(n).into()
}

pub(crate) fn merge_id(n: u128) -> MergeId {
    MergeId(Uuid::from_u128(1000 + n))
}

/// The n-th record arrived at second n.
pub(crate) fn record(n: u128, source: &str, organization: Organization) -> Record {
    let created_at = at(i64::try_from(n).unwrap());
    Record { id: id(n), source: source.into(), source_id: n.to_string(), created_at, organization }
}

pub(crate) fn named(name: &str) -> Organization {
    Organization { name: Some(name.into()), ..Organization::default() }
}

/// The first of these absorbed all others, in one merge each.
pub(crate) fn merged(records: Vec<Record>) -> Family {
    let survivor = records[0].id;
    let links = records[1..].iter().zip(1..).map(|(absorbed, n)| Link {
        absorbed: absorbed.id,
        survivor,
        merge_id: merge_id(n),
    });
    Family { links: links.collect(), records, ..Family::default() }
}

pub(crate) fn policy(default: Vec<Rule>) -> Arc<Policy> {
    let document = PolicyDocument { default, ..PolicyDocument::default() };
    Arc::new(Policy { name: "test".into(), version: 3, document })
}

pub(crate) fn fact(about: u128, field: &str, value: impl Into<Value>, seconds: i64) -> StewardFact {
    StewardFact {
        table: "organization".into(),
        row_id: id(about).0,
        record_id: id(about),
        field: field.into(),
        value: value.into(),
        stated_by: "ana".into(),
        stated_at: at(seconds),
    }
}

pub(crate) fn chosen(field: &str, record: u128) -> ChosenField {
    ChosenField { field: field.into(), record_id: Some(id(record)) }
}

pub(crate) fn proposed(
    n: u128,
    survivor: u128,
    absorbed: &[u128],
    choices: Vec<ChosenField>,
) -> ProposedMerge {
    ProposedMerge {
        id: merge_id(n),
        survivor: golden_id(survivor),
        absorbed: absorbed.iter().map(|n| golden_id(*n)).collect(),
        choices,
        by: "ben".into(),
        at: at(100 + i64::try_from(n).unwrap()),
    }
}

/// The merge that a proposal became.
pub(crate) fn made(proposed: &ProposedMerge) -> Merge {
    Merge {
        id: proposed.id,
        survivor: proposed.survivor,
        absorbed: proposed.absorbed.clone(),
        merged_by: proposed.by.clone(),
        merged_at: proposed.at,
        reason: None,
        batch: None,
        split: None,
        undo: None,
    }
}

pub(crate) fn golden(family: &Family, n: u128) -> GoldenRecord {
    golden::project(family).golden.remove(&golden_id(n)).unwrap()
}

pub(crate) fn outcome(family: &Family, n: u128, field: &str) -> FieldOutcome {
    let outcomes = golden::explain(family, golden_id(n)).unwrap();
    outcomes.into_iter().find(|outcome| outcome.field == field).unwrap()
}

/// Whose name wins, and why.
#[track_caller]
pub(crate) fn check_name(family: &Family, n: u128, name: &str, won_by: WonBy) {
    assert_eq!(golden(family, n).organization.name.as_deref(), Some(name));
    let outcome = outcome(family, n, "name");
    assert_eq!((outcome.value.as_str(), outcome.won_by), (Some(name), won_by), "{outcome:?}");
}
