//! People's searches: words, their beginnings, and near words for those that the index does not know.

use super::failure::failed;
use super::generation::GenerationId;
use crate::error::Result;
use crate::port::SearchHit;
use crate::text;
use sqlx::{AssertSqlSafe, SqliteConnection};
use uuid::Uuid;

/// Near words that stand in for one that is not known.
const NEAR_WORDS_MAX: usize = 8;
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
    let first = word.chars().next().unwrap_or_default();
    if errors == 0 || !words_between(connection, generation, [word, &format!("{word}\0")]).await?.is_empty() {
        return Ok(Vec::new());
    }
    // Most errors come after the first letter, and the words that share it are few.
    let next = char::from_u32(first as u32 + 1).unwrap_or(char::MAX);
    let sharing = words_between(connection, generation, [&first.to_string(), &next.to_string()]).await?;
    let near = nearest(word, errors, sharing);
    if !near.is_empty() {
        return Ok(near);
    }
    let all = words_between(connection, generation, ["", "\u{10ffff}"]).await?;
    Ok(nearest(word, errors, all))
}

/// Words of the index from the first, up to and without the last, with the number of documents they are in.
async fn words_between(
    connection: &mut SqliteConnection,
    generation: GenerationId,
    [from, to]: [&str; 2],
) -> Result<Vec<(String, i64)>> {
    let sql = format!("SELECT term, doc FROM word_{generation} WHERE term >= $1 AND term < $2");
    sqlx::query_as(AssertSqlSafe(sql))
        .bind(from)
        .bind(to)
        .fetch_all(connection)
        .await
        .map_err(failed("reading the words of the index"))
}

fn nearest(word: &str, errors: usize, known: Vec<(String, i64)>) -> Vec<String> {
    let letters = word.chars().count();
    let mut near: Vec<(usize, i64, String)> = known
        .into_iter()
        .filter(|(term, _)| text::has_letter(term) && term.chars().count().abs_diff(letters) <= errors)
        .map(|(term, documents)| (strsim::osa_distance(word, &term), -documents, term))
        .filter(|(distance, ..)| *distance <= errors)
        .collect();
    near.sort_unstable();
    near.into_iter().take(NEAR_WORDS_MAX).map(|(.., term)| term).collect()
}
