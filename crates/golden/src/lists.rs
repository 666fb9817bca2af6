//! Lists of an organization: the union of what its records tell. Children keep their ids.

use entity::{Identifier, Organization, Record};
use std::collections::HashSet;

/// The union of several records' lists; a name that lost becomes an alternate name.
pub(crate) fn unite(golden: &mut Organization, records: &[&Record]) {
    let mut names: HashSet<String> = golden.name.iter().map(|name| name.to_lowercase()).collect();
    for record in records {
        let organization = &record.organization;
        for name in organization.name.iter().chain(&organization.alternate_names) {
            if names.insert(name.to_lowercase()) {
                golden.alternate_names.push(name.clone());
            }
        }
        for identifier in &organization.identifiers {
            if !golden.identifiers.iter().any(|other| same_identifier(other, identifier)) {
                golden.identifiers.push(identifier.clone());
            }
        }
        golden.phones.extend(organization.phones.iter().cloned());
        golden.locations.extend(organization.locations.iter().cloned());
        golden.services.extend(organization.services.iter().cloned());
    }
}

/// What the union of one record's lists is: each name and each identifier once.
pub(crate) fn tidy(organization: &mut Organization) {
    if !organization.alternate_names.is_empty() {
        let mut names: HashSet<String> = organization.name.iter().map(|name| name.to_lowercase()).collect();
        organization.alternate_names.retain(|name| names.insert(name.to_lowercase()));
    }
    if organization.identifiers.len() > 1 {
        let mut kept: Vec<Identifier> = Vec::with_capacity(organization.identifiers.len());
        for identifier in organization.identifiers.drain(..) {
            if !kept.iter().any(|other| same_identifier(other, &identifier)) {
                kept.push(identifier);
            }
        }
        organization.identifiers = kept;
    }
}

fn same_identifier(one: &Identifier, other: &Identifier) -> bool {
    one.scheme == other.scheme && one.identifier == other.identifier
}
