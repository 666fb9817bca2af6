//! What is compared of a record, computed from it once: the same for batch and stream, on every machine.

pub mod address;
mod chains;
mod departments;
mod lexicon;
pub mod name;
mod phone;
mod web;
pub mod words;

pub use address::Place;
pub use name::{Name, Word};
pub use words::WordClass;

use entity::{Address, Location, Organization, Record};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A text of a record's features: its own, one of a list of ours, or where the features' bytes are.
pub type Text<'a> = Cow<'a, str>;

/// More of a kind than these are not looked at: the first ones in order, so that it stays a function of the
/// record. A record with more of them is a directory or an agency, and is told by its grain.
const NAMES_MAX: usize = 8;
const CONTACTS_MAX: usize = 16;
const PLACES_MAX: usize = 24;
const SERVICE_WORDS_MAX: usize = 64;

/// The normalised evidence of a record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RecordFeatures<'a> {
    /// The name first, then the others.
    pub names: Vec<Name<'a>>,
    /// Telephones, `+` first where the country is known.
    pub phones: Vec<Text<'a>>,
    /// Registrable domains of web and mail addresses that are the record's own.
    pub domains: Vec<Text<'a>>,
    /// Web pages below a domain.
    pub pages: Vec<Text<'a>>,
    /// Mailboxes.
    pub mailboxes: Vec<Text<'a>>,
    /// Registry identifiers: (scheme, identifier).
    pub identifiers: Vec<(Text<'a>, Text<'a>)>,
    /// Where it is found.
    pub places: Vec<Place<'a>>,
    /// Hashed words of its services.
    pub services: Vec<u32>,
    /// Whether it bears the name of a chain, or has a page in a list of sites.
    pub chain: bool,
    /// How many locations it has; it tells an agency from a site.
    pub location_count: u32,
}

/// Computes what is compared of a record.
#[must_use]
pub fn features(record: &Record) -> RecordFeatures<'static> {
    let organization = &record.organization;
    let places = places(organization);
    let country = places.first().map_or("", |place| &*place.country);
    let mut features = RecordFeatures {
        names: names(organization, &places),
        phones: phones(organization, country),
        identifiers: identifiers(organization),
        services: service_words(organization),
        location_count: u32::try_from(organization.locations.len()).unwrap_or(u32::MAX),
        places,
        ..RecordFeatures::default()
    };
    read_web(organization, &mut features);
    features.chain |= features.names.iter().any(chains::is_chain);
    features
}

