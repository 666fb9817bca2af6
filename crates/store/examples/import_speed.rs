//! How fast records go into the embedded store and come out of its change log, with the same rows copied raw beside.
//!
//! `cargo run --release -p orgloop-store --example import_speed [records] [folder]`

use entity::{Address, Identifier, Location, Organization, Phone, Record, Service};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};
use std::path::Path;
use std::time::Instant;
use store::sqlite::OrganizationsStore;
use store::{ChangeLog, Organizations};

const BATCH: usize = 500;
const SOURCE: &str = "generated";

#[tokio::main]
#[expect(clippy::print_stdout, reason = "figures are what an example is for")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count: usize = std::env::args().nth(1).map_or(Ok(20_000), |count| count.parse())?;
    let folder = std::env::args().nth(2).map_or_else(std::env::temp_dir, Into::into);
    let folder = tempfile::tempdir_in(folder)?;
    let path = folder.path().join("organizations.db");
    let store = OrganizationsStore::open(&path).await?;
    let say = |what: &str, begun: Instant| {
        let seconds = begun.elapsed().as_secs_f64();
        println!("{what:32} {seconds:7.2} s {:9.0} records/s", count as f64 / seconds);
    };

    let records: Vec<Record> = (0..count).map(record).collect();
    for what in ["upsert, new", "upsert, equal"] {
        if what == "upsert, equal" && std::env::args().nth(3).is_some_and(|a| a == "c") {
            break;
        }
        let told = records.clone();
        let begun = Instant::now();
        import(&store, told).await?;
        say(what, begun);
    }
    let begun = Instant::now();
    let rows = capture(&store).await?;
    say("capture", begun);
    println!("{:32} {:9.1}", "log rows a record", rows as f64 / count as f64);
    let told = records.into_iter().map(changed).collect();
    let begun = Instant::now();
    import(&store, told).await?;
    say("upsert, a field of each changed", begun);

    let begun = Instant::now();
    copy_raw(&path, &folder.path().join("raw.db")).await?;
    say("raw copy, no triggers", begun);
    Ok(())
}

async fn import(store: &OrganizationsStore, mut records: Vec<Record>) -> store::Result<()> {
    while !records.is_empty() {
        let rest = records.split_off(BATCH.min(records.len()));
        store.upsert(std::mem::replace(&mut records, rest)).await?;
    }
    Ok(())
}

async fn capture(store: &OrganizationsStore) -> store::Result<usize> {
    let (mut position, mut rows) = (None, 0);
    loop {
        let capture = store.capture(position.as_deref(), 1000).await?;
        rows += capture.rows.len();
        position = Some(capture.next);
        if !capture.more {
            return Ok(rows);
        }
    }
}

