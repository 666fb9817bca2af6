//! How long one changed organization among many takes to be indexed, scored again and clustered again, on the embedded
//! index: `cargo run --release -p orgloop-pipeline --example incremental -- [ORGANIZATIONS] [CHANGES] [FOLDER]`. The aim: 5 ms
//! for the half of them and 20 ms for 99 of 100, in memory that does not grow. With 0 changes a folder is only filled; copies of
//! it are then measured, each once. With a new folder and the URL of an Elasticsearch after it, the index is there.
//!
//! The stages are called one after the other, as their runners would, without the wait for their turn: what is measured
//! is the work of one change. Prints one JSON document.

use entity::event::RecordChanged;
use entity::{Record, Version};
use events::codec::Codec;
use events::registry::sqlite::SqliteRegistry;
use events::sqlite::SqliteLog;
use events::topics::{Product, TopicNames};
use events::{Event, EventLog};
use index::Index;
use index::elasticsearch::{ElasticConfig, ElasticIndex};
use pipeline::indexer::Indexer;
use pipeline::resolver::Resolver;
use pipeline::scorer::Scorer;
use pipeline::{Board, Publisher, Stage, Stopper, stage};
use scoring::Model;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::Resolution;

/// That of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Records of a batch while the stores are filled.
const FILL: usize = 2000;
/// Changes between two looks at the memory.
const LOOK: usize = 500;

struct Bench {
    codec: Arc<Codec>,
    indexer: Indexer,
    scorer: Scorer,
    resolver: Resolver,
    resolution: Arc<dyn Resolution>,
    version: i64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let organizations = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let changes = arguments.next().map_or(Ok(3000), |text| text.parse())?;
    let temporary = tempfile::tempdir()?;
    let folder = arguments.next().map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    let mut bench = Bench::open(&folder, arguments.next()).await?;
    let mark = folder.join("filled");
    let filled = match std::fs::read_to_string(&mark) {
        Ok(held) if held == organizations.to_string() => Value::Null,
        Ok(held) => return Err(format!("{} is {held}: give a copy of a filled one", folder.display()).into()),
        Err(_) => bench.fill(organizations).await?,
    };
    // What a measurement changed would be stale the next time.
    std::fs::write(&mark, if changes == 0 { organizations.to_string() } else { "spent".to_owned() })?;
    bench.version = i64::try_from(organizations)?;
    let measured = bench.measure(organizations, changes).await?;
    let said = json!({"organizations": organizations, "fill_seconds": filled, "changes": changes, "measured": measured});
    writeln!(std::io::stdout(), "{said}")?;
    Ok(())
}

impl Bench {
    async fn open(folder: &Path, elasticsearch: Option<String>) -> Result<Self> {
        let model = Arc::new(Model::shipped().clone());
        let first = (model.version(), Model::shipped_text());
        let resolution: Arc<dyn Resolution> =
            Arc::new(store::sqlite::ResolutionStore::open(&folder.join("resolution.db"), first).await?);
        let log: Arc<dyn EventLog> = Arc::new(SqliteLog::open(&folder.join("events.db")).await?);
        let index: Arc<dyn Index> = match elasticsearch {
            Some(url) => {
                let config = ElasticConfig::new(format!("incremental-{}", std::process::id()));
                Arc::new(ElasticIndex::connect(&url, config).await?)
            }
            None => Arc::new(index::sqlite::SqliteIndex::open(&folder.join("index.db")).await?),
        };
        let registry = Arc::new(SqliteRegistry::open(&folder.join("registry.db")).await?);
        let codec = Arc::new(Codec::new(registry, TopicNames::default()));
        log.create_topics(&TopicNames::default().specs(1)).await?;
        codec.prepare().await?;
        let publisher = Publisher::new(log, Arc::clone(&codec), "/bench").await?;
        let (_, stop) = Stopper::new();
        let resolver = Resolver {
            resolution: Arc::clone(&resolution),
            publisher,
            model: Arc::clone(&model),
            generation: 1,
            stage: stage::RESOLVER.into(),
            holder: "bench".into(),
            board: Board::default(),
            stop,
            batch_size_max: 1000,
            transitions_kept: chrono::Duration::days(1),
        };
        let indexer = Indexer { codec: Arc::clone(&codec), index: Arc::clone(&index) };
        let scorer = Scorer { codec: Arc::clone(&codec), index, resolution: Arc::clone(&resolution), model };
        Ok(Self { codec, indexer, scorer, resolver, resolution, version: 0 })
    }

