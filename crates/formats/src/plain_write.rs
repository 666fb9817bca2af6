//! Writes plain CSV.

use crate::columns::PLAIN_CSV_COLUMNS;
use crate::error::Error;
use crate::hsds::folder_write::csv_error;
use crate::plain::join_list;
use crate::write::OrganizationView;
use entity::{Address, Organization};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

/// Writes one organization a row. A row has one place: of several locations the first with an address is
/// written, and what plain CSV has no column for is left to the HSDS formats.
#[derive(Debug)]
pub struct CsvWriter<W: Write> {
    out: csv::Writer<W>,
    extra_columns: Vec<String>,
    left_out: BTreeSet<String>,
}

impl<W: Write> CsvWriter<W> {
    /// Writes the header: the columns of plain CSV and, behind them, attributes of `extra` by name.
    ///
    /// # Errors
    /// When the output takes no more.
    pub fn new(out: W, extra_columns: Vec<String>) -> Result<Self, Error> {
        let mut out = csv::Writer::from_writer(out);
        let extra = extra_columns.iter().map(String::as_str);
        out.write_record(PLAIN_CSV_COLUMNS.into_iter().chain(extra)).map_err(csv_error(what()))?;
        Ok(Self { out, extra_columns, left_out: BTreeSet::new() })
    }

    /// Writes one organization.
    ///
    /// # Errors
    /// When the output takes no more.
    pub fn write<'a>(&mut self, view: impl Into<OrganizationView<'a>>) -> Result<(), Error> {
        let view = view.into();
        let extra = &view.organization.extra.0;
        let unknown =
            extra.keys().filter(|key| !self.extra_columns.contains(key) && *key != "identifier_scheme");
        let unknown: Vec<_> = unknown.filter(|key| !self.left_out.contains(*key)).cloned().collect();
        self.left_out.extend(unknown);
        let known = cells(&view);
        let more = self.extra_columns.iter().map(|column| cell(extra.get(column)));
        let row = known.into_iter().chain(more);
        for value in row {
            self.out.write_field(value.as_bytes()).map_err(csv_error(what()))?;
        }
        self.out.write_record(None::<&[u8]>).map_err(csv_error(what()))
    }

    /// Ends the file; returns the attributes that had no column.
    ///
    /// # Errors
    /// When the output takes no more.
    pub fn finish(mut self) -> Result<Vec<String>, Error> {
        self.out.flush().map_err(Error::write(what()))?;
        Ok(self.left_out.into_iter().collect())
    }
}

fn what() -> &'static Path {
    Path::new("CSV output")
}

/// A value of `extra` as a cell.
fn cell(value: Option<&Value>) -> Cow<'_, str> {
    match value {
        None | Some(Value::Null) => Cow::Borrowed(""),
        Some(Value::String(text)) => Cow::Borrowed(text),
        Some(other) => Cow::Owned(other.to_string()),
    }
}

/// In the order of [`PLAIN_CSV_COLUMNS`].
fn cells<'a>(view: &OrganizationView<'a>) -> [Cow<'a, str>; 17] {
    let organization = view.organization;
    let place = organization.locations.iter().find(|place| !place.addresses.is_empty());
    let place = place.or(organization.locations.first());
    let address = place.and_then(|place| place.addresses.first());
    let part =
        |get: fn(&Address) -> &Option<String>| text(address.and_then(|address| get(address).as_deref()));
    let degrees = |value: Option<f64>| value.map_or(Cow::Borrowed(""), |value| Cow::Owned(value.to_string()));
    let identifiers = &organization.identifiers;
    [
        Cow::Borrowed(view.source_id),
        text(organization.name.as_deref()),
        address.map_or(Cow::Borrowed(""), street),
        part(|address| &address.city),
        part(|address| &address.state_province),
        part(|address| &address.postal_code),
        part(|address| &address.country),
        Cow::Owned(phones(organization)),
        text(organization.email.as_deref()),
        text(organization.website.as_deref()),
        Cow::Owned(join_list(organization.services.iter().filter_map(|service| service.name.as_deref()))),
        degrees(place.and_then(|place| place.latitude)),
        degrees(place.and_then(|place| place.longitude)),
        Cow::Borrowed(view.source),
        Cow::Owned(join_list(organization.alternate_names.iter().map(String::as_str))),
        schemes(organization),
        Cow::Owned(join_list(identifiers.iter().map(|identifier| identifier.identifier.as_str()))),
    ]
}

fn text(value: Option<&str>) -> Cow<'_, str> {
    Cow::Borrowed(value.unwrap_or_default())
}

/// Number and street, with the unit behind a comma.
fn street(address: &Address) -> Cow<'_, str> {
    match (address.address_1.as_deref(), address.address_2.as_deref()) {
        (Some(first), Some(second)) => Cow::Owned(format!("{first}, {second}")),
        (first, second) => text(first.or(second)),
    }
}

/// The organization's own telephones, or else those of its first place that has one.
fn phones(organization: &Organization) -> String {
    let of_places =
        organization.locations.iter().map(|place| &place.phones).find(|phones| !phones.is_empty());
    let phones = if organization.phones.is_empty() { of_places } else { Some(&organization.phones) };
    join_list(phones.into_iter().flatten().map(|phone| phone.number.as_str()))
}

/// One for each identifier, or the one that came without an identifier.
fn schemes(organization: &Organization) -> Cow<'_, str> {
    let kept = organization.extra.0.get("identifier_scheme");
    let schemes = organization.identifiers.iter().map(|identifier| identifier.scheme.as_deref());
    let first = schemes.clone().next().flatten();
    match first {
        None => cell(kept),
        Some(scheme) if schemes.clone().all(|other| other == first) => Cow::Borrowed(scheme),
        Some(_) => Cow::Owned(join_list(schemes.map(|scheme| scheme.unwrap_or("unknown")))),
    }
}
