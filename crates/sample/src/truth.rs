//! What is true of an organization, before any source tells it.

use crate::naming;
use crate::place::{City, Site, phone};
use crate::random::Random;
use crate::words::names::LEGAL_FORMS;
use crate::words::offers::{self, Offer};

const TRUTH_TOPIC: u64 = 2;

/// What kind of organization it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Church,
    Care,
    Food,
    School,
    Clinic,
    Recovery,
    Legal,
    Library,
    Post,
    Youth,
}

impl Kind {
    fn random(random: &mut Random) -> Self {
        match random.below(100) {
            0..24 => Self::Church,
            24..42 => Self::Care,
            42..52 => Self::Food,
            52..67 => Self::School,
            67..80 => Self::Clinic,
            80..85 => Self::Recovery,
            85..89 => Self::Legal,
            89..92 => Self::Library,
            92..96 => Self::Post,
            _ => Self::Youth,
        }
    }

    fn offers(self) -> &'static [Offer] {
        match self {
            Self::Church => &offers::CHURCH,
            Self::Care => &offers::CARE,
            Self::Food => &offers::FOOD,
            Self::School => &offers::SCHOOL,
            Self::Clinic => &offers::CLINIC,
            Self::Recovery => &offers::RECOVERY,
            Self::Legal => &offers::LEGAL,
            Self::Library => &offers::LIBRARY,
            Self::Post => &offers::POST,
            Self::Youth => &offers::YOUTH,
        }
    }
}

/// An organization.
#[derive(Clone, Debug)]
pub(crate) struct Truth {
    /// The number of its first record.
    pub(crate) entity: u64,
    pub(crate) kind: Kind,
    /// Where it is at home.
    pub(crate) city: City,
    pub(crate) name: String,
    /// Another name that it goes by.
    pub(crate) alternate_name: Option<String>,
    pub(crate) legal_form: Option<&'static str>,
    pub(crate) description: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) fax: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) website: Option<String>,
    /// Nine digits.
    pub(crate) ein: Option<String>,
    pub(crate) year: Option<i32>,
    /// Never empty.
    pub(crate) sites: Vec<Site>,
    pub(crate) offers: Vec<Offer>,
    /// The organization above it.
    pub(crate) parent: Option<u64>,
}

impl Truth {
    /// The organization that first shows as the `nth` record, standing for itself; in a city of its own choice
    /// where none is given.
    pub(crate) fn alone(seed: u64, nth: u64, city: Option<City>) -> Self {
        let random = &mut Random::of(seed, TRUTH_TOPIC, nth);
        let kind = Kind::random(random);
        let own_city = City::of(seed, random, nth);
        let city = city.unwrap_or(own_city);
        let name = naming::name(kind, &city, random, nth);
        let domain = naming::domain(&name, random, nth);
        let legal_form = random.chance(30).then(|| *random.pick(&LEGAL_FORMS));
        Self {
            entity: nth,
            kind,
            alternate_name: random.chance(22).then(|| naming::other_name(kind, &name, random, nth)),
            legal_form,
            description: random.chance(60).then(|| naming::description(kind, &city)),
            phone: Some(phone(&city, random, nth)),
            fax: random.chance(25).then(|| phone(&city, random, nth)),
            email: random.chance(70).then(|| naming::email(&domain, random)),
            website: random.chance(75).then(|| format!("https://www.{domain}")),
            ein: random.chance(60).then(|| format!("{:09}", 10_000_000 + random.below(980_000_000))),
            year: random.chance(50).then(|| 1880 + i32::try_from(random.below(142)).unwrap_or_default()),
            sites: sites(&city, random, nth),
            offers: some_of(kind.offers(), random),
            parent: None,
            city,
            name,
        }
    }
}

/// One place for most, up to four.
fn sites(city: &City, random: &mut Random, nth: u64) -> Vec<Site> {
    let count = match random.below(100) {
        0..72 => 1,
        72..88 => 2,
        88..96 => 3,
        _ => 4,
    };
    let mut sites: Vec<Site> = (0..count).map(|_| Site::in_city(city, random, nth)).collect();
    for (place, site) in sites.iter_mut().enumerate().filter(|_| count > 1) {
        site.name = Some(naming::site_name(place, random).to_owned());
        site.phone = random.chance(60).then(|| phone(city, random, nth));
    }
    sites
}

/// One to four services, each once.
fn some_of(offers: &[Offer], random: &mut Random) -> Vec<Offer> {
    let count = 1 + random.place_in(4);
    let first = random.place_in(offers.len());
    offers.iter().cycle().skip(first).take(count.min(offers.len())).copied().collect()
}
