//! From what REST takes to the nouns: rows get their ids, empty texts become absent, and values are checked.

use super::{Address, Identifier, Location, Organization, Phone, Service};
use crate::problem::{Problem, Result};
use entity::organization::Extra;
use std::collections::{HashMap, HashSet};
use store::organizations::rest_source_id;
use uuid::Uuid;

/// The ids of the rows of one request: those that are there keep theirs, new ones get one.
#[derive(Debug, Default)]
pub(crate) struct RowIds {
    /// The source's id of each row that is there.
    standing: HashMap<Uuid, String>,
    /// What new rows were called in the request, and the ids that they got.
    given: HashMap<Uuid, Uuid>,
    /// Where the services are offered already: perhaps at places of other organizations.
    places: HashSet<Uuid>,
}

impl RowIds {
    /// The rows of what is there already.
    pub(crate) fn of(organization: &entity::Organization) -> Self {
        let mut ids = Self::default();
        for row in &organization.identifiers {
            ids.stand(row.id, &row.source_id);
        }
        ids.stand_phones(&organization.phones);
        organization.locations.iter().for_each(|row| ids.stand_location(row));
        organization.services.iter().for_each(|row| ids.stand_service(row));
        ids
    }

    pub(crate) fn stand_location(&mut self, row: &entity::Location) {
        self.stand(row.id.0, &row.source_id);
        for address in &row.addresses {
            self.stand(address.id, &address.source_id);
        }
        self.stand_phones(&row.phones);
    }

    pub(crate) fn stand_service(&mut self, row: &entity::Service) {
        self.stand(row.id.0, &row.source_id);
        self.stand_phones(&row.phones);
        self.places.extend(row.location_ids.iter().map(|place| place.0));
    }

    fn stand_phones(&mut self, rows: &[entity::Phone]) {
        for row in rows {
            self.stand(row.id, &row.source_id);
        }
    }

    fn stand(&mut self, id: Uuid, source_id: &str) {
        self.standing.insert(id, source_id.to_owned());
    }

    fn row(&mut self, asked: Option<Uuid>) -> (Uuid, String) {
        if let Some((id, source_id)) = asked.and_then(|id| self.standing.remove_entry(&id)) {
            self.given.insert(id, id);
            return (id, source_id);
        }
        let id = Uuid::now_v7();
        if let Some(asked) = asked {
            self.given.insert(asked, id);
        }
        (id, rest_source_id(id))
    }
}

/// Absent is `None`, never an empty text.
fn text(value: Option<String>) -> Option<String> {
    value.filter(|text| !text.trim().is_empty())
}

/// Turns each item, with its path.
fn each<A, B>(path: &str, items: Vec<A>, mut turn: impl FnMut(A, &str) -> Result<B>) -> Result<Vec<B>> {
    items.into_iter().enumerate().map(|(number, item)| turn(item, &format!("{path}[{number}]"))).collect()
}

fn required(path: &str, value: String) -> Result<String> {
    text(Some(value)).ok_or_else(|| Problem::invalid(path, "is required"))
}

fn degrees(path: &str, value: Option<f64>, most: f64) -> Result<Option<f64>> {
    match value {
        Some(degrees) if degrees.abs() > most => {
            Err(Problem::invalid(path, format!("{degrees} is not between -{most} and {most} degrees")))
        }
        value => Ok(value),
    }
}

impl Organization {
    /// The organization, its rows under the ids that they have or get.
    pub(crate) fn taken(self, ids: &mut RowIds) -> Result<entity::Organization> {
        let locations = each("locations", self.locations, |row, path| row.taken(ids, path))?;
        let places: Vec<Uuid> = locations.iter().map(|location| location.id.0).collect();
        Ok(entity::Organization {
            name: text(self.name),
            alternate_names: self.alternate_names.into_iter().filter_map(|name| text(Some(name))).collect(),
            description: text(self.description),
            email: text(self.email),
            website: text(self.website),
            tax_status: text(self.tax_status),
            tax_id: text(self.tax_id),
            year_incorporated: self.year_incorporated,
            legal_status: text(self.legal_status),
            uri: text(self.uri),
            parent_organization_id: self.parent_organization_id,
            identifiers: each("identifiers", self.identifiers, |row, path| row.taken(ids, path))?,
            phones: each("phones", self.phones, |row, path| row.taken(ids, path))?,
            services: each("services", self.services, |row, path| row.taken(ids, &places, path))?,
            locations,
            extra: Extra(self.extra),
        })
    }
}

impl Identifier {
    fn taken(self, ids: &mut RowIds, path: &str) -> Result<entity::Identifier> {
        let (id, source_id) = ids.row(self.id);
        let identifier = required(&format!("{path}.identifier"), self.identifier)?;
        let (scheme, identifier_type) = (text(self.scheme), text(self.identifier_type));
        Ok(entity::Identifier {
            id,
            source_id,
            scheme,
            identifier_type,
            identifier,
            extra: Extra(self.extra),
        })
    }
}

