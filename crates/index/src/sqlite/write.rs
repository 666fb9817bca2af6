//! Bulk writes: what is held is read once, the outcome is worked out in memory, the difference is written.

use super::SqliteIndex;
use super::failure::failed;
use super::generation::GenerationId;
use crate::error::Result;
use crate::limits::{self, KEY_BYTES_MAX};
use crate::port::{IndexWrite, WriteOutcome};
use crate::text;
use entity::{IndexDocument, RecordId, SearchFields, Version};
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection};
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

/// Writes of one transaction: enough to pay for its sync, few enough to let others in between.
const WRITES_PER_TRANSACTION: usize = 4_096;
/// Rows of one statement; every full one is the same text and parsed once.
const ROWS_PER_STATEMENT: usize = 256;

/// What the index holds of a record, and what it shall hold.
#[derive(Debug)]
struct Slot<'a> {
    number: i64,
    /// `None` for a record never seen.
    held: Option<Held>,
    /// The write that won so far.
    next: Option<&'a IndexWrite>,
}

#[derive(Debug)]
struct Held {
    version: Version,
    deleted: bool,
    keys: Vec<String>,
}

impl SqliteIndex {
    pub(super) async fn write_all(&self, writes: Vec<IndexWrite>) -> Result<Vec<WriteOutcome>> {
        let mut outcomes = Vec::with_capacity(writes.len());
        for chunk in writes.chunks(WRITES_PER_TRANSACTION) {
            let mut tx = self.begin_write().await?;
            let generation = self.scope.resolve(&mut tx).await?;
            outcomes.extend(write(&mut tx, generation, chunk).await?);
            tx.commit().await.map_err(failed("committing to the index"))?;
        }
        Ok(outcomes)
    }
}

async fn write(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    writes: &[IndexWrite],
) -> Result<Vec<WriteOutcome>> {
    let mut slots = held(connection, generation, writes).await?;
    let outcomes = writes.iter().map(|write| decide(&mut slots, write)).collect();
    let mut changed: Vec<(RecordId, Slot<'_>)> =
        slots.into_iter().filter(|(_, slot)| slot.next.is_some()).collect();
    changed.sort_by_key(|(_, slot)| slot.number);
    store_documents(connection, generation, &changed).await?;
    store_postings(connection, generation, &changed).await?;
    store_words(connection, generation, &changed).await?;
    store_count(connection, generation, &changed).await?;
    Ok(outcomes)
}

fn id_of(write: &IndexWrite) -> RecordId {
    match write {
        IndexWrite::Upsert(document) => document.id,
        IndexWrite::Delete { id, .. } => *id,
    }
}

/// The write in order: a newer version, or the same again, goes over what is there.
fn decide<'a>(slots: &mut HashMap<RecordId, Slot<'a>>, write: &'a IndexWrite) -> WriteOutcome {
    if let Some(reason) = refusal(write) {
        return WriteOutcome::Rejected(reason);
    }
    let slot = slots.get_mut(&id_of(write)).expect("every record written has a slot");
    let there = slot.next.map(version_of).or_else(|| slot.held.as_ref().map(|held| held.version));
    if there.is_some_and(|there| there > version_of(write)) {
        return WriteOutcome::Stale;
    }
    slot.next = Some(write);
    WriteOutcome::Applied
}

fn version_of(write: &IndexWrite) -> Version {
    match write {
        IndexWrite::Upsert(document) => document.version,
        IndexWrite::Delete { version, .. } => *version,
    }
}

fn refusal(write: &IndexWrite) -> Option<String> {
    let IndexWrite::Upsert(document) = write else { return limits::refusal(write) };
    let longest = document.keys.iter().map(String::len).max().unwrap_or(0);
    limits::refusal(write).or_else(|| {
        (longest > KEY_BYTES_MAX).then(|| {
            format!("document {}: a key of {longest} bytes is longer than {KEY_BYTES_MAX}", document.id)
        })
    })
}

/// A slot for every record written, with what is held of it; new records get the next free numbers.
async fn held<'a>(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    writes: &[IndexWrite],
) -> Result<HashMap<RecordId, Slot<'a>>> {
    let doing = "reading documents before writing them";
    let ids: BTreeSet<RecordId> = writes.iter().map(id_of).collect();
    let sql = format!(
        "SELECT d.id, d.number, d.version, d.deleted, d.keys
         FROM json_each($1) AS asked CROSS JOIN document_{generation} AS d ON d.id = unhex(asked.value)"
    );
    let rows: Vec<(uuid::Uuid, i64, i64, bool, String)> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(super::read::hex_ids(&ids))
        .fetch_all(&mut *connection)
        .await
        .map_err(failed(doing))?;
    let mut slots = HashMap::with_capacity(ids.len());
    for (id, number, version, deleted, keys) in rows {
        let keys = super::read::parse_keys(id.into(), keys.as_bytes())?;
        let held = Held { version: Version(version), deleted, keys };
        slots.insert(RecordId(id), Slot { number, held: Some(held), next: None });
    }
    let new = ids.into_iter().filter(|id| !slots.contains_key(id)).collect::<Vec<_>>();
    if new.is_empty() {
        return Ok(slots);
    }
    let sql = format!("SELECT coalesce(max(number), 0) FROM document_{generation}");
    let last: i64 =
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await.map_err(failed(doing))?;
    slots.extend((last + 1..).zip(new).map(|(number, id)| (id, Slot { number, held: None, next: None })));
    Ok(slots)
}

type Changed<'a> = [(RecordId, Slot<'a>)];

