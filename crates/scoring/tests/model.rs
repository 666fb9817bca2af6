//! The shipped model and what is refused of others.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's own functions")]

use chrono::{DateTime, Utc};
use entity::organization::Extra;
use entity::{Address, Location, Organization, Phone, Record, RecordId};
use scoring::comparison::COMPARISONS;
use scoring::{Error, FeatureVector, Model, compare, features};
use serde_json::Value;
use uuid::Uuid;

const SHIPPED: &str = include_str!("../../../models/2026-11-4/model.json");

/// Why the shipped model is refused once something in it is changed.
fn refusal(change: impl FnOnce(&mut Value)) -> String {
    let mut model: Value = serde_json::from_str(SHIPPED).unwrap();
    change(&mut model);
    match Model::from_json(&model.to_string()).unwrap_err() {
        Error::Invalid(what) => what,
        other => panic!("{other}"),
    }
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    assert_eq!(Model::shipped().version(), "2026-11-4");
    let at = COMPARISONS.iter().position(|comparison| comparison.name == "phone").unwrap();
    let said = refusal(|model| model["comparisons"][at]["name"] = "telephone".into());
    assert!(said.contains("`telephone`, this release has `phone`"), "{said}");
    let said = refusal(|model| model["comparisons"][at]["levels"][5]["name"] = "free".into());
    assert!(said.contains("level of phone 6 is `free`"), "{said}");
    let said = refusal(|model| model["interactions"][0]["of"][0] = "nome".into());
    assert!(said.contains("interaction 1 is `nome and street address`"), "{said}");
    let said = refusal(|model| model["interactions"][0]["weights"] = vec![0.0].into());
    assert!(said.contains("name and street address has not 20 numbers"), "{said}");
    assert!(refusal(|model| model["block_size_max"] = 1.into()).contains("block_size_max"));
    assert!(refusal(|model| model["pair_weight_min"] = 3.0.into()).contains("would drop pairs that join"));
    assert!(refusal(|model| model["prior"]["log_odds"] = vec![0.0, 1.0].into()).contains("must not rise"));
    let said = refusal(|model| model["comparisons"][at]["levels"][5]["weight"] = 500.0.into());
    assert!(said.contains("would tie"), "{said}");
    assert!(matches!(Model::from_json("{}"), Err(Error::Json(_))));
}

#[test]
fn levels_of_another_release_are_refused() {
    assert!(FeatureVector::from_levels(&[0; 3]).is_err());
    let mut levels = compare(&site("a", "1 Main St"), &site("a", "1 Main St")).levels().to_vec();
    levels[0] = 99;
    assert!(Model::shipped().explain(&levels, 10).is_err());
}

#[test]
fn the_prior_moves_at_powers_of_two_only_and_never_up() {
    let model = Model::shipped();
    assert_eq!(model.prior(0).to_bits(), model.prior(1_023).to_bits());
    assert_eq!(model.prior(65_536).to_bits(), model.prior(131_071).to_bits());
    assert!(model.prior(131_072) < model.prior(65_536));
}

fn record(name: &str, streets: &[String]) -> Record {
    let location = |street: &String| Location {
        id: Uuid::nil().into(),
        source_id: String::new(),
        name: None,
        alternate_name: None,
        description: None,
        location_type: None,
        url: None,
        transportation: None,
        latitude: None,
        longitude: None,
        addresses: vec![Address {
            id: Uuid::nil(),
            source_id: String::new(),
            attention: None,
            address_1: Some(street.clone()),
            address_2: None,
            city: Some("Springfield".to_owned()),
            region: None,
            state_province: Some("IL".to_owned()),
            postal_code: Some("62701".to_owned()),
            country: Some("US".to_owned()),
            address_type: None,
            extra: Extra::default(),
        }],
        phones: Vec::new(),
        extra: Extra::default(),
    };
    let phone = Phone {
        id: Uuid::nil(),
        source_id: String::new(),
        number: "(217) 555-0123".to_owned(),
        extension: None,
        phone_type: None,
        description: None,
        extra: Extra::default(),
    };
    Record {
        id: RecordId(Uuid::nil()),
        source: String::new(),
        source_id: String::new(),
        created_at: DateTime::<Utc>::UNIX_EPOCH,
        organization: Organization {
            name: Some(name.to_owned()),
            website: Some("https://hopefoundation.org".to_owned()),
            phones: vec![phone],
            locations: streets.iter().map(location).collect(),
            ..Organization::default()
        },
    }
}

fn site(name: &str, street: &str) -> scoring::RecordFeatures<'static> {
    features(&record(name, &[street.to_owned()]))
}

#[test]
fn an_agency_and_its_twelve_sites_are_related_and_a_site_matches_its_copy() {
    let model = Model::shipped();
    let weigh = |vector: &FeatureVector| model.weigh(vector) + model.prior(1_000);
    let streets: Vec<String> = (0..12).map(|at| format!("{} Oak Street", 100 + 37 * at)).collect();
    let agency = features(&record("Hope Foundation", &streets));
    let sites: Vec<_> = streets.iter().map(|street| site("Hope Foundation", street)).collect();
    let mut related = 0;
    for (at, site) in sites.iter().enumerate() {
        let with_agency = compare(&agency, site);
        assert!(weigh(&with_agency) < model.threshold(), "the agency and its site {at}");
        let said = model.explain(with_agency.levels(), 1_000).unwrap();
        let branch = said.iter().any(|line| line.comparison == "grain" && line.level.starts_with("branch"));
        assert!(branch, "{said:?}");
        related += usize::from(with_agency.is_branch());
        let with_copy = compare(site, site);
        assert!(weigh(&with_copy) > model.threshold(), "site {at} and its copy");
        assert!(!with_copy.is_branch());
    }
    assert_eq!(related, 12);
    let stranger = features(&record("Grace Lutheran Church", &streets[..1]));
    let apart = scoring::RecordFeatures { phones: Vec::new(), domains: Vec::new(), ..stranger };
    assert!(!compare(&agency, &apart).is_branch(), "an agency and a stranger at one of its places");
}
