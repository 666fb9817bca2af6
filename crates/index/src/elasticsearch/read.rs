//! Blocks and documents: many keys or ids in each request, pages below every limit of the server.

use super::client::Client;
use crate::error::{Error, Result};
use crate::port::{Block, StoredDocument};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use elasticsearch::http::Method;
use entity::{RecordId, Version};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};

/// Keys of one request; the server takes 65,536 terms and as many buckets.
const KEYS_PER_REQUEST: usize = 10_000;
/// Hits of one page; the server's window is 10,000.
const HITS_PER_PAGE: usize = 10_000;
/// Documents of one page: they carry features, so their bytes count.
const DOCUMENTS_PER_PAGE: usize = 1_000;

/// A search's answer, with hits of one shape.
#[derive(Debug, Deserialize)]
pub(super) struct Found<H> {
    hits: Hits<H>,
    #[serde(default)]
    aggregations: Option<Aggregations>,
}

#[derive(Debug, Deserialize)]
struct Hits<H> {
    hits: Vec<H>,
}

#[derive(Debug, Deserialize)]
struct Aggregations {
    keys: Buckets,
}

#[derive(Debug, Deserialize)]
struct Buckets {
    buckets: Vec<Bucket>,
}

#[derive(Debug, Deserialize)]
struct Bucket {
    key: String,
    doc_count: usize,
}

#[derive(Debug, Deserialize)]
struct SourceHit {
    #[serde(rename = "_source")]
    source: Source,
}

#[derive(Debug, Deserialize)]
struct Source {
    id: RecordId,
    version: Version,
    keys: Vec<String>,
    features: String,
}

#[derive(Debug, Deserialize)]
struct KeysHit {
    fields: KeysFields,
}

#[derive(Debug, Deserialize)]
struct KeysFields {
    id: [RecordId; 1],
    keys: Vec<String>,
}

/// Hits of a search; an answer from some of the shards only is an error, never a shorter answer.
pub(super) async fn hits<H: DeserializeOwned>(
    client: &Client,
    doing: &str,
    target: &str,
    body: &Value,
) -> Result<Vec<H>> {
    Ok(found::<H>(client, doing, target, body).await?.hits.hits)
}

async fn found<H: DeserializeOwned>(
    client: &Client,
    doing: &str,
    target: &str,
    body: &Value,
) -> Result<Found<H>> {
    let path = format!("{target}/_search?allow_partial_search_results=false");
    client.json(doing, Method::Post, &path, body).await
}

pub(super) async fn refresh(client: &Client, target: &str) -> Result<()> {
    #[derive(Deserialize)]
    struct Refreshed {
        #[serde(rename = "_shards")]
        shards: Shards,
    }
    #[derive(Deserialize)]
    struct Shards {
        failed: usize,
    }
    let doing = format!("refreshing index {target}");
    let path = format!("{target}/_refresh");
    let refreshed: Refreshed = client.json(&doing, Method::Post, &path, &Value::Null).await?;
    match refreshed.shards.failed {
        0 => Ok(()),
        failed => Err(Error::transient(doing, format!("{failed} shards did not refresh"))),
    }
}

pub(super) async fn blocks(
    client: &Client,
    target: &str,
    keys: &[String],
    block_size_max: usize,
) -> Result<Vec<Block>> {
    let distinct: Vec<&str> = keys.iter().map(String::as_str).collect::<BTreeSet<_>>().into_iter().collect();
    let mut found: HashMap<String, (usize, Vec<RecordId>)> = HashMap::new();
    for chunk in distinct.chunks(KEYS_PER_REQUEST) {
        let sizes = sizes(client, target, chunk).await?;
        let small: BTreeSet<&str> =
            sizes.iter().filter(|(_, size)| **size <= block_size_max).map(|(key, _)| key.as_str()).collect();
        let mut members = members(client, target, &small).await?;
        found.extend(sizes.iter().map(|(key, size)| {
            let mut ids = members.remove(key).unwrap_or_default();
            // The block may have changed between the two requests; what we hold counts.
            let size = if small.contains(key.as_str()) { ids.len() } else { *size };
            if size > block_size_max {
                ids.clear();
            }
            (key.clone(), (size, ids))
        }));
    }
    let block = |key: &String| {
        let (size, ids) = found.get(key).cloned().unwrap_or_default();
        Block { key: key.clone(), size, ids }
    };
    Ok(keys.iter().map(block).collect())
}

