//! Which column of a file says what.

use crate::error::RowError;
use crate::text::excerpt;

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

/// One of [`PLAIN_CSV_COLUMNS`], in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Id,
    Name,
    Street,
    City,
    State,
    Postcode,
    Country,
    Phone,
    Email,
    Website,
    Services,
    Latitude,
    Longitude,
    Source,
    AlternateName,
    IdentifierScheme,
    Identifier,
}

impl Column {
    pub(crate) fn name(self) -> &'static str {
        PLAIN_CSV_COLUMNS[self as usize]
    }
}

/// Columns of ours that a file calls otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnMap {
    /// Ours, and what the file's header says.
    named: Vec<(&'static str, String)>,
}

/// Why a map of columns cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// Not written as `ours=theirs`.
    #[error("`{0}` is no `column=header of the file`, such as `name=Organisation Name`")]
    Shape(String),
    /// Ours is none of [`PLAIN_CSV_COLUMNS`].
    #[error("there is no column `{unknown}`; there are {}", PLAIN_CSV_COLUMNS.join(", "))]
    Unknown {
        /// What was written.
        unknown: String,
    },
    /// Ours is named twice.
    #[error("the column `{0}` is mapped twice")]
    Twice(String),
}

impl std::str::FromStr for ColumnMap {
    type Err = MapError;

    /// Reads `name=Org Name,street=Address`. A part without `=` belongs to the header before it, which has a comma.
    fn from_str(text: &str) -> Result<Self, MapError> {
        let mut parts: Vec<String> = Vec::new();
        for part in text.split(',') {
            match parts.last_mut() {
                Some(last) if !part.contains('=') => {
                    last.push(',');
                    last.push_str(part);
                }
                _ => parts.push(part.to_owned()),
            }
        }
        let mut map = Self::default();
        for part in &parts {
            let (ours, theirs) = part.split_once('=').ok_or_else(|| MapError::Shape(part.clone()))?;
            let (ours, theirs) = (ours.trim(), theirs.trim());
            let known = PLAIN_CSV_COLUMNS.iter().find(|column| ours.eq_ignore_ascii_case(column));
            let known = known.ok_or_else(|| MapError::Unknown { unknown: ours.to_owned() })?;
            if theirs.is_empty() {
                return Err(MapError::Shape(part.clone()));
            }
            map.add(known, theirs)?;
        }
        Ok(map)
    }
}

impl ColumnMap {
    /// Both maps in one.
    ///
    /// # Errors
    /// [`MapError::Twice`] for a column that both map.
    pub fn and(mut self, other: &Self) -> Result<Self, MapError> {
        for (ours, theirs) in &other.named {
            self.add(ours, theirs)?;
        }
        Ok(self)
    }

    /// Whether nothing is mapped.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    fn add(&mut self, ours: &'static str, theirs: &str) -> Result<(), MapError> {
        if self.named.iter().any(|(other, _)| *other == ours) {
            return Err(MapError::Twice(ours.to_owned()));
        }
        self.named.push((ours, theirs.to_owned()));
        Ok(())
    }
}

/// Where each column stands in a file.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    /// By the place in [`PLAIN_CSV_COLUMNS`].
    known: [Option<usize>; PLAIN_CSV_COLUMNS.len()],
    extra: Vec<(String, usize)>,
}

impl Columns {
    pub(crate) fn find(header: &[String], map: &ColumnMap) -> Result<Self, RowError> {
        let mut columns = Self { known: [None; PLAIN_CSV_COLUMNS.len()], extra: Vec::new() };
        for (ours, theirs) in &map.named {
            let place = header.iter().position(|name| name.trim().eq_ignore_ascii_case(theirs));
            let Some(place) = place else {
                let message = format!(
                    "the header has no {}, which `{ours}` is mapped to; it reads {}",
                    excerpt(theirs),
                    excerpt(&header.join(","))
                );
                return Err(RowError::in_field(1, ours, message));
            };
            columns.set(ours, place);
        }
        for (place, name) in header.iter().enumerate() {
            if columns.known.contains(&Some(place)) {
                continue;
            }
            let known = PLAIN_CSV_COLUMNS.iter().find(|column| name.eq_ignore_ascii_case(column));
            match known.filter(|column| columns.named(column).is_none()) {
                Some(column) => columns.set(column, place),
                None => columns.extra.push((name.clone(), place)),
            }
        }
        for needed in ["id", "name"] {
            if columns.named(needed).is_none() {
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

    pub(crate) fn place(&self, column: Column) -> Option<usize> {
        self.known[column as usize]
    }

    fn named(&self, column: &str) -> Option<usize> {
        self.known[known_at(column)?]
    }

    /// Columns that are none of ours, with their places.
    pub(crate) fn extra(&self) -> impl Iterator<Item = (&str, usize)> {
        self.extra.iter().map(|(name, place)| (name.as_str(), *place))
    }

    /// Forgets columns that are none of ours: what is only compared does not carry them along.
    pub(crate) fn without_extra(mut self) -> Self {
        self.extra.clear();
        self
    }

    fn set(&mut self, column: &str, place: usize) {
        if let Some(at) = known_at(column) {
            self.known[at] = Some(place);
        }
    }
}

fn known_at(column: &str) -> Option<usize> {
    PLAIN_CSV_COLUMNS.iter().position(|known| *known == column)
}

#[cfg(test)]
mod tests {
    use super::{ColumnMap, Columns, MapError};

    fn header(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_map_goes_before_what_a_header_says() {
        let map: ColumnMap = "name=Org Name, street=Addr, first line".parse().unwrap();
        let columns = Columns::find(&header(&["ID", "name", "org name", "Addr, first line"]), &map).unwrap();
        let places = ["id", "name", "street", "city"].map(|column| columns.named(column));
        assert_eq!(places, [Some(0), Some(2), Some(3), None]);
        assert_eq!(columns.extra().collect::<Vec<_>>(), [("name", 1)]);
    }

    #[test]
    fn what_cannot_be_mapped_is_told() {
        let parse = |text: &str| text.parse::<ColumnMap>().unwrap_err();
        assert_eq!(parse("nane=x"), MapError::Unknown { unknown: "nane".to_owned() });
        assert_eq!(parse("name"), MapError::Shape("name".to_owned()));
        assert_eq!(parse("name=a,name=b"), MapError::Twice("name".to_owned()));
        let map: ColumnMap = "street=Addr".parse().unwrap();
        let error = Columns::find(&header(&["id", "name", "Address"]), &map).unwrap_err().to_string();
        assert!(error.contains("`Addr`") && error.contains("id,name,Address"), "{error}");
    }
}
