//! A tree in the shape of HSDS `organization_full` to a record.

use crate::hsds::node::{Fault, Node};
use crate::ids::{Claims, duplicate_message, given_uuid, id_of};
use crate::read::ReadOptions;
use entity::{Address, Identifier, Location, LocationId, Organization, Phone, Record, Service};
use serde_json::{Map, Value};
use std::collections::HashMap;
use uuid::Uuid;

/// Makes a record of one organization's tree.
pub(crate) fn record(
    tree: Map<String, Value>,
    options: &ReadOptions,
    claims: &mut Claims,
) -> Result<Record, Fault> {
    let record = build(tree, options, claims);
    claims.settle(record.is_ok());
    record
}

fn build(mut tree: Map<String, Value>, options: &ReadOptions, claims: &mut Claims) -> Result<Record, Fault> {
    lift_locations(&mut tree);
    let mut node = Node::root(tree);
    let source = node.text("source")?.unwrap_or_else(|| options.source.clone());
    let Some(raw) = node.text("id")? else {
        return Err(node.fault("id", "is missing; every organization needs its own"));
    };
    let source_id = node.source_id(&raw)?.unwrap_or_else(|| raw.clone());
    let id = given_uuid(&raw).unwrap_or_else(|| id_of(&source, "organization", &raw));
    if node.is_missing("name") {
        return Err(node.fault("name", "is missing; every organization needs one"));
    }
    let mut builder = Builder { source: &source, claims, locations: HashMap::new() };
    let organization = builder.organization(node, &source_id)?;
    if !claims.take("organization", id) {
        return Err(Fault { path: "id".to_owned(), message: duplicate_message(&raw) });
    }
    Ok(Record { id: id.into(), source, source_id, created_at: options.created_at, organization })
}

struct Builder<'a> {
    source: &'a str,
    claims: &'a mut Claims,
    /// The locations by the id that the source gives them.
    locations: HashMap<String, LocationId>,
}

impl Builder<'_> {
    fn organization(&mut self, mut node: Node, owner: &str) -> Result<Organization, Fault> {
        let locations = self.each(node.list("locations")?, owner, Self::location)?;
        Ok(Organization {
            name: node.text("name")?,
            alternate_names: alternate_names(&mut node)?,
            description: node.text("description")?,
            email: node.text("email")?,
            website: node.text_or("website", "url")?,
            tax_status: node.text("tax_status")?,
            tax_id: node.text("tax_id")?,
            year_incorporated: node.year("year_incorporated")?,
            legal_status: node.text("legal_status")?,
            uri: node.text("uri")?,
            parent_organization_id: node
                .text("parent_organization_id")?
                .map(|parent| id_of(self.source, "organization", &parent)),
            identifiers: self.each(
                node.list_with("organization_identifiers", "identifier")?,
                owner,
                Self::identifier,
            )?,
            phones: self.phones(&mut node, owner)?,
            locations,
            services: self.each(node.list("services")?, owner, Self::service)?,
            extra: node.rest()?,
        })
    }

    fn location(&mut self, mut node: Node, place: &Place<'_>) -> Result<Location, Fault> {
        let raw = node.peek("id");
        let (id, source_id) = self.identify(&mut node, "location", place)?;
        if let Some(raw) = raw {
            self.locations.insert(raw, id.into());
        }
        Ok(Location {
            id: id.into(),
            name: node.text("name")?,
            alternate_name: node.text("alternate_name")?,
            description: node.text("description")?,
            location_type: node.text("location_type")?,
            url: node.text_or("url", "website")?,
            transportation: node.text("transportation")?,
            latitude: node.degrees("latitude", 90.0)?,
            longitude: node.degrees("longitude", 180.0)?,
            addresses: self.each(node.list("addresses")?, &source_id, Self::address)?,
            phones: self.phones(&mut node, &source_id)?,
            extra: node.rest()?,
            source_id,
        })
    }

    fn address(&mut self, mut node: Node, place: &Place<'_>) -> Result<Address, Fault> {
        let (id, source_id) = self.identify(&mut node, "address", place)?;
        Ok(Address {
            id,
            source_id,
            attention: node.text("attention")?,
            address_1: node.text_or("address_1", "street_address")?,
            address_2: node.text("address_2")?,
            city: node.text("city")?,
            region: node.text("region")?,
            state_province: node.text("state_province")?,
            postal_code: node.text("postal_code")?,
            country: node.text("country")?,
            address_type: node.text("address_type")?,
            extra: node.rest()?,
        })
    }

    fn phones(&mut self, node: &mut Node, owner: &str) -> Result<Vec<Phone>, Fault> {
        self.each(node.list_with("phones", "number")?, owner, Self::phone)
    }

    fn phone(&mut self, mut node: Node, place: &Place<'_>) -> Result<Phone, Fault> {
        let (id, source_id) = self.identify(&mut node, "phone", place)?;
        Ok(Phone {
            id,
            source_id,
            number: node.text("number")?.unwrap_or_default(),
            extension: node.text("extension")?,
            phone_type: node.text_or("type", "number_type")?,
            description: node.text("description")?,
            extra: node.rest()?,
        })
    }

    fn identifier(&mut self, mut node: Node, place: &Place<'_>) -> Result<Identifier, Fault> {
        let (id, source_id) = self.identify(&mut node, "organization_identifier", place)?;
        Ok(Identifier {
            id,
            source_id,
            scheme: node.text("identifier_scheme")?,
            identifier_type: node.text("identifier_type")?,
            identifier: node.text("identifier")?.unwrap_or_default(),
            extra: node.rest()?,
        })
    }

    fn service(&mut self, mut node: Node, place: &Place<'_>) -> Result<Service, Fault> {
        let (id, source_id) = self.identify(&mut node, "service", place)?;
        Ok(Service {
            id: id.into(),
            name: node.text("name")?,
            alternate_name: node.text("alternate_name")?,
            description: node.text("description")?,
            url: node.text_or("url", "website")?,
            email: node.text("email")?,
            status: node.text("status")?,
            phones: self.phones(&mut node, &source_id)?,
            location_ids: self.offered_at(&mut node, id)?,
            extra: node.rest()?,
            source_id,
        })
    }

    /// The locations of a service. What its `service_at_locations` say beyond that stays with the service.
    fn offered_at(&self, node: &mut Node, service: Uuid) -> Result<Vec<LocationId>, Fault> {
        let mut ids = Vec::new();
        let mut kept = Vec::new();
        for mut link in node.list("service_at_locations")? {
            if let Some(raw) = link.location_reference()? {
                let known = self.locations.get(&raw).copied();
                let id = known.unwrap_or_else(|| id_of(self.source, "location", &raw).into());
                if !ids.contains(&id) {
                    ids.push(id);
                }
                link.set("location_id", id.to_string());
                link.name_embedded_location(&id.to_string());
                let said_already = link.is_only("id", &link_id(service, id).to_string(), "location_id");
                if said_already {
                    continue;
                }
            }
            kept.push(Value::Object(link.into_map()));
        }
        node.keep_list("service_at_locations", kept);
        Ok(ids)
    }

    fn each<T>(
        &mut self,
        nodes: Vec<Node>,
        owner: &str,
        build: fn(&mut Self, Node, &Place<'_>) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let numbered = nodes.into_iter().enumerate();
        numbered.map(|(n, node)| build(self, node, &Place { owner, nth: n + 1 })).collect()
    }

    /// The id of a child and its id in the source. HSDS samples show one telephone under several parents: the
    /// first keeps the id, the others get one of their own and remember it as `original_id`.
    fn identify(
        &mut self,
        node: &mut Node,
        table: &'static str,
        place: &Place<'_>,
    ) -> Result<(Uuid, String), Fault> {
        let raw = node.text("id")?;
        let first = raw.clone().unwrap_or_else(|| format!("{}/{table}/{}", place.owner, place.nth));
        let id = id_of(self.source, table, &first);
        if self.claims.take(table, id) {
            let given = raw.map(|raw| node.source_id(&raw)).transpose()?.flatten();
            return Ok((id, given.unwrap_or(first)));
        }
        if let Some(raw) = raw {
            node.set("original_id", raw);
        }
        let scoped = format!("{}/{first}", place.owner);
        for again in 1_u32.. {
            let source_id = if again == 1 { scoped.clone() } else { format!("{scoped}/{again}") };
            let id = entity::id::derive(self.source, table, &source_id);
            if self.claims.take(table, id) {
                return Ok((id, source_id));
            }
        }
        Err(node.fault("id", "is used too often"))
    }
}

