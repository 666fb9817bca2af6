//! Values taken apart into rows, in the order of their lists.

use super::tables::{
    AddressRow, Extra, IdentifierRow, LocationRow, NameRow, OrganizationRow, PhoneRow, RedirectRow,
    ServiceAtLocationRow, ServiceRow,
};
use super::write::Redirect;
use super::{Id, id};
use entity::Phone;
use entity::event::{LocationChanged, OrganizationChanged, ServiceChanged};
use sqlx::types::Json;
use std::collections::BTreeSet;

/// Rows to be written.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) organizations: Vec<OrganizationRow>,
    pub(super) redirects: Vec<RedirectRow>,
    pub(super) names: Vec<NameRow>,
    pub(super) identifiers: Vec<IdentifierRow>,
    pub(super) locations: Vec<LocationRow>,
    pub(super) addresses: Vec<AddressRow>,
    pub(super) services: Vec<ServiceRow>,
    pub(super) places_of_service: Vec<ServiceAtLocationRow>,
    pub(super) phones: Vec<PhoneRow>,
}

impl Rows {
    pub(super) fn take_redirect(&mut self, redirect: Redirect) {
        let Redirect { absorbed, survivor, version } = redirect;
        self.redirects.push(RedirectRow { absorbed_id: absorbed, survivor_id: id(survivor.0), version });
    }

    /// An organization without its places and services: these have topics of their own.
    pub(super) fn take_organization(&mut self, changed: OrganizationChanged) {
        let organization_id = id(changed.id.0);
        let organization = changed.organization.unwrap_or_default();
        for (position, name) in (0..).zip(organization.alternate_names) {
            self.names.push(NameRow { organization_id, position, name });
        }
        for (position, identifier) in (0..).zip(organization.identifiers) {
            self.identifiers.push(IdentifierRow {
                organization_id,
                position,
                id: id(identifier.id),
                source_id: identifier.source_id,
                scheme: identifier.scheme,
                identifier_type: identifier.identifier_type,
                identifier: identifier.identifier,
                extra: extra(identifier.extra),
            });
        }
        let owner = PhoneOwner { organization_id: Some(organization_id), ..PhoneOwner::default() };
        self.take_phones(owner, organization.phones);
        self.organizations.push(OrganizationRow {
            id: organization_id,
            version: changed.version.0,
            name: organization.name,
            description: organization.description,
            email: organization.email,
            website: organization.website,
            tax_status: organization.tax_status,
            tax_id: organization.tax_id,
            year_incorporated: organization.year_incorporated,
            legal_status: organization.legal_status,
            uri: organization.uri,
            parent_organization_id: organization.parent_organization_id.map(id),
            created_at: changed.created_at,
            members: changed.members.map(Json),
            origins: changed.origins.map(Json),
            extra: extra(organization.extra),
        });
    }

    pub(super) fn take_location(&mut self, changed: LocationChanged) {
        let Some(location) = changed.location else { return };
        let location_id = id(changed.id.0);
        let organization_id = changed.organization_id.map(|owner| id(owner.0));
        for (position, address) in (0..).zip(location.addresses) {
            self.addresses.push(AddressRow {
                location_id,
                position,
                id: id(address.id),
                source_id: address.source_id,
                attention: address.attention,
                address_1: address.address_1,
                address_2: address.address_2,
                city: address.city,
                region: address.region,
                state_province: address.state_province,
                postal_code: address.postal_code,
                country: address.country,
                address_type: address.address_type,
                extra: extra(address.extra),
            });
        }
        let owner = PhoneOwner { organization_id, location_id: Some(location_id), service_id: None };
        self.take_phones(owner, location.phones);
        self.locations.push(LocationRow {
            id: location_id,
            version: changed.version.0,
            organization_id,
            source_organization_id: changed.source_organization_id.map(|owner| id(owner.0)),
            source: changed.source,
            source_id: location.source_id,
            name: location.name,
            alternate_name: location.alternate_name,
            description: location.description,
            location_type: location.location_type,
            url: location.url,
            transportation: location.transportation,
            latitude: location.latitude,
            longitude: location.longitude,
            extra: extra(location.extra),
        });
    }

    pub(super) fn take_service(&mut self, changed: ServiceChanged) {
        let Some(service) = changed.service else { return };
        let service_id = id(changed.id.0);
        let organization_id = changed.organization_id.map(|owner| id(owner.0));
        let places: BTreeSet<_> = service.location_ids.into_iter().collect();
        let place = |place: entity::LocationId| ServiceAtLocationRow { service_id, location_id: id(place.0) };
        self.places_of_service.extend(places.into_iter().map(place));
        let owner = PhoneOwner { organization_id, location_id: None, service_id: Some(service_id) };
        self.take_phones(owner, service.phones);
        self.services.push(ServiceRow {
            id: service_id,
            version: changed.version.0,
            organization_id,
            source_organization_id: changed.source_organization_id.map(|owner| id(owner.0)),
            source: changed.source,
            source_id: service.source_id,
            name: service.name,
            alternate_name: service.alternate_name,
            description: service.description,
            url: service.url,
            email: service.email,
            status: service.status,
            extra: extra(service.extra),
        });
    }

    fn take_phones(&mut self, owner: PhoneOwner, phones: Vec<Phone>) {
        for (position, phone) in (0..).zip(phones) {
            self.phones.push(PhoneRow {
                organization_id: owner.organization_id,
                location_id: owner.location_id,
                service_id: owner.service_id,
                position,
                id: id(phone.id),
                source_id: phone.source_id,
                number: phone.number,
                extension: phone.extension,
                phone_type: phone.phone_type,
                description: phone.description,
                extra: extra(phone.extra),
            });
        }
    }
}

/// Whose telephones they are.
#[derive(Clone, Copy, Debug, Default)]
struct PhoneOwner {
    organization_id: Option<Id>,
    location_id: Option<Id>,
    service_id: Option<Id>,
}

fn extra(extra: entity::organization::Extra) -> Extra {
    (!extra.is_empty()).then_some(Json(extra.0))
}
