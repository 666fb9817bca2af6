//! What projecting a family costs: alone, in pairs, in fives, and with a person's facts on it.
//!
//! `cargo run --release -p orgloop-golden --example projection_cost [rounds]`

use entity::{
    Address, Family, Identifier, Link, Location, LocationId, MergeId, Organization, Phone, Record, RecordId,
    Service, ServiceId, StewardFact,
};
use std::hint::black_box;
use std::time::Instant;
use uuid::Uuid;

/// Families projected together, as a page of the change log brings them.
const FAMILIES: u128 = 500;

#[expect(clippy::print_stdout, reason = "figures are what an example is for")]
fn main() {
    let rounds: u32 = std::env::args().nth(1).and_then(|rounds| rounds.parse().ok()).unwrap_or(40);
    for (what, members, facts) in [
        ("one record", 1, false),
        ("one record with a fact", 1, true),
        ("two records", 2, false),
        ("five records", 5, false),
    ] {
        let family = page(members, facts);
        let mut best = u128::MAX;
        for _ in 0..rounds {
            let begun = Instant::now();
            black_box(golden::project(black_box(&family)));
            best = best.min(begun.elapsed().as_nanos());
        }
        println!("{what:24} {:8} ns a family", best / FAMILIES);
    }
}

fn page(members: u128, with_facts: bool) -> Family {
    let mut family = Family::default();
    for number in 0..FAMILIES {
        let id = |member: u128| RecordId(Uuid::from_u128(number * 16 + member + 1));
        for member in 0..members {
            family.records.push(record(id(member), &format!("{number}-{member}")));
            if member > 0 {
                let merge_id = MergeId(Uuid::from_u128(number * 16 + member));
                family.links.push(Link { absorbed: id(member), survivor: id(0), merge_id });
            }
        }
        if with_facts {
            family.facts.push(StewardFact {
                table: "organization".into(),
                row_id: id(0).0,
                record_id: id(0),
                field: "description".into(),
                value: "Open on Saturdays, too".into(),
                stated_by: "ana".into(),
                stated_at: chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap_or_default(),
            });
        }
    }
    family
}

fn record(id: RecordId, told_as: &str) -> Record {
    let own = |what: &str| Uuid::new_v5(&id.0, what.as_bytes());
    let phone = |what: &str, number: &str| Phone {
        id: own(what),
        source_id: format!("{told_as}-{what}"),
        number: number.to_owned(),
        extension: None,
        phone_type: Some("voice".to_owned()),
        description: None,
        extra: Default::default(),
    };
    let address = Address {
        id: own("address"),
        source_id: format!("{told_as}-address"),
        attention: None,
        address_1: Some("123 Main Street".to_owned()),
        address_2: None,
        city: Some("Ithaca".to_owned()),
        region: None,
        state_province: Some("NY".to_owned()),
        postal_code: Some("14850".to_owned()),
        country: Some("US".to_owned()),
        address_type: Some("physical".to_owned()),
        extra: Default::default(),
    };
    let location = Location {
        id: LocationId(own("location")),
        source_id: format!("{told_as}-location"),
        name: Some("Main office".to_owned()),
        alternate_name: None,
        description: Some("Behind the library".to_owned()),
        location_type: Some("physical".to_owned()),
        url: None,
        transportation: None,
        latitude: Some(42.44),
        longitude: Some(-76.5),
        addresses: vec![address],
        phones: vec![phone("line", "+1 607 555 0100")],
        extra: Default::default(),
    };
    let service = Service {
        id: ServiceId(own("service")),
        source_id: format!("{told_as}-service"),
        name: Some("Food pantry".to_owned()),
        alternate_name: None,
        description: Some("Groceries for families, twice a month".to_owned()),
        url: None,
        email: None,
        status: Some("active".to_owned()),
        phones: Vec::new(),
        location_ids: vec![location.id],
        extra: Default::default(),
    };
    Record {
        id,
        source: "county".to_owned(),
        source_id: told_as.to_owned(),
        created_at: chrono::DateTime::from_timestamp(1_600_000_000, 0).unwrap_or_default(),
        organization: Organization {
            name: Some(format!("Community Kitchen {told_as}")),
            alternate_names: vec!["The Kitchen".to_owned()],
            description: Some("Meals, groceries and company for whoever comes by".to_owned()),
            email: Some("hello@kitchen.example".to_owned()),
            website: Some("https://kitchen.example".to_owned()),
            tax_id: Some("12-3456789".to_owned()),
            year_incorporated: Some(1987),
            identifiers: vec![Identifier {
                id: own("identifier"),
                source_id: format!("{told_as}-identifier"),
                scheme: Some("US-EIN".to_owned()),
                identifier_type: None,
                identifier: "12-3456789".to_owned(),
                extra: Default::default(),
            }],
            phones: vec![phone("office", "(607) 555-0101")],
            locations: vec![location],
            services: vec![service],
            ..Organization::default()
        },
    }
}
