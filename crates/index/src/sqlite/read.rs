//! Blocks and documents: each call a few statements, answered in one row where rows would be many.

use super::failure::failed;
use super::generation::GenerationId;
use crate::error::{Error, Result};
use crate::port::{Block, StoredDocument};
use entity::{RecordId, Version};
use sqlx::{AssertSqlSafe, SqliteConnection};
use std::collections::HashMap;
use uuid::Uuid;

/// The columns of [`Row`].
const COLUMNS: &str = "d.id, d.version, d.keys, d.features";
/// The same as one run of bytes: `"version keys-length features-length:"`, id, keys, features.
///
/// A row for each document costs more in sqlx than its lookup in SQLite: values are copied one by one between
/// two threads that share one allocator.
const PACKED: &str = "d.version || ' ' || octet_length(d.keys) || ' ' || length(d.features) || ':'
     || d.id || d.keys || d.features";
/// Documents of one such row: a row may not pass one gigabyte.
const DOCUMENTS_PER_ROW: usize = 256;
type Row = (Uuid, i64, String, Vec<u8>);

/// All postings of the keys, then the ids of the documents that they name.
pub(super) async fn blocks(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    keys: &[String],
    block_size_max: usize,
) -> Result<Vec<Block>> {
    let lists = postings(connection, generation, keys, block_size_max).await?;
    let large: Vec<&String> =
        keys.iter().zip(&lists).filter(|(_, list)| list.len() > block_size_max).map(|(key, _)| key).collect();
    let sizes = if large.is_empty() { HashMap::new() } else { sizes(connection, generation, &large).await? };
    let ids = ids(connection, generation, lists.iter().filter(|list| list.len() <= block_size_max)).await?;
    let block = |(key, list): (&String, Vec<i64>)| {
        let size = size_of(list.len(), sizes.get(key).copied());
        let mut found: Vec<RecordId> = if list.len() > block_size_max {
            Vec::new()
        } else {
            list.iter().map(|number| ids[number]).collect()
        };
        found.sort_unstable();
        Block { key: key.clone(), size, ids: found }
    };
    Ok(keys.iter().zip(lists).map(block).collect())
}

/// How many documents a block has, of which so many were listed and then, where those were too many, so many counted. One may
/// have gone in between: a block that comes without ids must not look like one that has room for them.
fn size_of(listed: usize, counted: Option<usize>) -> usize {
    counted.map_or(listed, |counted| counted.max(listed))
}

/// The document numbers of each key, one more than the limit where there are more.
async fn postings(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    keys: &[String],
    block_size_max: usize,
) -> Result<Vec<Vec<i64>>> {
    let sql = format!("SELECT {LISTS} FROM ({})", listed(generation));
    let lists: Option<String> = sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(serde_json::to_string(keys).expect("strings are JSON"))
        .bind(limit_of(block_size_max))
        .fetch_one(connection)
        .await
        .map_err(failed("reading blocks of the index"))?;
    Ok(read_lists(lists.as_deref(), keys.len()))
}

/// The rows `(place, numbers)`: of each key in `$1` its place there and its document numbers as a JSON array, one more than `$2`
/// where there are more.
pub(super) fn listed(generation: GenerationId) -> String {
    format!(
        "SELECT asked.key AS place, (
             SELECT json_group_array(document)
             FROM (SELECT document FROM posting_{generation} WHERE key = asked.value LIMIT $2 + 1)
         ) AS numbers
         FROM json_each($1) AS asked"
    )
}

/// The rows of [`listed`] as one string, `"place[number,number …] …"`: ten thousand rows would cost more than the lookup.
pub(super) const LISTS: &str = "group_concat(place || numbers, ' ')";

/// Reads [`LISTS`] of so many keys.
pub(super) fn read_lists(told: Option<&str>, keys: usize) -> Vec<Vec<i64>> {
    let mut lists = vec![Vec::new(); keys];
    for list in told.iter().flat_map(|told| told.split(' ')) {
        let (place, numbers) = list.split_once('[').expect("the statement writes an array");
        let numbers = numbers.trim_end_matches(']').split(',').filter(|number| !number.is_empty());
        let place: usize = place.parse().expect("the place is a number");
        lists[place] = numbers.map(|number| number.parse().expect("a document is a number")).collect();
    }
    lists
}

/// A limit that has a number after it.
pub(super) fn limit_of(block_size_max: usize) -> i64 {
    i64::try_from(block_size_max).unwrap_or(i64::MAX).min(i64::MAX - 1)
}

async fn sizes(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    keys: &[&String],
) -> Result<HashMap<String, usize>> {
    let sql = format!(
        "SELECT asked.value, (SELECT count(*) FROM posting_{generation} WHERE key = asked.value)
         FROM json_each($1) AS asked"
    );
    let rows: Vec<(String, i64)> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(serde_json::to_string(keys).expect("strings are JSON"))
        .fetch_all(connection)
        .await
        .map_err(failed("counting blocks of the index"))?;
    Ok(rows.into_iter().map(|(key, size)| (key, usize::try_from(size).unwrap_or(0))).collect())
}

