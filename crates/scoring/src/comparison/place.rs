//! Places: street and number, unit, postcode, town, region, distance, and how many places there are.

use super::levels;
use crate::features::{Place, RecordFeatures};
use crate::similarity;

levels! {
    /// Number and street; later levels are better.
    StreetLevel "street address" {
        Missing = "missing" / 0,
        Different = "different" / 1,
        SameNumber = "same number, other street" / 1,
        SameStreet = "same street, other number" / 1,
        CloseNumber = "same street, a few doors away" / 2,
        Unnumbered = "same street, number unknown" / 2,
        NearNumber = "same street, number near" / 3,
        NearStreet = "same number, street near" / 3,
        Same = "same" / 4,
    }
}

levels! {
    /// Share of the words of the address lines and town in common, however they are ordered.
    AddressWordsLevel "address words" {
        Missing = "missing" / 0,
        To15 = "under 15 % shared" / 1,
        To30 = "15 to 30 % shared" / 1,
        To45 = "30 to 45 % shared" / 2,
        To60 = "45 to 60 % shared" / 2,
        To80 = "60 to 80 % shared" / 3,
        To100 = "over 80 % shared" / 3,
        Same = "same" / 4,
    }
}

levels! {
    /// Suite, flat, floor; at the same street address only.
    UnitLevel "unit" {
        Missing = "missing" / 0,
        OneSided = "only one has a unit" / 1,
        Different = "different" / 2,
        Same = "same" / 3,
    }
}

levels! {
    /// Postal codes; later levels are better.
    PostcodeLevel "postcode" {
        Missing = "missing" / 0,
        Different = "different" / 1,
        Region = "same region" / 1,
        Near = "same but for the end" / 2,
        Same = "same" / 3,
    }
}

levels! {
    /// Towns; later levels are better.
    TownLevel "town" {
        Missing = "missing" / 0,
        Different = "different" / 1,
        Alike = "alike" / 2,
        Same = "same" / 2,
    }
}

levels! {
    /// Countries and states; later levels are better.
    RegionLevel "region" {
        Missing = "missing" / 0,
        OtherCountry = "other country" / 1,
        OtherState = "other state" / 1,
        SameState = "same state" / 2,
    }
}

levels! {
    /// Distance of the nearest two places; later levels are nearer.
    DistanceLevel "distance" {
        Missing = "missing" / 0,
        Far = "over 30 km" / 1,
        Region = "up to 30 km" / 1,
        Town = "up to 5 km" / 2,
        Quarter = "up to 1 km" / 2,
        Street = "up to 200 m" / 3,
        House = "up to 50 m" / 3,
    }
}

levels! {
    /// How many locations each has: an agency and its site are related, not the same.
    GrainLevel "grain" {
        Missing = "missing" / 0,
        Similar = "similar" / 1,
        ManyShared = "both have many, some shared" / 1,
        ManyOther = "both have many, none shared" / 2,
        Branch = "branch: one a single site, the other has several" / 3,
    }
}

/// What the places of two records say.
pub(super) struct PlaceComparison {
    pub(super) street: StreetLevel,
    pub(super) words: AddressWordsLevel,
    pub(super) unit: UnitLevel,
    pub(super) postcode: PostcodeLevel,
    pub(super) town: TownLevel,
    pub(super) region: RegionLevel,
    pub(super) distance: DistanceLevel,
}

/// Compares the two places, one of each, that are most alike.
pub(super) fn compare_places(a: &RecordFeatures, b: &RecordFeatures) -> PlaceComparison {
    let mut best: Option<PlaceComparison> = None;
    let mut distance = DistanceLevel::Missing;
    for left in &a.places {
        for right in &b.places {
            distance = distance.max(compare_positions(left, right));
            let place = compare(left, right);
            if best.as_ref().is_none_or(|best| place.order() > best.order()) {
                best = Some(place);
            }
        }
    }
    PlaceComparison { distance, ..best.unwrap_or_else(PlaceComparison::missing) }
}

impl PlaceComparison {
    fn missing() -> Self {
        Self {
            street: StreetLevel::Missing,
            words: AddressWordsLevel::Missing,
            unit: UnitLevel::Missing,
            postcode: PostcodeLevel::Missing,
            town: TownLevel::Missing,
            region: RegionLevel::Missing,
            distance: DistanceLevel::Missing,
        }
    }

    /// Greater for more alike places. A region that contradicts is worse than none.
    fn order(&self) -> [u8; 6] {
        let region = match self.region {
            RegionLevel::OtherCountry => 0,
            RegionLevel::OtherState => 1,
            RegionLevel::Missing => 2,
            RegionLevel::SameState => 3,
        };
        let Self { street, words, postcode, town, unit, .. } = self;
        [street.code(), words.code(), postcode.code(), town.code(), region, unit.code()]
    }
}

