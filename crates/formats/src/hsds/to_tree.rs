//! A record to a tree in the shape of HSDS `organization_full`.

use crate::hsds::from_tree::link_id;
use crate::write::OrganizationView;
use entity::organization::Extra;
use entity::{Address, Identifier, Location, LocationId, Organization, Phone, Service};
use serde_json::{Map, Number, Value};
use uuid::Uuid;

/// Whether a link between service and location shows the location itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    /// As in JSON.
    Embed,
    /// As in CSV.
    Name,
}

/// The tree of an organization.
pub(crate) fn tree(view: &OrganizationView<'_>, links: Links) -> Map<String, Value> {
    let organization = view.organization;
    let mut out = Out::row(&organization.extra, view.id, view.source_id);
    out.text("source", Some(view.source));
    let writer = Writer { organization, links };
    writer.organization(&mut out);
    out.0
}

struct Writer<'a> {
    organization: &'a Organization,
    links: Links,
}

impl Writer<'_> {
    fn organization(&self, out: &mut Out) {
        let organization = self.organization;
        out.text("name", organization.name.as_deref());
        if let Some((first, others)) = organization.alternate_names.split_first() {
            out.text("alternate_name", Some(first));
            out.list("alternate_names", others.iter().map(|name| Value::String(name.clone())));
        }
        out.text("description", organization.description.as_deref());
        out.text("email", organization.email.as_deref());
        out.text("website", organization.website.as_deref());
        out.text("tax_status", organization.tax_status.as_deref());
        out.text("tax_id", organization.tax_id.as_deref());
        if let Some(year) = organization.year_incorporated {
            out.0.insert("year_incorporated".to_owned(), year.into());
        }
        out.text("legal_status", organization.legal_status.as_deref());
        out.text("uri", organization.uri.as_deref());
        out.text(
            "parent_organization_id",
            organization.parent_organization_id.map(|id| id.to_string()).as_deref(),
        );
        out.list("organization_identifiers", organization.identifiers.iter().map(identifier));
        out.list("phones", organization.phones.iter().map(phone));
        out.list("locations", organization.locations.iter().map(location));
        out.list("services", organization.services.iter().map(|service| self.service(service)));
    }

    fn service(&self, service: &Service) -> Value {
        let mut out = Out::row(&service.extra, service.id.0, &service.source_id);
        out.text("name", service.name.as_deref());
        out.text("alternate_name", service.alternate_name.as_deref());
        out.text("description", service.description.as_deref());
        out.text("url", service.url.as_deref());
        out.text("email", service.email.as_deref());
        out.text("status", service.status.as_deref());
        out.list("phones", service.phones.iter().map(phone));
        out.0.remove("service_at_locations");
        out.list("service_at_locations", self.links_of(service).into_iter().map(Value::Object));
        Value::Object(out.0)
    }

    /// The links as the source gave them, and one for each location that none of them names.
    fn links_of(&self, service: &Service) -> Vec<Map<String, Value>> {
        let kept = service.extra.0.get("service_at_locations").and_then(Value::as_array);
        let mut links: Vec<_> = kept.into_iter().flatten().filter_map(Value::as_object).cloned().collect();
        for id in &service.location_ids {
            let text = id.to_string();
            if !links.iter().any(|link| link.get("location_id").and_then(Value::as_str) == Some(&text)) {
                let mut link = Map::new();
                link.insert("id".to_owned(), Value::String(link_id(service.id.0, *id).to_string()));
                link.insert("location_id".to_owned(), Value::String(text));
                links.push(link);
            }
        }
        if self.links == Links::Embed {
            links.iter_mut().for_each(|link| self.embed(link));
        }
        links
    }

    fn embed(&self, link: &mut Map<String, Value>) {
        let id = link.get("location_id").and_then(Value::as_str).and_then(|id| id.parse::<LocationId>().ok());
        let found = self.organization.locations.iter().find(|location| Some(location.id) == id);
        if let Some(found) = found
            && !link.contains_key("location")
        {
            link.remove("location_id");
            link.insert("location".to_owned(), location(found));
        }
    }
}

fn location(location: &Location) -> Value {
    let mut out = Out::row(&location.extra, location.id.0, &location.source_id);
    out.text("name", location.name.as_deref());
    out.text("alternate_name", location.alternate_name.as_deref());
    out.text("description", location.description.as_deref());
    out.text("location_type", location.location_type.as_deref());
    out.text("url", location.url.as_deref());
    out.text("transportation", location.transportation.as_deref());
    out.degrees("latitude", location.latitude);
    out.degrees("longitude", location.longitude);
    out.list("addresses", location.addresses.iter().map(address));
    out.list("phones", location.phones.iter().map(phone));
    Value::Object(out.0)
}

fn address(address: &Address) -> Value {
    let mut out = Out::row(&address.extra, address.id, &address.source_id);
    out.text("attention", address.attention.as_deref());
    out.text("address_1", address.address_1.as_deref());
    out.text("address_2", address.address_2.as_deref());
    out.text("city", address.city.as_deref());
    out.text("region", address.region.as_deref());
    out.text("state_province", address.state_province.as_deref());
    out.text("postal_code", address.postal_code.as_deref());
    out.text("country", address.country.as_deref());
    out.text("address_type", address.address_type.as_deref());
    Value::Object(out.0)
}

fn phone(phone: &Phone) -> Value {
    let mut out = Out::row(&phone.extra, phone.id, &phone.source_id);
    out.text("number", Some(&phone.number));
    // HSDS has a number here; an extension such as `012` or `12a` is not one.
    match phone.extension.as_deref().map(|text| (text, text.parse::<u32>())) {
        Some((text, Ok(number))) if number.to_string() == text => {
            out.0.insert("extension".to_owned(), number.into());
        }
        other => out.text("extension", other.map(|(text, _)| text)),
    }
    out.text("type", phone.phone_type.as_deref());
    out.text("description", phone.description.as_deref());
    Value::Object(out.0)
}

fn identifier(identifier: &Identifier) -> Value {
    let mut out = Out::row(&identifier.extra, identifier.id, &identifier.source_id);
    out.text("identifier_scheme", identifier.scheme.as_deref());
    out.text("identifier_type", identifier.identifier_type.as_deref());
    out.text("identifier", Some(&identifier.identifier));
    Value::Object(out.0)
}

/// An object being filled: what the source gave beyond the model first, the model over it.
struct Out(Map<String, Value>);

impl Out {
    fn row(extra: &Extra, id: Uuid, source_id: &str) -> Self {
        let mut out = Self(extra.0.clone());
        let id = id.to_string();
        if source_id != id {
            out.text("source_id", Some(source_id));
        }
        out.text("id", Some(&id));
        out
    }

    fn text(&mut self, field: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.0.insert(field.to_owned(), Value::String(value.to_owned()));
        }
    }

    fn degrees(&mut self, field: &str, value: Option<f64>) {
        if let Some(number) = value.and_then(Number::from_f64) {
            self.0.insert(field.to_owned(), Value::Number(number));
        }
    }

    /// Behind it what the source gave under the same name and the model could not hold.
    fn list(&mut self, field: &str, values: impl Iterator<Item = Value>) {
        let mut list: Vec<Value> = values.collect();
        match self.0.remove(field) {
            Some(Value::Array(kept)) => list.extend(kept),
            Some(other) if list.is_empty() => {
                self.0.insert(field.to_owned(), other);
            }
            Some(_) | None => {}
        }
        if !list.is_empty() {
            self.0.insert(field.to_owned(), Value::Array(list));
        }
    }
}