impl Phone {
    fn taken(self, ids: &mut RowIds, path: &str) -> Result<entity::Phone> {
        let (id, source_id) = ids.row(self.id);
        Ok(entity::Phone {
            id,
            source_id,
            number: required(&format!("{path}.number"), self.number)?,
            extension: text(self.extension),
            phone_type: text(self.phone_type),
            description: text(self.description),
            extra: Extra(self.extra),
        })
    }
}

impl Location {
    /// The location; `path` leads to it in the request.
    pub(crate) fn taken(self, ids: &mut RowIds, path: &str) -> Result<entity::Location> {
        let (id, source_id) = ids.row(self.id);
        let at = |field: &str| if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") };
        Ok(entity::Location {
            id: id.into(),
            source_id,
            name: text(self.name),
            alternate_name: text(self.alternate_name),
            description: text(self.description),
            location_type: text(self.location_type),
            url: text(self.url),
            transportation: text(self.transportation),
            latitude: degrees(&at("latitude"), self.latitude, 90.0)?,
            longitude: degrees(&at("longitude"), self.longitude, 180.0)?,
            addresses: self.addresses.into_iter().map(|row| row.taken(ids)).collect(),
            phones: each(&at("phones"), self.phones, |row, path| row.taken(ids, path))?,
            extra: Extra(self.extra),
        })
    }
}

impl Address {
    fn taken(self, ids: &mut RowIds) -> entity::Address {
        let (id, source_id) = ids.row(self.id);
        entity::Address {
            id,
            source_id,
            attention: text(self.attention),
            address_1: text(self.address_1),
            address_2: text(self.address_2),
            city: text(self.city),
            region: text(self.region),
            state_province: text(self.state_province),
            postal_code: text(self.postal_code),
            country: text(self.country),
            address_type: text(self.address_type),
            extra: Extra(self.extra),
        }
    }
}

impl Service {
    /// The service; `places` are the locations it may be offered at, `path` leads to it in the request.
    pub(crate) fn taken(self, ids: &mut RowIds, places: &[Uuid], path: &str) -> Result<entity::Service> {
        let at = |field: &str| if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") };
        let location_ids = each(&at("location_ids"), self.location_ids, |asked, path| {
            let id = ids.given.get(&asked).copied().unwrap_or(asked);
            if places.contains(&id) || ids.places.contains(&id) {
                return Ok(id.into());
            }
            Err(Problem::invalid(path, format!("the organization has no location {asked}")))
        })?;
        let (id, source_id) = ids.row(self.id);
        Ok(entity::Service {
            id: id.into(),
            source_id,
            name: text(self.name),
            alternate_name: text(self.alternate_name),
            description: text(self.description),
            url: text(self.url),
            email: text(self.email),
            status: text(self.status),
            phones: each(&at("phones"), self.phones, |row, path| row.taken(ids, path))?,
            location_ids,
            extra: Extra(self.extra),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_stand_keep_their_ids_and_new_ones_are_found_by_what_the_request_called_them() {
        let called = Uuid::from_u128(7);
        let first = Organization {
            locations: vec![Location { id: Some(called), ..Location::default() }],
            services: vec![Service { location_ids: vec![called], ..Service::default() }],
            ..Organization::default()
        };
        let taken = first.taken(&mut RowIds::default()).unwrap();
        let place = &taken.locations[0];
        assert_ne!(place.id.0, called);
        assert_eq!(taken.services[0].location_ids, [place.id]);
        assert!(store::is_added_over_rest(place.id.0, &place.source_id));
        let again = Organization::from(taken.clone()).taken(&mut RowIds::of(&taken)).unwrap();
        assert_eq!(again, taken);
    }

    #[test]
    fn values_are_checked_with_their_path() {
        let far = Location { latitude: Some(91.0), ..Location::default() };
        let organization =
            Organization { locations: vec![Location::default(), far], ..Organization::default() };
        let problem = organization.taken(&mut RowIds::default()).unwrap_err();
        assert_eq!(problem.errors[0].field, "locations[1].latitude");
        let service = || Service { location_ids: vec![Uuid::nil()], ..Service::default() };
        let problem = service().taken(&mut RowIds::default(), &[], "").unwrap_err();
        assert_eq!(problem.errors[0].field, "location_ids[0]");
        let elsewhere = RowIds { places: HashSet::from([Uuid::nil()]), ..RowIds::default() };
        assert!(service().taken(&mut { elsewhere }, &[], "").is_ok(), "where its source offers it already");
    }
}
