//! People's searches: words with typing errors, their beginnings, and the ends of telephone numbers.

use super::client::Client;
use super::read::{alive, hits};
use crate::error::Result;
use crate::port::SearchHit;
use crate::text;
use entity::RecordId;
use serde::Deserialize;
use serde_json::{Value, json};

/// Hits of one answer; the server's window.
const HITS_MAX: usize = 10_000;
/// The shortest word that is also sought as a beginning.
const BEGINNING_MIN: usize = 2;

#[derive(Debug, Deserialize)]
struct NamedHit {
    #[serde(rename = "_id")]
    id: RecordId,
    #[serde(rename = "_score")]
    score: f64,
    #[serde(rename = "_source")]
    source: Named,
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

pub(super) async fn search(
    client: &Client,
    target: &str,
    text: &str,
    limit: usize,
) -> Result<Vec<SearchHit>> {
    let sought: Vec<Value> = text::query_words(text).iter().flat_map(|word| clauses(word)).collect();
    if sought.is_empty() || limit == 0 {
        return Ok(Vec::new());
    }
    let body = json!({
        "size": limit.min(HITS_MAX),
        "track_total_hits": false,
        "_source": ["name"],
        "query": {"bool": {"filter": [alive()], "should": sought, "minimum_should_match": 1}},
        "sort": [{"_score": "desc"}, {"id": "asc"}],
    });
    let found: Vec<NamedHit> = hits(client, "searching the index", target, &body).await?;
    Ok(found
        .into_iter()
        .map(|hit| SearchHit { id: hit.id, name: hit.source.name, score: hit.score })
        .collect())
}

/// A word as typed or nearly so, and the words that begin with it.
fn clauses(word: &str) -> Vec<Value> {
    // A word of the name says three times as much as a word of the address.
    let fields = json!(["names^3", "places", "phones"]);
    let mut as_typed = json!({"query": word, "fields": fields});
    if text::errors_max(word) > 0 {
        // By default it allows the errors that `errors_max` says.
        as_typed["fuzziness"] = json!("AUTO");
    }
    let mut clauses = vec![json!({"multi_match": as_typed})];
    if word.chars().count() >= BEGINNING_MIN {
        clauses.push(json!({"multi_match": {"query": word, "fields": fields, "type": "bool_prefix"}}));
    }
    clauses
}
