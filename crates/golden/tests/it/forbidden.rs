//! Bugs of HAPI FHIR's MDM, each as a test that forbids it.

use crate::support::{check_name, chosen, golden, golden_id, id, merge_id, named, policy, proposed, record};
use entity::policy::Rule;
use entity::{Family, Organization};
use golden::{PlanFault, WonBy, project, with_merge, without_merges};

fn family() -> Family {
    let email = |text: &str| Some(text.to_owned());
    let records = vec![
        record(1, "a", named("One")),
        record(2, "b", Organization { email: email("two@two.example"), ..named("Number Two") }),
        record(
            3,
            "c",
            Organization { website: email("https://three.example"), ..named("The Third of Them") },
        ),
    ];
    Family { records, policy: policy(vec![Rule::Longest]), ..Family::default() }
}

/// HAPI #2515.
#[test]
fn survivorship_is_applied_on_the_second_match_too() {
    let once = with_merge(&family(), &proposed(1, 1, &[2], vec![])).unwrap();
    check_name(&once, 1, "Number Two", WonBy::Longest);
    let twice = with_merge(&once, &proposed(2, 1, &[3], vec![])).unwrap();
    check_name(&twice, 1, "The Third of Them", WonBy::Longest);
    let organization = golden(&twice, 1).organization;
    assert_eq!(organization.email.as_deref(), Some("two@two.example"));
    assert_eq!(organization.website.as_deref(), Some("https://three.example"));
    // And when a source changes what it tells.
    let mut changed = twice;
    changed.records[1].organization.name = Some("Number Two, Renamed and Longer".into());
    check_name(&changed, 1, "Number Two, Renamed and Longer", WonBy::Longest);
}

/// HAPI #4156.
#[test]
fn one_record_is_never_a_member_of_two_golden_records() {
    let once = with_merge(&family(), &proposed(1, 1, &[2], vec![])).unwrap();
    let refused = with_merge(&once, &proposed(2, 3, &[2], vec![])).unwrap_err();
    assert_eq!(refused, PlanFault::Absorbed { absorbed: golden_id(2), survivor: golden_id(1) });
    let golden = project(&once).golden;
    let members: Vec<_> = golden.values().flat_map(|golden| &golden.members).collect();
    assert_eq!(members, [&id(1), &id(2), &id(3)]);
}

/// HAPI #4287.
#[test]
fn merging_the_other_way_round_leaves_neither_a_self_link_nor_a_cycle() {
    let once = with_merge(&family(), &proposed(1, 1, &[2], vec![])).unwrap();
    for (survivor, absorbed) in [(2, 1), (1, 1), (2, 2)] {
        assert!(with_merge(&once, &proposed(2, survivor, &[absorbed], vec![])).is_err());
    }
    let undone = without_merges(&once, &[merge_id(1)].into());
    let turned = with_merge(&undone, &proposed(2, 2, &[1], vec![])).unwrap();
    let projection = project(&turned);
    assert_eq!(projection.redirects, [(golden_id(1), golden_id(2))].into());
    assert!(turned.links.iter().all(|link| link.absorbed != link.survivor));
    assert_eq!(projection.golden.len(), 2);
}

/// HAPI #5236.
#[test]
fn a_golden_record_keeps_nothing_of_a_member_that_was_unlinked() {
    let alone = project(&family()).golden;
    let choices = vec![chosen("name", 2), chosen("email", 2)];
    let once = with_merge(&family(), &proposed(1, 1, &[2], choices)).unwrap();
    let twice = with_merge(&once, &proposed(2, 1, &[3], vec![])).unwrap();
    assert_eq!(golden(&twice, 1).organization.email.as_deref(), Some("two@two.example"));
    let undone = without_merges(&twice, &[merge_id(1)].into());
    assert_eq!(golden(&undone, 1).organization.email, None);
    assert!(!golden(&undone, 1).organization.alternate_names.contains(&"Number Two".to_owned()));
    assert_eq!(golden(&undone, 2), alone[&golden_id(2)]);
    let all = without_merges(&twice, &[merge_id(1), merge_id(2)].into());
    assert_eq!(project(&all).golden, alone);
}
