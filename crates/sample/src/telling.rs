//! What a source makes of an organization: a record with its rows.

use crate::place::Site;
use crate::source::Source;
use crate::truth::Truth;
use crate::words::offers::Offer;
use chrono::{DateTime, Utc};
use entity::id::derive;
use entity::organization::Extra;
use entity::{Address, Identifier, Location, LocationId, Organization, Phone, Record, Service};
use uuid::Uuid;

/// Who tells, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Telling {
    pub(crate) source: Source,
    pub(crate) nth: u64,
    pub(crate) created_at: DateTime<Utc>,
    /// Whether the source lists the parent too.
    pub(crate) has_parent: bool,
}

/// Tells an organization as one record.
pub(crate) fn record(truth: Truth, telling: Telling) -> Record {
    let Telling { source, nth, created_at, has_parent } = telling;
    let id = source.source_id(nth);
    let parent = truth.parent.filter(|_| has_parent);
    let parent = parent.map(|parent| derive(source.name(), "organization", &source.source_id(parent)));
    let teller = Teller { source, id: &id, parent };
    let organization = teller.organization(truth);
    Record {
        id: derive(source.name(), "organization", &id).into(),
        source: source.name().to_owned(),
        source_id: id,
        created_at,
        organization,
    }
}

struct Teller<'a> {
    source: Source,
    id: &'a str,
    parent: Option<Uuid>,
}

impl Teller<'_> {
    fn organization(&self, truth: Truth) -> Organization {
        let locations: Vec<_> =
            truth.sites.iter().enumerate().map(|(n, site)| self.location(n, site)).collect();
        let places: Vec<_> = locations.iter().map(|location| location.id).collect();
        let services = truth.offers.iter().enumerate();
        let services =
            services.map(|(n, offer)| self.service(n, *offer, &places, truth.email.as_deref())).collect();
        let numbers = [(truth.phone, "voice"), (truth.fax, "fax")].into_iter();
        let phones = numbers.filter_map(|(digits, kind)| Some((digits?, kind))).enumerate();
        Organization {
            name: Some(with_legal_form(truth.name, truth.legal_form)),
            alternate_names: truth.alternate_name.into_iter().collect(),
            description: truth.description,
            email: truth.email,
            website: truth.website,
            tax_id: truth.ein.as_deref().map(hyphened),
            tax_status: truth.ein.as_ref().map(|_| "501(c)(3)".to_owned()),
            year_incorporated: truth.year,
            legal_status: truth.legal_form.map(|_| "nonprofit corporation".to_owned()),
            parent_organization_id: self.parent,
            identifiers: truth.ein.iter().map(|ein| self.identifier(ein)).collect(),
            phones: phones
                .map(|(n, (digits, kind))| self.phone(&format!("{}/phone/{}", self.id, n + 1), &digits, kind))
                .collect(),
            locations,
            services,
            ..Organization::default()
        }
    }

    /// The id of a row, and its id in the source.
    fn row(&self, table: &str, source_id: String) -> (Uuid, String) {
        (derive(self.source.name(), table, &source_id), source_id)
    }

    fn location(&self, n: usize, site: &Site) -> Location {
        let (id, source_id) = self.row("location", format!("{}/location/{}", self.id, n + 1));
        let phones =
            site.phone.iter().map(|digits| self.phone(&format!("{source_id}/phone"), digits, "voice"));
        Location {
            id: id.into(),
            name: site.name.clone(),
            alternate_name: None,
            description: None,
            location_type: Some("physical".to_owned()),
            url: None,
            transportation: None,
            latitude: site.point.map(|(north, _)| north),
            longitude: site.point.map(|(_, east)| east),
            addresses: vec![self.address(&source_id, site)],
            phones: phones.collect(),
            extra: Extra::default(),
            source_id,
        }
    }

    fn address(&self, location: &str, site: &Site) -> Address {
        let (id, source_id) = self.row("address", format!("{location}/address"));
        let line = site.street.line(self.source.spelling());
        let unit = site.street.unit_line(self.source.spelling());
        // Two of the sources have one line for both.
        let (address_1, address_2) = match (self.source, unit) {
            (Source::Line | Source::Food, Some(unit)) => (format!("{line}, {unit}"), None),
            (_, unit) => (line, unit),
        };
        let is_registry = self.source == Source::Registry;
        Address {
            id,
            source_id,
            attention: None,
            address_1: Some(if is_registry { address_1.to_uppercase() } else { address_1 }),
            address_2: if is_registry { address_2.map(|unit| unit.to_uppercase()) } else { address_2 },
            city: Some(site.city.clone()),
            region: None,
            state_province: Some(
                if self.source == Source::Food { site.state.name } else { site.state.code }.to_owned(),
            ),
            postal_code: site.postcode.clone(),
            country: Some("US".to_owned()),
            address_type: Some("physical".to_owned()),
            extra: Extra::default(),
        }
    }

    fn phone(&self, source_id: &str, digits: &str, kind: &str) -> Phone {
        let (id, source_id) = self.row("phone", source_id.to_owned());
        Phone {
            id,
            source_id,
            number: self.source.phone(digits),
            extension: None,
            phone_type: Some(kind.to_owned()),
            description: None,
            extra: Extra::default(),
        }
    }

    fn identifier(&self, ein: &str) -> Identifier {
        let (id, source_id) = self.row("organization_identifier", format!("{}/ein", self.id));
        Identifier {
            id,
            source_id,
            scheme: Some("US-EIN".to_owned()),
            identifier_type: Some("Employer Identification Number".to_owned()),
            identifier: hyphened(ein),
            extra: Extra::default(),
        }
    }

    fn service(
        &self,
        n: usize,
        (name, description): Offer,
        places: &[LocationId],
        email: Option<&str>,
    ) -> Service {
        let (id, source_id) = self.row("service", format!("{}/service/{}", self.id, n + 1));
        let is_detailed = self.source == Source::Line;
        Service {
            id: id.into(),
            source_id,
            name: Some(name.to_owned()),
            alternate_name: None,
            description: is_detailed.then(|| description.to_owned()),
            url: None,
            email: email.filter(|_| is_detailed).map(str::to_owned),
            status: Some("active".to_owned()),
            phones: Vec::new(),
            // The first service is offered everywhere, the others where there is room.
            location_ids: if n == 0 { places.to_vec() } else { places.iter().take(1).copied().collect() },
            extra: Extra::default(),
        }
    }
}

fn with_legal_form(name: String, form: Option<&str>) -> String {
    match form {
        None => name,
        Some(form) if form.starts_with(',') => format!("{name}{form}"),
        Some(form) => format!("{name} {form}"),
    }
}

fn hyphened(ein: &str) -> String {
    ein.split_at_checked(2).map_or_else(|| ein.to_owned(), |(prefix, rest)| format!("{prefix}-{rest}"))
}
