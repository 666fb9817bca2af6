//! The sample is the same everywhere, believable, and as hard as it says.

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use sample::{Generated, generate};
    use std::collections::{BTreeSet, HashMap, HashSet};

    fn base() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap()
    }

    fn make(organizations: usize) -> Vec<Generated> {
        generate(organizations, 42, base()).collect()
    }

    /// How many share each value.
    fn shared<'a>(values: impl Iterator<Item = &'a str>) -> HashMap<&'a str, usize> {
        let mut counts = HashMap::new();
        values.for_each(|value| *counts.entry(value).or_default() += 1);
        counts
    }

    #[test]
    fn the_same_seed_gives_the_same_and_a_larger_sample_begins_with_the_smaller() {
        assert_eq!(make(300), make(300));
        assert_eq!(make(300), make(900)[..300]);
        assert_ne!(make(50), generate(50, 43, base()).collect::<Vec<_>>());
        assert_eq!(make(0), []);
        // Written down: another release or machine must make the same.
        let names: Vec<_> = make(3).into_iter().filter_map(|one| one.record.organization.name).collect();
        assert_eq!(names, PINNED);
    }
    const PINNED: [&str; 3] =
        ["Orcroft Senior Center", "PHOENIX RELIEF ARMY INCORPORATED", "Wencott Community Services Inc."];

    #[test]
    fn every_row_has_an_id_of_its_own_and_fits_the_model() {
        let mut ids = HashSet::new();
        let mut source_ids = HashSet::new();
        for Generated { record, .. } in make(5_000) {
            let organization = &record.organization;
            assert!(ids.insert(record.id.0), "{record:?}");
            assert!(source_ids.insert((record.source.clone(), record.source_id.clone())));
            assert_eq!(record.id.0, entity::id::derive(&record.source, "organization", &record.source_id));
            assert!(
                organization.name.as_deref().is_some_and(|name| name.trim() == name && !name.is_empty()),
                "{record:?}"
            );
            assert!((1..=4).contains(&organization.locations.len()));
            let places: Vec<_> = organization.locations.iter().map(|place| place.id).collect();
            for place in &organization.locations {
                assert!(
                    ids.insert(place.id.0) && place.addresses.iter().all(|address| ids.insert(address.id))
                );
                assert!(place.latitude.is_none_or(|degrees| degrees.abs() <= 90.0));
                assert!(place.longitude.is_none_or(|degrees| degrees.abs() <= 180.0));
            }
            for service in &organization.services {
                assert!(
                    ids.insert(service.id.0) && service.location_ids.iter().all(|id| places.contains(id))
                );
            }
            let phones = organization
                .phones
                .iter()
                .chain(organization.locations.iter().flat_map(|place| &place.phones));
            phones.for_each(|phone| assert!(ids.insert(phone.id) && phone.number.len() >= 10, "{phone:?}"));
            for web in organization.email.iter().chain(&organization.website) {
                assert!(web.contains(".example"), "{web}");
            }
        }
    }

    /// A quarter are copies, and there are about as many true pairs as in real directories that were joined.
    #[test]
    fn duplicates_are_as_many_as_said() {
        let made = make(20_000);
        let mut sizes: HashMap<u64, usize> = HashMap::new();
        made.iter().for_each(|one| *sizes.entry(one.entity).or_default() += 1);
        let copies = made.len() - sizes.len();
        let pairs: usize = sizes.values().map(|size| size * (size - 1) / 2).sum();
        let largest = sizes.values().max().copied().unwrap_or_default();
        println!("{copies} copies, {pairs} true pairs, largest {largest}");
        assert!((4_800..5_200).contains(&copies), "{copies}");
        assert!((5_500..9_000).contains(&pairs), "{pairs}");
        assert!((4..=16).contains(&largest), "{largest}");
    }

    /// All four sources, EINs for some, near misses that share a name and a telephone.
    #[test]
    fn the_sample_has_what_makes_it_hard() {
        let made = make(20_000);
        let sources: BTreeSet<_> = made.iter().map(|one| one.record.source.as_str()).collect();
        assert_eq!(
            sources.into_iter().collect::<Vec<_>>(),
            ["211-line", "county-directory", "food-network", "state-registry"]
        );
        let with_ein = made.iter().filter(|one| !one.record.organization.identifiers.is_empty()).count();
        assert!((1_500..8_000).contains(&with_ein), "{with_ein}");
        let mut by_name: HashMap<String, BTreeSet<u64>> = HashMap::new();
        for one in &made {
            by_name
                .entry(one.record.organization.name.clone().unwrap_or_default())
                .or_default()
                .insert(one.entity);
        }
        let namesakes = by_name.values().filter(|entities| entities.len() > 1).count();
        let most = by_name.values().map(BTreeSet::len).max().unwrap_or_default();
        println!("{with_ein} with EIN, {namesakes} names of several organizations, at most {most}");
        assert!(namesakes > 200 && most < 120, "{namesakes} {most}");
        let parents =
            made.iter().filter(|one| one.record.organization.parent_organization_id.is_some()).count();
        assert!(parents > 100, "{parents}");
    }

    /// Every duplicate keeps something by which a person would know it: a word of the name, a telephone, or a street.
    #[test]
    fn a_duplicate_can_be_told() {
        let made = make(5_000);
        let first: HashMap<u64, &Generated> = made.iter().rev().map(|one| (one.entity, one)).collect();
        let signs = |one: &Generated| -> BTreeSet<String> {
            let organization = &one.record.organization;
            let names = organization.name.iter().chain(&organization.alternate_names);
            let words = names
                .flat_map(|name| name.split([' ', ',']).map(str::to_lowercase))
                .filter(|word| word.len() > 3);
            let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
            let phones = organization.phones.iter().map(|phone| digits(&phone.number));
            let streets = organization
                .locations
                .iter()
                .flat_map(|place| &place.addresses)
                .filter_map(|a| a.address_1.as_deref());
            let streets =
                streets.map(|street| street.split(' ').take(2).collect::<Vec<_>>().join(" ").to_lowercase());
            words.chain(phones).chain(streets).collect()
        };
        let copies: Vec<_> =
            made.iter().filter(|one| first[&one.entity].record.id != one.record.id).collect();
        let lost = copies.iter().filter(|one| signs(one).is_disjoint(&signs(first[&one.entity]))).count();
        assert!(lost * 100 < copies.len() * 2, "{lost} of {}", copies.len());
    }

    /// Blocks must not explode: what many share grows slower than the sample.
    #[test]
    fn distinct_words_and_telephones_grow_with_the_sample() {
        let made = make(40_000);
        let count = |part: &[Generated]| {
            let words: HashSet<&str> = part
                .iter()
                .filter_map(|one| one.record.organization.name.as_deref())
                .flat_map(|name| name.split(' '))
                .collect();
            words.len()
        };
        let (small, large) = (count(&made[..10_000]), count(&made));
        println!("{small} words in 10,000, {large} in 40,000");
        assert!(large > small * 2, "{small} {large}");
        let numbers =
            made.iter().flat_map(|one| &one.record.organization.phones).map(|phone| phone.number.as_str());
        let most = shared(numbers).into_values().max().unwrap_or_default();
        println!("the most shared telephone: {most}");
        assert!(most < 60, "{most}");
        let cities =
            made.iter().flat_map(|one| &one.record.organization.locations).flat_map(|place| &place.addresses);
        let cities = shared(cities.filter_map(|address| address.city.as_deref()));
        let most = cities.values().max().copied().unwrap_or_default();
        println!("{} cities, the largest {most}", cities.len());
        assert!(most < 40_000 / 20, "{most}");
    }
}
