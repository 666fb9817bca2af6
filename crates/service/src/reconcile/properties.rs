//! Properties: what a query may say of an organization, and what may be fetched of one.

use crate::problem::{Problem, Result};
use entity::{Address, GoldenRecord, Identifier, Location, Organization, Phone, Service};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

macro_rules! properties {
    ($($name:ident $id:literal $label:literal $says:literal;)+) => {
        /// A property. Ids are those of the columns of plain CSV where there is one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Property { $($name,)+ }

        impl Property {
            pub(super) const ALL: &[Self] = &[$(Self::$name,)+];

            pub(super) fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)+ }
            }

            /// The name that people see.
            pub(super) fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)+ }
            }

            /// What it holds, in a few words.
            pub(super) fn says(self) -> &'static str {
                match self { $(Self::$name => $says,)+ }
            }
        }
    };
}

properties! {
    Name "name" "Name" "The official or public name";
    AlternateName "alternate_name" "Other name" "A name it goes or went by";
    Address "address" "Address" "In one line: street, town, state and postal code";
    Street "street" "Street" "Number and street";
    City "city" "Town" "City or town";
    State "state" "State" "State or province";
    Postcode "postcode" "Postal code" "Postal code";
    Country "country" "Country" "ISO 3166-1 code, such as US";
    Phone "phone" "Telephone" "Any of its telephones";
    Email "email" "E-mail" "The contact e-mail";
    Website "website" "Website" "The main website";
    Identifier "identifier" "Identifier" "In a registry, such as US-EIN:14-1234567";
    TaxId "tax_id" "Tax identifier" "Government assigned";
    Services "services" "Services" "Names of what it offers";
    Latitude "latitude" "Latitude" "Degrees north";
    Longitude "longitude" "Longitude" "Degrees east";
    Description "description" "Description" "A brief summary; not weighed";
    YearIncorporated "year_incorporated" "Year formed" "Not weighed";
}

/// A value as the data extension gives it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ReconciliationCell)]
pub(super) enum Cell {
    /// Text.
    Str(String),
    /// A number.
    Float(f64),
    /// A whole number.
    Int(i64),
}

impl Cell {
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Str(text) => text,
            Self::Float(number) => number.to_string(),
            Self::Int(number) => number.to_string(),
        }
    }
}

impl Property {
    /// The property of this id, or a problem of this field.
    pub(super) fn by_id(id: &str, field: &str) -> Result<Self> {
        Self::ALL.iter().copied().find(|property| property.id() == id).ok_or_else(|| {
            let shown: String = id.chars().take(60).collect();
            let known: Vec<_> = Self::ALL.iter().map(|property| property.id()).collect();
            Problem::invalid(field, format!("{shown:?} is no property here: use one of {}", known.join(", ")))
        })
    }

    /// All that a golden record has of it, each value once, in its order.
    pub(super) fn values(self, golden: &GoldenRecord) -> Vec<Cell> {
        let organization = &golden.organization;
        let addresses = || organization.locations.iter().flat_map(|location| &location.addresses);
        let parts =
            |part: fn(&Address) -> &Option<String>| texts(addresses().filter_map(|a| part(a).clone()));
        let degrees = |of: fn(&Location) -> Option<f64>| {
            organization.locations.iter().filter_map(of).map(Cell::Float).collect()
        };
        let values = match self {
            Self::Name => texts(organization.name.clone()),
            Self::AlternateName => texts(organization.alternate_names.iter().cloned()),
            Self::Address => texts(addresses().map(one_line)),
            Self::Street => texts(addresses().map(street)),
            Self::City => parts(|address| &address.city),
            Self::State => parts(|address| &address.state_province),
            Self::Postcode => parts(|address| &address.postal_code),
            Self::Country => parts(|address| &address.country),
            Self::Phone => {
                let located = organization.locations.iter().flat_map(|location| &location.phones);
                let offered = organization.services.iter().flat_map(|service| &service.phones);
                let all = organization.phones.iter().chain(located).chain(offered);
                texts(all.map(|phone| phone.number.clone()))
            }
            Self::Email => texts(organization.email.clone()),
            Self::Website => texts(organization.website.clone()),
            Self::Identifier => texts(organization.identifiers.iter().map(|row| match &row.scheme {
                Some(scheme) => format!("{scheme}:{}", row.identifier),
                None => row.identifier.clone(),
            })),
            Self::TaxId => texts(organization.tax_id.clone()),
            Self::Services => texts(organization.services.iter().filter_map(|service| service.name.clone())),
            Self::Latitude => degrees(|location| location.latitude),
            Self::Longitude => degrees(|location| location.longitude),
            Self::Description => texts(organization.description.clone()),
            Self::YearIncorporated => {
                organization.year_incorporated.map(|year| Cell::Int(year.into())).into_iter().collect()
            }
        };
        let mut once: Vec<Cell> = Vec::new();
        for value in values {
            if !once.contains(&value) {
                once.push(value);
            }
        }
        once
    }

