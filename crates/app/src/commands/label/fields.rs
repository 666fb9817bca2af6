//! What two records say, field by field, and which words only one of them says.

use entity::{Address, Organization, Phone, Record};
use std::collections::HashSet;

/// A field of both records.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) left: Vec<Words>,
    pub(super) right: Vec<Words>,
    /// Whether either says a word that the other does not.
    pub(super) differs: bool,
}

/// A value in words; those that the other record lacks stand out.
type Words = Vec<(String, bool)>;

/// What is compared as it stands beside another value, and what word by word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grain {
    Words,
    /// Half a telephone number says nothing.
    Values,
}

type Field = (&'static str, Grain, fn(&Organization) -> Vec<String>);

const FIELDS: [Field; 10] = [
    ("name", Grain::Words, |organization| organization.name.iter().cloned().collect()),
    ("also", Grain::Words, |organization| organization.alternate_names.clone()),
    ("address", Grain::Words, addresses),
    ("phone", Grain::Values, phones),
    ("website", Grain::Values, |organization| organization.website.iter().cloned().collect()),
    ("email", Grain::Values, |organization| organization.email.iter().cloned().collect()),
    ("identifier", Grain::Values, identifiers),
    ("form", Grain::Words, |organization| organization.legal_status.iter().cloned().collect()),
    ("services", Grain::Words, |organization| {
        organization.services.iter().filter_map(|service| service.name.clone()).collect()
    }),
    ("about", Grain::Words, |organization| organization.description.iter().map(|text| cut(text)).collect()),
];

/// Values shown of a field; a record may have a hundred places.
const VALUES_MAX: usize = 4;
const DESCRIPTION_MAX: usize = 240;

/// The fields that either record has, its id first.
pub(super) fn rows(left: &Record, right: &Record) -> Vec<Row> {
    let id = |record: &Record| vec![vec![(record.source_id.clone(), false)]];
    let ids = Row { name: "id", left: id(left), right: id(right), differs: true };
    let fields = FIELDS.iter().filter_map(|&(name, grain, values)| {
        let (left, right) = (values(&left.organization), values(&right.organization));
        if left.is_empty() && right.is_empty() {
            return None;
        }
        let (of_left, of_right) = (said(&left, grain), said(&right, grain));
        Some(Row {
            name,
            left: words(&left, grain, &of_right),
            right: words(&right, grain, &of_left),
            differs: of_left != of_right,
        })
    });
    std::iter::once(ids).chain(fields).collect()
}

fn split(value: &str, grain: Grain) -> Vec<&str> {
    match grain {
        Grain::Words => value.split_whitespace().collect(),
        Grain::Values => vec![value],
    }
}

fn said(values: &[String], grain: Grain) -> HashSet<String> {
    values.iter().flat_map(|value| split(value, grain)).map(folded).collect()
}

fn words(values: &[String], grain: Grain, other: &HashSet<String>) -> Vec<Words> {
    let shown = values.iter().take(VALUES_MAX).map(|value| {
        let words = split(value, grain).into_iter();
        words.map(|word| (word.to_owned(), !other.is_empty() && !other.contains(&folded(word)))).collect()
    });
    let mut shown: Vec<Words> = shown.collect();
    if values.len() > VALUES_MAX {
        shown.push(vec![(format!("and {} more", values.len() - VALUES_MAX), false)]);
    }
    shown
}

/// Letters and digits alone, without what all web addresses begin with.
fn folded(word: &str) -> String {
    let word = word.split_once("://").map_or(word, |(_, rest)| rest);
    let word = word.strip_prefix("www.").unwrap_or(word);
    scoring::fold(word).chars().filter(|letter| letter.is_alphanumeric()).collect()
}

fn addresses(organization: &Organization) -> Vec<String> {
    let addresses = organization.locations.iter().flat_map(|location| &location.addresses);
    let shown = |address: &Address| {
        let parts = [
            &address.address_1,
            &address.address_2,
            &address.city,
            &address.state_province,
            &address.postal_code,
            &address.country,
        ];
        parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(", ")
    };
    distinct(addresses.map(shown))
}

fn phones(organization: &Organization) -> Vec<String> {
    let own = organization.phones.iter();
    let of_places = organization.locations.iter().flat_map(|location| &location.phones);
    let of_services = organization.services.iter().flat_map(|service| &service.phones);
    let shown = |phone: &Phone| match &phone.extension {
        Some(extension) => format!("{} ext. {extension}", phone.number),
        None => phone.number.clone(),
    };
    distinct(own.chain(of_places).chain(of_services).map(shown))
}

fn identifiers(organization: &Organization) -> Vec<String> {
    let registered = organization.identifiers.iter().map(|identifier| match &identifier.scheme {
        Some(scheme) => format!("{scheme} {}", identifier.identifier),
        None => identifier.identifier.clone(),
    });
    distinct(registered.chain(organization.tax_id.iter().map(|id| format!("tax {id}"))))
}

fn distinct(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    values.filter(|value| !value.is_empty() && seen.insert(value.clone())).collect()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(DESCRIPTION_MAX) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
