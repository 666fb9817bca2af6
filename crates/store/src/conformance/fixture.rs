//! Records, merges and pairs for the cases, and how the cases read the log.

use super::DataProduct;
use crate::change_log::{Capture, ChangeRow};
use crate::merging::{By, RequestKey};
use crate::organizations::MergeRequest;
use crate::resolution::{PartnerVerdict, RecordScores};
use chrono::{DateTime, TimeZone, Utc};
use entity::organization::Extra;
use entity::{
    Address, CandidatePair, Family, Identifier, Location, MergeId, Organization, OrganizationId, Phone,
    Record, RecordId, ScoredPair, Service, Version,
};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Some moment, so many microseconds after a fixed one.
pub(super) fn at(micros: i64) -> DateTime<Utc> {
    Utc.timestamp_micros(1_767_225_600_000_000 + micros).single().expect("a moment of this century")
}

/// The id that a source's record gets.
pub(super) fn record_id(source: &str, source_id: &str) -> RecordId {
    entity::id::derive(source, "organization", source_id).into()
}

/// A record with a name and nothing else.
pub(super) fn record(source: &str, source_id: &str) -> Record {
    let organization = Organization { name: Some(format!("Name of {source_id}")), ..Organization::default() };
    Record {
        id: record_id(source, source_id),
        source: source.to_owned(),
        source_id: source_id.to_owned(),
        created_at: at(1),
        organization,
    }
}

/// A record with every field set and every list longer than one, in an order that sorting would change.
pub(super) fn full_record(source: &str, source_id: &str) -> Record {
    let own = |what: &str| format!("{source_id}-{what}");
    let mut record = record(source, source_id);
    record.created_at = at(123_456);
    let locations: Vec<_> = ["z", "a"].iter().map(|place| location(source, &own(place))).collect();
    let places: Vec<_> = locations.iter().map(|location| location.id).rev().collect();
    record.organization = Organization {
        name: Some("Ärztehaus „Süd“ \u{1F3E5} 'quoted' \"twice\" \\ back".to_owned()),
        alternate_names: ["Zentrum", "Ärztehaus", "Mitte", "Zentrum"].map(str::to_owned).to_vec(),
        description: Some("two\nlines\tand a tab".to_owned()),
        email: Some("info@example.org".to_owned()),
        website: Some("https://example.org/?a=b&c=%20".to_owned()),
        tax_status: Some("501(c)(3)".to_owned()),
        tax_id: Some("12-3456789".to_owned()),
        year_incorporated: Some(1904),
        legal_status: Some("Verein".to_owned()),
        uri: Some("urn:org:1".to_owned()),
        parent_organization_id: Some(entity::id::derive(source, "organization", "parent")),
        identifiers: ["z", "a"].iter().map(|what| identifier(source, &own(what))).collect(),
        phones: ["org-z", "org-a"].iter().map(|what| phone(source, &own(what))).collect(),
        locations,
        services: ["z", "a"]
            .iter()
            .map(|what| Service { location_ids: places.clone(), ..service(source, &own(what)) })
            .collect(),
        extra: extra("organization"),
    };
    record
}

fn extra(of: &str) -> Extra {
    let extra =
        json!({ "of": of, "deep": { "list": [1, 2.5, null, "ü"] }, "float": 0.1 + 0.2, "text": "\"" });
    Extra(extra.as_object().expect("an object").clone())
}

/// An identifier with every field set.
pub(super) fn identifier(source: &str, source_id: &str) -> Identifier {
    Identifier {
        id: entity::id::derive(source, "organization_identifier", source_id),
        source_id: source_id.to_owned(),
        scheme: Some("US-EIN".to_owned()),
        identifier_type: Some("tax".to_owned()),
        identifier: format!("12-{source_id}"),
        extra: extra("identifier"),
    }
}

/// A telephone with every field set.
pub(super) fn phone(source: &str, source_id: &str) -> Phone {
    Phone {
        id: entity::id::derive(source, "phone", source_id),
        source_id: source_id.to_owned(),
        number: "+49 30 1234567".to_owned(),
        extension: Some("89".to_owned()),
        phone_type: Some("voice".to_owned()),
        description: Some(format!("line of {source_id}")),
        extra: extra("phone"),
    }
}

/// A location with every field set, two addresses and two telephones.
pub(super) fn location(source: &str, source_id: &str) -> Location {
    let own = |what: &str| format!("{source_id}-{what}");
    Location {
        id: entity::id::derive(source, "location", source_id).into(),
        source_id: source_id.to_owned(),
        name: Some("Haus 1".to_owned()),
        alternate_name: Some("Altbau".to_owned()),
        description: Some("behind the station".to_owned()),
        location_type: Some("physical".to_owned()),
        url: Some("https://example.org/1".to_owned()),
        transportation: Some("bus 100".to_owned()),
        latitude: Some(52.520_006_599_999_99),
        longitude: Some(-0.1),
        addresses: ["z", "a"].iter().map(|what| address(source, &own(what))).collect(),
        phones: ["location-z", "location-a"].iter().map(|what| phone(source, &own(what))).collect(),
        extra: extra("location"),
    }
}

fn address(source: &str, source_id: &str) -> Address {
    Address {
        id: entity::id::derive(source, "address", source_id),
        source_id: source_id.to_owned(),
        attention: Some("Front desk".to_owned()),
        address_1: Some("Straße 1".to_owned()),
        address_2: Some("Hof".to_owned()),
        city: Some("Berlin".to_owned()),
        region: Some("Mitte".to_owned()),
        state_province: Some("BE".to_owned()),
        postal_code: Some("01099".to_owned()),
        country: Some("DE".to_owned()),
        address_type: Some("physical".to_owned()),
        extra: extra("address"),
    }
}

