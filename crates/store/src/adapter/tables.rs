//! The tables' rows and their columns.

use super::Db;
use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use entity::organization::Extra;
use entity::{Address, Identifier, Location, Phone, RecordId, Service};
use sqlx::query_builder::Separated;
use uuid::Uuid;

/// A row that can be written in bulk.
pub(super) trait TableRow: Sized {
    const TABLE: &'static str;
    const COLUMNS: &'static [&'static str];
    /// Set when the row is first written, and kept.
    const KEPT: &'static [&'static str];
    fn id(&self) -> Uuid;
    /// Its id in the source, after the source's name.
    fn told_as(&self) -> String;
    /// A column whose text holds a NUL, which PostgreSQL cannot keep.
    fn column_with_nul(&self) -> Option<&'static str>;
    fn bind(self, values: &mut Separated<'_, Db, &'static str>);
}

/// A value of a column.
trait Value {
    fn has_nul(&self) -> bool {
        false
    }
}
impl Value for Uuid {}
impl Value for i64 {}
impl Value for f64 {}
impl Value for DateTime<Utc> {}
impl Value for String {
    fn has_nul(&self) -> bool {
        self.contains('\0')
    }
}
impl<T: Value> Value for Option<T> {
    fn has_nul(&self) -> bool {
        self.as_ref().is_some_and(Value::has_nul)
    }
}

macro_rules! table_row {
    ($name:ident, $table:literal, keeps $kept:expr, { $($column:ident: $type:ty),* $(,)? }) => {
        #[derive(Clone, Debug, sqlx::FromRow)]
        pub(super) struct $name { $(pub(super) $column: $type),* }

        impl TableRow for $name {
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [&'static str] = &[$(stringify!($column)),*];
            const KEPT: &'static [&'static str] = $kept;
            fn id(&self) -> Uuid {
                self.id
            }
            fn told_as(&self) -> String {
                format!("{} {}", self.source, self.source_id)
            }
            fn column_with_nul(&self) -> Option<&'static str> {
                $(if self.$column.has_nul() { return Some(stringify!($column)); })*
                None
            }
            fn bind(self, values: &mut Separated<'_, Db, &'static str>) {
                $(values.push_bind(self.$column);)*
            }
        }
    };
}

table_row!(OrganizationRow, "organization", keeps &["id", "source", "source_id", "created_at"], {
    id: Uuid, source: String, source_id: String, created_at: DateTime<Utc>,
    name: Option<String>, description: Option<String>, email: Option<String>, website: Option<String>,
    tax_status: Option<String>, tax_id: Option<String>, year_incorporated: Option<i64>,
    legal_status: Option<String>, uri: Option<String>, parent_organization_id: Option<Uuid>, extra: Option<String>,
});
table_row!(LocationRow, "location", keeps &["id", "source", "source_id"], {
    id: Uuid, organization_id: Uuid, source: String, source_id: String, position: i64,
    name: Option<String>, alternate_name: Option<String>, description: Option<String>,
    location_type: Option<String>, url: Option<String>, transportation: Option<String>,
    latitude: Option<f64>, longitude: Option<f64>, extra: Option<String>,
});
table_row!(ServiceRow, "service", keeps &["id", "source", "source_id"], {
    id: Uuid, organization_id: Uuid, source: String, source_id: String, position: i64,
    name: Option<String>, alternate_name: Option<String>, description: Option<String>,
    url: Option<String>, email: Option<String>, status: Option<String>, extra: Option<String>,
});
table_row!(IdentifierRow, "organization_identifier", keeps &["id", "source", "source_id"], {
    id: Uuid, organization_id: Uuid, source: String, source_id: String, position: i64,
    scheme: Option<String>, identifier_type: Option<String>, identifier: String, extra: Option<String>,
});
table_row!(NameRow, "alternate_name", keeps &["id", "source", "source_id"], {
    id: Uuid, organization_id: Uuid, source: String, source_id: String, position: i64, name: String,
});
table_row!(PhoneRow, "phone", keeps &["id", "source", "source_id"], {
    id: Uuid, organization_id: Uuid, source: String, source_id: String, position: i64,
    location_id: Option<Uuid>, service_id: Option<Uuid>, number: String, extension: Option<String>,
    phone_type: Option<String>, description: Option<String>, extra: Option<String>,
});
table_row!(AddressRow, "address", keeps &["id", "source", "source_id"], {
    id: Uuid, organization_id: Uuid, source: String, source_id: String, position: i64, location_id: Uuid,
    attention: Option<String>, address_1: Option<String>, address_2: Option<String>, city: Option<String>,
    region: Option<String>, state_province: Option<String>, postal_code: Option<String>,
    country: Option<String>, address_type: Option<String>, extra: Option<String>,
});
table_row!(ServiceAtLocationRow, "service_at_location", keeps &["id", "source", "source_id"], {
    id: Uuid, organization_id: Uuid, source: String, source_id: String, position: i64,
    service_id: Uuid, location_id: Uuid,
});

