//! Cities, streets and telephones.

use crate::random::Random;
use crate::words::places::{CITY_FIRST, CITY_LAST, DIRECTIONS, STATES, STREET_KINDS, STREETS, State, UNITS};
use crate::words::surname;

const CITY_TOPIC: u64 = 1;

/// A city: a function of the seed and its rank, so that none need be kept.
#[derive(Clone, Debug)]
pub(crate) struct City {
    pub(crate) name: String,
    pub(crate) state: &'static State,
    postcode: u64,
    postcodes: u64,
    latitude: f64,
    longitude: f64,
    area_code: u64,
}

impl City {
    /// Of the `nth` organization: a larger sample reaches more cities, and the first are the largest.
    pub(crate) fn of(seed: u64, random: &mut Random, nth: u64) -> Self {
        let rank = random.skewed(60 + nth / 25);
        Self::ranked(seed, rank)
    }

    fn ranked(seed: u64, rank: u64) -> Self {
        let mut random = Random::of(seed, CITY_TOPIC, rank);
        let state = random.pick(&STATES);
        let (from, to) = state.postcodes;
        let prefix = from + random.below(to - from + 1);
        Self {
            name: format!("{}{}", random.pick(&CITY_FIRST), random.pick(&CITY_LAST)),
            state,
            postcode: prefix * 100 + random.below(60),
            // The largest city has forty postal codes, a small town one.
            postcodes: 1 + 40 / (1 + rank / 8),
            latitude: random.around().mul_add(1.3, state.middle.0),
            longitude: random.around().mul_add(1.6, state.middle.1),
            area_code: *random.pick(state.area_codes),
        }
    }
}

/// Where an organization is.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) name: Option<String>,
    pub(crate) street: Street,
    pub(crate) city: String,
    pub(crate) state: &'static State,
    pub(crate) postcode: Option<String>,
    /// Degrees north and east.
    pub(crate) point: Option<(f64, f64)>,
    pub(crate) phone: Option<String>,
}

impl Site {
    pub(crate) fn in_city(city: &City, random: &mut Random, nth: u64) -> Self {
        let point =
            (random.around().mul_add(0.05, city.latitude), random.around().mul_add(0.06, city.longitude));
        Self {
            name: None,
            street: Street::random(random, nth),
            city: city.name.clone(),
            state: city.state,
            postcode: Some(format!("{:05}", city.postcode + random.below(city.postcodes))),
            point: Some((round(point.0), round(point.1))),
            phone: None,
        }
    }
}

/// Five decimals are a metre.
pub(crate) fn round(degrees: f64) -> f64 {
    (degrees * 1e5).round() / 1e5
}

/// A street address in its parts, to be written long or short.
#[derive(Clone, Debug)]
pub(crate) struct Street {
    pub(crate) number: u64,
    pub(crate) direction: Option<(&'static str, &'static str)>,
    pub(crate) name: String,
    pub(crate) kind: (&'static str, &'static str),
    pub(crate) unit: Option<(&'static str, &'static str, u64)>,
}

/// How an address is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    Long,
    Short,
}

impl Street {
    pub(crate) fn random(random: &mut Random, nth: u64) -> Self {
        let name = if random.chance(70) { (*random.pick(&STREETS)).to_owned() } else { surname(random, nth) };
        let number = if random.chance(60) { 1 + random.below(1_999) } else { 2_000 + random.below(17_999) };
        let direction = random.chance(25).then(|| *random.pick(&DIRECTIONS));
        Self { number, direction, name, kind: *random.pick(&STREET_KINDS), unit: Self::random_unit(random) }
    }

    pub(crate) fn random_unit(random: &mut Random) -> Option<(&'static str, &'static str, u64)> {
        random.chance(14).then(|| {
            let (long, short) = *random.pick(&UNITS);
            let number = if long == "Floor" { 2 + random.below(8) } else { 1 + random.below(420) };
            (long, short, number)
        })
    }

    /// Number and street.
    pub(crate) fn line(&self, spelling: Spelling) -> String {
        let choose = |(long, short): (&'static str, &'static str)| match spelling {
            Spelling::Long => long,
            Spelling::Short => short,
        };
        let direction = self.direction.map(choose);
        let mut line = self.number.to_string();
        for part in direction.into_iter().chain([self.name.as_str(), choose(self.kind)]) {
            line.push(' ');
            line.push_str(part);
        }
        line
    }

    /// Suite, floor, building.
    pub(crate) fn unit_line(&self, spelling: Spelling) -> Option<String> {
        self.unit.map(|(long, short, number)| match spelling {
            Spelling::Long => format!("{long} {number}"),
            Spelling::Short => format!("{short} {number}"),
        })
    }
}

/// A number of the city. One in ten of the first lies in the range kept for fiction (555-0100 to 0199); it is
/// too small for more, and organizations must not share a number by chance.
pub(crate) fn phone(city: &City, random: &mut Random, nth: u64) -> String {
    if nth < 2_000 && random.chance(10) {
        return format!("{}55501{:02}", city.area_code, random.below(100));
    }
    local_phone(city.area_code, random)
}

/// Another number with the same area code.
pub(crate) fn other_phone(number: &str, random: &mut Random) -> String {
    let area_code = number.get(..3).and_then(|digits| digits.parse().ok()).unwrap_or(312);
    local_phone(area_code, random)
}

fn local_phone(area_code: u64, random: &mut Random) -> String {
    let mut exchange = 220 + random.below(770);
    if exchange % 100 == 11 || exchange == 555 {
        exchange += 1;
    }
    format!("{area_code}{exchange}{:04}", random.below(10_000))
}

/// A toll-free number of a chain: fictional while they last.
pub(crate) fn toll_free(chain: u64, random: &mut Random) -> String {
    const PREFIXES: [u64; 7] = [800, 888, 877, 866, 855, 844, 833];
    let prefix = PREFIXES.get(usize::try_from(chain / 100).unwrap_or(usize::MAX));
    match prefix {
        Some(prefix) => format!("{prefix}55501{:02}", chain % 100),
        None => local_phone(*random.pick(&PREFIXES), random),
    }
}
