//! The window of the change log on SQLite: one writer, so that the order of the log is the order of commits.

use super::Db;
use crate::change_log::ChangeRow;
use crate::error::{Doing, Error, Result};
use sqlx::Transaction;

/// The next log rows after a position, in a snapshot; with the position after them, and whether there are more.
pub(crate) async fn read_window(
    snapshot: &mut Transaction<'static, Db>,
    position: Option<&str>,
    rows_max: usize,
) -> Result<(Vec<ChangeRow>, String, bool)> {
    let after = parse(position)?;
    let rows: Vec<super::organizations::LogRow> = sqlx::query_as(
        "SELECT seq, table_name, op, row_id, owner_before, owner_after FROM change_log
         WHERE seq > $1 ORDER BY seq LIMIT $2",
    )
    .bind(after)
    .bind(i64::try_from(rows_max).unwrap_or(i64::MAX))
    .fetch_all(&mut **snapshot)
    .await
    .doing(|| format!("reading the change log after {after}"))?;
    if rows.is_empty() && after > 0 {
        check_not_backwards(snapshot, after).await?;
    }
    let next = rows.last().map_or(after, |row| row.seq);
    let more = rows.len() >= rows_max;
    Ok((rows.into_iter().map(Into::into).collect(), next.to_string(), more))
}

/// After a restore of an older file, a position may be beyond every number that was ever given.
async fn check_not_backwards(snapshot: &mut Transaction<'static, Db>, after: i64) -> Result<()> {
    let last: Option<i64> = sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'change_log'")
        .fetch_optional(&mut **snapshot)
        .await
        .doing(|| "reading the last number of the change log".into())?;
    if last.unwrap_or(0) < after {
        return Err(Error::Invalid(
            "the organizations database has gone back in time: a new epoch is needed".into(),
        ));
    }
    Ok(())
}

/// Deletes a step of log rows that are all before an acknowledged position.
pub(crate) async fn prune_step(transaction: &mut Transaction<'static, Db>, position: &str) -> Result<u64> {
    let done = sqlx::query(
        "DELETE FROM change_log WHERE seq IN (SELECT seq FROM change_log WHERE seq <= $1 ORDER BY seq LIMIT 5000)",
    )
    .bind(parse(Some(position))?)
    .execute(&mut **transaction)
    .await
    .doing(|| format!("pruning the change log up to {position}"))?;
    Ok(done.rows_affected())
}

/// Counts the rows after a position, up to a bound.
pub(crate) async fn count_waiting(
    snapshot: &mut Transaction<'static, Db>,
    position: Option<&str>,
) -> Result<i64> {
    let after = parse(position)?;
    sqlx::query_scalar(
        "SELECT COUNT(*) FROM (SELECT 1 FROM change_log WHERE seq > $1 LIMIT 100000) AS waiting",
    )
    .bind(after)
    .fetch_one(&mut **snapshot)
    .await
    .doing(|| format!("counting the change log after {after}"))
}

fn parse(position: Option<&str>) -> Result<i64> {
    let parsed = position.map_or(Ok(0), str::parse);
    parsed.map_err(|_| Error::Invalid(format!("{position:?} is not a position of a SQLite change log")))
}