/// The ids of documents by number, again in one string.
async fn ids<'a>(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    lists: impl Iterator<Item = &'a Vec<i64>>,
) -> Result<HashMap<i64, RecordId>> {
    let mut numbers: Vec<i64> = lists.flatten().copied().collect();
    numbers.sort_unstable();
    numbers.dedup();
    let sql = format!(
        "SELECT group_concat(d.number || ':' || hex(d.id))
         FROM json_each($1) AS asked CROSS JOIN document_{generation} AS d ON d.number = asked.value"
    );
    let found: Option<String> = sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(serde_json::to_string(&numbers).expect("numbers are JSON"))
        .fetch_one(connection)
        .await
        .map_err(failed("reading blocks of the index"))?;
    let mut ids = HashMap::with_capacity(numbers.len());
    for pair in found.iter().flat_map(|found| found.split(',')) {
        let (number, id) = pair.split_once(':').expect("the statement writes a colon");
        let id = Uuid::parse_str(id).map_err(|_| Error::Corrupt(format!("document id {id} is no UUID")))?;
        ids.insert(number.parse().expect("a document is a number"), RecordId(id));
    }
    Ok(ids)
}

pub(super) async fn documents(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    ids: &[RecordId],
) -> Result<Vec<StoredDocument>> {
    let mut asked = ids.to_vec();
    asked.sort_unstable();
    asked.dedup();
    let sql = format!(
        "SELECT CAST(group_concat({PACKED}, '') AS BLOB) FROM json_each($1) AS asked
         CROSS JOIN document_{generation} AS d ON d.id = unhex(asked.value) WHERE d.deleted = 0"
    );
    let mut documents = Vec::with_capacity(asked.len());
    for chunk in asked.chunks(DOCUMENTS_PER_ROW) {
        let packed: Option<Vec<u8>> = sqlx::query_scalar(AssertSqlSafe(sql.as_str()))
            .bind(hex_ids(chunk))
            .fetch_one(&mut *connection)
            .await
            .map_err(failed("reading documents of the index"))?;
        let mut rest = packed.as_deref().unwrap_or_default();
        while !rest.is_empty() {
            documents.push(unpack(&mut rest)?);
        }
    }
    Ok(documents)
}

/// Takes one [`PACKED`] document from the front.
fn unpack(rest: &mut &[u8]) -> Result<StoredDocument> {
    let head =
        take_head(rest).ok_or_else(|| Error::Corrupt("documents of the index do not add up".to_owned()))?;
    let [id, keys, features] = head.parts;
    let id =
        RecordId(Uuid::from_slice(id).map_err(|_| Error::Corrupt("a document id is no UUID".to_owned()))?);
    Ok(StoredDocument { id, version: head.version, keys: parse_keys(id, keys)?, features: features.to_vec() })
}

struct Packed<'a> {
    version: Version,
    parts: [&'a [u8]; 3],
}

fn take_head<'a>(rest: &mut &'a [u8]) -> Option<Packed<'a>> {
    let [version, keys, features] = take_numbers(rest)?;
    let id = rest.split_off(..16)?;
    let keys = rest.split_off(..usize::try_from(keys).ok()?)?;
    let features = rest.split_off(..usize::try_from(features).ok()?)?;
    Some(Packed { version: Version(version), parts: [id, keys, features] })
}

/// Takes numbers with spaces between and a colon after them from the front.
pub(super) fn take_numbers<const N: usize>(rest: &mut &[u8]) -> Option<[i64; N]> {
    let end = rest.iter().position(|byte| *byte == b':')?;
    let mut told = std::str::from_utf8(&rest[..end]).ok()?.split(' ');
    *rest = &rest[end + 1..];
    let mut numbers = [0; N];
    for number in &mut numbers {
        *number = told.next()?.parse().ok()?;
    }
    Some(numbers)
}

pub(super) async fn scan(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    after: Option<RecordId>,
    limit: usize,
) -> Result<Vec<StoredDocument>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM document_{generation} AS d WHERE d.id > $1 AND d.deleted = 0
         ORDER BY d.id LIMIT $2"
    );
    // Every id is longer than nothing, and so after it.
    let after = after.map_or(Vec::new(), |id| id.0.as_bytes().to_vec());
    let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(after)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(connection)
        .await
        .map_err(failed("walking through the index"))?;
    rows.into_iter().map(stored).collect()
}

pub(super) async fn count(connection: &mut SqliteConnection, generation: GenerationId) -> Result<u64> {
    let count: i64 = sqlx::query_scalar("SELECT documents FROM generation WHERE id = $1")
        .bind(generation)
        .fetch_one(connection)
        .await
        .map_err(failed("counting the documents of the index"))?;
    u64::try_from(count).map_err(|_| Error::Corrupt(format!("the index counts {count} documents")))
}

fn stored((id, version, keys, features): Row) -> Result<StoredDocument> {
    let keys = parse_keys(id.into(), keys.as_bytes())?;
    Ok(StoredDocument { id: id.into(), version: Version(version), keys, features })
}

pub(super) fn parse_keys(id: RecordId, keys: &[u8]) -> Result<Vec<String>> {
    serde_json::from_slice(keys)
        .map_err(|_| Error::Corrupt(format!("the keys of document {id} are no JSON array")))
}

/// Ids as a JSON array of hexadecimal digits: bytes cannot ride in JSON.
pub(super) fn hex_ids<'a>(ids: impl IntoIterator<Item = &'a RecordId>) -> String {
    let ids: Vec<_> = ids.into_iter().map(|id| id.0.simple().to_string()).collect();
    serde_json::to_string(&ids).expect("strings are JSON")
}

#[cfg(test)]
mod tests {
    use super::size_of;

    #[test]
    fn a_block_that_shrinks_while_it_is_counted_stays_over_the_limit() {
        assert_eq!(size_of(51, Some(50)), 51);
        assert_eq!((size_of(51, Some(80)), size_of(7, None)), (80, 7));
    }
}