/// A service with every field set and two telephones; offered nowhere yet.
pub(super) fn service(source: &str, source_id: &str) -> Service {
    let own = |what: &str| format!("{source_id}-{what}");
    Service {
        id: entity::id::derive(source, "service", source_id).into(),
        source_id: source_id.to_owned(),
        name: Some("Food bank".to_owned()),
        alternate_name: Some("Tafel".to_owned()),
        description: Some("food".to_owned()),
        url: Some("https://example.org/food".to_owned()),
        email: Some("food@example.org".to_owned()),
        status: Some("active".to_owned()),
        phones: ["service-z", "service-a"].iter().map(|what| phone(source, &own(what))).collect(),
        location_ids: Vec::new(),
        extra: extra("service"),
    }
}

/// Imports records.
pub(super) async fn import(organizations: &dyn DataProduct, records: &[&Record]) {
    let records = records.iter().map(|record| (*record).clone()).collect();
    organizations.upsert(records).await.expect("the records are imported");
}

/// The family of some ids.
pub(super) async fn family(organizations: &dyn DataProduct, ids: &[RecordId]) -> Family {
    organizations.family(ids).await.expect("the family is read")
}

/// One record as it stands.
pub(super) async fn read(organizations: &dyn DataProduct, id: RecordId) -> Option<Record> {
    family(organizations, &[id]).await.records.into_iter().find(|record| record.id == id)
}

/// The revision of one record.
pub(super) async fn revision(organizations: &dyn DataProduct, id: RecordId) -> i64 {
    family(organizations, &[id]).await.revisions[&id]
}

/// Reads the log to its end in pages, moving the position along.
pub(super) async fn captures(
    log: &dyn DataProduct,
    position: &mut Option<String>,
    rows_max: usize,
) -> Vec<Capture> {
    let mut captures = Vec::new();
    loop {
        let capture = log.capture(position.as_deref(), rows_max).await.expect("the log is read");
        *position = Some(capture.next.clone());
        let more = capture.more;
        captures.push(capture);
        if !more {
            return captures;
        }
    }
}

/// The rows of the log since a position.
pub(super) async fn rows(log: &dyn DataProduct, position: &mut Option<String>) -> Vec<ChangeRow> {
    captures(log, position, 1000).await.into_iter().flat_map(|capture| capture.rows).collect()
}

/// The position after everything that is there.
pub(super) async fn end(log: &dyn DataProduct) -> Option<String> {
    let mut position = None;
    captures(log, &mut position, 10_000).await;
    position
}

/// The keys that log rows name.
pub(super) fn keys(rows: &[ChangeRow]) -> BTreeSet<(String, Uuid)> {
    rows.iter().map(|row| (row.table.clone(), row.row_id)).collect()
}

/// The records that log rows name as owners.
pub(super) fn owners(rows: &[ChangeRow]) -> BTreeSet<RecordId> {
    rows.iter().flat_map(|row| [row.owner_before, row.owner_after]).flatten().collect()
}

/// Somebody, at some moment.
pub(super) fn by(actor: &str) -> By {
    By { actor: actor.to_owned(), at: at(8) }
}

/// A caller's key.
pub(super) fn key(key: &str, fingerprint: &str) -> RequestKey {
    RequestKey { key: key.to_owned(), fingerprint: fingerprint.to_owned() }
}

/// A request to merge, decided on what stands now.
pub(super) async fn merge_request(
    organizations: &dyn DataProduct,
    survivor: RecordId,
    absorbed: &[RecordId],
) -> MergeRequest {
    let all: Vec<_> = absorbed.iter().copied().chain([survivor]).collect();
    let id = Uuid::now_v7();
    MergeRequest {
        id: MergeId(id),
        survivor: survivor.into(),
        absorbed: absorbed.iter().map(|id| OrganizationId(id.0)).collect(),
        choices: Vec::new(),
        expected: family(organizations, &all).await.revisions,
        merged_by: "ann".to_owned(),
        merged_at: at(7),
        reason: Some("the same".to_owned()),
        batch: None,
        key: key(&format!("key of {id}"), &format!("{survivor}<{absorbed:?}")),
    }
}

/// The n-th record of the resolution store; ids grow with n.
pub(super) fn nth(n: u128) -> RecordId {
    RecordId(Uuid::from_u128(n))
}

/// A pair of the n-th and the m-th record at these versions.
pub(super) fn pair(
    (left, left_version): (u128, i64),
    (right, right_version): (u128, i64),
    weight: f64,
) -> ScoredPair {
    assert!(left < right, "the lower id comes first");
    ScoredPair {
        pair: CandidatePair::new(nth(left), nth(right)).expect("two records"),
        match_weight: weight,
        levels: vec![1, 2, 255],
        left_version: Version(left_version),
        right_version: Version(right_version),
    }
}

/// Scores of the n-th record at a version, with the pairs that it was found in.
pub(super) fn scores(n: u128, version: i64, pairs: &[ScoredPair]) -> RecordScores {
    let verdict = |scored: &ScoredPair| {
        let partner = scored.pair.other(nth(n));
        let version = if scored.pair.left() == partner { scored.left_version } else { scored.right_version };
        PartnerVerdict { partner, version, pair: Some(scored.clone()) }
    };
    RecordScores {
        id: nth(n),
        version: Version(version),
        created_at: Some(at(i64::try_from(n).expect("a small number"))),
        keys: vec![format!("name:{n}")],
        verdicts: pairs.iter().map(verdict).collect(),
    }
}

/// The deletion of the n-th record at a version.
pub(super) fn deletion(n: u128, version: i64) -> RecordScores {
    RecordScores { id: nth(n), version: Version(version), created_at: None, keys: vec![], verdicts: vec![] }
}