/// Where a child stands, for those without an id of their own.
struct Place<'a> {
    owner: &'a str,
    nth: usize,
}

/// The id of the link between a service and a location that nothing more is said of.
pub(crate) fn link_id(service: Uuid, location: LocationId) -> Uuid {
    entity::id::derive("", "service_at_location", &format!("{service}/{location}"))
}

/// HSDS has one; further ones travel in `alternate_names`.
fn alternate_names(node: &mut Node) -> Result<Vec<String>, Fault> {
    let mut names: Vec<String> = node.text("alternate_name")?.into_iter().collect();
    names.extend(node.texts("alternate_names")?);
    Ok(names)
}

/// `service_full` embeds a location in the link; `organization_full` in both places. A location that is its
/// organization's own moves to `locations`, and the link only names it.
fn lift_locations(organization: &mut Map<String, Value>) {
    let owner = organization.get("id").cloned();
    let mut locations = match organization.remove("locations") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(locations)) => locations,
        Some(other) => {
            // Not a list: named as a fault later.
            organization.insert("locations".to_owned(), other);
            return;
        }
    };
    let services = organization.get_mut("services").and_then(Value::as_array_mut);
    for service in services.into_iter().flatten() {
        let links = service.get_mut("service_at_locations").and_then(Value::as_array_mut);
        for link in links.into_iter().flatten().filter_map(Value::as_object_mut) {
            lift_location(link, owner.as_ref(), &mut locations);
        }
    }
    if !locations.is_empty() {
        organization.insert("locations".to_owned(), Value::Array(locations));
    }
}

fn lift_location(link: &mut Map<String, Value>, owner: Option<&Value>, locations: &mut Vec<Value>) {
    let Some(location) = link.get("location").filter(|location| location.is_object()) else { return };
    let id = location.get("id").filter(|id| id.is_string() || id.is_number()).cloned();
    let Some(id) = id else { return };
    let known = locations.iter().find(|other| other.get("id") == Some(&id));
    let of_another = location.get("organization_id").is_some_and(|other| Some(other) != owner);
    match known {
        Some(known) if known == location => {}
        None if !of_another => locations.push(location.clone()),
        // Told differently in the two places, or not its own: kept as it is.
        Some(_) | None => return,
    }
    link.remove("location");
    link.insert("location_id".to_owned(), id);
}
