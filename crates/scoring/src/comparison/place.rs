//! Places: street and number, unit, town and postcode, distance, and how many places there are.

use super::{Agreement, levels};
use crate::features::{Place, RecordFeatures};
use crate::similarity;

levels! {
    /// Number and street; later levels are better.
    StreetLevel "street address" {
        Missing = "missing",
        Different = "different",
        SameStreet = "same street, other number",
        SameNumber = "same number, other street",
        NearNumber = "same street, number near",
        NearStreet = "same number, street near",
        Same = "same",
    }
}

levels! {
    /// Suite, flat, floor; at the same street address only.
    UnitLevel "unit" {
        Missing = "missing",
        OneSided = "only one has a unit",
        Different = "different",
        Same = "same",
    }
}

levels! {
    /// Town and postcode; later levels are better.
    AreaLevel "town and postcode" {
        Missing = "missing",
        OtherState = "other state or country",
        Different = "different town",
        NearPostcode = "postcodes near, town unknown or other",
        SameTownOtherPostcode = "same town, other postcode",
        SameTown = "same town",
        SamePostcode = "same postcode",
    }
}

levels! {
    /// Distance of the nearest two places; later levels are nearer.
    DistanceLevel "distance" {
        Missing = "missing",
        Far = "over 30 km",
        Region = "up to 30 km",
        Town = "up to 5 km",
        Street = "up to 200 m",
    }
}

levels! {
    /// How many locations each has: an agency and its site are related, not the same.
    GrainLevel "grain" {
        Missing = "missing",
        Similar = "similar",
        ManyShared = "both have many, some shared",
        ManyOther = "both have many, none shared",
        Part = "one a single site, the other has several",
    }
}

/// What the places of two records say.
pub(super) struct PlaceComparison {
    pub(super) street: StreetLevel,
    pub(super) unit: UnitLevel,
    pub(super) area: AreaLevel,
    pub(super) distance: DistanceLevel,
}

impl StreetLevel {
    /// The three states.
    pub(super) fn agreement(self) -> Agreement {
        match self {
            Self::Missing => Agreement::Unknown,
            Self::Different | Self::SameStreet | Self::SameNumber => Agreement::Other,
            Self::NearNumber | Self::NearStreet | Self::Same => Agreement::Same,
        }
    }
}

/// Compares the two places, one of each, that are most alike.
pub(super) fn compare_places(a: &RecordFeatures, b: &RecordFeatures) -> PlaceComparison {
    let mut best = (StreetLevel::Missing, AreaLevel::Missing, UnitLevel::Missing);
    let mut distance = DistanceLevel::Missing;
    for left in &a.places {
        for right in &b.places {
            let street = compare_streets(left, right);
            let unit =
                if street == StreetLevel::Same { compare_units(left, right) } else { UnitLevel::Missing };
            best = best.max((street, compare_areas(left, right), unit));
            distance = distance.max(compare_positions(left, right));
        }
    }
    let (street, area, unit) = best;
    PlaceComparison { street, unit, area, distance }
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
        return if near_street { StreetLevel::SameStreet } else { StreetLevel::Different };
    }
    match (numbers_same(&a.number, &b.number), same_street, near_street) {
        (true, true, _) => StreetLevel::Same,
        (true, false, true) => StreetLevel::NearStreet,
        (true, false, false) => StreetLevel::SameNumber,
        (false, _, true) if similarity::within_edits(a.number.as_bytes(), b.number.as_bytes(), 1) => {
            StreetLevel::NearNumber
        }
        (false, _, true) => StreetLevel::SameStreet,
        (false, _, false) => StreetLevel::Different,
    }
}

/// `4-6` and `4` are one house.
fn numbers_same(a: &str, b: &str) -> bool {
    let within = |whole: &str, part: &str| whole.strip_prefix(part).is_some_and(|rest| rest.starts_with('-'));
    a == b || within(a, b) || within(b, a)
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

fn compare_units(a: &Place, b: &Place) -> UnitLevel {
    match (a.unit.is_empty(), b.unit.is_empty()) {
        (true, true) => UnitLevel::Missing,
        (false, false) if a.unit == b.unit => UnitLevel::Same,
        (false, false) => UnitLevel::Different,
        _ => UnitLevel::OneSided,
    }
}

fn compare_areas(a: &Place, b: &Place) -> AreaLevel {
    let both = |x: &str, y: &str| !x.is_empty() && !y.is_empty();
    let letters = |state: &str| state.len() == 2 && state.bytes().all(|b| b.is_ascii_alphabetic());
    let states_differ = letters(&a.state) && letters(&b.state) && a.state != b.state;
    if contradict(&a.country, &b.country) || states_differ {
        return AreaLevel::OtherState;
    }
    let postcodes = both(&a.postcode, &b.postcode);
    if postcodes && a.postcode == b.postcode {
        return AreaLevel::SamePostcode;
    }
    let towns = both(&a.city, &b.city);
    if towns && towns_same(&a.city, &b.city) {
        return if postcodes { AreaLevel::SameTownOtherPostcode } else { AreaLevel::SameTown };
    }
    if postcodes && a.postcode.len() == b.postcode.len() && a.postcode.get(..4) == b.postcode.get(..4) {
        return AreaLevel::NearPostcode;
    }
    if postcodes || towns { AreaLevel::Different } else { AreaLevel::Missing }
}

/// `new york` and `new york city`, or a typing error.
fn towns_same(a: &str, b: &str) -> bool {
    a == b || similarity::alike(a, b)
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
        () if band(200.0) => DistanceLevel::Street,
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
        (1, AGENCY_LOCATIONS..) => GrainLevel::Part,
        (AGENCY_LOCATIONS.., _) if street.agreement() == Agreement::Same => GrainLevel::ManyShared,
        (AGENCY_LOCATIONS.., _) => GrainLevel::ManyOther,
        _ => GrainLevel::Similar,
    }
}