fn compare(a: &Place, b: &Place) -> PlaceComparison {
    let street = compare_streets(a, b);
    let unit = if street >= StreetLevel::NearStreet { compare_units(a, b) } else { UnitLevel::Missing };
    PlaceComparison {
        street,
        words: compare_words(a, b),
        unit,
        postcode: compare_postcodes(a, b),
        town: compare_towns(a, b),
        region: compare_regions(a, b),
        distance: DistanceLevel::Missing,
    }
}

fn compare_streets(a: &Place, b: &Place) -> StreetLevel {
    if !a.has_street() || !b.has_street() {
        return StreetLevel::Missing;
    }
    let box_and_street = (a.street == "po box") != (b.street == "po box");
    if box_and_street {
        return StreetLevel::Missing;
    }
    let same_street = a.street == b.street && !contradict(&a.direction, &b.direction);
    let near_street = same_street || streets_alike(a, b);
    let unnumbered = a.number.is_empty() || b.number.is_empty();
    if unnumbered {
        return if near_street { StreetLevel::Unnumbered } else { StreetLevel::Different };
    }
    match (numbers_same(&a.number, &b.number), same_street, near_street) {
        (true, true, _) => StreetLevel::Same,
        (true, false, true) => StreetLevel::NearStreet,
        (true, false, false) => StreetLevel::SameNumber,
        (false, _, true) if similarity::within_edits(a.number.as_bytes(), b.number.as_bytes(), 1) => {
            StreetLevel::NearNumber
        }
        (false, _, true) if numbers_close(&a.number, &b.number) => StreetLevel::CloseNumber,
        (false, _, true) => StreetLevel::SameStreet,
        (false, _, false) => StreetLevel::Different,
    }
}

/// `4-6` and `4` are one house, `7954-58` and `7956` too.
fn numbers_same(a: &str, b: &str) -> bool {
    let within = |whole: &str, part: &str| {
        whole.strip_prefix(part).is_some_and(|rest| rest.starts_with('-')) || range_holds(whole, part)
    };
    a == b || within(a, b) || within(b, a)
}

/// Whether a number lies between the two of a range; the second may leave out the digits it has from the first.
fn range_holds(range: &str, part: &str) -> bool {
    const HOUSES_MAX: u64 = 100;
    let Some((from, to)) = range.split_once('-') else { return false };
    let number = |text: &str| text.parse::<u64>().ok();
    let (Some(first), Some(given), Some(number)) = (number(from), number(to), number(part)) else {
        return false;
    };
    let kept = 10u64.saturating_pow(u32::try_from(to.len()).unwrap_or(u32::MAX));
    let last = if to.len() < from.len() { first - first % kept + given } else { given };
    (first..=last).contains(&number) && last - first <= HOUSES_MAX
}

/// Whether two house numbers are neighbours.
fn numbers_close(a: &str, b: &str) -> bool {
    const DOORS: u64 = 12;
    let number = |text: &str| text.split('-').next().and_then(|first| first.parse::<u64>().ok());
    matches!((number(a), number(b)), (Some(a), Some(b)) if a.abs_diff(b) <= DOORS)
}

fn contradict(a: &str, b: &str) -> bool {
    !a.is_empty() && !b.is_empty() && a != b
}

/// One a typing error of the other, one opening the other, or only the direction differing.
fn streets_alike(a: &Place, b: &Place) -> bool {
    let (short, long) = if a.street.len() <= b.street.len() { (a, b) } else { (b, a) };
    if short.street == long.street {
        return true;
    }
    let contains = || long.street.split(' ').any(|word| word == short.street) && short.street.len() >= 4;
    similarity::alike(&short.street, &long.street) || contains()
}

fn compare_words(a: &Place, b: &Place) -> AddressWordsLevel {
    // A town alone is no address.
    const WORDS_MIN: usize = 2;
    if a.words.len() < WORDS_MIN || b.words.len() < WORDS_MIN {
        return AddressWordsLevel::Missing;
    }
    let shared = similarity::shared_count(&a.words, &b.words);
    match 200 * shared / (a.words.len() + b.words.len()) {
        0..15 => AddressWordsLevel::To15,
        15..30 => AddressWordsLevel::To30,
        30..45 => AddressWordsLevel::To45,
        45..60 => AddressWordsLevel::To60,
        60..80 => AddressWordsLevel::To80,
        80..100 => AddressWordsLevel::To100,
        _ => AddressWordsLevel::Same,
    }
}

