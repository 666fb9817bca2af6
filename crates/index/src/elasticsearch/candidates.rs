//! The records of blocks with their documents: sizes first, then the documents of the blocks that are not too large.

use super::client::Client;
use super::read::{DOCUMENTS_PER_PAGE, Source, SourceHit, decoded, hits, sizes};
use crate::error::Result;
use crate::port::{Candidate, Candidates};
use entity::RecordId;
use serde_json::json;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Documents by their records, each in its newest version met.
type Documents = BTreeMap<RecordId, Source>;

pub(super) async fn candidates(
    client: &Client,
    target: &str,
    keys: &[String],
    block_size_max: usize,
) -> Result<Candidates> {
    let sizes = sizes(client, target, keys).await?;
    let open: Vec<&str> =
        sizes.iter().filter(|(_, size)| **size <= block_size_max).map(|(key, _)| key.as_str()).collect();
    let documents = documents(client, target, &open).await?;
    let asked: HashSet<&str> = open.iter().copied().collect();
    let mut members: HashMap<&str, Vec<RecordId>> = HashMap::new();
    for (id, document) in &documents {
        // A key that a document has twice stands there twice.
        let held: HashSet<&str> = document.keys.iter().map(String::as_str).collect();
        for key in held.intersection(&asked) {
            members.entry(key).or_default().push(*id);
        }
    }
    let block = |key: &String| {
        let is_closed = sizes.get(key).is_some_and(|size| *size > block_size_max);
        let ids = members.get(key.as_str()).cloned().unwrap_or_default();
        // It may have grown since it was counted.
        (!is_closed && ids.len() <= block_size_max).then_some(ids)
    };
    let blocks = keys.iter().map(block).collect();
    let documents = documents.into_values().map(|source| decoded(source).map(Candidate::from));
    Ok(Candidates { blocks, documents: documents.collect::<Result<_>>()? })
}

/// All documents that have one of the keys.
async fn documents(client: &Client, target: &str, keys: &[&str]) -> Result<Documents> {
    let mut documents = Documents::new();
    for keys in keys.chunks(super::read::KEYS_PER_REQUEST) {
        let mut body = json!({
            "size": DOCUMENTS_PER_PAGE,
            "track_total_hits": false,
            "_source": ["id", "version", "keys", "features"],
            "query": {"bool": {"filter": [{"terms": {"keys": keys}}]}},
            "sort": [{"id": "asc"}],
        });
        loop {
            let page: Vec<SourceHit> = hits(client, "reading candidates of the index", target, &body).await?;
            let is_last = page.len() < DOCUMENTS_PER_PAGE;
            for SourceHit { source } in page {
                body["search_after"] = json!([source.id]);
                // It may have changed since another key found it.
                let known = documents.get(&source.id);
                if known.is_none_or(|known: &Source| known.version < source.version) {
                    documents.insert(source.id, source);
                }
            }
            if is_last {
                break;
            }
        }
    }
    Ok(documents)
}
