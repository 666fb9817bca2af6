//! The pages on made-up organizations, to look at them without the rest of the loop:
//! `cargo run -p orgloop-service --example page`, then open the address that it prints.

use chrono::TimeDelta;
use entity::cluster::ExplanationLine;
use entity::organization::Extra;
use entity::{
    Address, Cluster, ClusterId, ClusterMember, Identifier, Location, LocationId, Organization, PairEvidence,
    Phone, Record, RecordId, Service, ServiceId, StageState,
};
use events::EventLog;
use events::codec::Codec;
use events::parked::Parking;
use events::registry::sqlite::SqliteRegistry;
use events::sqlite::SqliteLog;
use events::topics::TopicNames;
use index::sqlite::SqliteIndex;
use metrics_exporter_prometheus::PrometheusBuilder;
use service::access::{Access, AccessSettings};
use service::{DecisionWorker, Merging, Ports, RegistryRoutes, Stages};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::sqlite::{OrganizationsStore, ResolutionStore};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use uuid::Uuid;

const PLACES: [(&str, &str, &str, &str, &str); 6] = [
    ("Riverside Family Clinic", "120 River Road", "Albany", "NY", "12207"),
    ("St. Mary's Food Pantry & Kitchen", "4 Chapel Street", "Troy", "NY", "12180"),
    ("Sunrise Early Learning Center", "77 Pleasant Avenue", "Saratoga Springs", "NY", "12866"),
    ("Hudson Valley Legal Aid", "15 Broadway, Suite 300", "Kingston", "NY", "12401"),
    ("Open Door Shelter", "900 State Street", "Schenectady", "NY", "12304"),
    ("Northside Youth <Soccer> Club", "31 Field Lane", "Cohoes", "NY", "12047"),
];

const SERVICES: [&str; 3] = ["Vaccination", "Dental care", "Family counselling"];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let ports = ports(dir.path(), format!("http://{address}")).await?;
    for number in 0..24 {
        seed(&ports, number).await?;
    }
    park(&ports).await?;
    #[expect(clippy::print_stdout, reason = "the example says where it listens")]
    {
        println!("http://{address}/");
    }
    let (worker, router) = (DecisionWorker::new(&ports), service::router(ports));
    let stopped = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    tokio::select! {
        () = worker.run(std::future::pending()) => {}
        served = service::serve(listener, router, stopped) => served?,
    }
    Ok(())
}

async fn ports(dir: &Path, base: String) -> Result<Ports, Box<dyn Error>> {
    let registry = Arc::new(SqliteRegistry::open(&dir.join("registry.db")).await?);
    let codec = Arc::new(Codec::new(registry, TopicNames::default()));
    codec.prepare().await?;
    let log = SqliteLog::open(&dir.join("events.db")).await?;
    log.create_topics(&TopicNames::default().specs(6)).await?;
    let access = Access::open(AccessSettings::default())?;
    let ticks = AtomicU64::new(0);
    let resolution = Arc::new(ResolutionStore::open(&dir.join("resolution.db"), ("2026-11-4", "")).await?);
    Ok(Ports {
        organizations: Arc::new(OrganizationsStore::open(&dir.join("organizations.db")).await?),
        resolution: Arc::<ResolutionStore>::clone(&resolution),
        generations: resolution,
        log: Arc::new(log),
        codec,
        index: Arc::new(SqliteIndex::open(&dir.join("index.db")).await?),
        stages: Stages::new(move || stages(ticks.fetch_add(1, Ordering::Relaxed))),
        bell: Arc::new(Notify::new()),
        decided: Arc::new(Notify::new()),
        merging: Merging::default(),
        metrics: PrometheusBuilder::new().build_recorder().handle(),
        organizations_url: base,
        organizations_token: access.own_token(),
        access,
        registry: RegistryRoutes::Mounted,
    })
}

