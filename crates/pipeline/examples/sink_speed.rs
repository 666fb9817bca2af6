//! How many events a second a SQL copy takes in: `cargo run --release -p orgloop-pipeline --features postgres
//! --example sink_speed -- [ORGANIZATIONS] [postgres://…]`.

use entity::event::{LocationChanged, Op, OrganizationChanged, ServiceChanged};
use entity::{OrganizationId, Record, Version};
use events::EventLog;
use events::NewEvent;
use events::codec::Codec;
use events::registry::sqlite::SqliteRegistry;
use events::sqlite::SqliteLog;
use events::topics::{Product, TopicNames};
use pipeline::parked::Parking;
use pipeline::publisher::Envelope;
use pipeline::runner::RunnerSettings;
use pipeline::{Board, Publisher, Runner, Stage, Stopper, sink};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

struct Bench {
    log: Arc<dyn EventLog>,
    codec: Arc<Codec>,
    events: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let organizations = arguments.next().map_or(Ok(20_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let bench = Bench::fill(folder.path(), organizations).await?;
    let file = folder.path().join("copy.db");
    let codec = || Arc::clone(&bench.codec);
    bench.measure("SQLite, first load", sink::sqlite::SqlCopy::open(&file, codec()).await?).await?;
    execute(&file, "DELETE FROM sink_position").await?;
    bench
        .measure("SQLite, replay of what is there", sink::sqlite::SqlCopy::open(&file, codec()).await?)
        .await?;
    execute(&file, "DELETE FROM sink_position; UPDATE sink_version SET version = 0").await?;
    bench.measure("SQLite, every row updated", sink::sqlite::SqlCopy::open(&file, codec()).await?).await?;
    #[cfg(feature = "postgres")]
    if let Some(url) = arguments.next() {
        // A schema that is new each time; it is left for a look.
        let schema = format!("sink_speed_{}", std::process::id());
        let url = format!("{url}?schema={schema}");
        bench
            .measure("PostgreSQL, first load", sink::postgres::SqlCopy::connect(&url, codec()).await?)
            .await?;
    }
    Ok(())
}

impl Bench {
    /// Topics full of sample organizations, each with its places and services.
    async fn fill(folder: &Path, organizations: usize) -> Result<Self> {
        let log: Arc<dyn EventLog> = Arc::new(SqliteLog::open(&folder.join("events.db")).await?);
        let registry = Arc::new(SqliteRegistry::open(&folder.join("registry.db")).await?);
        let codec = Arc::new(Codec::new(registry, TopicNames::default()));
        log.create_topics(&TopicNames::default().specs(6)).await?;
        codec.prepare().await?;
        let publisher = Publisher::new(Arc::clone(&log), Arc::clone(&codec), "/sample").await?;
        let mut events = 0;
        let mut batch = Vec::new();
        for generated in sample::generate(organizations, 1, entity::clock::now()) {
            take(&publisher, &mut batch, generated.record)?;
            if batch.len() > 1000 {
                events += batch.len();
                publisher.append(std::mem::take(&mut batch)).await?;
            }
        }
        events += batch.len();
        publisher.append(batch).await?;
        Ok(Self { log, codec, events })
    }

    async fn measure(&self, what: &str, copy: impl Stage + 'static) -> Result<()> {
        let (stopper, stop) = Stopper::new();
        let topics: Vec<_> =
            sink::PRODUCTS.iter().map(|product| self.codec.names().name(*product).to_owned()).collect();
        let board = Board::default();
        let runner = Runner {
            settings: RunnerSettings {
                stage: what.to_owned(),
                group: what.replace([' ', ','], "-"),
                topics,
                batch_size_max: 1000,
                behind: None,
            },
            log: Arc::clone(&self.log),
            parking: Parking::new(Arc::clone(&self.log), &self.codec),
            board: board.clone(),
            stop,
        };
        let begun = Instant::now();
        let running = tokio::spawn(runner.run(copy));
        let done = || board.stages().get(what).is_some_and(|stage| stage.events_in >= self.events as u64);
        while !done() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let seconds = begun.elapsed().as_secs_f64();
        stopper.stop();
        running.await?;
        #[expect(clippy::cast_precision_loss, clippy::print_stdout, reason = "a figure for people")]
        {
            println!(
                "{what}: {} events in {seconds:.2} s, {:.0}/s",
                self.events,
                self.events as f64 / seconds
            );
        }
        Ok(())
    }
}

const VERSION: Version = Version(1);

/// The events of an organization, its locations and its services.
fn take(publisher: &Publisher, batch: &mut Vec<NewEvent>, record: Record) -> Result<()> {
    let owner = record.id.to_string();
    let (op, version) = (Op::Upsert, VERSION);
    let (organization_id, source) = (OrganizationId::from(record.id), Some(record.source));
    for location in record.organization.locations.clone() {
        let (id, key) = (location.id, location.id.to_string());
        let value = LocationChanged {
            id,
            version,
            op,
            organization_id: Some(organization_id),
            source_organization_id: Some(record.id),
            source: source.clone(),
            location: Some(location),
        };
        batch.push(publisher.event(&envelope(Product::Location, &key, &owner), &value)?);
    }
    for service in record.organization.services.clone() {
        let (id, key) = (service.id, service.id.to_string());
        let value = ServiceChanged {
            id,
            version,
            op,
            organization_id: Some(organization_id),
            source_organization_id: Some(record.id),
            source: source.clone(),
            service: Some(service),
        };
        batch.push(publisher.event(&envelope(Product::Service, &key, &owner), &value)?);
    }
    let value = OrganizationChanged {
        members: Some(vec![record.id]),
        created_at: Some(record.created_at),
        organization: Some(record.organization),
        truncated: Some(false),
        ..OrganizationChanged::bare(organization_id, version, op)
    };
    batch.push(publisher.event(&envelope(Product::Organization, &owner, &owner), &value)?);
    Ok(())
}

fn envelope<'a>(product: Product, key: &'a str, owner: &'a str) -> Envelope<'a> {
    Envelope { product, key, partition_key: owner, version: VERSION, op: Op::Upsert.as_str() }
}

async fn execute(file: &Path, statements: &'static str) -> Result<()> {
    use sqlx::{ConnectOptions, Connection};
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(file).connect().await?;
    sqlx::raw_sql(statements).execute(&mut connection).await?;
    Ok(connection.close().await?)
}
