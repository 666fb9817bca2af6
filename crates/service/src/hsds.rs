//! Organizations as REST shows and takes them: the words of HSDS 3, `extra` as an object.

mod shown;
mod taken;

pub(crate) use taken::RowIds;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// An organization with its children.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Organization {
    /// The official or public name.
    pub(crate) name: Option<String>,
    /// Other names it goes or went by.
    pub(crate) alternate_names: Vec<String>,
    /// A brief summary.
    pub(crate) description: Option<String>,
    /// The contact e-mail.
    pub(crate) email: Option<String>,
    /// The main website.
    pub(crate) website: Option<String>,
    /// Government assigned tax status.
    pub(crate) tax_status: Option<String>,
    /// Government assigned tax identifier.
    pub(crate) tax_id: Option<String>,
    /// The year in which it was formed.
    pub(crate) year_incorporated: Option<i32>,
    /// Its legal form.
    pub(crate) legal_status: Option<String>,
    /// A persistent identifier of it on the web.
    pub(crate) uri: Option<String>,
    /// The parent organization.
    pub(crate) parent_organization_id: Option<Uuid>,
    /// Registry and other identifiers.
    pub(crate) identifiers: Vec<Identifier>,
    /// Telephones of the organization itself.
    pub(crate) phones: Vec<Phone>,
    /// Its places.
    pub(crate) locations: Vec<Location>,
    /// What it offers.
    pub(crate) services: Vec<Service>,
    /// Whatever else its source says of it.
    pub(crate) extra: Map<String, Value>,
}

/// An identifier in a registry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Identifier {
    /// Given by the service; in a request, the identifier that is meant.
    pub(crate) id: Option<Uuid>,
    /// The register, such as `US-EIN`.
    pub(crate) scheme: Option<String>,
    /// What kind it is, in words.
    pub(crate) identifier_type: Option<String>,
    /// The identifier itself; required.
    #[schema(required, min_length = 1)]
    pub(crate) identifier: String,
    /// Whatever else its source says of it.
    pub(crate) extra: Map<String, Value>,
}

/// A telephone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Phone {
    /// Given by the service; in a request, the telephone that is meant.
    pub(crate) id: Option<Uuid>,
    /// The number; required.
    #[schema(required, min_length = 1)]
    pub(crate) number: String,
    /// The extension.
    pub(crate) extension: Option<String>,
    /// Such as `voice`, `fax` or `sms`.
    pub(crate) phone_type: Option<String>,
    /// What it is for.
    pub(crate) description: Option<String>,
    /// Whatever else its source says of it.
    pub(crate) extra: Map<String, Value>,
}

/// A place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Location {
    /// Given by the service. In a request: the location that is meant, or for a new one any id by which a
    /// service of the same request names it in `location_ids`.
    pub(crate) id: Option<Uuid>,
    /// Its name, where it has one of its own.
    pub(crate) name: Option<String>,
    /// Another name.
    pub(crate) alternate_name: Option<String>,
    /// How to find it, what is there.
    pub(crate) description: Option<String>,
    /// `physical`, `postal` or `virtual`.
    pub(crate) location_type: Option<String>,
    /// The web address, for a virtual one.
    pub(crate) url: Option<String>,
    /// How to get there.
    pub(crate) transportation: Option<String>,
    /// Degrees north, WGS 84.
    #[schema(minimum = -90, maximum = 90)]
    pub(crate) latitude: Option<f64>,
    /// Degrees east, WGS 84.
    #[schema(minimum = -180, maximum = 180)]
    pub(crate) longitude: Option<f64>,
    /// Its addresses.
    pub(crate) addresses: Vec<Address>,
    /// Its telephones.
    pub(crate) phones: Vec<Phone>,
    /// Whatever else its source says of it.
    pub(crate) extra: Map<String, Value>,
}

/// An address of a location.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Address {
    /// Given by the service; in a request, the address that is meant.
    pub(crate) id: Option<Uuid>,
    /// The person or department.
    pub(crate) attention: Option<String>,
    /// Number and street.
    pub(crate) address_1: Option<String>,
    /// Unit, floor, building.
    pub(crate) address_2: Option<String>,
    /// City or town.
    pub(crate) city: Option<String>,
    /// Region within the state.
    pub(crate) region: Option<String>,
    /// State or province.
    pub(crate) state_province: Option<String>,
    /// Postal code.
    pub(crate) postal_code: Option<String>,
    /// ISO 3166-1 code.
    pub(crate) country: Option<String>,
    /// `physical`, `postal` or `virtual`.
    pub(crate) address_type: Option<String>,
    /// Whatever else its source says of it.
    pub(crate) extra: Map<String, Value>,
}

/// A service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Service {
    /// Given by the service; in a request, the one that is meant.
    pub(crate) id: Option<Uuid>,
    /// Its name.
    pub(crate) name: Option<String>,
    /// Another name.
    pub(crate) alternate_name: Option<String>,
    /// What it does.
    pub(crate) description: Option<String>,
    /// The web address.
    pub(crate) url: Option<String>,
    /// The contact e-mail.
    pub(crate) email: Option<String>,
    /// `active`, `inactive`, `defunct` or `temporarily closed`.
    pub(crate) status: Option<String>,
    /// Its telephones.
    pub(crate) phones: Vec<Phone>,
    /// Where it is offered: locations of the same organization.
    pub(crate) location_ids: Vec<Uuid>,
    /// Whatever else its source says of it.
    pub(crate) extra: Map<String, Value>,
}