    fn event(&mut self, record: Record) -> Result<Event> {
        self.version += 1;
        let version = Version::new(1, self.version).ok_or("the numbers have run out")?;
        let key = record.id.to_string().into_bytes();
        let value = RecordChanged::upsert(record, version);
        let value = Some(self.codec.encode(Product::Record, &value)?);
        let topic = TopicNames::default().record;
        Ok(Event { topic, partition: 0, offset: self.version, time_ms: 0, key, value, headers: Vec::new() })
    }

    /// Tells all organizations; how many seconds each stage took.
    async fn fill(&mut self, organizations: usize) -> Result<Value> {
        let mut seconds: BTreeMap<&str, f64> = BTreeMap::new();
        let mut lap =
            |stage, start: Instant| *seconds.entry(stage).or_default() += start.elapsed().as_secs_f64();
        let records = sample::generate(organizations, 1, chrono::DateTime::UNIX_EPOCH);
        let mut records = records.map(|generated| generated.record).peekable();
        while records.peek().is_some() {
            let batch: Vec<Record> = records.by_ref().take(FILL).collect();
            let events = batch.into_iter().map(|record| self.event(record)).collect::<Result<Vec<_>>>()?;
            let start = Instant::now();
            self.indexer.apply(&events).await?;
            lap("index", start);
            let start = Instant::now();
            self.scorer.apply(&events).await?;
            lap("score", start);
        }
        let start = Instant::now();
        while self.scorer.idle().await? {}
        lap("score", start);
        let start = Instant::now();
        while self.resolver.resolve().await? > 0 {
            self.forget_events().await?;
        }
        lap("resolve", start);
        Ok(json!(seconds))
    }

    /// Nobody publishes here.
    async fn forget_events(&self) -> Result<()> {
        self.resolution.published(i64::MAX).await?;
        self.resolution.transitions_sent(i64::MAX).await?;
        Ok(())
    }

    /// Changes organizations one by one.
    async fn measure(&mut self, organizations: usize, changes: usize) -> Result<Value> {
        let all: Vec<Record> = {
            // From all over, each once.
            let step = organizations / changes.clamp(1, organizations);
            let records = sample::generate(organizations, 1, chrono::DateTime::UNIX_EPOCH);
            records.step_by(step.max(1)).take(changes).map(|generated| generated.record).collect()
        };
        let mut times: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        let mut memory = vec![memory_mib()];
        let mut rescored = 0;
        for (at, record) in all.into_iter().enumerate() {
            let event = [self.event(changed(record, at))?];
            let mut lap = |stage, time: Duration| {
                times.entry(stage).or_default().push(time.as_secs_f64() * 1000.0);
            };
            let start = Instant::now();
            self.indexer.apply(&event).await?;
            lap("index", start.elapsed());
            let scoring = Instant::now();
            self.scorer.apply(&event).await?;
            let mut scored = Instant::now();
            while self.scorer.idle().await? {
                rescored += 1;
                scored = Instant::now();
            }
            let resolving = Instant::now();
            let mut resolved = resolving;
            while self.resolver.resolve().await? > 0 {
                resolved = Instant::now();
            }
            // The look that finds nothing more to do comes after the change is through.
            let (score, resolve) = (scored - scoring, resolved - resolving);
            for (stage, time) in [
                ("score", score),
                ("resolve", resolve),
                ("score_and_resolve", score + resolve),
                ("all", scoring - start + score + resolve),
            ] {
                lap(stage, time);
            }
            self.forget_events().await?;
            if at % LOOK == LOOK - 1 {
                memory.push(memory_mib());
            }
        }
        let told: BTreeMap<_, _> =
            times.into_iter().map(|(stage, times)| (stage, percentiles(times))).collect();
        Ok(json!({"ms": told, "memory_mib": memory, "blocks_moved": rescored}))
    }
}

/// What changes in an organization: by turns its name, its telephone, its website.
fn changed(mut record: Record, at: usize) -> Record {
    let organization = &mut record.organization;
    match at % 3 {
        0 => organization.name = organization.name.take().map(|name| format!("{name} Association")),
        1 => organization.phones.clear(),
        _ => organization.website = Some(format!("https://www.changed-{at}.example/")),
    }
    record
}

/// Memory of this process that is no file's, in MiB.
fn memory_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("RssAnon:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}

fn percentiles(mut times: Vec<f64>) -> Value {
    times.sort_by(f64::total_cmp);
    let at = |per_mille: usize| {
        let rounded = (times[(times.len() - 1) * per_mille / 1000] * 1000.0).round() / 1000.0;
        json!(rounded)
    };
    json!({"p50": at(500), "p90": at(900), "p99": at(990), "p999": at(999), "max": at(1000)})
}
