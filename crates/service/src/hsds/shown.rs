//! From the nouns to what REST shows. Each noun is taken apart by name, so that a new field cannot be forgotten.

use super::{Address, Identifier, Location, Organization, Phone, Service};

fn all<A, B: From<A>>(items: Vec<A>) -> Vec<B> {
    items.into_iter().map(B::from).collect()
}

impl From<entity::Organization> for Organization {
    fn from(organization: entity::Organization) -> Self {
        let entity::Organization {
            name,
            alternate_names,
            description,
            email,
            website,
            tax_status,
            tax_id,
            year_incorporated,
            legal_status,
            uri,
            parent_organization_id,
            identifiers,
            phones,
            locations,
            services,
            extra,
        } = organization;
        Self {
            name,
            alternate_names,
            description,
            email,
            website,
            tax_status,
            tax_id,
            year_incorporated,
            legal_status,
            uri,
            parent_organization_id,
            identifiers: all(identifiers),
            phones: all(phones),
            locations: all(locations),
            services: all(services),
            extra: extra.0,
        }
    }
}

impl From<entity::Identifier> for Identifier {
    fn from(row: entity::Identifier) -> Self {
        let entity::Identifier { id, source_id: _, scheme, identifier_type, identifier, extra } = row;
        Self { id: Some(id), scheme, identifier_type, identifier, extra: extra.0 }
    }
}

impl From<entity::Phone> for Phone {
    fn from(row: entity::Phone) -> Self {
        let entity::Phone { id, source_id: _, number, extension, phone_type, description, extra } = row;
        Self { id: Some(id), number, extension, phone_type, description, extra: extra.0 }
    }
}

impl From<entity::Location> for Location {
    fn from(row: entity::Location) -> Self {
        let entity::Location {
            id,
            source_id: _,
            name,
            alternate_name,
            description,
            location_type,
            url,
            transportation,
            latitude,
            longitude,
            addresses,
            phones,
            extra,
        } = row;
        Self {
            id: Some(id.0),
            name,
            alternate_name,
            description,
            location_type,
            url,
            transportation,
            latitude,
            longitude,
            addresses: all(addresses),
            phones: all(phones),
            extra: extra.0,
        }
    }
}

impl From<entity::Address> for Address {
    fn from(row: entity::Address) -> Self {
        let entity::Address {
            id,
            source_id: _,
            attention,
            address_1,
            address_2,
            city,
            region,
            state_province,
            postal_code,
            country,
            address_type,
            extra,
        } = row;
        Self {
            id: Some(id),
            attention,
            address_1,
            address_2,
            city,
            region,
            state_province,
            postal_code,
            country,
            address_type,
            extra: extra.0,
        }
    }
}

impl From<entity::Service> for Service {
    fn from(row: entity::Service) -> Self {
        let entity::Service {
            id,
            source_id: _,
            name,
            alternate_name,
            description,
            url,
            email,
            status,
            phones,
            location_ids,
            extra,
        } = row;
        Self {
            id: Some(id.0),
            name,
            alternate_name,
            description,
            url,
            email,
            status,
            phones: all(phones),
            location_ids: location_ids.into_iter().map(|id| id.0).collect(),
            extra: extra.0,
        }
    }
}