/// Copies the rows into a database with the same tables and indexes, a transaction for each batch.
async fn copy_raw(from: &Path, to: &Path) -> Result<(), sqlx::Error> {
    drop(OrganizationsStore::open(to).await);
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(to)
        .pragma("cache_size", "-65536")
        .synchronous(sqlx::sqlite::SqliteSynchronous::Full);
    let mut connection = options.connect().await?;
    let run = async |connection: &mut SqliteConnection, statement: String| {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await.map(drop)
    };
    let triggers: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        .fetch_all(&mut connection)
        .await?;
    for trigger in triggers {
        run(&mut connection, format!("DROP TRIGGER {trigger}")).await?;
    }
    run(&mut connection, format!("ATTACH '{}' AS source", from.display())).await?;
    let ids: Vec<Vec<u8>> = sqlx::query_scalar("SELECT id FROM source.organization ORDER BY rowid")
        .fetch_all(&mut connection)
        .await?;
    for batch in ids.chunks(BATCH) {
        let list = batch.iter().map(|id| format!("x'{}'", hex(id))).collect::<Vec<_>>().join(",");
        let mut transaction = connection.begin().await?;
        for (table, owner) in [
            ("organization", "id"),
            ("location", "organization_id"),
            ("service", "organization_id"),
            ("organization_identifier", "organization_id"),
            ("phone", "organization_id"),
            ("address", "organization_id"),
        ] {
            let copy = format!("INSERT INTO {table} SELECT * FROM source.{table} WHERE {owner} IN ({list})");
            run(&mut transaction, copy).await?;
        }
        transaction.commit().await?;
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn record(n: usize) -> Record {
    let source_id = n.to_string();
    let locations: Vec<_> = (0..2).map(|place| location(n, place)).collect();
    let organization = Organization {
        name: Some(format!("Community centre number {n}")),
        description: Some("Meals, advice and a place to meet for everybody in the neighbourhood.".to_owned()),
        email: Some(format!("info@centre-{n}.example.org")),
        website: Some(format!("https://centre-{n}.example.org")),
        identifiers: vec![identifier(n)],
        phones: vec![phone(n, "main")],
        services: (0..2).map(|offer| service(n, offer)).collect(),
        locations,
        ..Organization::default()
    };
    Record {
        id: entity::id::derive(SOURCE, "organization", &source_id).into(),
        source: SOURCE.to_owned(),
        source_id,
        created_at: entity::clock::now(),
        organization,
    }
}

fn changed(mut record: Record) -> Record {
    let organization = &mut record.organization;
    organization.description = None;
    organization.locations.iter_mut().for_each(|location| {
        location.name = None;
        location.addresses.iter_mut().for_each(|address| address.city = None);
        location.phones.iter_mut().for_each(|phone| phone.phone_type = None);
    });
    organization.services.iter_mut().for_each(|service| service.status = None);
    organization.phones.iter_mut().for_each(|phone| phone.phone_type = None);
    record
}

fn identifier(n: usize) -> Identifier {
    let source_id = format!("{n}-ein");
    Identifier {
        id: entity::id::derive(SOURCE, "organization_identifier", &source_id),
        source_id,
        scheme: Some("US-EIN".to_owned()),
        identifier_type: None,
        identifier: format!("{n:09}"),
        extra: entity::organization::Extra::default(),
    }
}

fn phone(n: usize, of: &str) -> Phone {
    let source_id = format!("{n}-{of}");
    Phone {
        id: entity::id::derive(SOURCE, "phone", &source_id),
        source_id,
        number: format!("(555) {:03}-{:04}", n / 10_000, n % 10_000),
        extension: None,
        phone_type: Some("voice".to_owned()),
        description: None,
        extra: entity::organization::Extra::default(),
    }
}

fn location(n: usize, place: usize) -> Location {
    let source_id = format!("{n}-{place}");
    Location {
        id: entity::id::derive(SOURCE, "location", &source_id).into(),
        name: Some(format!("House {place} of centre {n}")),
        alternate_name: None,
        description: None,
        location_type: Some("physical".to_owned()),
        url: None,
        transportation: None,
        latitude: Some(40.0 + n as f64 / 1e5),
        longitude: Some(-70.0 - n as f64 / 1e5),
        addresses: vec![address(n, &source_id)],
        phones: if place == 0 { vec![phone(n, "place")] } else { Vec::new() },
        extra: entity::organization::Extra::default(),
        source_id,
    }
}

fn address(n: usize, source_id: &str) -> Address {
    Address {
        id: entity::id::derive(SOURCE, "address", source_id),
        source_id: source_id.to_owned(),
        attention: None,
        address_1: Some(format!("{n} Main Street")),
        address_2: None,
        city: Some("Springfield".to_owned()),
        region: None,
        state_province: Some("IL".to_owned()),
        postal_code: Some(format!("{:05}", n % 100_000)),
        country: Some("US".to_owned()),
        address_type: Some("physical".to_owned()),
        extra: entity::organization::Extra::default(),
    }
}

fn service(n: usize, offer: usize) -> Service {
    let source_id = format!("{n}-{offer}");
    Service {
        id: entity::id::derive(SOURCE, "service", &source_id).into(),
        name: Some(format!("Service {offer} of centre {n}")),
        alternate_name: None,
        description: Some("Help with forms, every weekday morning.".to_owned()),
        url: None,
        email: None,
        status: Some("active".to_owned()),
        phones: if offer == 0 { vec![phone(n, "offer")] } else { Vec::new() },
        location_ids: Vec::new(),
        extra: entity::organization::Extra::default(),
        source_id,
    }
}
