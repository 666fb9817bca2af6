//! People's searches: words, their beginnings, and near words for those that the index does not know.

use super::failure::failed;
use super::generation::GenerationId;
use crate::error::Result;
use crate::port::SearchHit;
use crate::text;
use sqlx::{AssertSqlSafe, SqliteConnection};
use std::collections::HashMap;
use std::ops::RangeInclusive;
use uuid::Uuid;

/// Near words that stand in for one that is not known.
const NEAR_WORDS_MAX: usize = 8;
/// Near words whose use is looked up to choose among them.
const NEAR_WORDS_LOOKED_UP: usize = 64;
/// The shortest word that is also sought as a beginning.
const BEGINNING_MIN: usize = 2;

pub(super) async fn search(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    text: &str,
    limit: usize,
) -> Result<Vec<SearchHit>> {
    let mut sought = Vec::new();
    for word in text::query_words(text) {
        let beginning = if word.chars().count() < BEGINNING_MIN { "" } else { "*" };
        sought.push(format!("\"{word}\""));
        if !beginning.is_empty() {
            sought.push(format!("\"{word}\"*"));
        }
        let near = near_words(connection, generation, &word).await?;
        sought.extend(near.into_iter().map(|word| format!("\"{word}\"")));
    }
    if sought.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT d.id, d.name, -hit.rank FROM (
             SELECT rowid AS number, rank FROM search_{generation} WHERE search_{generation} MATCH $1
             ORDER BY rank LIMIT $2
         ) AS hit CROSS JOIN document_{generation} AS d ON d.number = hit.number
         ORDER BY hit.rank, d.id"
    );
    let rows: Vec<(Uuid, String, f64)> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(sought.join(" OR "))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(connection)
        .await
        .map_err(failed("searching the index"))?;
    Ok(rows.into_iter().map(|(id, name, score)| SearchHit { id: id.into(), name, score }).collect())
}

/// Known words a typing error or two away from an unknown one, nearest and most used first.
async fn near_words(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    word: &str,
) -> Result<Vec<String>> {
    let errors = text::errors_max(word);
    if errors == 0 || !used(connection, generation, &[word]).await?.is_empty() {
        return Ok(Vec::new());
    }
    let letters = word.chars().count();
    let known =
        words_of_length(connection, generation, letters.saturating_sub(errors)..=letters + errors).await?;
    let distances = known.split(' ').map(|term| (strsim::osa_distance(word, term), term));
    let mut near: Vec<(usize, &str)> = distances.filter(|(distance, _)| *distance <= errors).collect();
    near.sort_unstable();
    near.truncate(NEAR_WORDS_LOOKED_UP);
    let terms: Vec<&str> = near.iter().map(|(_, term)| *term).collect();
    let used = used(connection, generation, &terms).await?;
    let mut near: Vec<(usize, i64, &str)> =
        near.into_iter().filter_map(|(distance, term)| Some((distance, -used.get(term)?, term))).collect();
    near.sort_unstable();
    Ok(near.into_iter().take(NEAR_WORDS_MAX).map(|(.., term)| term.to_owned()).collect())
}

/// All words of these lengths, with blanks between: they are many, so they come in one row.
async fn words_of_length(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    letters: RangeInclusive<usize>,
) -> Result<String> {
    let sql =
        format!("SELECT group_concat(word, ' ') FROM word_{generation} WHERE length(word) BETWEEN $1 AND $2");
    let words: Option<String> = sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(i64::try_from(*letters.start()).unwrap_or(i64::MAX))
        .bind(i64::try_from(*letters.end()).unwrap_or(i64::MAX))
        .fetch_one(connection)
        .await
        .map_err(failed("reading the words of the index"))?;
    Ok(words.unwrap_or_default())
}

/// How many documents each of the words is in; words in none are left out.
async fn used(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    words: &[&str],
) -> Result<HashMap<String, i64>> {
    let sql = format!(
        "SELECT t.term, t.doc FROM json_each($1) AS asked CROSS JOIN term_{generation} AS t ON t.term = asked.value"
    );
    let rows: Vec<(String, i64)> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(serde_json::to_string(words).expect("strings are JSON"))
        .fetch_all(connection)
        .await
        .map_err(failed("reading the words of the index"))?;
    Ok(rows.into_iter().collect())
}