/// Events that nothing could apply.
async fn park(ports: &Ports) -> Result<(), Box<dyn Error>> {
    let parking = Parking::new(Arc::clone(&ports.log), &ports.codec);
    let reasons = [
        (
            "indexer",
            "the value has no schema: its first byte is 0x7b, and the format wants 0x00 and a schema id",
        ),
        ("scorer", "the record is over the limit of 1 MiB"),
        ("assessments", "column \"latitude\" takes no text"),
    ];
    for (offset, (stage, reason)) in reasons.into_iter().enumerate() {
        let event = events::Event {
            topic: TopicNames::default().record,
            partition: 1,
            offset: i64::try_from(offset)?,
            time_ms: 0,
            key: Uuid::from_u128(offset as u128).to_string().into_bytes(),
            value: Some(b"{}".to_vec()),
            headers: Vec::new(),
        };
        parking.park(stage, &event, reason).await?;
    }
    Ok(())
}

/// Stages that seem to work.
fn stages(tick: u64) -> std::collections::BTreeMap<String, StageState> {
    let stage = |name: &str, waiting: u64, trouble: Option<&str>| {
        let state = StageState {
            events_in: 4_000 + tick * 7,
            events_out: 11_000 + tick * 19,
            errors: u64::from(trouble.is_some()),
            lag_events: Some(waiting),
            lag_seconds: Some(f64::from(u32::try_from(waiting).unwrap_or(0)) / 900.0),
            trouble: trouble.map(str::to_owned),
            progressed_at: Some(entity::clock::now() - TimeDelta::seconds(1)),
            here: true,
        };
        (name.to_owned(), state)
    };
    [
        stage("poller", 0, None),
        stage("indexer", (tick * 37) % 400, None),
        stage("scorer", (tick * 91) % 700, None),
        stage("resolver", 0, None),
        stage("sink-assessments", 12, Some("writing batch 41: connection refused")),
    ]
    .into_iter()
    .collect()
}

async fn seed(ports: &Ports, number: usize) -> Result<(), Box<dyn Error>> {
    let (name, street, city, state, postcode) = PLACES[number % PLACES.len()];
    let told = [
        (
            name.to_owned(),
            "city-directory",
            street.to_owned(),
            "(518) 555-0142",
            Some("https://riverside.example"),
        ),
        (
            format!("{} Inc.", name.replace('&', "and")),
            "united-way",
            street.replace("Street", "St"),
            "518-555-0142",
            None,
        ),
        (name.to_uppercase(), "state-licenses", street.replace("Road", "Rd"), "518 555 0199", None),
    ];
    let members = if number == 5 { 9 } else { 2 + number % 2 };
    let mut records = Vec::new();
    for (at, (name, source, street, phone, website)) in told.into_iter().cycle().take(members).enumerate() {
        let source_id = format!("{number}-{at}");
        let id = |table: &str| entity::id::derive(source, table, &source_id);
        let address = (street, city, state, postcode);
        let mut locations = vec![location(id("location"), id("address"), &source_id, address)];
        let shift = f64::from(u32::try_from(at).unwrap_or(0)) * 0.0013;
        locations[0].latitude = Some(42.65 + shift);
        locations[0].longitude = Some(-73.75 + shift / 2.0);
        let services = SERVICES.iter().take(2 + at % 2).map(|name| service(&source_id, name)).collect();
        records.push(Record {
            id: RecordId(id("organization")),
            source: source.into(),
            created_at: entity::clock::now() - TimeDelta::hours(i64::try_from(number * 9 + at)?),
            organization: Organization {
                name: Some(name),
                website: website.map(str::to_owned),
                phones: vec![self::phone(id("phone"), &source_id, phone)],
                identifiers: vec![identifier(id("identifier"), &source_id)],
                locations,
                services,
                ..Organization::default()
            },
            source_id,
        });
    }
    let ids: Vec<RecordId> = records.iter().map(|record| record.id).collect();
    ports.organizations.upsert(records).await?;
    ports.resolution.apply_clusters(&[cluster(&ids, number)], &[], &[]).await?;
    Ok(())
}