async fn store_documents(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    changed: &Changed<'_>,
) -> Result<()> {
    let head = format!(
        "INSERT INTO document_{generation} (number, id, version, deleted, name, keys, features) VALUES "
    );
    let tail = " ON CONFLICT (number) DO UPDATE SET version = excluded.version, deleted = excluded.deleted,
         name = excluded.name, keys = excluded.keys, features = excluded.features";
    for_rows(connection, [&head, tail], 7, changed, |query, (id, slot)| {
        let write = slot.next.expect("only changed slots come here");
        let document = upserted(write);
        let keys = document.map_or(Ok("[]".to_owned()), |document| serde_json::to_string(&document.keys));
        query
            .bind(slot.number)
            .bind(id.0)
            .bind(version_of(write).0)
            .bind(document.is_none())
            .bind(document.map_or("", |document| document.search.name.as_str()))
            .bind(keys.expect("strings are JSON"))
            .bind(document.map_or(&[][..], |document| document.features.as_slice()))
    })
    .await
}

fn upserted(write: &IndexWrite) -> Option<&IndexDocument> {
    match write {
        IndexWrite::Upsert(document) => Some(document),
        IndexWrite::Delete { .. } => None,
    }
}

async fn store_postings(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    changed: &Changed<'_>,
) -> Result<()> {
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    for (_, slot) in changed {
        let before: BTreeSet<&str> =
            slot.held.iter().flat_map(|held| &held.keys).map(String::as_str).collect();
        let document = slot.next.and_then(upserted);
        let after: BTreeSet<&str> =
            document.iter().flat_map(|document| &document.keys).map(String::as_str).collect();
        gone.extend(before.difference(&after).map(|key| (*key, slot.number)));
        come.extend(after.difference(&before).map(|key| (*key, slot.number)));
    }
    // In the order of the table, so that neighbours are written together.
    come.sort_unstable();
    let delete = format!("DELETE FROM posting_{generation} WHERE (key, document) IN (VALUES ");
    for_rows(connection, [&delete, ")"], 2, &gone, |query, (key, number)| query.bind(*key).bind(*number))
        .await?;
    let insert = format!("INSERT INTO posting_{generation} (key, document) VALUES ");
    for_rows(connection, [&insert, ""], 2, &come, |query, (key, number)| query.bind(*key).bind(*number)).await
}

async fn store_words(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    changed: &Changed<'_>,
) -> Result<()> {
    let replaced = |slot: &Slot<'_>| slot.held.as_ref().is_some_and(|held| !held.deleted);
    let gone: Vec<i64> =
        changed.iter().filter(|(_, slot)| replaced(slot)).map(|(_, slot)| slot.number).collect();
    let delete = format!("DELETE FROM search_{generation} WHERE rowid IN (VALUES ");
    for_rows(connection, [&delete, ")"], 1, &gone, |query, number| query.bind(*number)).await?;
    let come: Vec<(i64, [String; 3])> = changed
        .iter()
        .filter_map(|(_, slot)| Some((slot.number, folded(&slot.next.and_then(upserted)?.search))))
        .collect();
    let insert = format!("INSERT INTO search_{generation} (rowid, names, places, phones) VALUES ");
    for_rows(connection, [&insert, ""], 4, &come, |query, (number, [names, places, phones])| {
        query.bind(*number).bind(names).bind(places).bind(phones)
    })
    .await?;
    let words =
        come.iter().flat_map(|(_, [names, places, _])| [names, places]).flat_map(|text| text.split(' '));
    let words: BTreeSet<&str> = words.filter(|word| text::errors_max(word) > 0).collect();
    let words: Vec<&str> = words.into_iter().collect();
    let insert = format!("INSERT OR IGNORE INTO word_{generation} (word) VALUES ");
    for_rows(connection, [&insert, ""], 1, &words, |query, word| query.bind(*word)).await
}

fn folded(words: &SearchFields) -> [String; 3] {
    [text::fold(&words.names), text::fold(&words.places), text::phone_ends(&words.phones)]
}

async fn store_count(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    changed: &Changed<'_>,
) -> Result<()> {
    let grown: i64 = changed
        .iter()
        .map(|(_, slot)| {
            let was = slot.held.as_ref().is_some_and(|held| !held.deleted);
            i64::from(slot.next.and_then(upserted).is_some()) - i64::from(was)
        })
        .sum();
    if grown == 0 {
        return Ok(());
    }
    sqlx::query("UPDATE generation SET documents = documents + $1 WHERE id = $2")
        .bind(grown)
        .bind(generation)
        .execute(connection)
        .await
        .map_err(failed("counting the documents of the index"))?;
    Ok(())
}

type Statement<'q> = Query<'q, Sqlite, SqliteArguments>;

/// Runs `head (?,…),(?,…),… tail` over all rows, some hundred rows at a time.
async fn for_rows<'q, R>(
    connection: &mut SqliteConnection,
    [head, tail]: [&str; 2],
    columns: usize,
    rows: &'q [R],
    bind: impl Fn(Statement<'q>, &'q R) -> Statement<'q>,
) -> Result<()> {
    for chunk in rows.chunks(ROWS_PER_STATEMENT) {
        let row = format!("({}?)", "?,".repeat(columns - 1));
        let mut sql = String::with_capacity(head.len() + tail.len() + chunk.len() * (row.len() + 1));
        let _ = write!(sql, "{head}{}{row}{tail}", format!("{row},").repeat(chunk.len() - 1));
        // The last, shorter statement of a call would only push others out of the cache.
        let is_full = chunk.len() == ROWS_PER_STATEMENT;
        let query = sqlx::query(AssertSqlSafe(sql)).persistent(is_full);
        chunk
            .iter()
            .fold(query, &bind)
            .execute(&mut *connection)
            .await
            .map_err(failed("writing to the index"))?;
    }
    Ok(())
}
