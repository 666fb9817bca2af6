//! Plain CSV: one organization a row.

use crate::error::{Error, RowError};
use crate::ids::{Claims, duplicate_message, id_of};
use crate::read::ReadOptions;
use crate::table::{Table, TableRow};
use crate::text::{excerpt, tidy};
use entity::id::derive;
use entity::organization::Extra;
use entity::{Address, Identifier, Location, Organization, Phone, Record, Service};
use serde_json::{Map, Value};
use std::path::Path;

/// The columns of plain CSV in the order of an export. All but `id` and `name` are optional.
pub const PLAIN_CSV_COLUMNS: [&str; 17] = [
    "id",
    "name",
    "street",
    "city",
    "state",
    "postcode",
    "country",
    "phone",
    "email",
    "website",
    "services",
    "latitude",
    "longitude",
    "source",
    "alternate_name",
    "identifier_scheme",
    "identifier",
];

/// A plain CSV file being read.
#[derive(Debug)]
pub(crate) struct PlainReader {
    table: Table,
    columns: Columns,
    options: ReadOptions,
    claims: Claims,
}

/// Where each column stands in this file.
#[derive(Debug)]
struct Columns {
    known: Vec<(&'static str, usize)>,
    extra: Vec<(String, usize)>,
}

impl PlainReader {
    pub(crate) fn open(path: &Path, options: &ReadOptions) -> Result<Self, Error> {
        let table = Table::open(path)?;
        let columns = Columns::find(table.header()).map_err(|reason| Error::invalid(path, reason))?;
        Ok(Self { table, columns, options: options.clone(), claims: Claims::default() })
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.table.bytes_read()
    }

    fn record(&mut self, row: TableRow) -> Result<Record, RowError> {
        let mut cells = Cells { columns: &self.columns, row };
        let source_id = cells.required("id")?;
        let source = cells.take("source").unwrap_or_else(|| self.options.source.clone());
        let id = id_of(&source, "organization", &source_id);
        let organization = cells.organization(&Row { source: &source, id: &source_id })?;
        let is_new = self.claims.take("organization", id);
        self.claims.settle(true);
        if !is_new {
            return Err(RowError::in_field(cells.row.line, "id", duplicate_message(&source_id)));
        }
        Ok(Record { id: id.into(), source, source_id, created_at: self.options.created_at, organization })
    }
}

impl Iterator for PlainReader {
    type Item = Result<Record, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.table.next().map(|row| row.and_then(|row| self.record(row)))
    }
}

impl Columns {
    fn find(header: &[String]) -> Result<Self, RowError> {
        let mut columns = Self { known: Vec::new(), extra: Vec::new() };
        for (place, name) in header.iter().enumerate() {
            let known = PLAIN_CSV_COLUMNS.iter().find(|column| name.eq_ignore_ascii_case(column));
            match known.filter(|column| columns.place(column).is_none()) {
                Some(column) => columns.known.push((column, place)),
                None => columns.extra.push((name.clone(), place)),
            }
        }
        for needed in ["id", "name"] {
            if columns.place(needed).is_none() {
                let message = format!(
                    "the header has no `{needed}` column; the first line must name the columns, `id` and `name` \
                     among them; it reads {}",
                    excerpt(&header.join(",")),
                );
                return Err(RowError::in_field(1, needed, message));
            }
        }
        Ok(columns)
    }

    fn place(&self, column: &str) -> Option<usize> {
        self.known.iter().find(|(name, _)| *name == column).map(|(_, place)| *place)
    }
}

/// What the children's ids are derived from.
struct Row<'a> {
    source: &'a str,
    id: &'a str,
}

impl Row<'_> {
    /// The ids of the nth child in a table, from 1. Never the row's own UUID: that is the organization's.
    fn child(&self, table: &str, nth: usize) -> (uuid::Uuid, String) {
        let source_id = format!("{}/{table}/{nth}", self.id);
        (derive(self.source, table, &source_id), source_id)
    }
}

/// The cells of one row, taken one by one.
struct Cells<'a> {
    columns: &'a Columns,
    row: TableRow,
}

