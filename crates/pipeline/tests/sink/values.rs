//! Events as the poller sends them.

use crate::bench::Bench;
use entity::event::{LocationChanged, Op, OrganizationChanged, ServiceChanged};
use entity::record::FieldOrigin;
use entity::{
    Address, Identifier, Location, Organization, OrganizationId, Phone, RecordId, Service, Version,
};
use events::NewEvent;
use events::topics::Product;
use pipeline::publisher::Envelope;
use uuid::Uuid;

/// The id of the row that a test calls by this number.
pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub(crate) fn phone(number: &str) -> Phone {
    Phone {
        id: entity::id::derive("test", "phone", number),
        source_id: format!("phone-{number}"),
        number: number.to_owned(),
        extension: Some("7".into()),
        phone_type: Some("voice".into()),
        description: None,
        extra: entity::organization::Extra::default(),
    }
}

pub(crate) fn identifier(identifier: &str) -> Identifier {
    Identifier {
        id: entity::id::derive("test", "organization_identifier", identifier),
        source_id: format!("identifier-{identifier}"),
        scheme: Some("US-EIN".into()),
        identifier_type: None,
        identifier: identifier.to_owned(),
        extra: entity::organization::Extra::default(),
    }
}

pub(crate) fn address(city: &str) -> Address {
    Address {
        id: entity::id::derive("test", "address", city),
        source_id: format!("address-{city}"),
        attention: None,
        address_1: Some("1 Main Street".into()),
        address_2: None,
        city: Some(city.into()),
        region: None,
        state_province: Some("CA".into()),
        postal_code: Some("94105".into()),
        country: Some("US".into()),
        address_type: Some("physical".into()),
        extra: entity::organization::Extra::default(),
    }
}

/// An organization with a row in each of its child tables.
pub(crate) fn named(name: &str) -> Organization {
    let extra = serde_json::json!({"licence": {"type": name}, "beds": 12.5});
    Organization {
        name: Some(name.into()),
        alternate_names: vec![format!("{name} Inc"), format!("The {name}")],
        year_incorporated: Some(1987),
        parent_organization_id: Some(id(999)),
        identifiers: vec![identifier(name)],
        phones: vec![phone(name), phone("555")],
        extra: entity::organization::Extra(extra.as_object().unwrap().clone()),
        ..Organization::default()
    }
}

pub(crate) fn place(number: u128, name: &str) -> Location {
    Location {
        id: id(number).into(),
        source_id: format!("location-{number}"),
        name: Some(name.into()),
        alternate_name: None,
        description: None,
        location_type: Some("physical".into()),
        url: None,
        transportation: None,
        latitude: Some(37.5),
        longitude: Some(-122.25),
        addresses: vec![address(name), address("Oakland")],
        phones: vec![phone(name)],
        extra: entity::organization::Extra::default(),
    }
}

fn offer(number: u128, name: &str, places: &[u128]) -> Service {
    Service {
        id: id(number).into(),
        source_id: format!("service-{number}"),
        name: Some(name.into()),
        alternate_name: None,
        description: None,
        url: None,
        email: None,
        status: Some("active".into()),
        phones: vec![phone(name)],
        location_ids: places.iter().map(|place| id(*place).into()).collect(),
        extra: entity::organization::Extra::default(),
    }
}

/// Whose child it is: the golden record and the record that owns the row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    pub(crate) golden: u128,
    pub(crate) record: u128,
}

impl Owner {
    /// A record that is its own golden record.
    pub(crate) fn alone(record: u128) -> Self {
        Self { golden: record, record }
    }
}

impl Bench {
    pub(crate) fn organization(&self, number: u128, version: i64, organization: Organization) -> NewEvent {
        let key = id(number);
        let origin = FieldOrigin { field: "name".into(), record_id: RecordId(key), origin: "test".into() };
        self.event(
            Product::Organization,
            number,
            &OrganizationChanged {
                members: Some(vec![RecordId(key)]),
                created_at: chrono::DateTime::from_timestamp_micros(1_700_000_000_123_456),
                organization: Some(organization),
                origins: Some(vec![origin]),
                truncated: Some(false),
                ..bare(number, version, Op::Upsert)
            },
        )
    }

    pub(crate) fn redirect(&self, number: u128, version: i64, survivor: u128) -> NewEvent {
        let value = OrganizationChanged {
            redirect_to: Some(OrganizationId(id(survivor))),
            ..bare(number, version, Op::Redirect)
        };
        self.event(Product::Organization, number, &value)
    }

    /// A delete event, without the tombstone.
    pub(crate) fn organization_delete(&self, number: u128, version: i64) -> NewEvent {
        self.event(Product::Organization, number, &bare(number, version, Op::Delete))
    }

    pub(crate) fn location(&self, location: Location, version: i64, owner: Owner) -> NewEvent {
        let value = LocationChanged {
            id: location.id,
            version: Version(version),
            op: Op::Upsert,
            organization_id: Some(id(owner.golden).into()),
            source_organization_id: Some(id(owner.record).into()),
            source: Some("test".into()),
            location: Some(location),
        };
        self.event(Product::Location, owner.record, &value)
    }

    pub(crate) fn location_delete(&self, number: u128, version: i64, owner: u128) -> NewEvent {
        let value = LocationChanged {
            id: id(number).into(),
            version: Version(version),
            op: Op::Delete,
            organization_id: None,
            source_organization_id: None,
            source: None,
            location: None,
        };
        self.event(Product::Location, owner, &value)
    }

    pub(crate) fn service(
        &self,
        number: u128,
        version: i64,
        owner: Owner,
        (name, places): (&str, &[u128]),
    ) -> NewEvent {
        let value = ServiceChanged {
            id: id(number).into(),
            version: Version(version),
            op: Op::Upsert,
            organization_id: Some(id(owner.golden).into()),
            source_organization_id: Some(id(owner.record).into()),
            source: Some("test".into()),
            service: Some(offer(number, name, places)),
        };
        self.event(Product::Service, owner.record, &value)
    }

    /// A tombstone in the partition of `owner`.
    pub(crate) fn tombstone(&self, product: Product, number: u128, version: i64, owner: u128) -> NewEvent {
        let (key, owner) = (id(number).to_string(), id(owner).to_string());
        let op = Op::Delete.as_str();
        let envelope = Envelope { product, key: &key, partition_key: &owner, version: Version(version), op };
        self.publisher.tombstone(&envelope)
    }

    /// An event in the partition of `owner`.
    fn event<T: Change>(&self, product: Product, owner: u128, value: &T) -> NewEvent {
        let (key, owner) = (value.key(), id(owner).to_string());
        let (version, op) = (value.version(), value.op().as_str());
        let envelope = Envelope { product, key: &key, partition_key: &owner, version, op };
        self.publisher.event(&envelope, value).unwrap()
    }
}

/// What a value says about itself.
trait Change: serde::Serialize {
    fn key(&self) -> String;
    fn version(&self) -> Version;
    fn op(&self) -> Op;
}

macro_rules! change {
    ($($value:ty),*) => {
        $(impl Change for $value {
            fn key(&self) -> String {
                self.id.to_string()
            }
            fn version(&self) -> Version {
                self.version
            }
            fn op(&self) -> Op {
                self.op
            }
        })*
    };
}

change!(OrganizationChanged, LocationChanged, ServiceChanged);

fn bare(number: u128, version: i64, op: Op) -> OrganizationChanged {
    OrganizationChanged::bare(id(number).into(), Version(version), op)
}
