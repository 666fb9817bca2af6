//! Cases about which value wins: policies, choices, and which record is recent.

use super::fixture::{
    at, by, captures, end, family, full_record, import, keys, merge_request, owners, record, revision,
};
use super::{Backend, DataProduct};
use crate::error::{Conflict, Error};
use crate::organizations::{ChoiceRequest, MergeRequest, Revisions};
use crate::policies::Signature;
use entity::policy::Rule;
use entity::{ChosenField, MergeId, PolicyDocument, Record, RecordId, StewardFact, Undo};
use std::collections::BTreeSet;
use std::sync::Arc;

fn signature() -> Signature {
    Signature { by: "ann".to_owned(), at: at(5) }
}

fn longest() -> PolicyDocument {
    PolicyDocument { default: vec![Rule::Longest], ..PolicyDocument::default() }
}

fn undo() -> Undo {
    Undo::new("ben", at(1_000), None)
}

/// Policies are written in versions on what stands, and one version of one policy is in force.
pub async fn policies_have_versions_and_one_is_in_force(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let first = organizations.policy_in_force().await.expect("read");
    assert_eq!(first.policy, entity::Policy::default(), "a new store has the policy that always was");
    let put = async |seen, document: &PolicyDocument| {
        organizations.put_policy("ours", document, seen, &signature()).await
    };
    let one = put(None, &longest()).await.expect("written");
    assert_eq!((one.policy.version, &one.in_force), (1, &None));
    assert_eq!(put(Some(1), &longest()).await.expect("nothing to write"), one);
    let other = PolicyDocument { default: vec![Rule::Recency], ..longest() };
    for seen in [None, Some(2)] {
        let stale = put(seen, &other).await;
        assert!(matches!(stale, Err(Error::Conflict(Conflict::Stale(_)))), "{stale:?}");
    }
    let two = put(Some(1), &other).await.expect("written");
    assert_eq!(two.policy.version, 2);
    assert_eq!(organizations.policy("ours", Some(1)).await.expect("read"), Some(one));
    assert_eq!(organizations.policy("ours", None).await.expect("read"), Some(two.clone()));
    assert_eq!(organizations.policy("ours", Some(3)).await.expect("read"), None);
    let names = |page: Vec<crate::StatedPolicy>| -> Vec<_> {
        page.into_iter().map(|stated| stated.policy.label()).collect()
    };
    assert_eq!(names(organizations.policies(None, 10).await.expect("listed")), ["default/1", "ours/2"]);
    assert_eq!(names(organizations.policies(Some("default"), 1).await.expect("listed")), ["ours/2"]);

    let unknown = organizations.activate_policy("ours", 3, &signature()).await;
    assert!(matches!(unknown, Err(Error::NotFound(_))), "{unknown:?}");
    let active = organizations.activate_policy("ours", 2, &signature()).await.expect("activated");
    assert_eq!(organizations.policy_in_force().await.expect("read"), active);
    let default = organizations.policy("default", None).await.expect("read").expect("there");
    assert_eq!(default.in_force, None);
    let record = record("north", "1");
    import(&*organizations, &[&record]).await;
    assert_eq!(*family(&*organizations, &[record.id]).await.policy, two.policy);
    organizations.activate_policy("default", 1, &signature()).await.expect("activated");
    assert_eq!(*family(&*organizations, &[record.id]).await.policy, first.policy);
}

/// Another policy in force is a change of every golden record of several members, and of no other.
pub async fn another_policy_captures_what_is_merged(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let records = ["1", "2", "3", "4"].map(|n| record("north", n));
    import(&*organizations, &records.each_ref()).await;
    let ids = records.map(|record| record.id);
    for absorbed in [ids[1], ids[2]] {
        let request = merge_request(&*organizations, ids[0], &[absorbed]).await;
        organizations.merge(&request).await.expect("merged");
        if absorbed == ids[2] {
            organizations.undo(request.id, &undo()).await.expect("undone");
        }
    }
    assert_eq!(organizations.list_merged(None, 10).await.expect("listed"), [ids[0].into()]);
    assert_eq!(organizations.list_merged(Some(ids[0].into()), 10).await.expect("listed"), []);
    organizations.put_policy("ours", &longest(), None, &signature()).await.expect("written");
    let mut position = end(&*organizations).await;
    organizations.activate_policy("ours", 1, &signature()).await.expect("activated");
    let captured = captures(&*organizations, &mut position, 1000).await.remove(0);
    assert_eq!(owners(&captured.rows), BTreeSet::from([ids[0], ids[1]]));
    assert_eq!(captured.family.policy.label(), "ours/1", "read in the same snapshot");
    organizations.activate_policy("ours", 1, &signature()).await.expect("nothing to do");
    assert_eq!(captures(&*organizations, &mut position, 1000).await.remove(0).rows, []);
}

