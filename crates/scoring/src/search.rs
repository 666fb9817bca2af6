//! What people search a record by.

use crate::text::fold;
use entity::{Record, SearchFields};

/// Folded words of a record for people's searches; queries are folded the same way.
#[must_use]
pub fn search_fields(record: &Record) -> SearchFields {
    let organization = &record.organization;
    let addresses = organization.locations.iter().flat_map(|location| &location.addresses);
    let places =
        addresses.flat_map(|a| [&a.address_1, &a.address_2, &a.city, &a.state_province, &a.postal_code]);
    let located = organization.locations.iter().flat_map(|location| &location.phones);
    let offered = organization.services.iter().flat_map(|service| &service.phones);
    let phones = organization.phones.iter().chain(located).chain(offered);
    let digits = phones.map(|phone| phone.number.chars().filter(char::is_ascii_digit).collect::<String>());
    SearchFields {
        name: organization.name.clone().unwrap_or_default(),
        names: joined(organization.name.iter().chain(&organization.alternate_names).map(|name| fold(name))),
        places: joined(places.flatten().map(|part| fold(part))),
        phones: joined(digits),
    }
}

/// The different ones among the texts, in their order, separated by a blank.
fn joined(texts: impl Iterator<Item = String>) -> String {
    let mut seen: Vec<String> = Vec::new();
    for text in texts {
        if !text.is_empty() && !seen.contains(&text) {
            seen.push(text);
        }
    }
    seen.join(" ")
}
