//! The projection: from a family of records to its golden records and redirects.

use crate::steward::apply_fact;
use entity::record::FieldOrigin;
use entity::{Family, GoldenRecord, Organization, OrganizationId, Record, RecordId, StewardFact};
use std::collections::{BTreeMap, BTreeSet};

/// What a family looks like to consumers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Projection {
    /// Golden records that live, by id.
    pub golden: BTreeMap<OrganizationId, GoldenRecord>,
    /// Absorbed ids and the survivor each leads to; chains are flattened. Only to golden records that live.
    pub redirects: BTreeMap<OrganizationId, OrganizationId>,
}

/// Projects a family. Pure: the same rows in any order give the same bytes.
#[must_use]
pub fn project(family: &Family) -> Projection {
    let roots = family.roots();
    let mut members: BTreeMap<OrganizationId, Vec<&Record>> = BTreeMap::new();
    for record in &family.records {
        members.entry(roots[&record.id]).or_default().push(record);
    }
    let golden: BTreeMap<_, _> =
        members.into_iter().map(|(id, records)| (id, golden_record(id, records, &family.facts))).collect();
    let redirects = roots
        .into_iter()
        .map(|(id, root)| (OrganizationId::from(id), root))
        .filter(|(id, root)| id != root && golden.contains_key(root))
        .collect();
    Projection { golden, redirects }
}

fn golden_record(id: OrganizationId, mut records: Vec<&Record>, facts: &[StewardFact]) -> GoldenRecord {
    // The survivor first, then the others as they arrived: the order in which they may fill a field.
    records.sort_by_key(|record| (record.id.0 != id.0, record.created_at, record.id));
    let ids: BTreeSet<RecordId> = records.iter().map(|record| record.id).collect();
    let (mut organization, mut origins) = survive(&records);
    union_children(&mut organization, &records);
    state_facts(&mut organization, &mut origins, &ids, facts);
    GoldenRecord {
        id,
        members: ids.into_iter().collect(),
        created_at: records
            .iter()
            .map(|record| record.created_at)
            .min()
            .expect("a golden record has members"),
        organization,
        origins: origins
            .into_iter()
            .map(|(field, (record_id, origin))| FieldOrigin { field: field.to_owned(), record_id, origin })
            .collect(),
    }
}

type Origins = BTreeMap<String, (RecordId, String)>;

/// Scalar fields: the first record that has the field gives it.
fn survive(records: &[&Record]) -> (Organization, Origins) {
    let mut golden = Organization::default();
    let mut origins = Origins::new();
    macro_rules! survive {
        ($($field:ident),*) => {$(
            if let Some(record) = records.iter().find(|record| record.organization.$field.is_some()) {
                golden.$field.clone_from(&record.organization.$field);
                origins.insert(stringify!($field).to_owned(), (record.id, record.source.clone()));
            }
        )*};
    }
    survive!(
        name,
        description,
        email,
        website,
        tax_status,
        tax_id,
        year_incorporated,
        legal_status,
        uri,
        parent_organization_id
    );
    for record in records.iter().rev() {
        golden.extra.0.extend(record.organization.extra.0.clone());
    }
    (golden, origins)
}

/// Lists: the union. Children keep their ids; a name that lost becomes an alternate name.
fn union_children(golden: &mut Organization, records: &[&Record]) {
    let mut names: BTreeSet<String> = golden.name.iter().map(|name| name.to_lowercase()).collect();
    for record in records {
        let organization = &record.organization;
        for name in organization.name.iter().chain(&organization.alternate_names) {
            if names.insert(name.to_lowercase()) {
                golden.alternate_names.push(name.clone());
            }
        }
        for identifier in &organization.identifiers {
            let known = |other: &entity::Identifier| {
                other.scheme == identifier.scheme && other.identifier == identifier.identifier
            };
            if !golden.identifiers.iter().any(known) {
                golden.identifiers.push(identifier.clone());
            }
        }
        golden.phones.extend(organization.phones.iter().cloned());
        golden.locations.extend(organization.locations.iter().cloned());
        golden.services.extend(organization.services.iter().cloned());
    }
}