fn names(organization: &Organization, places: &[Place<'_>]) -> Vec<Name<'static>> {
    let place = places.first();
    let city = place.map_or("", |place| &*place.city);
    let given = organization.name.iter().chain(&organization.alternate_names);
    let mut names: Vec<Name<'static>> = Vec::new();
    for mut name in given.map(|text| name::name(text, city)).take(NAMES_MAX) {
        // Some write the address into the name: its number says nothing of the name.
        name.numbers.retain(|number| place.is_none_or(|place| place.number != *number));
        let says_something = !name.words.is_empty() || !name.numbers.is_empty();
        if says_something && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn phones(organization: &Organization, country: &str) -> Vec<Text<'static>> {
    let located = organization.locations.iter().flat_map(|location| &location.phones);
    let offered = organization.services.iter().flat_map(|service| &service.phones);
    let all = organization.phones.iter().chain(located).chain(offered);
    sorted(all.filter_map(|phone| phone::phone(&phone.number, country)).map(Cow::Owned), CONTACTS_MAX)
}

fn identifiers(organization: &Organization) -> Vec<(Text<'static>, Text<'static>)> {
    let registered = organization.identifiers.iter().map(|identifier| {
        let scheme =
            identifier.scheme.as_deref().or(identifier.identifier_type.as_deref()).unwrap_or_default();
        (scheme, identifier.identifier.as_str())
    });
    let taxed = organization.tax_id.iter().map(|id| ("tax id", id.as_str()));
    let folded = registered.chain(taxed).map(|(scheme, identifier)| {
        let compact: String = crate::text::fold(identifier).split(' ').collect();
        (Text::Owned(crate::text::fold(scheme)), Text::Owned(compact))
    });
    sorted(folded.filter(|(_, identifier)| !identifier.is_empty()), CONTACTS_MAX)
}

fn places(organization: &Organization) -> Vec<Place<'static>> {
    let places = organization.locations.iter().flat_map(|location| {
        let bare = location.addresses.is_empty() && position(location).is_some();
        let addressed = location.addresses.iter().map(|address| place(location, Some(address)));
        addressed.chain(bare.then(|| place(location, None)))
    });
    let mut places: Vec<Place<'static>> = places.filter(|place| *place != Place::default()).collect();
    places.sort_unstable();
    places.dedup();
    places.truncate(PLACES_MAX);
    places
}

fn place(location: &Location, address: Option<&Address>) -> Place<'static> {
    let mut place = Place { position: position(location), ..Place::default() };
    let Some(address) = address else { return place };
    place.country = match address.country.as_deref().unwrap_or_default().trim() {
        "US" | "USA" => Cow::Borrowed("US"),
        country => match country.to_uppercase() {
            country if country == "USA" => Cow::Borrowed("US"),
            country => Cow::Owned(country),
        },
    };
    place.city = Cow::Owned(crate::text::fold(address.city.as_deref().unwrap_or_default()));
    place.state = address::state(address.state_province.as_deref().unwrap_or_default());
    place.postcode = address::postcode(address.postal_code.as_deref().unwrap_or_default(), &place.country);
    let first = address.address_1.as_deref().unwrap_or_default();
    match address.address_2.as_deref() {
        Some(second) => address::read_street(&format!("{first}, {second}"), &mut place),
        None => address::read_street(first, &mut place),
    }
    place
}

fn position(location: &Location) -> Option<(i32, i32)> {
    let (north, east) = (location.latitude?, location.longitude?);
    // 0° 0° lies in the sea and is what an empty field turns into.
    let valid =
        (-90.0..=90.0).contains(&north) && (-180.0..=180.0).contains(&east) && (north != 0.0 || east != 0.0);
    valid.then(|| (millionths(north), millionths(east)))
}

#[expect(clippy::cast_possible_truncation, reason = "degrees are within ±180")]
fn millionths(degrees: f64) -> i32 {
    (degrees * 1e6).round() as i32
}

fn service_words(organization: &Organization) -> Vec<u32> {
    let named =
        organization.services.iter().flat_map(|service| service.name.iter().chain(&service.alternate_name));
    let mut hashes = Vec::new();
    for name in named {
        let folded = crate::text::fold(name);
        let words =
            crate::text::words(&folded).filter(|word| word.len() > 2 && !lexicon::facts(word).is_stop_word);
        hashes.extend(words.map(|word| fnv(word.strip_suffix('s').unwrap_or(word))));
    }
    sorted(hashes.into_iter(), SERVICE_WORDS_MAX)
}

fn read_web(organization: &Organization, features: &mut RecordFeatures<'static>) {
    let mut domains = Vec::new();
    let mut pages = Vec::new();
    let mut mailboxes = Vec::new();
    let offered = organization.services.iter();
    for url in organization.website.iter().chain(offered.clone().filter_map(|service| service.url.as_ref())) {
        if let Some(site) = web::site(url) {
            features.chain |= site.is_locator;
            domains.extend(site.domain);
            pages.extend(site.page);
        }
    }
    for email in organization.email.iter().chain(offered.filter_map(|service| service.email.as_ref())) {
        if let Some((mailbox, domain)) = web::mailbox(email) {
            mailboxes.push(mailbox);
            domains.extend(domain);
        }
    }
    features.domains = sorted(domains.into_iter().map(Cow::Owned), CONTACTS_MAX);
    features.pages = sorted(pages.into_iter().map(Cow::Owned), CONTACTS_MAX);
    features.mailboxes = sorted(mailboxes.into_iter().map(Cow::Owned), CONTACTS_MAX);
}

fn sorted<T: Ord>(values: impl Iterator<Item = T>, max: usize) -> Vec<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.dedup();
    values.truncate(max);
    values
}

/// FNV-1a: services are compared by equality only, and a collision in sixty words does no harm.
fn fnv(word: &str) -> u32 {
    word.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
