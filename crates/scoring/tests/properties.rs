//! What holds of any two records, however odd: symmetry, round trips, exact explanations.

use chrono::{DateTime, Utc};
use entity::organization::Extra;
use entity::{Address, Identifier, Location, Organization, Phone, Record, RecordId};
use proptest::prelude::*;
use scoring::comparison::COMPARISONS;
use scoring::{FeatureVector, Model, RecordFeatures, Sketch};
use uuid::Uuid;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "(St\\.|First|2nd|Grace|Hope|Mount|Springfield|YMCA|of|No|12|21|III) (Baptist|Church|Preschool|Health|Ctr|Ctr\\.|Inc|S\\.R\\.L\\.|Café|Bahnhofstr)?( Zion| Annex| #7)?",
        1 => ".{0,20}",
        1 => "(栄|ส|Ж|ß|İ|é|'|\\.| |1|a){0,12}",
    ]
}

fn street() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "(12|14|1200|12-14|12b)? ?(N|S\\.|West)? ?(Main|Oak|5th|St\\. Lawrence) (St|Ave\\.|Street|Hwy 9)?(, Ste 4| #204)?",
        1 => "P\\.?O\\.? Box [0-9]{0,3}",
        1 => ".{0,20}",
    ]
}

fn phone() -> impl Strategy<Value = String> {
    prop_oneof!["[+]?1?(312|800)55500[0-9]{2}", "55500[0-9]{2}", ".{0,12}"]
}

prop_compose! {
    fn location()(street in street(), city in "(Springfield|Springfeld|)", code in "(6270[0-9]|62701-1234|)",
                  country in prop_oneof![Just(None), Just(Some("US".to_owned())), Just(Some("DE".to_owned()))],
                  place in proptest::option::of((-91.0f64..91.0, -181.0f64..181.0))) -> Location {
        let id = Uuid::nil();
        Location {
            id: id.into(), source_id: String::new(), name: None, alternate_name: None, description: None, location_type: None,
            url: None, transportation: None, latitude: place.map(|p| p.0), longitude: place.map(|p| p.1),
            addresses: vec![Address {
                id, source_id: String::new(), attention: None, address_1: Some(street), address_2: None, city: Some(city), region: None,
                state_province: None, postal_code: Some(code), country, address_type: None, extra: Extra::default(),
            }],
            phones: Vec::new(), extra: Extra::default(),
        }
    }
}

prop_compose! {
    fn record()(names in prop::collection::vec(text(), 0..4), phones in prop::collection::vec(phone(), 0..3),
                locations in prop::collection::vec(location(), 0..5),
                website in proptest::option::of("(https?://)?(www\\.)?(hope\\.org|facebook\\.com|ymca\\.co\\.uk)(/a|/b/|\\?x)?|.{0,10}"),
                email in proptest::option::of("(info|a)@(hope\\.org|gmail\\.com)|.{0,10}"),
                identifiers in prop::collection::vec("[12]", 0..2)) -> Record {
        let identifiers = identifiers.into_iter().map(|identifier| Identifier {
            id: Uuid::nil(), source_id: String::new(), scheme: Some("US-EIN".to_owned()), identifier_type: None, identifier, extra: Extra::default(),
        });
        let phones = phones.into_iter().map(|number| Phone {
            id: Uuid::nil(), source_id: String::new(), number, extension: None, phone_type: None, description: None, extra: Extra::default(),
        });
        Record {
            id: RecordId(Uuid::nil()), source: String::new(), source_id: String::new(), created_at: DateTime::<Utc>::UNIX_EPOCH,
            organization: Organization {
                name: names.first().cloned(), alternate_names: names.into_iter().skip(1).collect(), phones: phones.collect(),
                identifiers: identifiers.collect(), locations, website, email, ..Organization::default()
            },
        }
    }
}

proptest! {
    #[test]
    fn the_order_of_two_records_makes_no_difference(a in record(), b in record()) {
        let (a, b) = (scoring::features(&a), scoring::features(&b));
        prop_assert_eq!(scoring::compare(&a, &b), scoring::compare(&b, &a));
    }

    #[test]
    fn either_of_two_rules_out_the_other_and_none_itself(a in record(), b in record()) {
        let (a, b) = (Sketch::of(&scoring::features(&a)), Sketch::of(&scoring::features(&b)));
        prop_assert_eq!(a.rules_out(&b), b.rules_out(&a));
        prop_assert!(!a.rules_out(&a));
    }

    #[test]
    fn features_survive_as_bytes(record in record()) {
        let features = scoring::features(&record);
        let bytes = features.to_bytes();
        prop_assert_eq!(&RecordFeatures::from_bytes(&bytes).unwrap(), &features);
        prop_assert!((0..bytes.len()).all(|end| RecordFeatures::from_bytes(&bytes[..end]).is_err()));
    }

    #[test]
    fn garbage_is_refused_or_read_and_never_panics(mut bytes in prop::collection::vec(any::<u8>(), 0..200), base in record(), at in any::<prop::sample::Index>()) {
        let mut broken = scoring::features(&base).to_bytes();
        let at = at.index(broken.len());
        broken[at] ^= bytes.first().copied().unwrap_or(1);
        bytes.insert(0, 2);
        for bytes in [bytes, broken] {
            if let Ok(features) = RecordFeatures::from_bytes(&bytes) {
                let _keys = scoring::blocking_keys(&features);
                let _vector = scoring::compare(&features, &scoring::features(&base));
            }
        }
    }

    #[test]
    fn the_lines_of_an_explanation_sum_to_the_weight(a in record(), b in record(), records in 0u64..1 << 40) {
        let model = Model::shipped();
        let vector = scoring::compare(&scoring::features(&a), &scoring::features(&b));
        let weight = model.weigh(&vector) + model.prior(records);
        let lines = model.explain(vector.levels(), records).unwrap();
        let sum: f64 = lines.iter().map(|line| line.weight).sum();
        prop_assert!((sum - weight).abs() < 1e-9);
        prop_assert_eq!(lines.last().unwrap().comparison.as_str(), "prior");
        prop_assert!(model.probability(weight) < 1.0);
        prop_assert_eq!(FeatureVector::from_levels(vector.levels()).unwrap(), vector);
    }

    #[test]
    fn keys_are_sorted_and_each_once(record in record()) {
        let keys = scoring::blocking_keys(&scoring::features(&record));
        prop_assert!(keys.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn a_record_agrees_with_itself(record in record()) {
        let features = scoring::features(&record);
        let vector = scoring::compare(&features, &features);
        let said: Vec<(&str, &str)> =
            COMPARISONS.iter().zip(vector.levels()).map(|(c, level)| (c.name, c.levels[usize::from(*level)])).collect();
        let never = ["different", "nothing shared", "different in one register", "other state", "other country"];
        prop_assert!(said.iter().all(|(_, level)| !never.contains(level)), "{said:?}");
    }
}