    /// Writes what a query says into the record that stands for it.
    pub(super) fn put(self, organization: &mut Organization, text: &str) {
        let given = || Some(text.to_owned());
        match self {
            Self::Name if organization.name.is_none() => organization.name = given(),
            Self::Name | Self::AlternateName => organization.alternate_names.push(text.to_owned()),
            Self::Address => read_line(text, address(organization)),
            Self::Street => address(organization).address_1 = given(),
            Self::City => address(organization).city = given(),
            Self::State => address(organization).state_province = given(),
            Self::Postcode => address(organization).postal_code = given(),
            Self::Country => address(organization).country = given(),
            Self::Phone => organization.phones.push(phone(text)),
            Self::Email => organization.email = given(),
            Self::Website => organization.website = given(),
            Self::Identifier => organization.identifiers.push(identifier(text)),
            Self::TaxId => organization.tax_id = given(),
            Self::Services => organization.services.push(service(text)),
            Self::Latitude => location(organization).latitude = text.parse().ok(),
            Self::Longitude => location(organization).longitude = text.parse().ok(),
            Self::Description => organization.description = given(),
            Self::YearIncorporated => organization.year_incorporated = text.parse().ok(),
        }
    }

    /// A value in the spelling in which two are compared when a query asks for one of them.
    pub(super) fn plain(self, text: &str) -> String {
        match self {
            Self::Phone => {
                let digits: String = text.chars().filter(char::is_ascii_digit).collect();
                // What stands before ten digits is the country, and often left out.
                digits[digits.len().saturating_sub(10)..].to_owned()
            }
            Self::Website => {
                let bare = text.trim().to_lowercase();
                let bare = bare.split_once("://").map_or(bare.as_str(), |(_, rest)| rest);
                bare.trim_start_matches("www.").trim_end_matches('/').to_owned()
            }
            Self::Latitude | Self::Longitude | Self::YearIncorporated => text.trim().to_owned(),
            _ => scoring::fold(text),
        }
    }
}

fn texts(texts: impl IntoIterator<Item = String>) -> Vec<Cell> {
    texts.into_iter().filter(|text| !text.is_empty()).map(Cell::Str).collect()
}

fn street(address: &Address) -> String {
    let lines = address.address_1.iter().chain(&address.address_2);
    lines.cloned().collect::<Vec<_>>().join(", ")
}

