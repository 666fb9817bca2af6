//! Duplicates among the children of several members are shown once; every child keeps its id.

use crate::support::{golden, merged, named, record};
use entity::organization::Extra;
use entity::{Address, Family, Location, LocationId, Phone, Service, ServiceId};
use golden::presented;
use uuid::Uuid;

fn phone(n: u128, number: &str, kind: Option<&str>) -> Phone {
    Phone {
        id: Uuid::from_u128(n),
        source_id: n.to_string(),
        number: number.into(),
        extension: None,
        phone_type: kind.map(str::to_owned),
        description: None,
        extra: Extra::default(),
    }
}

fn place(n: u128, name: Option<&str>, street: &str, code: &str) -> Location {
    let address = Address {
        id: Uuid::from_u128(n + 1000),
        source_id: n.to_string(),
        attention: None,
        address_1: Some(street.into()),
        address_2: None,
        city: Some("Ithaca".into()),
        region: None,
        state_province: Some("NY".into()),
        postal_code: Some(code.into()),
        country: None,
        address_type: None,
        extra: Extra::default(),
    };
    Location {
        id: LocationId(Uuid::from_u128(n)),
        source_id: n.to_string(),
        name: name.map(str::to_owned),
        alternate_name: None,
        description: None,
        location_type: None,
        url: None,
        transportation: None,
        latitude: None,
        longitude: None,
        addresses: vec![address],
        phones: Vec::new(),
        extra: Extra::default(),
    }
}

fn service(n: u128, name: &str, places: &[u128]) -> Service {
    Service {
        id: ServiceId(Uuid::from_u128(n)),
        source_id: n.to_string(),
        name: Some(name.into()),
        alternate_name: None,
        description: None,
        url: None,
        email: None,
        status: None,
        phones: Vec::new(),
        location_ids: places.iter().map(|n| LocationId(Uuid::from_u128(*n))).collect(),
        extra: Extra::default(),
    }
}

/// Two members that tell of one office, one telephone and one pantry, each in its own words, and of more besides.
fn two_members() -> Family {
    let (mut one, mut two) = (record(1, "county", named("Kitchen")), record(2, "city", named("Kitchen")));
    one.organization.phones = vec![phone(11, "(607) 555-0100", None), phone(12, "607 555 0199", Some("fax"))];
    two.organization.phones =
        vec![phone(21, "+1 607.555.0100", Some("Voice")), phone(22, "607 555 0199", Some("voice"))];
    one.organization.locations = vec![place(31, Some("Office"), "123 North Main Street", "14850")];
    two.organization.locations =
        vec![place(41, None, "123 N. Main St.", "14850-1234"), place(42, None, "9 Elm St", "14850")];
    two.organization.locations[0].phones = vec![phone(23, "607-555-0111", None)];
    one.organization.services = vec![service(51, "Food Pantry", &[31]), service(52, "Legal aid", &[31])];
    two.organization.services = vec![service(61, "food pantry", &[41, 42]), service(62, "Legal aid", &[42])];
    merged(vec![one, two])
}

fn numbers(ids: impl IntoIterator<Item = Uuid>) -> Vec<u128> {
    ids.into_iter().map(|id| id.as_u128()).collect()
}

#[test]
fn what_two_members_tell_of_the_same_is_shown_once() {
    let golden = golden(&two_members(), 1);
    let folds: Vec<_> = golden
        .folded
        .iter()
        .map(|row| (row.table.as_str(), row.id.as_u128(), row.shown_as.as_u128()))
        .collect();
    assert_eq!(folds, [("phone", 21, 11), ("location", 41, 31), ("service", 61, 51)]);
    let whole = &golden.organization;
    assert_eq!(whole.locations.len(), 3, "the projection still holds every child under its id");

    let shown = presented(golden).organization;
    assert_eq!(numbers(shown.phones.iter().map(|row| row.id)), [11, 12, 22], "a fax is no voice line");
    assert_eq!(numbers(shown.locations.iter().map(|row| row.id.0)), [31, 42]);
    assert_eq!(numbers(shown.locations[0].phones.iter().map(|row| row.id)), [23]);
    assert_eq!(numbers(shown.services.iter().map(|row| row.id.0)), [51, 52, 62], "62 is offered elsewhere");
    assert_eq!(numbers(shown.services[0].location_ids.iter().map(|place| place.0)), [31, 42]);
}

#[test]
fn a_record_is_not_folded_into_itself() {
    let mut one = record(1, "county", named("Kitchen"));
    one.organization.phones = vec![phone(11, "607 555 0100", None), phone(12, "607 555 0100", None)];
    let two = record(2, "city", named("Kitchen"));
    for family in [merged(vec![one.clone()]), merged(vec![one, two])] {
        let golden = golden(&family, 1);
        assert_eq!(golden.folded, []);
        assert_eq!(presented(golden.clone()), golden);
    }
}

#[test]
fn a_policy_may_fold_less() {
    let mut family = two_members();
    std::sync::Arc::make_mut(&mut family.policy).document.fold = vec![entity::policy::FoldedList::Phones];
    let tables: Vec<_> = golden(&family, 1).folded.into_iter().map(|row| row.table).collect();
    assert_eq!(tables, ["phone"]);
}