fn name_of(record: RecordId) -> ChosenField {
    ChosenField { field: "name".to_owned(), record_id: Some(record) }
}

async fn choose(organizations: &dyn DataProduct, about: RecordId, chosen: ChosenField) -> ChoiceRequest {
    ChoiceRequest {
        organization_id: about.into(),
        choices: vec![chosen],
        expected: family(organizations, &[about]).await.revisions,
        chosen_by: "ann".to_owned(),
        chosen_at: at(20),
    }
}

/// Choices rest on the merges that made the chosen record a member: they are captured, and end with any of them.
pub async fn choices_hold_while_their_merges_hold(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let records = ["1", "2", "3"].map(|n| record("north", n));
    import(&*organizations, &records.each_ref()).await;
    let [one, two, three] = records.map(|record| record.id);
    let first = merge_request(&*organizations, one, &[two]).await;
    organizations.merge(&first).await.expect("merged");
    let mut second = merge_request(&*organizations, three, &[one]).await;
    for refused in [
        vec![ChosenField { field: "phones".to_owned(), record_id: None }],
        vec![name_of(RecordId(second.id.0))],
    ] {
        let request = MergeRequest { choices: refused, ..second.clone() };
        let refused = organizations.merge(&request).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
        assert_eq!(organizations.merge_by_id(second.id).await.expect("read"), None, "nothing of it stands");
    }
    second.choices = vec![name_of(two)];
    organizations.merge(&second).await.expect("merged");

    let request =
        choose(&*organizations, three, ChosenField { field: "email".to_owned(), ..name_of(one) }).await;
    let mut position = end(&*organizations).await;
    let stale = ChoiceRequest { expected: Revisions::from([(three, 0)]), ..request.clone() };
    let stale = organizations.choose(&stale).await;
    assert!(matches!(stale, Err(Error::Conflict(Conflict::Stale(_)))), "{stale:?}");
    let absorbed = ChoiceRequest { organization_id: one.into(), ..request.clone() };
    let absorbed = organizations.choose(&absorbed).await;
    assert!(matches!(absorbed, Err(Error::Conflict(Conflict::Absorbed { .. }))), "{absorbed:?}");
    let chosen = organizations.choose(&request).await.expect("chosen");
    let now = family(&*organizations, &[three]).await;
    assert_ne!(now.revisions, request.expected, "others see that the state is another");
    assert_eq!(now.changed_at, [].into(), "but no source has changed anything");
    let captured = captures(&*organizations, &mut position, 1000).await.remove(0);
    assert!(keys(&captured.rows).contains(&("field_choice".to_owned(), three.0)));
    let rests: Vec<_> = captured.family.choices.iter().map(|choice| choice.rests_on.clone()).collect();
    assert_eq!(rests, [sorted([first.id, second.id]), vec![second.id]]);
    assert_eq!(captured.family.choices[1..], chosen);

    organizations.undo(first.id, &undo()).await.expect("undone");
    let captured = captures(&*organizations, &mut position, 1000).await.remove(0);
    assert_eq!(captured.family.choices, chosen, "the other rests on the second merge alone");
    // The same record is a member again, by another merge: what was chosen before has ended for good.
    let again = merge_request(&*organizations, three, &[two]).await;
    organizations.merge(&again).await.expect("merged");
    assert_eq!(family(&*organizations, &[three]).await.choices, chosen);
    organizations.undo(second.id, &undo()).await.expect("undone");
    assert_eq!(family(&*organizations, &[one, two, three]).await.choices, []);
}

fn sorted(mut merges: [MergeId; 2]) -> Vec<MergeId> {
    merges.sort_unstable();
    merges.to_vec()
}

