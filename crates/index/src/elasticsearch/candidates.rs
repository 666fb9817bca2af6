//! The records of blocks with their documents: sizes first, then the documents of the blocks that are not too large.

use super::client::Client;
use super::read::{DOCUMENTS_PER_PAGE, SourceHit, Walk, decoded, sizes};
use crate::error::Result;
use crate::port::{Candidate, Candidates, StoredDocument};
use entity::RecordId;
use serde_json::json;
use std::collections::{BTreeMap, HashMap, HashSet};

/// A document and those of the keys asked for that it has, in the newest version met.
struct Met {
    candidate: Candidate,
    keys: HashSet<String>,
}

pub(super) async fn candidates(
    client: &Client,
    target: &str,
    keys: &[String],
    block_size_max: usize,
) -> Result<Candidates> {
    let sizes = sizes(client, target, keys).await?;
    let open: HashSet<&str> =
        sizes.iter().filter(|(_, size)| **size <= block_size_max).map(|(key, _)| key.as_str()).collect();
    let met = meet(client, target, &open).await?;
    let mut members: HashMap<&str, Vec<RecordId>> = HashMap::new();
    for (id, met) in &met {
        for key in &met.keys {
            members.entry(key).or_default().push(*id);
        }
    }
    let block = |key: &String| {
        let is_closed = sizes.get(key).is_some_and(|size| *size > block_size_max);
        let ids = members.get(key.as_str()).cloned().unwrap_or_default();
        // It may have grown since it was counted.
        (!is_closed && ids.len() <= block_size_max).then_some(ids)
    };
    let blocks: Vec<Option<Vec<RecordId>>> = keys.iter().map(block).collect();
    drop(members);
    let named: HashSet<RecordId> = blocks.iter().flatten().flatten().copied().collect();
    let documents = met.into_iter().filter(|(id, _)| named.contains(id)).map(|(_, met)| met.candidate);
    Ok(Candidates { documents: documents.collect(), blocks })
}

/// All documents that have one of the keys.
async fn meet(client: &Client, target: &str, keys: &HashSet<&str>) -> Result<BTreeMap<RecordId, Met>> {
    let mut met: BTreeMap<RecordId, Met> = BTreeMap::new();
    let fields = json!({"_source": ["id", "version", "keys", "features"]});
    let walk = Walk { doing: "reading candidates of the index", fields, hits_per_page: DOCUMENTS_PER_PAGE };
    walk.each_hit(client, target, keys, |hit: SourceHit| {
        let mut document: StoredDocument = decoded(hit.source)?;
        let id = document.id;
        // It may have changed since another key found it.
        if met.get(&id).is_none_or(|known| known.candidate.version < document.version) {
            let held = std::mem::take(&mut document.keys).into_iter();
            let keys = held.filter(|key| keys.contains(key.as_str())).collect();
            met.insert(id, Met { candidate: document.into(), keys });
        }
        Ok(id)
    })
    .await?;
    Ok(met)
}
