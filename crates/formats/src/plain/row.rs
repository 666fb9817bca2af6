//! The cells of a row as an organization with its children.

use super::{ChildIds, split_list};
use crate::columns::{Column, Columns};
use crate::error::RowError;
use crate::text::excerpt;
use entity::id::derive;
use entity::organization::Extra;
use entity::{Address, Identifier, Location, LocationId, Organization, Phone, Service};
use serde_json::Value;
use uuid::Uuid;

/// What the children's ids are derived from.
pub(super) struct RowIds<'a> {
    pub(super) source: &'a str,
    pub(super) id: &'a str,
    pub(super) children: ChildIds,
}

impl RowIds<'_> {
    /// The ids of the nth child in a table, from 1. Never the row's own UUID: that is the organization's.
    fn child(&self, table: &str, nth: usize) -> (Uuid, String) {
        if self.children == ChildIds::Left {
            return (Uuid::nil(), String::new());
        }
        let source_id = format!("{}/{table}/{nth}", self.id);
        (derive(self.source, table, &source_id), source_id)
    }

    /// The ids of the row's one location.
    fn location(&self) -> (LocationId, String) {
        match self.children {
            ChildIds::Derived => (derive(self.source, "location", self.id).into(), self.id.to_owned()),
            ChildIds::Left => (Uuid::nil().into(), String::new()),
        }
    }
}

/// The cells of one row, taken one by one.
pub(super) struct Cells<'a> {
    pub(super) columns: &'a Columns,
    pub(super) line: u64,
    pub(super) cells: &'a [&'a str],
}