fn phone(id: Uuid, source_id: &str, number: &str) -> Phone {
    let (extension, phone_type, description) = (None, Some("voice".into()), None);
    let source_id = source_id.to_owned();
    Phone {
        id,
        source_id,
        number: number.into(),
        extension,
        phone_type,
        description,
        extra: Extra::default(),
    }
}

fn service(source_id: &str, name: &str) -> Service {
    let source_id = format!("{source_id}-{name}");
    Service {
        id: ServiceId(entity::id::derive("example", "service", &source_id)),
        source_id,
        name: Some(name.into()),
        alternate_name: None,
        description: None,
        url: None,
        email: None,
        status: None,
        phones: Vec::new(),
        location_ids: Vec::new(),
        extra: Extra::default(),
    }
}

fn identifier(id: Uuid, source_id: &str) -> Identifier {
    Identifier {
        id,
        source_id: source_id.to_owned(),
        scheme: Some("US-EIN".into()),
        identifier_type: None,
        identifier: "14-1234567".into(),
        extra: Extra::default(),
    }
}

fn location(id: Uuid, address: Uuid, source_id: &str, at: (String, &str, &str, &str)) -> Location {
    let (street, city, state, postcode) = at;
    Location {
        id: LocationId(id),
        source_id: source_id.to_owned(),
        name: None,
        alternate_name: None,
        description: None,
        location_type: Some("physical".into()),
        url: None,
        transportation: None,
        latitude: None,
        longitude: None,
        addresses: vec![Address {
            id: address,
            source_id: source_id.to_owned(),
            attention: None,
            address_1: Some(street),
            address_2: None,
            city: Some(city.into()),
            region: None,
            state_province: Some(state.into()),
            postal_code: Some(postcode.into()),
            country: Some("US".into()),
            address_type: None,
            extra: Extra::default(),
        }],
        phones: Vec::new(),
        extra: Extra::default(),
    }
}

fn cluster(members: &[RecordId], number: usize) -> Cluster {
    let doubt = f64::from(u32::try_from(number).unwrap_or(0)) / 4.0;
    let lines = [
        ("name", "same but for generic words", 6.4),
        ("identifier", "same", 5.1),
        ("street", "same", 2.9),
        ("phone", "different", -1.2 - doubt),
        ("distance", "same site", 0.8),
        ("legal form", "only one tells", -0.2),
        ("prior", "from 2^12 records", -8.6),
    ];
    let score: f64 = lines.iter().map(|(_, _, weight)| weight).sum();
    let probability = 1.0 / (1.0 + (-score).exp());
    let explanation: Vec<_> = lines
        .iter()
        .map(|(comparison, level, weight)| ExplanationLine {
            comparison: (*comparison).into(),
            level: (*level).into(),
            weight: *weight,
        })
        .collect();
    let mut pairs = Vec::new();
    for (at, left) in members.iter().enumerate() {
        for right in &members[at + 1..] {
            let (left, right) = (*left.min(right), *left.max(right));
            // Members far apart in the list have less in common, and those at its ends nothing.
            let apart = f64::from(u32::try_from(pairs.len() % 4).unwrap_or(0));
            if members.len() > 4 && apart > 2.0 {
                continue;
            }
            let mut explanation = explanation.clone();
            explanation[0].weight -= apart;
            let match_weight = score - apart;
            let probability = 1.0 / (1.0 + (-match_weight).exp());
            pairs.push(PairEvidence { left, right, match_weight, probability, explanation });
        }
    }
    let member = |id: &RecordId| ClusterMember { record_id: *id, organization_id: (*id).into(), probability };
    let members: Vec<_> = members.iter().map(member).collect();
    let id = ClusterId(entity::id::derive("example", "cluster", &number.to_string()));
    Cluster { id, members, probability, pairs, model_version: "2026-11-4".into() }
}