/// Reads what was kept beyond the model.
pub(super) fn extra(text: Option<&str>) -> Result<Extra> {
    Extra::from_text(text)
        .map_err(|error| Error::Corrupt { doing: "reading a column extra".into(), source: error.into() })
}

impl TryFrom<LocationRow> for Location {
    type Error = Error;
    fn try_from(row: LocationRow) -> Result<Self> {
        Ok(Self {
            id: row.id.into(),
            source_id: row.source_id,
            name: row.name,
            alternate_name: row.alternate_name,
            description: row.description,
            location_type: row.location_type,
            url: row.url,
            transportation: row.transportation,
            latitude: row.latitude,
            longitude: row.longitude,
            addresses: Vec::new(),
            phones: Vec::new(),
            extra: extra(row.extra.as_deref())?,
        })
    }
}

impl TryFrom<ServiceRow> for Service {
    type Error = Error;
    fn try_from(row: ServiceRow) -> Result<Self> {
        Ok(Self {
            id: row.id.into(),
            source_id: row.source_id,
            name: row.name,
            alternate_name: row.alternate_name,
            description: row.description,
            url: row.url,
            email: row.email,
            status: row.status,
            phones: Vec::new(),
            location_ids: Vec::new(),
            extra: extra(row.extra.as_deref())?,
        })
    }
}

impl TryFrom<IdentifierRow> for Identifier {
    type Error = Error;
    fn try_from(row: IdentifierRow) -> Result<Self> {
        Ok(Self {
            id: row.id,
            source_id: row.source_id,
            scheme: row.scheme,
            identifier_type: row.identifier_type,
            identifier: row.identifier,
            extra: extra(row.extra.as_deref())?,
        })
    }
}

impl TryFrom<PhoneRow> for Phone {
    type Error = Error;
    fn try_from(row: PhoneRow) -> Result<Self> {
        Ok(Self {
            id: row.id,
            source_id: row.source_id,
            number: row.number,
            extension: row.extension,
            phone_type: row.phone_type,
            description: row.description,
            extra: extra(row.extra.as_deref())?,
        })
    }
}

impl TryFrom<AddressRow> for Address {
    type Error = Error;
    fn try_from(row: AddressRow) -> Result<Self> {
        Ok(Self {
            id: row.id,
            source_id: row.source_id,
            attention: row.attention,
            address_1: row.address_1,
            address_2: row.address_2,
            city: row.city,
            region: row.region,
            state_province: row.state_province,
            postal_code: row.postal_code,
            country: row.country,
            address_type: row.address_type,
            extra: extra(row.extra.as_deref())?,
        })
    }
}

/// The rows of one record, as written.
#[derive(Debug, Default)]
pub(super) struct RowSet {
    pub(super) organizations: Vec<OrganizationRow>,
    pub(super) locations: Vec<LocationRow>,
    pub(super) services: Vec<ServiceRow>,
    pub(super) identifiers: Vec<IdentifierRow>,
    pub(super) names: Vec<NameRow>,
    pub(super) phones: Vec<PhoneRow>,
    pub(super) addresses: Vec<AddressRow>,
    pub(super) places_of_service: Vec<ServiceAtLocationRow>,
}

/// The record that a row belongs to.
pub(super) fn owner(id: Uuid) -> RecordId {
    RecordId(id)
}