/// A record is recent when its source changed it or its children; neither by being told again nor by a person's word.
pub async fn only_a_source_makes_a_record_recent(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let (mut one, mut two) = (full_record("north", "1"), full_record("south", "2"));
    import(&*organizations, &[&one, &two]).await;
    import(&*organizations, &[&one, &two]).await;
    let changed = async || family(&*organizations, &[one.id, two.id]).await.changed_at;
    assert_eq!(changed().await, [].into(), "as they arrived");
    let fact = fact(&one, "email", 3);
    organizations.state_facts(&[fact], &Revisions::new()).await.expect("stated");
    let request = merge_request(&*organizations, one.id, &[two.id]).await;
    organizations.merge(&request).await.expect("merged");
    assert_eq!(changed().await, [].into(), "people state and merge, sources change");

    one.organization.locations[0].phones[0].number = "another".to_owned();
    import(&*organizations, &[&one]).await;
    let first = changed().await;
    assert_eq!(first.keys().collect::<Vec<_>>(), [&one.id]);
    two.organization.name = Some("another".to_owned());
    import(&*organizations, &[&two]).await;
    let second = family(&*organizations, &[one.id]).await.changed_at;
    assert!(second[&two.id] >= second[&one.id]);
    assert_eq!(second[&one.id], first[&one.id]);
    let seen = family(&*organizations, &[one.id]).await.revisions;
    organizations.delete_members(one.id.into(), &seen, &by("ann")).await.expect("deleted");
    import(&*organizations, &[&one]).await;
    assert_eq!(family(&*organizations, &[one.id]).await.changed_at, [].into(), "it arrived anew");
}

fn fact(about: &Record, field: &str, micros: i64) -> StewardFact {
    StewardFact {
        table: "organization".to_owned(),
        row_id: about.id.0,
        record_id: about.id,
        field: field.to_owned(),
        value: "stated".into(),
        stated_by: "ann".to_owned(),
        stated_at: at(micros),
    }
}

/// What is stated of a golden id whose own record is gone stays with that id, and others see that the state is another.
pub async fn a_word_on_a_golden_id_stays_with_it(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let (one, two) = (record("north", "1"), record("south", "2"));
    import(&*organizations, &[&one, &two]).await;
    let request = merge_request(&*organizations, one.id, &[two.id]).await;
    organizations.merge(&request).await.expect("merged");
    organizations.delete_absent("north", &[].into()).await.expect("deleted");
    let seen = family(&*organizations, &[one.id]).await.revisions;
    assert_eq!(seen.keys().collect::<Vec<_>>(), [&two.id]);
    let fact = fact(&one, "email", 3);
    organizations.state_facts(std::slice::from_ref(&fact), &seen).await.expect("stated");
    assert!(revision(&*organizations, two.id).await > seen[&two.id]);
    assert_eq!(family(&*organizations, &[two.id]).await.facts, std::slice::from_ref(&fact));
    organizations.undo(request.id, &undo()).await.expect("undone");
    assert_eq!(family(&*organizations, &[two.id]).await.facts, []);
    assert_eq!(family(&*organizations, &[one.id]).await.facts, [fact]);
}

/// HAPI #4156: two people accept the same record into two golden records at once; one of them is told of the other.
pub async fn two_accepts_leave_one_survivor(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let records = ["1", "2", "3"].map(|n| record("north", n));
    import(&*organizations, &records.each_ref()).await;
    let [one, two, both_want] = records.map(|record| record.id);
    let requests = [
        merge_request(&*organizations, one, &[both_want]).await,
        merge_request(&*organizations, two, &[both_want]).await,
    ];
    let accepts = requests.iter().map(|request| {
        let organizations = Arc::clone(&organizations);
        async move { organizations.merge(request).await }
    });
    let answers = futures::future::join_all(accepts).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    let refused = answers.into_iter().find_map(Result::err);
    assert!(matches!(refused, Some(Error::Conflict(Conflict::Absorbed { .. }))), "{refused:?}");
    assert_eq!(family(&*organizations, &[one, two, both_want]).await.links.len(), 1);
}

/// HAPI #4287: a merge the other way round is refused while the first holds, and leaves neither self link nor cycle.
pub async fn a_merge_the_other_way_round_leaves_no_cycle(backend: &dyn Backend) {
    let organizations = backend.organizations().await;
    let (one, two) = (record("north", "1"), record("north", "2"));
    import(&*organizations, &[&one, &two]).await;
    let first = merge_request(&*organizations, one.id, &[two.id]).await;
    organizations.merge(&first).await.expect("merged");
    let turned = merge_request(&*organizations, two.id, &[one.id]).await;
    let refused = organizations.merge(&turned).await;
    assert!(matches!(refused, Err(Error::Conflict(Conflict::Absorbed { .. }))), "{refused:?}");
    organizations.undo(first.id, &undo()).await.expect("undone");
    organizations.merge(&turned).await.expect("merged");
    let family = family(&*organizations, &[one.id]).await;
    assert_eq!(family.links.len(), 1);
    assert!(family.links.iter().all(|link| link.absorbed != link.survivor));
    assert!(family.roots().values().all(|root| *root == two.id.into()));
}