impl<'a> Cells<'a> {
    /// Trimmed; nothing left is `None`.
    pub(super) fn get(&self, column: Column) -> Option<&'a str> {
        let place = self.columns.place(column)?;
        Some(self.cells.get(place)?.trim()).filter(|text| !text.is_empty())
    }

    fn take(&self, column: Column) -> Option<String> {
        self.get(column).map(str::to_owned)
    }

    pub(super) fn required(&self, column: Column) -> Result<&'a str, RowError> {
        self.get(column).ok_or_else(|| {
            let column_name = column.name();
            let message = format!("the {column_name} is missing; every organization needs one");
            RowError::in_field(self.line, column.name(), message)
        })
    }

    fn list(&self, column: Column) -> Vec<String> {
        self.get(column).map_or_else(Vec::new, split_list)
    }

    pub(super) fn organization(&self, row: &RowIds<'_>) -> Result<Organization, RowError> {
        let (identifiers, schemes_left) = self.identifiers(row)?;
        let mut organization = Organization {
            name: Some(self.required(Column::Name)?.to_owned()),
            alternate_names: self.list(Column::AlternateName),
            email: self.take(Column::Email),
            website: self.take(Column::Website),
            identifiers,
            phones: self.list(Column::Phone).into_iter().enumerate().map(|(n, p)| phone(row, n, p)).collect(),
            locations: self.location(row)?.into_iter().collect(),
            services: self
                .list(Column::Services)
                .into_iter()
                .enumerate()
                .map(|(n, s)| service(row, n, s))
                .collect(),
            extra: self.extra(),
            ..Organization::default()
        };
        // Where the one place is known, the services are offered there.
        let places: Vec<_> = organization.locations.iter().map(|location| location.id).collect();
        for service in &mut organization.services {
            service.location_ids.clone_from(&places);
        }
        if let Some(scheme) = schemes_left {
            organization.extra.0.insert("identifier_scheme".to_owned(), Value::String(scheme));
        }
        Ok(organization)
    }

    fn extra(&self) -> Extra {
        let given = self.columns.extra().filter_map(|(name, place)| Some((name, *self.cells.get(place)?)));
        let filled = given.filter(|(_, cell)| !cell.trim().is_empty());
        Extra(filled.map(|(name, cell)| (name.to_owned(), Value::String(cell.to_owned()))).collect())
    }

    /// The identifiers, and the scheme where it names no identifier.
    fn identifiers(&self, row: &RowIds<'_>) -> Result<(Vec<Identifier>, Option<String>), RowError> {
        let identifiers = self.list(Column::Identifier);
        let schemes = self.list(Column::IdentifierScheme);
        if identifiers.is_empty() {
            return Ok((Vec::new(), self.take(Column::IdentifierScheme)));
        }
        if schemes.len() > 1 && schemes.len() != identifiers.len() {
            let message = format!(
                "{} schemes for {} identifiers; give one scheme for all or one for each",
                schemes.len(),
                identifiers.len()
            );
            return Err(RowError::in_field(self.line, "identifier_scheme", message));
        }
        let built = identifiers.into_iter().enumerate().map(|(n, identifier)| {
            let (id, source_id) = row.child("organization_identifier", n + 1);
            let scheme = schemes.get(n).or(schemes.first()).cloned();
            Identifier { id, source_id, scheme, identifier_type: None, identifier, extra: Extra::default() }
        });
        Ok((built.collect(), None))
    }

    /// The one place of the row, if anything is said of it.
    fn location(&self, row: &RowIds<'_>) -> Result<Option<Location>, RowError> {
        let latitude = self.degrees(Column::Latitude, 90.0)?;
        let longitude = self.degrees(Column::Longitude, 180.0)?;
        let address = self.address(row);
        if address.is_none() && latitude.is_none() && longitude.is_none() {
            return Ok(None);
        }
        let (id, source_id) = row.location();
        Ok(Some(Location {
            id,
            source_id,
            name: None,
            alternate_name: None,
            description: None,
            location_type: None,
            url: None,
            transportation: None,
            latitude,
            longitude,
            addresses: address.into_iter().collect(),
            phones: Vec::new(),
            extra: Extra::default(),
        }))
    }

    fn address(&self, row: &RowIds<'_>) -> Option<Address> {
        let (id, source_id) = row.child("address", 1);
        let address = Address {
            id,
            source_id,
            attention: None,
            address_1: self.take(Column::Street),
            address_2: None,
            city: self.take(Column::City),
            region: None,
            state_province: self.take(Column::State),
            postal_code: self.take(Column::Postcode),
            country: self.take(Column::Country),
            address_type: None,
            extra: Extra::default(),
        };
        let parts = [&address.address_1, &address.city, &address.state_province, &address.postal_code];
        let filled = parts.iter().any(|part| part.is_some()) || address.country.is_some();
        filled.then_some(address)
    }

    fn degrees(&self, column: Column, limit: f64) -> Result<Option<f64>, RowError> {
        let Some(text) = self.get(column) else { return Ok(None) };
        let wrong = |message| Err(RowError::in_field(self.line, column.name(), message));
        match text.parse::<f64>() {
            Ok(degrees) if degrees.abs() <= limit => Ok(Some(degrees)),
            Ok(degrees) if degrees.is_finite() => wrong(format!(
                "{} is beyond {limit} degrees; are latitude and longitude swapped, or not in degrees?",
                excerpt(text)
            )),
            _ => wrong(format!("{} is not a number; write degrees such as 41.8781", excerpt(text))),
        }
    }
}

fn phone(row: &RowIds<'_>, n: usize, number: String) -> Phone {
    let (id, source_id) = row.child("phone", n + 1);
    let extra = Extra::default();
    Phone { id, source_id, number, extension: None, phone_type: None, description: None, extra }
}

fn service(row: &RowIds<'_>, n: usize, name: String) -> Service {
    let (id, source_id) = row.child("service", n + 1);
    Service {
        id: id.into(),
        source_id,
        name: Some(name),
        alternate_name: None,
        description: None,
        url: None,
        email: None,
        status: None,
        phones: Vec::new(),
        location_ids: Vec::new(),
        extra: Extra::default(),
    }
}