fn state_facts(
    golden: &mut Organization,
    origins: &mut Origins,
    ids: &BTreeSet<RecordId>,
    facts: &[StewardFact],
) {
    let mut facts: Vec<_> = facts.iter().filter(|fact| ids.contains(&fact.record_id)).collect();
    facts.sort_by(|a, b| {
        (a.stated_at, a.record_id, &a.field, a.value.to_string()).cmp(&(
            b.stated_at,
            b.record_id,
            &b.field,
            b.value.to_string(),
        ))
    });
    for fact in facts {
        // A fact was checked when it was stated; one that no longer fits its field is passed over, not guessed at.
        let applied = match fact.table.as_str() {
            "organization" => apply_fact(golden, &fact.field, &fact.value),
            "location" => match golden.locations.iter_mut().find(|row| row.id.0 == fact.row_id) {
                Some(row) => apply_fact(row, &fact.field, &fact.value),
                None => continue,
            },
            "service" => match golden.services.iter_mut().find(|row| row.id.0 == fact.row_id) {
                Some(row) => apply_fact(row, &fact.field, &fact.value),
                None => continue,
            },
            _ => continue,
        };
        if applied.is_ok() && fact.table == "organization" {
            origins.insert(fact.field.clone(), (fact.record_id, "steward".to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::{Link, MergeId};
    use proptest::prelude::*;
    use uuid::Uuid;

    fn record(n: u128, name: Option<&str>) -> Record {
        Record {
            id: RecordId(Uuid::from_u128(n)),
            source: "s".into(),
            source_id: n.to_string(),
            created_at: chrono::DateTime::from_timestamp(i64::try_from(n).unwrap(), 0).unwrap(),
            organization: Organization { name: name.map(str::to_owned), ..Organization::default() },
        }
    }

    fn link(absorbed: u128, survivor: u128) -> Link {
        let id = |n| RecordId(Uuid::from_u128(n));
        Link { absorbed: id(absorbed), survivor: id(survivor), merge_id: MergeId(Uuid::from_u128(absorbed)) }
    }

    #[test]
    fn the_survivor_gives_the_name_and_others_fill_what_it_lacks() {
        let mut other = record(1, Some("Other"));
        other.organization.email = Some("a@b.example".into());
        let family = Family {
            records: vec![other, record(2, Some("Survivor"))],
            links: vec![link(1, 2)],
            ..Family::default()
        };
        let projection = project(&family);
        let golden = &projection.golden[&OrganizationId(Uuid::from_u128(2))];
        assert_eq!(golden.organization.name.as_deref(), Some("Survivor"));
        assert_eq!(golden.organization.email.as_deref(), Some("a@b.example"));
        assert_eq!(golden.organization.alternate_names, ["Other"]);
        assert_eq!(projection.redirects.len(), 1);
    }

    #[test]
    fn a_golden_id_outlives_its_own_record_and_ends_with_its_last_member() {
        let links = vec![link(1, 2)];
        let family =
            Family { records: vec![record(1, Some("Left"))], links: links.clone(), ..Family::default() };
        let projection = project(&family);
        assert_eq!(projection.golden.keys().map(|id| id.0.as_u128()).collect::<Vec<_>>(), [2]);
        let empty = project(&Family { links, ..Family::default() });
        assert_eq!(empty, Projection::default());
    }

    #[test]
    fn a_steward_fact_stands_above_the_sources() {
        let fact = StewardFact {
            table: "organization".into(),
            row_id: Uuid::from_u128(1),
            record_id: RecordId(Uuid::from_u128(1)),
            field: "name".into(),
            value: "Stated".into(),
            stated_by: "ana".into(),
            stated_at: chrono::DateTime::from_timestamp(9, 0).unwrap(),
        };
        let family =
            Family { records: vec![record(1, Some("Source"))], facts: vec![fact], ..Family::default() };
        let projection = project(&family);
        let golden = projection.golden.values().next().unwrap();
        assert_eq!(golden.organization.name.as_deref(), Some("Stated"));
        assert_eq!(golden.origins[0].origin, "steward");
    }

    proptest! {
        #[test]
        fn the_order_of_rows_does_not_matter(seed in 0usize..720) {
            let links = vec![link(1, 2), link(2, 4), link(3, 4), link(6, 5)];
            let records: Vec<_> = (1..=6).map(|n| record(n, (n % 2 == 0).then_some("n"))).collect();
            let straight = project(&Family { records: records.clone(), links: links.clone(), ..Family::default() });
            let mut shuffled = records;
            let mut rest = seed;
            for n in (1..6).rev() { shuffled.swap(n, rest % (n + 1)); rest /= n + 1; }
            let mut turned = links;
            turned.rotate_left(seed % 4);
            prop_assert_eq!(straight, project(&Family { records: shuffled, links: turned, ..Family::default() }));
        }
    }
}
