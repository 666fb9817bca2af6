//! Which value wins, and why.

use crate::support::{
    at, check_name, chosen, fact, golden, golden_id, id, merged, named, outcome, policy, proposed, record,
};
use entity::policy::Rule;
use entity::{Choosing, ChosenField, Family, Organization, PolicyDocument};
use golden::WonBy;
use serde_json::{Value, json};

/// Three records: the survivor says little, two of three agree, the county changed last.
fn three() -> Family {
    let mut family = merged(vec![
        record(3, "registry", named("Kitchen")),
        record(1, "county", named("Community Kitchen of Ithaca")),
        record(2, "city", named("Community Kitchen")),
        record(4, "helpline", named(" community kitchen ")),
    ]);
    family.changed_at.insert(id(1), at(50));
    family
}

#[track_caller]
fn check(rules: Vec<Rule>, name: &str, won_by: WonBy) {
    let family = Family { policy: policy(rules), ..three() };
    check_name(&family, 3, name, won_by);
}

#[test]
fn each_rule_prefers_what_it_says() {
    let trust =
        |sources: &[&str]| Rule::SourceTrust(sources.iter().map(|&source| source.to_owned()).collect());
    check(vec![Rule::Survivor], "Kitchen", WonBy::Survivor);
    check(vec![trust(&["city", "county"])], "Community Kitchen", WonBy::SourceTrust);
    check(vec![trust(&["nobody", "county"])], "Community Kitchen of Ithaca", WonBy::SourceTrust);
    check(vec![trust(&["nobody"]), Rule::Longest], "Community Kitchen of Ithaca", WonBy::Longest);
    check(vec![Rule::Recency], "Community Kitchen of Ithaca", WonBy::Recency);
    check(vec![Rule::Oldest], "Community Kitchen of Ithaca", WonBy::Oldest);
    check(vec![Rule::Longest], "Community Kitchen of Ithaca", WonBy::Longest);
    check(vec![Rule::MostFrequent], "Community Kitchen", WonBy::MostFrequent);
    check(vec![Rule::MostFrequent, Rule::Recency], " community kitchen ", WonBy::MostFrequent);
    check(vec![trust(&["nobody"])], "Kitchen", WonBy::Arrival);
}

#[test]
fn a_record_that_never_changed_is_as_recent_as_its_arrival() {
    let mut family = Family { policy: policy(vec![Rule::Recency]), ..three() };
    family.changed_at.clear();
    check_name(&family, 3, " community kitchen ", WonBy::Recency);
}

#[test]
fn a_field_may_have_rules_of_its_own() {
    let document: PolicyDocument = serde_json::from_value(json!({
        "fields": {"name": [{"source_trust": ["city"]}, "longest"]}
    }))
    .unwrap();
    golden::check_policy(&document).unwrap();
    let mut family = three();
    family.records[1].organization.email = Some("county@kitchen.example".into());
    family.records[0].organization.email = Some("x@kitchen.example".into());
    std::sync::Arc::make_mut(&mut family.policy).document = document;
    check_name(&family, 3, "Community Kitchen", WonBy::SourceTrust);
    assert_eq!(outcome(&family, 3, "email").won_by, WonBy::Survivor);
}

#[test]
fn an_explanation_names_the_losers_and_what_they_lost_to() {
    let family = Family { policy: policy(vec![Rule::MostFrequent, Rule::Oldest]), ..three() };
    let outcome = outcome(&family, 3, "name");
    assert_eq!((outcome.record_id, outcome.origin.as_str()), (id(2), "city"));
    let losers: Vec<_> = outcome.losers.iter().map(|loser| (loser.record_id, loser.lost_to)).collect();
    let by = WonBy::MostFrequent;
    assert_eq!(losers, [(id(3), by), (id(1), by), (id(4), WonBy::Oldest)]);
    assert_eq!(outcome.losers[2].value, json!(" community kitchen "));
    assert!(golden(&family, 3).organization.alternate_names.contains(&"Kitchen".to_owned()));
}

#[test]
fn what_all_agree_on_is_said_to_be_agreed() {
    let family = merged(vec![record(1, "a", named("Same")), record(2, "b", named("same "))]);
    check_name(&family, 1, "Same", WonBy::Agreed);
}

#[test]
fn a_choice_is_above_the_policy_and_below_a_fact() {
    let family = three();
    let by = Choosing { organization_id: golden_id(3), merge_id: None, by: "ben", at: at(60) };
    let family = golden::with_choices(&family, &by, &[chosen("name", 2)]).unwrap();
    check_name(&family, 3, "Community Kitchen", WonBy::Choice);
    assert_eq!(outcome(&family, 3, "name").by.as_deref(), Some("ben"));

    let later = Choosing { at: at(61), ..by };
    let open = ChosenField { field: "name".into(), record_id: None };
    let policy_again = golden::with_choices(&family, &later, &[open]).unwrap();
    check_name(&policy_again, 3, "Kitchen", WonBy::Survivor);

    let mut stated = family.clone();
    stated.facts.push(fact(3, "name", "The Kitchen", 10));
    check_name(&stated, 3, "The Kitchen", WonBy::Steward);
    let outcome = outcome(&stated, 3, "name");
    assert_eq!((outcome.by.as_deref(), outcome.losers.len()), (Some("ana"), 4));
    assert!(outcome.losers.iter().all(|loser| loser.lost_to == WonBy::Steward));
}

