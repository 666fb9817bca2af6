//! An organization with its children, in the words of HSDS 3 (Human Services Data Specification).
//!
//! Fields that a source gives and HSDS tables here do not model are kept in `extra` on their parent, so that
//! import and export are a round trip.

use crate::id::{LocationId, ServiceId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use uuid::Uuid;

/// What one source, or a golden record, says of an organization. Absent is `None`, never an empty string.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Organization {
    /// The official or public name.
    pub name: Option<String>,
    /// Other names it goes or went by.
    pub alternate_names: Vec<String>,
    /// A brief summary.
    pub description: Option<String>,
    /// The contact e-mail.
    pub email: Option<String>,
    /// The main website.
    pub website: Option<String>,
    /// Government assigned tax status.
    pub tax_status: Option<String>,
    /// Government assigned tax identifier.
    pub tax_id: Option<String>,
    /// The year in which it was formed.
    pub year_incorporated: Option<i32>,
    /// Its legal form, as the source writes it.
    pub legal_status: Option<String>,
    /// A persistent identifier of it on the web.
    pub uri: Option<String>,
    /// The parent organization, by the id that the source gives or that was derived from it.
    pub parent_organization_id: Option<Uuid>,
    /// Registry and other identifiers.
    pub identifiers: Vec<Identifier>,
    /// Telephones of the organization itself.
    pub phones: Vec<Phone>,
    /// Its places.
    pub locations: Vec<Location>,
    /// What it offers.
    pub services: Vec<Service>,
    /// What the source gave beyond these fields.
    pub extra: Extra,
}

/// An identifier of an organization in a registry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identifier {
    /// Row id.
    pub id: Uuid,
    /// Its id in the source.
    pub source_id: String,
    /// The register, such as `US-EIN` (org-id.guide codes where they exist).
    pub scheme: Option<String>,
    /// What kind of identifier it is, in words.
    pub identifier_type: Option<String>,
    /// The identifier itself.
    pub identifier: String,
    /// What the source gave beyond these fields.
    #[serde(default)]
    pub extra: Extra,
}

/// A telephone of an organization, location or service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Phone {
    /// Row id.
    pub id: Uuid,
    /// Its id in the source.
    pub source_id: String,
    /// The number as the source writes it.
    pub number: String,
    /// The extension.
    pub extension: Option<String>,
    /// Such as `voice`, `fax` or `sms`.
    pub phone_type: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// What the source gave beyond these fields.
    #[serde(default)]
    pub extra: Extra,
}

/// A place where an organization is found or offers services.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// Row id.
    pub id: LocationId,
    /// Its id in the source.
    pub source_id: String,
    /// Its name, where it has one of its own.
    pub name: Option<String>,
    /// Another name.
    pub alternate_name: Option<String>,
    /// How to find it, what is there.
    pub description: Option<String>,
    /// `physical`, `postal` or `virtual`.
    pub location_type: Option<String>,
    /// The web address, for a virtual one.
    pub url: Option<String>,
    /// How to get there.
    pub transportation: Option<String>,
    /// Degrees north, WGS 84.
    pub latitude: Option<f64>,
    /// Degrees east, WGS 84.
    pub longitude: Option<f64>,
    /// Its addresses.
    pub addresses: Vec<Address>,
    /// Its telephones.
    pub phones: Vec<Phone>,
    /// What the source gave beyond these fields.
    #[serde(default)]
    pub extra: Extra,
}

/// An address of a location.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Address {
    /// Row id.
    pub id: Uuid,
    /// Its id in the source.
    pub source_id: String,
    /// The person or department.
    pub attention: Option<String>,
    /// Number and street.
    pub address_1: Option<String>,
    /// Unit, floor, building.
    pub address_2: Option<String>,
    /// City or town.
    pub city: Option<String>,
    /// Region within the state.
    pub region: Option<String>,
    /// State or province.
    pub state_province: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// ISO 3166-1 code.
    pub country: Option<String>,
    /// `physical`, `postal` or `virtual`.
    pub address_type: Option<String>,
    /// What the source gave beyond these fields.
    #[serde(default)]
    pub extra: Extra,
}

/// A service that an organization offers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Row id.
    pub id: ServiceId,
    /// Its id in the source.
    pub source_id: String,
    /// Its name.
    pub name: Option<String>,
    /// Another name.
    pub alternate_name: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// The web address.
    pub url: Option<String>,
    /// The contact e-mail.
    pub email: Option<String>,
    /// `active`, `inactive`, `defunct` or `temporarily closed`.
    pub status: Option<String>,
    /// Its telephones.
    pub phones: Vec<Phone>,
    /// Where it is offered.
    pub location_ids: Vec<LocationId>,
    /// What the source gave beyond these fields.
    #[serde(default)]
    pub extra: Extra,
}

/// Fields beyond the model, kept as the source gave them.
///
/// It travels as one string of JSON, so that a topic's schema and a column need not know what is inside.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extra(pub Map<String, Value>);

impl Extra {
    /// Whether nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The stored form: JSON text, or `None` when nothing is kept.
    #[must_use]
    pub fn to_text(&self) -> Option<String> {
        (!self.is_empty()).then(|| Value::Object(self.0.clone()).to_string())
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// When the text is not a JSON object.
    pub fn from_text(text: Option<&str>) -> Result<Self, serde_json::Error> {
        text.map_or(Ok(Self::default()), |text| serde_json::from_str(text).map(Self))
    }
}

impl Serialize for Extra {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_text().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Extra {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        Self::from_text(text.as_deref()).map_err(serde::de::Error::custom)
    }
}