/// How many documents have each of the keys; keys without any are left out.
async fn sizes(client: &Client, target: &str, keys: &[&str]) -> Result<HashMap<String, usize>> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    // `map` counts the documents found; the default would first number every key of the index after each refresh.
    let terms = json!({"field": "keys", "include": keys, "size": keys.len(), "execution_hint": "map"});
    let body = json!({
        "size": 0,
        "track_total_hits": false,
        "query": {"bool": {"filter": [alive(), {"terms": {"keys": keys}}]}},
        "aggs": {"keys": {"terms": terms}},
    });
    let found: Found<Value> = found(client, "counting blocks of the index", target, &body).await?;
    let buckets = found.aggregations.map_or_else(Vec::new, |aggregations| aggregations.keys.buckets);
    Ok(buckets.into_iter().map(|bucket| (bucket.key, bucket.doc_count)).collect())
}

/// The documents of each key, sorted.
async fn members(
    client: &Client,
    target: &str,
    keys: &BTreeSet<&str>,
) -> Result<HashMap<String, Vec<RecordId>>> {
    let mut members: HashMap<String, Vec<RecordId>> = HashMap::new();
    if keys.is_empty() {
        return Ok(members);
    }
    let mut body = json!({
        "size": HITS_PER_PAGE,
        "track_total_hits": false,
        "_source": false,
        "docvalue_fields": ["id", "keys"],
        "query": {"bool": {"filter": [alive(), {"terms": {"keys": keys}}]}},
        "sort": [{"id": "asc"}],
    });
    loop {
        let page: Vec<KeysHit> = hits(client, "reading blocks of the index", target, &body).await?;
        let is_last = page.len() < HITS_PER_PAGE;
        for KeysHit { fields: KeysFields { id: [id], keys: held } } in page {
            body["search_after"] = json!([id]);
            for key in held.into_iter().filter(|key| keys.contains(key.as_str())) {
                members.entry(key).or_default().push(id);
            }
        }
        if is_last {
            return Ok(members);
        }
    }
}

pub(super) async fn documents(
    client: &Client,
    target: &str,
    ids: &[RecordId],
) -> Result<Vec<StoredDocument>> {
    let distinct: Vec<RecordId> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let mut documents = Vec::with_capacity(distinct.len());
    for chunk in distinct.chunks(DOCUMENTS_PER_PAGE) {
        // A search, not a get: a get would also show what is not yet searchable.
        let body = json!({
            "size": chunk.len(),
            "track_total_hits": false,
            "_source": ["id", "version", "keys", "features"],
            "query": {"bool": {"filter": [alive(), {"ids": {"values": chunk}}]}},
            "sort": ["_doc"],
        });
        let page: Vec<SourceHit> = hits(client, "reading documents of the index", target, &body).await?;
        for hit in page {
            documents.push(stored(hit.source)?);
        }
    }
    Ok(documents)
}

pub(super) async fn scan(
    client: &Client,
    target: &str,
    after: Option<RecordId>,
    limit: usize,
) -> Result<Vec<StoredDocument>> {
    let mut documents: Vec<StoredDocument> = Vec::new();
    while documents.len() < limit {
        let size = (limit - documents.len()).min(DOCUMENTS_PER_PAGE);
        let mut body = json!({
            "size": size,
            "track_total_hits": false,
            "_source": ["id", "version", "keys", "features"],
            "query": {"bool": {"filter": [alive()]}},
            "sort": [{"id": "asc"}],
        });
        if let Some(after) = documents.last().map(|document| document.id).or(after) {
            body["search_after"] = json!([after]);
        }
        let page: Vec<SourceHit> = hits(client, "walking through the index", target, &body).await?;
        let is_last = page.len() < size;
        for hit in page {
            documents.push(stored(hit.source)?);
        }
        if is_last {
            break;
        }
    }
    Ok(documents)
}

pub(super) async fn count(client: &Client, target: &str) -> Result<u64> {
    #[derive(Deserialize)]
    struct Count {
        count: u64,
    }
    let body = json!({"query": alive()});
    let doing = "counting the documents of the index";
    let count: Count = client.json(doing, Method::Post, &format!("{target}/_count"), &body).await?;
    Ok(count.count)
}

/// Documents that are not deleted.
pub(super) fn alive() -> Value {
    json!({"term": {"deleted": false}})
}

fn stored(source: Source) -> Result<StoredDocument> {
    let Source { id, version, keys, features } = source;
    let features = STANDARD
        .decode(features)
        .map_err(|error| Error::Corrupt(format!("the features of document {id}: {error}")))?;
    Ok(StoredDocument { id, version, keys, features })
}
