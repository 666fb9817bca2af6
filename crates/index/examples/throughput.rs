//! Measures an index: documents written, and records whose blocks and candidates are read, per second.
//!
//! `throughput sqlite FILE [DOCUMENTS [BATCH]]` or `throughput elasticsearch URL [DOCUMENTS [BATCH]]`.
#![expect(clippy::print_stdout, reason = "figures are what it is for")]

use entity::{IndexDocument, RecordId, SearchFields, Version};
use index::{Index, IndexWrite};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use uuid::Uuid;

const BLOCK_SIZE_MAX: usize = 200;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [adapter, place, rest @ ..] = arguments.as_slice() else {
        return Err(
            "say: throughput sqlite FILE [DOCUMENTS [BATCH]], or throughput elasticsearch URL …".into()
        );
    };
    let count: usize = rest.first().map_or(Ok(100_000), |count| count.parse())?;
    let batch: usize = rest.get(1).map_or(Ok(1_000), |batch| batch.parse())?;
    let index = open(adapter, place).await?;
    let documents: Vec<IndexDocument> = (0..count).map(document).collect();
    let keys: usize = documents.iter().map(|document| document.keys.len()).sum();
    println!("{count} documents, {:.1} keys each", keys as f64 / count as f64);
    write(index.as_ref(), &documents, batch, "written").await?;
    index.refresh().await?;
    read(index.as_ref(), &documents, batch).await?;
    search(index.as_ref()).await?;
    let changed: Vec<_> = documents.iter().map(changed).collect();
    write(index.as_ref(), &changed, batch, "rewritten, one key changed,").await?;
    index.refresh().await?;
    read(index.as_ref(), &changed, batch).await?;
    println!("{} documents are searchable", index.count().await?);
    let started = Instant::now();
    index.generation("next").await?;
    index.switch_to("next").await?;
    println!("switched to an empty generation in {:.0?}", started.elapsed());
    Ok(())
}

async fn open(adapter: &str, place: &str) -> Result<Arc<dyn Index>, Box<dyn std::error::Error>> {
    match adapter {
        "sqlite" => Ok(Arc::new(index::sqlite::SqliteIndex::open(Path::new(place)).await?)),
        #[cfg(feature = "elasticsearch")]
        "elasticsearch" => {
            use index::elasticsearch::{ElasticConfig, ElasticIndex};
            let config = ElasticConfig::new(format!("throughput-{}", Uuid::new_v4().simple()));
            println!("index {}", config.alias);
            Ok(Arc::new(ElasticIndex::connect(place, config).await?))
        }
        other => Err(format!("no adapter {other}").into()),
    }
}

async fn write(
    index: &dyn Index,
    documents: &[IndexDocument],
    batch: usize,
    what: &str,
) -> index::Result<()> {
    let started = Instant::now();
    for batch in documents.chunks(batch) {
        index.write(batch.iter().cloned().map(IndexWrite::Upsert).collect()).await?;
    }
    report(what, documents.len(), started);
    Ok(())
}

async fn read(index: &dyn Index, documents: &[IndexDocument], batch: usize) -> index::Result<()> {
    let started = Instant::now();
    let mut candidates = 0;
    for batch in documents.chunks(batch) {
        let keys: BTreeSet<&String> = batch.iter().flat_map(|document| &document.keys).collect();
        let keys: Vec<String> = keys.into_iter().cloned().collect();
        candidates += index.candidates(&keys, BLOCK_SIZE_MAX).await?.documents.len();
    }
    report("looked up", documents.len(), started);
    println!("  {candidates} documents read");
    Ok(())
}

async fn search(index: &dyn Index) -> index::Result<()> {
    for text in ["golden harbor 1042", "goldne harbr", "xgolden", "5551000042", "austin", "center"] {
        let started = Instant::now();
        let hits = index.search(text, 20).await?;
        println!(
            "  search {text:?}: {} hits in {:.1?}, first {:?}",
            hits.len(),
            started.elapsed(),
            hits.first()
        );
    }
    Ok(())
}

fn report(what: &str, count: usize, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    println!("{what} {count} in {seconds:.2} s: {:.0} a second", count as f64 / seconds);
}

const WORDS: [&str; 12] = [
    "golden",
    "harbor",
    "community",
    "center",
    "first",
    "baptist",
    "church",
    "family",
    "health",
    "clinic",
    "north",
    "learning",
];
const CITIES: [&str; 6] = ["austin", "portland", "madison", "el paso", "san jose", "springfield"];

/// Every tenth is a duplicate of the one before: the same keys but two.
fn document(n: usize) -> IndexDocument {
    let original = if n % 10 == 9 { n - 1 } else { n };
    let spread = original.wrapping_mul(2_654_435_761) >> 7;
    let name = format!(
        "{} {} {} {}",
        WORDS[spread % 12],
        WORDS[spread / 12 % 12],
        WORDS[spread / 144 % 12],
        spread % 50_021
    );
    let (city, postcode) = (CITIES[spread % 6], spread % 40_009);
    let phone = 5_551_000_000_usize + original;
    let keys = vec![
        format!("name:{name}"),
        format!("phone:{phone}"),
        format!("site:{}.example.org", name.replace(' ', "")),
        format!("street:{} main street:{postcode}", spread % 9_973),
        format!("words:{}:{postcode}", WORDS[spread % 12]),
        format!("mail:info{n}@example.org"),
        format!("city:{city}:{}", spread % 3_001),
        format!("post:{}", postcode / 4),
    ];
    IndexDocument {
        id: RecordId(Uuid::new_v5(&Uuid::NAMESPACE_URL, &n.to_le_bytes())),
        version: Version(1),
        keys,
        search: SearchFields {
            name: name.clone(),
            names: name,
            places: format!("{} main street {city} tx {postcode:05}", spread % 9_973),
            phones: phone.to_string(),
        },
        features: (0..=250).cycle().take(400).collect(),
    }
}

fn changed(document: &IndexDocument) -> IndexDocument {
    let mut changed = document.clone();
    changed.version = Version(2);
    changed.keys[5].push_str(":changed");
    changed
}
