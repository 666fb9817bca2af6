//! Answers already given, by the caller's key: the same request again gets the same answer.

use super::merges::select_merge;
use super::{Executor, OrganizationsStore};
use crate::error::{Conflict, Doing, Error, Result};
use crate::merging::{Answer, RequestKey};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

/// What was answered before.
pub(super) enum Before<T> {
    Nothing,
    Answer(T),
    /// A key of before answers were kept: what was made then.
    Made(Uuid),
}

/// Looks for the answer that this request got before. Called under the lock of whatever makes the answer, so that
/// of two that come at once the second waits and finds it.
pub(super) async fn answered<T: DeserializeOwned>(
    db: Executor<'_>,
    request: &RequestKey,
) -> Result<Before<T>> {
    let row: Option<(String, Uuid, Option<String>)> = sqlx::query_as(
        "SELECT fingerprint, merge_id, answer FROM idempotency_key WHERE idempotency_key = $1",
    )
    .bind(&request.key)
    .fetch_optional(db)
    .await
    .doing(|| "looking for an earlier answer".into())?;
    match row {
        None => Ok(Before::Nothing),
        Some((fingerprint, ..)) if fingerprint != request.fingerprint => Err(Conflict::KeyReused.into()),
        Some((_, _, Some(answer))) => serde_json::from_str(&answer).map(Before::Answer).map_err(unreadable),
        Some((_, made, None)) => Ok(Before::Made(made)),
    }
}

fn unreadable(error: serde_json::Error) -> Error {
    Error::Corrupt { doing: "reading an earlier answer".into(), source: error.into() }
}

/// Keeps the answer, in the transaction of what it tells of.
pub(super) async fn remember<T: Serialize + Sync>(
    db: Executor<'_>,
    request: &RequestKey,
    (made, at): (Uuid, DateTime<Utc>),
    answer: &T,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO idempotency_key (idempotency_key, fingerprint, merge_id, created_at, answer)
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(&request.key)
    .bind(&request.fingerprint)
    .bind(made)
    .bind(at)
    .bind(serde_json::to_string(answer).expect("an answer is JSON"))
    .execute(db)
    .await
    .map(drop)
    .doing(|| format!("keeping the answer about {made}"))
}

impl OrganizationsStore {
    pub(super) async fn read_answer(&self, request: &RequestKey) -> Result<Option<Answer>> {
        let mut connection =
            self.pools.read.acquire().await.doing(|| "looking for an earlier answer".into())?;
        let batch = match answered::<Value>(&mut connection, request).await? {
            Before::Nothing => return Ok(None),
            Before::Made(id) => {
                return Ok(select_merge(&mut connection, id.into()).await?.map(Answer::Merge));
            }
            // A batch is answered by its id: it goes on, and is told as it is.
            Before::Answer(Value::String(id)) => id.parse::<Uuid>().ok(),
            Before::Answer(told) => {
                let merge = serde_json::from_value(told.clone()).map(Answer::Merge);
                let answer = merge.or_else(|_| serde_json::from_value(told).map(Answer::Split));
                return answer.map(Some).map_err(unreadable);
            }
        };
        drop(connection);
        match batch {
            Some(batch) => Ok(self.read_batch(batch).await?.map(Answer::Batch)),
            None => Ok(None),
        }
    }

    pub(super) async fn forget_answers(&self, before: DateTime<Utc>) -> Result<u64> {
        let done = sqlx::query("DELETE FROM idempotency_key WHERE created_at < $1")
            .bind(before)
            .execute(&self.pools.write)
            .await
            .doing(|| format!("forgetting answers of before {before}"))?;
        Ok(done.rows_affected())
    }
}