impl Cells<'_> {
    fn take(&self, column: &str) -> Option<String> {
        let place = self.columns.place(column)?;
        tidy(self.row.cells.get(place)?)
    }

    fn required(&self, column: &str) -> Result<String, RowError> {
        self.take(column).ok_or_else(|| {
            let message = format!("the {column} is missing; every organization needs one");
            RowError::in_field(self.row.line, column, message)
        })
    }

    fn list(&self, column: &str) -> Vec<String> {
        self.take(column).map_or_else(Vec::new, |text| split_list(&text))
    }

    fn organization(&mut self, row: &Row<'_>) -> Result<Organization, RowError> {
        let (identifiers, schemes_left) = self.identifiers(row)?;
        let mut organization = Organization {
            name: Some(self.required("name")?),
            alternate_names: self.list("alternate_name"),
            email: self.take("email"),
            website: self.take("website"),
            identifiers,
            phones: self.list("phone").into_iter().enumerate().map(|(n, p)| phone(row, n, p)).collect(),
            locations: self.location(row)?.into_iter().collect(),
            services: self
                .list("services")
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

    fn extra(&mut self) -> Extra {
        let mut extra = Map::new();
        for (name, place) in &self.columns.extra {
            if let Some(cell) = self.row.cells.get_mut(*place)
                && !cell.trim().is_empty()
            {
                extra.insert(name.clone(), Value::String(std::mem::take(cell)));
            }
        }
        Extra(extra)
    }

    /// The identifiers, and the scheme where it names no identifier.
    fn identifiers(&self, row: &Row<'_>) -> Result<(Vec<Identifier>, Option<String>), RowError> {
        let identifiers = self.list("identifier");
        let schemes = self.list("identifier_scheme");
        if identifiers.is_empty() {
            return Ok((Vec::new(), self.take("identifier_scheme")));
        }
        if schemes.len() > 1 && schemes.len() != identifiers.len() {
            let message = format!(
                "{} schemes for {} identifiers; give one scheme for all or one for each",
                schemes.len(),
                identifiers.len()
            );
            return Err(RowError::in_field(self.row.line, "identifier_scheme", message));
        }
        let built = identifiers.into_iter().enumerate().map(|(n, identifier)| {
            let (id, source_id) = row.child("organization_identifier", n + 1);
            let scheme = schemes.get(n).or(schemes.first()).cloned();
            Identifier { id, source_id, scheme, identifier_type: None, identifier, extra: Extra::default() }
        });
        Ok((built.collect(), None))
    }

    /// The one place of the row, if anything is said of it.
    fn location(&self, row: &Row<'_>) -> Result<Option<Location>, RowError> {
        let latitude = self.degrees("latitude", 90.0)?;
        let longitude = self.degrees("longitude", 180.0)?;
        let address = self.address(row);
        if address.is_none() && latitude.is_none() && longitude.is_none() {
            return Ok(None);
        }
        Ok(Some(Location {
            id: derive(row.source, "location", row.id).into(),
            source_id: row.id.to_owned(),
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

    fn address(&self, row: &Row<'_>) -> Option<Address> {
        let (id, source_id) = row.child("address", 1);
        let address = Address {
            id,
            source_id,
            attention: None,
            address_1: self.take("street"),
            address_2: None,
            city: self.take("city"),
            region: None,
            state_province: self.take("state"),
            postal_code: self.take("postcode"),
            country: self.take("country"),
            address_type: None,
            extra: Extra::default(),
        };
        let parts = [&address.address_1, &address.city, &address.state_province, &address.postal_code];
        let filled = parts.iter().any(|part| part.is_some()) || address.country.is_some();
        filled.then_some(address)
    }

    fn degrees(&self, column: &str, limit: f64) -> Result<Option<f64>, RowError> {
        let Some(text) = self.take(column) else { return Ok(None) };
        let wrong = |message| Err(RowError::in_field(self.row.line, column, message));
        match text.parse::<f64>() {
            Ok(degrees) if degrees.abs() <= limit => Ok(Some(degrees)),
            Ok(degrees) if degrees.is_finite() => wrong(format!(
                "{} is beyond {limit} degrees; are latitude and longitude swapped, or not in degrees?",
                excerpt(&text)
            )),
            _ => wrong(format!("{} is not a number; write degrees such as 41.8781", excerpt(&text))),
        }
    }
}

fn phone(row: &Row<'_>, n: usize, number: String) -> Phone {
    let (id, source_id) = row.child("phone", n + 1);
    let extra = Extra::default();
    Phone { id, source_id, number, extension: None, phone_type: None, description: None, extra }
}

fn service(row: &Row<'_>, n: usize, name: String) -> Service {
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

/// Splits a cell with several values at `|`, or else at `;`.
fn split_list(text: &str) -> Vec<String> {
    let delimiter = if text.contains('|') { '|' } else { ';' };
    text.split(delimiter).filter_map(tidy).collect()
}

/// The reverse of [`split_list`].
pub(crate) fn join_list<'a>(values: impl Iterator<Item = &'a str> + Clone) -> String {
    if values.clone().any(|value| value.contains(';')) {
        // The last delimiter keeps a single value with a semicolon whole.
        return values.map(|value| format!("{value} |")).collect::<Vec<_>>().join(" ");
    }
    values.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::{join_list, split_list};

    #[test]
    fn a_list_comes_back_from_its_cell() {
        for list in [&["a", "b"][..], &["a; b"], &["a; b", "c"], &["a"], &[]] {
            assert_eq!(split_list(&join_list(list.iter().copied())), list);
        }
        assert_eq!(split_list("food pantry; ;  worship"), ["food pantry", "worship"]);
        assert_eq!(split_list("a;b|c"), ["a;b", "c"]);
    }
}