fn one_line(address: &Address) -> String {
    let region =
        address.state_province.iter().chain(&address.postal_code).cloned().collect::<Vec<_>>().join(" ");
    let parts = [street(address), address.city.clone().unwrap_or_default(), region];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// Reads an address in one line: the street before the first comma, at the end a state and a postal code where they
/// look like those, and the town before them.
fn read_line(line: &str, address: &mut Address) {
    let mut parts: Vec<&str> = line.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.len() > 2 && parts.last().is_some_and(|last| is_country(last)) {
        address.country = parts.pop().map(str::to_owned);
    }
    if parts.len() > 1
        && let Some((town, state, postcode)) = parts.last().copied().and_then(region)
    {
        parts.pop();
        address.state_province = state;
        address.postal_code = postcode;
        parts.extend(town);
    }
    if parts.len() > 1 {
        address.city = parts.pop().map(str::to_owned);
    }
    if !parts.is_empty() {
        address.address_1 = Some(parts.join(", "));
    }
}

fn is_country(part: &str) -> bool {
    ["us", "usa", "united states"].contains(&part.to_lowercase().as_str())
}

/// Town, state and postal code of `Albany NY 12207`, `NY 12207`, `NY` or `12207`; nothing of anything else.
fn region(part: &str) -> Option<(Option<&str>, Option<String>, Option<String>)> {
    let is_postcode = |word: &str| word.len() >= 4 && word.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let is_state = |word: &str| word.len() == 2 && word.bytes().all(|b| b.is_ascii_alphabetic());
    let mut rest = part;
    let mut last = |is: &dyn Fn(&str) -> bool| {
        let (before, word) = rest.rsplit_once(' ').unwrap_or(("", rest));
        let found = is(word).then(|| word.to_owned());
        if found.is_some() {
            rest = before.trim_end();
        }
        found
    };
    let postcode = last(&is_postcode);
    let state = last(&is_state);
    let found = state.is_some() || postcode.is_some();
    found.then(|| (Some(rest).filter(|town| !town.is_empty()), state, postcode))
}

/// The one location of a query.
fn location(organization: &mut Organization) -> &mut Location {
    if organization.locations.is_empty() {
        organization.locations.push(Location {
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
            addresses: Vec::new(),
            phones: Vec::new(),
            extra: entity::organization::Extra::default(),
        });
    }
    &mut organization.locations[0]
}

/// The one address of a query.
fn address(organization: &mut Organization) -> &mut Address {
    let location = location(organization);
    if location.addresses.is_empty() {
        location.addresses.push(Address {
            id: Uuid::nil(),
            source_id: String::new(),
            attention: None,
            address_1: None,
            address_2: None,
            city: None,
            region: None,
            state_province: None,
            postal_code: None,
            country: None,
            address_type: None,
            extra: entity::organization::Extra::default(),
        });
    }
    &mut location.addresses[0]
}

fn phone(number: &str) -> Phone {
    Phone {
        id: Uuid::nil(),
        source_id: String::new(),
        number: number.to_owned(),
        extension: None,
        phone_type: None,
        description: None,
        extra: entity::organization::Extra::default(),
    }
}

fn identifier(text: &str) -> Identifier {
    let (scheme, identifier) = text
        .split_once(':')
        .map_or((None, text), |(scheme, rest)| (Some(scheme.trim().to_owned()), rest.trim()));
    Identifier {
        id: Uuid::nil(),
        source_id: String::new(),
        scheme,
        identifier_type: None,
        identifier: identifier.to_owned(),
        extra: entity::organization::Extra::default(),
    }
}

fn service(name: &str) -> Service {
    Service {
        id: Uuid::nil().into(),
        source_id: String::new(),
        name: Some(name.to_owned()),
        alternate_name: None,
        description: None,
        url: None,
        email: None,
        status: None,
        phones: Vec::new(),
        location_ids: Vec::new(),
        extra: entity::organization::Extra::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Property, address, one_line};
    use entity::Organization;

    #[track_caller]
    fn check(line: &str, expected: [&str; 4]) {
        let mut organization = Organization::default();
        Property::Address.put(&mut organization, line);
        let read = address(&mut organization);
        let parts = [&read.address_1, &read.city, &read.state_province, &read.postal_code];
        assert_eq!(parts.map(|part| part.as_deref().unwrap_or_default()), expected, "{line}");
    }

    #[test]
    fn an_address_in_one_line_is_taken_apart() {
        check("12 Main St, Albany, NY 12207", ["12 Main St", "Albany", "NY", "12207"]);
        check("12 Main St, Albany NY 12207-1234", ["12 Main St", "Albany", "NY", "12207-1234"]);
        check("12 Main St, Suite 4, Albany, NY, USA", ["12 Main St, Suite 4", "Albany", "NY", ""]);
        check("12 Main St, Albany", ["12 Main St", "Albany", "", ""]);
        check("12 Main St", ["12 Main St", "", "", ""]);
        check("Hauptstraße 4, 10115", ["Hauptstraße 4", "", "", "10115"]);
        check(" , ", ["", "", "", ""]);
    }

    #[test]
    fn one_line_of_an_address_reads_back_as_the_same() {
        let mut organization = Organization::default();
        Property::Address.put(&mut organization, "12 Main St, Albany, NY 12207");
        assert_eq!(one_line(address(&mut organization)), "12 Main St, Albany, NY 12207");
    }

    #[test]
    fn values_are_compared_without_what_spellings_differ_in() {
        for (property, one, other) in [
            (Property::Phone, "+1 (518) 555-0142", "518.555.0142"),
            (Property::Website, "https://www.River.org/", "river.org"),
            (Property::Name, "St. Mary's", "ST MARYS"),
        ] {
            assert_eq!(property.plain(one), property.plain(other));
        }
        assert_eq!(Property::Phone.plain("12"), "12");
    }

    #[test]
    fn ids_are_one_to_one() {
        for property in Property::ALL {
            assert_eq!(Property::by_id(property.id(), "pid").unwrap(), *property);
        }
        assert!(
            Property::by_id("P31", "q0.properties[0].pid")
                .unwrap_err()
                .detail
                .contains("q0.properties[0].pid")
        );
    }
}
