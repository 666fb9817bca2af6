//! A record taken apart into rows.

use super::tables::{
    AddressRow, IdentifierRow, LocationRow, NameRow, OrganizationRow, PhoneRow, RowSet, ServiceAtLocationRow,
    ServiceRow,
};
use crate::organizations::{REST_SOURCE, RestRow};
use entity::{Location, Phone, Record, RecordId, Service};
use std::collections::HashSet;
use uuid::Uuid;

impl RowSet {
    /// The rows of these records, in the order of their lists.
    pub(super) fn of(records: impl Iterator<Item = Record>) -> Self {
        let mut rows = Self::default();
        for record in records {
            rows.take_record(record);
        }
        rows
    }

    /// The rows of what people added to a record.
    pub(super) fn of_rest_row(owner: RecordId, row: RestRow) -> Self {
        let mut rows = Self::default();
        let owner = Owner { id: owner.0, source: REST_SOURCE.to_owned() };
        // After those of the import.
        let position = i64::from(u16::MAX);
        match row {
            RestRow::Location(location) => rows.take_location(&owner, position, location),
            RestRow::Service(service) => rows.take_service(&owner, position, service),
        }
        rows
    }

    fn take_record(&mut self, record: Record) {
        let owner = Owner { id: record.id.0, source: record.source };
        let organization = record.organization;
        for (position, name) in numbered(organization.alternate_names) {
            let source_id = format!("{}/name/{position}", record.source_id);
            let id = entity::id::derive(&owner.source, "alternate_name", &source_id);
            let (organization_id, source) = owner.pair();
            self.names.push(NameRow { id, organization_id, source, source_id, position, name });
        }
        for (position, identifier) in numbered(organization.identifiers) {
            let (organization_id, source) = owner.pair();
            self.identifiers.push(IdentifierRow {
                id: identifier.id,
                organization_id,
                source,
                source_id: identifier.source_id,
                position,
                scheme: identifier.scheme,
                identifier_type: identifier.identifier_type,
                identifier: identifier.identifier,
                extra: identifier.extra.to_text(),
            });
        }
        self.take_phones(&owner, None, None, organization.phones);
        for (position, location) in numbered(organization.locations) {
            self.take_location(&owner, position, location);
        }
        for (position, service) in numbered(organization.services) {
            self.take_service(&owner, position, service);
        }
        self.organizations.push(OrganizationRow {
            id: owner.id,
            source: owner.source,
            source_id: record.source_id,
            created_at: record.created_at,
            name: organization.name,
            description: organization.description,
            email: organization.email,
            website: organization.website,
            tax_status: organization.tax_status,
            tax_id: organization.tax_id,
            year_incorporated: organization.year_incorporated.map(i64::from),
            legal_status: organization.legal_status,
            uri: organization.uri,
            parent_organization_id: organization.parent_organization_id,
            extra: organization.extra.to_text(),
        });
    }

    fn take_location(&mut self, owner: &Owner, position: i64, location: Location) {
        for (position, address) in numbered(location.addresses) {
            let (organization_id, source) = owner.pair();
            self.addresses.push(AddressRow {
                id: address.id,
                organization_id,
                source,
                source_id: address.source_id,
                position,
                location_id: location.id.0,
                attention: address.attention,
                address_1: address.address_1,
                address_2: address.address_2,
                city: address.city,
                region: address.region,
                state_province: address.state_province,
                postal_code: address.postal_code,
                country: address.country,
                address_type: address.address_type,
                extra: address.extra.to_text(),
            });
        }
        self.take_phones(owner, Some(location.id.0), None, location.phones);
        let (organization_id, source) = owner.pair();
        self.locations.push(LocationRow {
            id: location.id.0,
            organization_id,
            source,
            source_id: location.source_id,
            position,
            name: location.name,
            alternate_name: location.alternate_name,
            description: location.description,
            location_type: location.location_type,
            url: location.url,
            transportation: location.transportation,
            latitude: location.latitude,
            longitude: location.longitude,
            extra: location.extra.to_text(),
        });
    }

    fn take_service(&mut self, owner: &Owner, position: i64, service: Service) {
        let mut seen = HashSet::new();
        let places = service.location_ids.into_iter().filter(|place| seen.insert(*place));
        for (position, location_id) in numbered(places.collect()) {
            let source_id = format!("{}@{location_id}", service.id);
            let id = entity::id::derive(&owner.source, "service_at_location", &source_id);
            let (organization_id, source) = owner.pair();
            self.places_of_service.push(ServiceAtLocationRow {
                id,
                organization_id,
                source,
                source_id,
                position,
                service_id: service.id.0,
                location_id: location_id.0,
            });
        }
        self.take_phones(owner, None, Some(service.id.0), service.phones);
        let (organization_id, source) = owner.pair();
        self.services.push(ServiceRow {
            id: service.id.0,
            organization_id,
            source,
            source_id: service.source_id,
            position,
            name: service.name,
            alternate_name: service.alternate_name,
            description: service.description,
            url: service.url,
            email: service.email,
            status: service.status,
            extra: service.extra.to_text(),
        });
    }

    fn take_phones(
        &mut self,
        owner: &Owner,
        location_id: Option<Uuid>,
        service_id: Option<Uuid>,
        phones: Vec<Phone>,
    ) {
        for (position, phone) in numbered(phones) {
            let (organization_id, source) = owner.pair();
            self.phones.push(PhoneRow {
                id: phone.id,
                organization_id,
                source,
                source_id: phone.source_id,
                position,
                location_id,
                service_id,
                number: phone.number,
                extension: phone.extension,
                phone_type: phone.phone_type,
                description: phone.description,
                extra: phone.extra.to_text(),
            });
        }
    }
}

/// Whose rows they are.
struct Owner {
    id: Uuid,
    source: String,
}

impl Owner {
    fn pair(&self) -> (Uuid, String) {
        (self.id, self.source.clone())
    }
}

fn numbered<T>(list: Vec<T>) -> impl Iterator<Item = (i64, T)> {
    (0..).zip(list)
}
