//! Blocks and documents: many keys or ids in each request, pages below every limit of the server.
//!
//! Who asks by key need not say that deleted documents are not meant: they have no keys.

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
use std::collections::{BTreeSet, HashMap, HashSet};

/// Keys of one request; the server takes 65,536 terms and as many buckets.
const KEYS_PER_REQUEST: usize = 10_000;
/// Hits of one page; the server's window is 10,000.
const HITS_PER_PAGE: usize = 10_000;
/// Documents of one page: they carry features, a kilobyte each, and a page of fewer searches the same keys more often.
pub(super) const DOCUMENTS_PER_PAGE: usize = 2_500;

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
    doc_count: usize,
}

#[derive(Debug, Deserialize)]
pub(super) struct SourceHit {
    #[serde(rename = "_source")]
    pub(super) source: Source,
}

#[derive(Debug, Deserialize)]
pub(super) struct Source {
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
    // What the server would keep of counts is of no use: each refresh empties it.
    let path = format!("{target}/_search?allow_partial_search_results=false&request_cache=false");
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
    let sizes = sizes(client, target, keys).await?;
    let small: HashSet<&str> =
        sizes.iter().filter(|(_, size)| **size <= block_size_max).map(|(key, _)| key.as_str()).collect();
    let members = members(client, target, &small).await?;
    let block = |key: &String| {
        let counted = sizes.get(key).copied().unwrap_or(0);
        let ids = members.get(key).cloned().unwrap_or_default();
        // The block may have changed between the two requests; what we hold counts.
        let size = if counted > block_size_max { counted } else { ids.len() };
        let ids = if size > block_size_max { Vec::new() } else { ids };
        Block { key: key.clone(), size, ids }
    };
    Ok(keys.iter().map(block).collect())
}

/// How many documents have each of the keys; keys without any are left out.
///
/// A filter for each key, not buckets of what is found: the server counts a filter by its postings alone (where nothing was
/// deleted, without reading them), and for buckets would read all keys of all documents that have one of these. It does so
/// only where no query is beside the filters.
pub(super) async fn sizes(client: &Client, target: &str, keys: &[String]) -> Result<HashMap<String, usize>> {
    let distinct: Vec<&String> = keys.iter().collect::<BTreeSet<_>>().into_iter().collect();
    let mut sizes = HashMap::new();
    for keys in distinct.chunks(KEYS_PER_REQUEST) {
        let filters: Vec<Value> = keys.iter().map(|key| json!({"term": {"keys": key}})).collect();
        let body = json!({
            "size": 0,
            "track_total_hits": false,
            "aggs": {"keys": {"filters": {"filters": filters}}},
        });
        let doing = "counting blocks of the index";
        let found: Found<Value> = found(client, doing, target, &body).await?;
        let buckets = found.aggregations.map_or_else(Vec::new, |aggregations| aggregations.keys.buckets);
        if buckets.len() != keys.len() {
            return Err(Error::Corrupt(format!("{doing}: {} counts for {} keys", buckets.len(), keys.len())));
        }
        let counted = keys.iter().zip(buckets).filter(|(_, bucket)| bucket.doc_count > 0);
        sizes.extend(counted.map(|(key, bucket)| ((*key).clone(), bucket.doc_count)));
    }
    Ok(sizes)
}

/// The documents of each key, sorted.
async fn members(
    client: &Client,
    target: &str,
    keys: &HashSet<&str>,
) -> Result<HashMap<String, Vec<RecordId>>> {
    let mut members: HashMap<String, BTreeSet<RecordId>> = HashMap::new();
    let fields = json!({"_source": false, "docvalue_fields": ["id", "keys"]});
    let walk = Walk { doing: "reading blocks of the index", fields, hits_per_page: HITS_PER_PAGE };
    walk.each_hit(client, target, keys, |hit: KeysHit| {
        let KeysFields { id: [id], keys: held } = hit.fields;
        for key in held.into_iter().filter(|key| keys.contains(key.as_str())) {
            members.entry(key).or_default().insert(id);
        }
        Ok(id)
    })
    .await?;
    Ok(members.into_iter().map(|(key, ids)| (key, ids.into_iter().collect())).collect())
}

/// A walk through all documents that have one of some keys.
pub(super) struct Walk {
    /// For errors.
    pub(super) doing: &'static str,
    /// What is told of each document, as parts of the request.
    pub(super) fields: Value,
    pub(super) hits_per_page: usize,
}

impl Walk {
    /// Takes every hit, which says its id. A document whose keys stand in several requests is met as often.
    pub(super) async fn each_hit<H: DeserializeOwned>(
        self,
        client: &Client,
        target: &str,
        keys: &HashSet<&str>,
        mut take: impl FnMut(H) -> Result<RecordId>,
    ) -> Result<()> {
        let listed: Vec<&str> = keys.iter().copied().collect();
        for keys in listed.chunks(KEYS_PER_REQUEST) {
            let mut body = self.fields.clone();
            body["size"] = json!(self.hits_per_page);
            body["track_total_hits"] = json!(false);
            body["query"] = json!({"bool": {"filter": [{"terms": {"keys": keys}}]}});
            body["sort"] = json!([{"id": "asc"}]);
            loop {
                let page: Vec<H> = hits(client, self.doing, target, &body).await?;
                let is_last = page.len() < self.hits_per_page;
                for hit in page {
                    body["search_after"] = json!([take(hit)?]);
                }
                if is_last {
                    break;
                }
            }
        }
        Ok(())
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
            documents.push(decoded(hit.source)?);
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
            documents.push(decoded(hit.source)?);
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

pub(super) fn decoded(source: Source) -> Result<StoredDocument> {
    let Source { id, version, keys, features } = source;
    let features = STANDARD
        .decode(features)
        .map_err(|error| Error::Corrupt(format!("the features of document {id}: {error}")))?;
    Ok(StoredDocument { id, version, keys, features })
}
