//! The records of blocks with their documents, in one statement for as many keys as one row can answer.

use super::failure::failed;
use super::generation::GenerationId;
use super::read::{LISTS, limit_of, listed, read_lists, take_numbers};
use crate::error::{Error, Result};
use crate::port::{Candidate, Candidates};
use entity::{RecordId, Version};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use std::collections::HashMap;
use uuid::Uuid;

/// Documents that a row may have to carry: some kilobytes each at most, and no row passes one gigabyte.
const DOCUMENTS_PER_ROW: usize = 10_000;

/// What was found for some keys: documents by their numbers, and the lists that name them.
#[derive(Default)]
struct Found {
    documents: HashMap<i64, Candidate>,
    /// `None` for a key of more documents than the limit.
    lists: Vec<Option<Vec<i64>>>,
}

pub(super) async fn candidates(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    keys: &[String],
    block_size_max: usize,
) -> Result<Candidates> {
    let per_statement = (DOCUMENTS_PER_ROW / block_size_max.max(1)).max(1);
    let mut found = Found::default();
    if keys.len() <= per_statement {
        // One statement sees one state.
        found.read(connection, generation, keys, block_size_max).await?;
    } else {
        let mut snapshot = connection.begin().await.map_err(failed("starting to read candidates"))?;
        for keys in keys.chunks(per_statement) {
            found.read(&mut snapshot, generation, keys, block_size_max).await?;
        }
    }
    let Found { documents, lists } = found;
    let ids_of = |list: Vec<i64>| {
        let mut ids: Vec<RecordId> = list.iter().map(|number| documents[number].id).collect();
        ids.sort_unstable();
        ids
    };
    let blocks = lists.into_iter().map(|list| list.map(ids_of)).collect();
    Ok(Candidates { blocks, documents: documents.into_values().collect() })
}

impl Found {
    /// The lists come back as [`LISTS`], the documents as one run of bytes, `"number version features-length:"`, id, features.
    ///
    /// A row for each would cost more in sqlx than its lookup in SQLite: values are copied one by one between two
    /// threads that share one allocator.
    async fn read(
        &mut self,
        connection: &mut SqliteConnection,
        generation: GenerationId,
        keys: &[String],
        block_size_max: usize,
    ) -> Result<()> {
        let sql = format!(
            "WITH listed AS MATERIALIZED ({listed}), wanted AS MATERIALIZED (
                 SELECT DISTINCT number.value AS number
                 FROM listed CROSS JOIN json_each(listed.numbers) AS number WHERE json_array_length(listed.numbers) <= $2
             )
             SELECT (SELECT {LISTS} FROM listed), (
                 SELECT CAST(group_concat(
                     d.number || ' ' || d.version || ' ' || length(d.features) || ':' || d.id || d.features, ''
                 ) AS BLOB)
                 FROM wanted CROSS JOIN document_{generation} AS d ON d.number = wanted.number
             )",
            listed = listed(generation)
        );
        let (lists, packed): (Option<String>, Option<Vec<u8>>) = sqlx::query_as(AssertSqlSafe(sql))
            .bind(serde_json::to_string(keys).expect("strings are JSON"))
            .bind(limit_of(block_size_max))
            .fetch_one(connection)
            .await
            .map_err(failed("reading candidates of the index"))?;
        let mut rest = packed.as_deref().unwrap_or_default();
        while !rest.is_empty() {
            let (number, candidate) = unpack(&mut rest)
                .ok_or_else(|| Error::Corrupt("documents of the index do not add up".to_owned()))?;
            self.documents.insert(number, candidate);
        }
        let lists = read_lists(lists.as_deref(), keys.len()).into_iter();
        self.lists.extend(lists.map(|list| (list.len() <= block_size_max).then_some(list)));
        Ok(())
    }
}

/// Takes one document with its number from the front.
fn unpack(rest: &mut &[u8]) -> Option<(i64, Candidate)> {
    let [number, version, features] = take_numbers(rest)?;
    let id = RecordId(Uuid::from_slice(rest.split_off(..16)?).ok()?);
    let features = rest.split_off(..usize::try_from(features).ok()?)?.to_vec();
    Some((number, Candidate { id, version: Version(version), features }))
}