#[test]
fn a_chosen_record_that_falls_silent_leaves_the_field_to_the_policy() {
    let by = Choosing { organization_id: golden_id(3), merge_id: None, by: "ben", at: at(60) };
    let later = Choosing { at: at(61), ..by };
    let family = golden::with_choices(&three(), &by, &[chosen("name", 1)]).unwrap();
    let mut family = golden::with_choices(&family, &later, &[chosen("name", 2)]).unwrap();
    family.records[2].organization.name = None;
    check_name(&family, 3, "Kitchen", WonBy::Survivor);
    family.records[2].organization.name = Some("Back".into());
    check_name(&family, 3, "Back", WonBy::Choice);
}

#[test]
fn a_cleared_field_is_told_as_cleared() {
    let mut family = three();
    family.facts.push(fact(3, "name", Value::Null, 10));
    assert_eq!(golden(&family, 3).organization.name, None);
    assert_eq!(outcome(&family, 3, "name").value, Value::Null);
}

#[test]
fn where_one_record_speaks_no_policy_decides() {
    let mut family = merged(vec![record(1, "a", named("One"))]);
    family.policy = policy(vec![Rule::Longest]);
    assert_eq!(golden(&family, 1).policy, None);
    let family = Family { policy: policy(vec![Rule::Longest]), ..three() };
    assert_eq!(golden(&family, 3).policy.as_deref(), Some("test/3"));
}

#[test]
fn extra_survives_key_by_key() {
    let extra = |text: &str| entity::organization::Extra::from_text(Some(text)).unwrap();
    let mut family = merged(vec![record(1, "a", named("One")), record(2, "b", named("Two"))]);
    family.records[0].organization.extra = extra(r#"{"x": "short", "y": 1}"#);
    family.records[1].organization.extra = extra(r#"{"x": "much longer", "z": 2}"#);
    assert_eq!(golden(&family, 1).organization.extra, extra(r#"{"x": "short", "y": 1, "z": 2}"#));
    family.policy = policy(vec![Rule::Longest]);
    assert_eq!(golden(&family, 1).organization.extra, extra(r#"{"x": "much longer", "y": 1, "z": 2}"#));
}

#[test]
fn a_merge_on_top_keeps_the_choices_below_until_another_is_made() {
    let records = vec![
        record(1, "a", named("A")),
        record(2, "b", named("B")),
        record(3, "c", Organization { email: Some("c@c.example".into()), ..named("C") }),
    ];
    let family = Family { records, ..Family::default() };
    let first = golden::with_merge(&family, &proposed(1, 1, &[2], vec![chosen("name", 2)])).unwrap();
    check_name(&first, 1, "B", WonBy::Choice);
    let second = golden::with_merge(&first, &proposed(2, 3, &[1], vec![])).unwrap();
    check_name(&second, 3, "B", WonBy::Choice);
    let other = golden::with_merge(&first, &proposed(2, 3, &[1], vec![chosen("name", 1)])).unwrap();
    check_name(&other, 3, "A", WonBy::Choice);
    let undone = golden::without_merges(&other, &[crate::support::merge_id(2)].into());
    check_name(&undone, 1, "B", WonBy::Choice);
}

#[track_caller]
fn faulty(document: Value, field: &str, words: &str) {
    let document: PolicyDocument = serde_json::from_value(document).unwrap();
    let faults = golden::check_policy(&document).unwrap_err();
    assert_eq!(faults[0].field, field, "{faults:?}");
    assert!(faults[0].problem.contains(words), "{faults:?}");
}

#[test]
fn a_policy_that_can_decide_nothing_is_refused_with_its_place() {
    golden::check_policy(&PolicyDocument::default()).unwrap();
    faulty(json!({"default": []}), "default", "no rule");
    faulty(json!({"fields": {"naem": ["longest"]}}), "fields.naem", "website");
    faulty(json!({"fields": {"phones": ["longest"]}}), "fields.phones", "united");
    faulty(json!({"fields": {"name": ["longest", "longest"]}}), "fields.name[1]", "before");
    faulty(json!({"default": [{"source_trust": []}]}), "default[0].source_trust", "between 1");
    faulty(json!({"default": [{"source_trust": ["a", "a"]}]}), "default[0].source_trust[1]", "before");
    faulty(json!({"default": [{"source_trust": ["a", " "]}]}), "default[0].source_trust[1]", "empty");
    faulty(json!({"fold": ["phones", "phones"]}), "fold[1]", "once");
    for unknown in [json!({"defualt": []}), json!({"default": ["newest"]}), json!({"fold": ["names"]})] {
        assert!(serde_json::from_value::<PolicyDocument>(unknown).is_err());
    }
}