fn compare_units(a: &Place, b: &Place) -> UnitLevel {
    match (a.unit.is_empty(), b.unit.is_empty()) {
        (true, true) => UnitLevel::Missing,
        (false, false) if a.unit == b.unit => UnitLevel::Same,
        (false, false) => UnitLevel::Different,
        _ => UnitLevel::OneSided,
    }
}

fn compare_postcodes(a: &Place, b: &Place) -> PostcodeLevel {
    let (a, b) = (a.postcode.as_bytes(), b.postcode.as_bytes());
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let begin = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    match short.len() {
        0 => PostcodeLevel::Missing,
        length if begin == length && length >= long.len().min(5) => PostcodeLevel::Same,
        length if begin + 1 >= length || begin >= 4 => PostcodeLevel::Near,
        _ if begin >= 2 => PostcodeLevel::Region,
        _ => PostcodeLevel::Different,
    }
}

/// `new york` and `new york city`, or a typing error, are alike.
fn compare_towns(a: &Place, b: &Place) -> TownLevel {
    if a.city.is_empty() || b.city.is_empty() {
        return TownLevel::Missing;
    }
    if a.city == b.city {
        return TownLevel::Same;
    }
    let (short, long) = if a.city.len() <= b.city.len() { (a, b) } else { (b, a) };
    let within = || {
        let rest = |rest: &str| rest.starts_with(' ');
        long.city.strip_prefix(&*short.city).is_some_and(rest)
            || long.city.strip_suffix(&*short.city).is_some_and(|rest| rest.ends_with(' '))
    };
    if similarity::alike(&a.city, &b.city) || within() { TownLevel::Alike } else { TownLevel::Different }
}

fn compare_regions(a: &Place, b: &Place) -> RegionLevel {
    if contradict(&a.country, &b.country) {
        return RegionLevel::OtherCountry;
    }
    let letters = |state: &str| state.len() == 2 && state.bytes().all(|b| b.is_ascii_alphabetic());
    match (a.state.is_empty() || b.state.is_empty(), a.state == b.state) {
        (true, _) => RegionLevel::Missing,
        (false, true) => RegionLevel::SameState,
        // A name and its letters, or a district and its state, do not contradict each other.
        (false, false) if letters(&a.state) && letters(&b.state) => RegionLevel::OtherState,
        (false, false) => RegionLevel::Missing,
    }
}

/// Bands by the square of the distance in metres.
fn compare_positions(a: &Place, b: &Place) -> DistanceLevel {
    let (Some((a_north, a_east)), Some((b_north, b_east))) = (a.position, b.position) else {
        return DistanceLevel::Missing;
    };
    const METRES_PER_MILLIONTH: f64 = 0.111_195;
    let north = f64::from(a_north) - f64::from(b_north);
    let east = (f64::from(a_east) - f64::from(b_east)).abs();
    let east = east.min(360e6 - east) * cosine((f64::from(a_north) + f64::from(b_north)) / 2e6);
    let square = (north * north + east * east) * METRES_PER_MILLIONTH * METRES_PER_MILLIONTH;
    let band = |metres: f64| square <= metres * metres;
    match () {
        () if band(50.0) => DistanceLevel::House,
        () if band(200.0) => DistanceLevel::Street,
        () if band(1_000.0) => DistanceLevel::Quarter,
        () if band(5_000.0) => DistanceLevel::Town,
        () if band(30_000.0) => DistanceLevel::Region,
        () => DistanceLevel::Far,
    }
}

/// The cosine of degrees within ±90 by its series: the library's may differ in the last bit between machines.
fn cosine(degrees: f64) -> f64 {
    let square = (degrees.to_radians()).powi(2);
    1.0 - square / 2.0 * (1.0 - square / 12.0 * (1.0 - square / 30.0 * (1.0 - square / 56.0)))
}

/// Records of one location are sites; from this many on a record is an agency.
const AGENCY_LOCATIONS: u32 = 3;

/// Compares how many locations they have.
pub(super) fn compare_grain(a: &RecordFeatures, b: &RecordFeatures, street: StreetLevel) -> GrainLevel {
    let (less, more) = (a.location_count.min(b.location_count), a.location_count.max(b.location_count));
    match (less, more) {
        (0, _) => GrainLevel::Missing,
        (1, AGENCY_LOCATIONS..) => GrainLevel::Branch,
        (AGENCY_LOCATIONS.., _) if street >= StreetLevel::NearNumber => GrainLevel::ManyShared,
        (AGENCY_LOCATIONS.., _) => GrainLevel::ManyOther,
        _ => GrainLevel::Similar,
    }
}
