//! Dry runs: what a merge or an undo would do.

use crate::support::{chosen, fact, golden_id, id, made, merge_id, named, proposed, record};
use entity::{ChosenField, Family, Organization};
use golden::{PlanFault, effects, undo_effects, with_merge};
use serde_json::json;

fn family() -> Family {
    let mut two = record(2, "b", Organization { email: Some("two@two.example".into()), ..named("Two") });
    two.organization.services = vec![service()];
    Family {
        records: vec![record(1, "a", named("One")), two, record(3, "c", named("Three"))],
        ..Family::default()
    }
}

fn service() -> entity::Service {
    entity::Service {
        id: entity::ServiceId(id(77).0),
        source_id: "77".into(),
        name: Some("Pantry".into()),
        alternate_name: None,
        description: None,
        url: None,
        email: None,
        status: None,
        phones: Vec::new(),
        location_ids: Vec::new(),
        extra: entity::organization::Extra::default(),
    }
}

#[test]
fn a_merge_is_shown_before_it_is_made() {
    let before = family();
    let after = with_merge(&before, &proposed(1, 1, &[2], vec![chosen("name", 2)])).unwrap();
    let effects = effects(&before, &after);
    let ids: Vec<_> = effects.golden.iter().map(|change| change.id).collect();
    assert_eq!(ids, [golden_id(1), golden_id(2)]);
    let fields: Vec<_> = effects.golden[0].fields.iter().map(|change| change.field.as_str()).collect();
    assert_eq!(fields, ["alternate_names", "email", "name", "services"]);
    assert_eq!(effects.golden[0].fields[1].after, json!("two@two.example"));
    assert_eq!(effects.golden[1].after, None);
    assert_eq!(effects.redirects, [(golden_id(2), (None, Some(golden_id(1))))].into());
    let moved = &effects.moved[0];
    assert_eq!((moved.id, moved.record_id, moved.after), (id(77).0, id(2), golden_id(1)));
}

#[test]
fn an_undo_lists_what_ends_and_what_stays() {
    let (first, second) =
        (proposed(1, 1, &[2], vec![chosen("name", 2)]), proposed(2, 3, &[1], vec![chosen("email", 2)]));
    let mut family = with_merge(&with_merge(&family(), &first).unwrap(), &second).unwrap();
    family.facts = vec![
        fact(1, "tax_id", "before the merge", 50),
        fact(1, "uri", "while it survived", 101),
        fact(3, "website", "while it was absorbed in turn", 200),
        fact(2, "website", "of the absorbed, by its own", 50),
    ];
    let undone = undo_effects(&family, &made(&first));
    let stay: Vec<_> = undone.facts_that_stay.iter().map(|fact| fact.field.as_str()).collect();
    assert_eq!(stay, ["uri", "website"]);
    let end: Vec<_> = undone.choices_that_end.iter().map(|choice| choice.chosen.field.as_str()).collect();
    assert_eq!(end, ["name", "email"], "a choice ends with any merge that it rests on");
    let ids: Vec<_> = undone.effects.golden.iter().map(|change| change.id).collect();
    assert_eq!(ids, [golden_id(2), golden_id(3)]);
    assert_eq!(undone.effects.redirects, [(golden_id(2), (Some(golden_id(3)), None))].into());
    assert_eq!(family.choices[1].rests_on, [merge_id(1), merge_id(2)]);
    assert!(undo_effects(&family, &made(&proposed(9, 1, &[2], vec![]))).effects.golden.is_empty());
}

#[test]
fn what_the_store_would_refuse_is_refused_in_the_plan() {
    let mut family = with_merge(&family(), &proposed(1, 1, &[2], vec![])).unwrap();
    let refused = |survivor, absorbed: &[u128], choices: Vec<ChosenField>| {
        with_merge(&family, &proposed(2, survivor, absorbed, choices)).unwrap_err()
    };
    assert_eq!(refused(3, &[], vec![]), PlanFault::NotSeveral);
    assert_eq!(refused(3, &[1, 1], vec![]), PlanFault::NotSeveral);
    assert_eq!(refused(3, &[9], vec![]), PlanFault::Missing(golden_id(9)));
    for choices in
        [vec![chosen("phones", 3)], vec![chosen("name", 9)], vec![chosen("name", 3), chosen("name", 1)]]
    {
        assert!(matches!(refused(3, &[1], choices), PlanFault::Choice { .. }));
    }
    // A survivor whose own record is gone merges on; one of which nothing is left does not.
    family.records.retain(|record| record.id != id(1));
    assert!(with_merge(&family, &proposed(2, 3, &[1], vec![chosen("name", 2)])).is_ok());
    assert!(with_merge(&family, &proposed(2, 3, &[1], vec![chosen("name", 1)])).is_err());
    family.records.retain(|record| record.id != id(2));
    let refused = with_merge(&family, &proposed(2, 3, &[1], vec![])).unwrap_err();
    assert_eq!(refused, PlanFault::Missing(golden_id(1)));
}
