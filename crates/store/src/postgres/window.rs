//! The window of the change log on PostgreSQL: what a later snapshot sees and an earlier one did not.
//!
//! Whatever the order in which transactions commit, each change falls into exactly one window; within it, `seq`
//! keeps the order of every row, because it is drawn while the row's lock is held. A large window is read in pages
//! that all look through the stored later snapshot.

use super::Db;
use crate::change_log::ChangeRow;
use crate::error::{Doing, Error, Result};
use serde::{Deserialize, Serialize};
use sqlx::Transaction;

/// Before everything: no transaction id is smaller.
const BEGINNING: &str = "1:1:";

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Position {
    /// What was seen when the last window ended.
    from: String,
    /// The window being read, if it is not finished.
    to: Option<String>,
    /// The last row read of it.
    seq: i64,
}

/// The first page of a window: transactions that had begun but not ended when the last one ended, and those that began
/// since. Both by the index on transaction ids: the rest of the log is not looked at, however long it is. The third part of a
/// snapshot's text are the ids of those that were open.
const FIRST_PAGE: &str = "
    SELECT seq, table_name, op, row_id, owner_before, owner_after FROM (
        SELECT * FROM change_log
        WHERE xid >= pg_snapshot_xmax($2::text::pg_snapshot) AND pg_visible_in_snapshot(xid, $3::text::pg_snapshot)
        UNION ALL
        SELECT * FROM change_log
        WHERE xid = ANY (string_to_array(split_part($2, ':', 3), ',')::xid8[])
          AND pg_visible_in_snapshot(xid, $3::text::pg_snapshot)) AS seen_since
    WHERE seq > $1 ORDER BY seq LIMIT $4";

/// A later page goes on by number, so that a window of millions is not sorted anew for each of its pages.
const LATER_PAGE: &str = "
    SELECT seq, table_name, op, row_id, owner_before, owner_after FROM change_log
    WHERE seq > $1 AND pg_visible_in_snapshot(xid, $3::text::pg_snapshot)
      AND NOT pg_visible_in_snapshot(xid, $2::text::pg_snapshot)
    ORDER BY seq LIMIT $4";

/// The next log rows after a position, in a snapshot; with the position after them, and whether there are more.
pub(crate) async fn read_window(
    snapshot: &mut Transaction<'static, Db>,
    position: Option<&str>,
    rows_max: usize,
) -> Result<(Vec<ChangeRow>, String, bool)> {
    let at = parse(position)?;
    let now = current_snapshot(snapshot, &at).await?;
    let to = at.to.unwrap_or(now);
    let page = if at.seq == 0 { FIRST_PAGE } else { LATER_PAGE };
    let rows: Vec<super::organizations::LogRow> = sqlx::query_as(page)
        .bind(at.seq)
        .bind(&at.from)
        .bind(&to)
        .bind(i64::try_from(rows_max).unwrap_or(i64::MAX))
        // Planned for this position each time: a plan for any position would read the whole log.
        .persistent(false)
        .fetch_all(&mut **snapshot)
        .await
        .doing(|| format!("reading the change log between {} and {to}", at.from))?;
    let more = rows.len() >= rows_max;
    let next = match rows.last() {
        Some(last) if more => Position { from: at.from, to: Some(to), seq: last.seq },
        _ => Position { from: to, to: None, seq: 0 },
    };
    Ok((rows.into_iter().map(Into::into).collect(), text(&next), more))
}

/// The snapshot of now, if it can follow the position: on a standby, or after a restore, it cannot.
async fn current_snapshot(snapshot: &mut Transaction<'static, Db>, at: &Position) -> Result<String> {
    let (now, standby, backwards): (String, bool, bool) = sqlx::query_as(
        "SELECT pg_current_snapshot()::text, pg_is_in_recovery(),
                pg_snapshot_xmax(pg_current_snapshot()) < pg_snapshot_xmax($1::text::pg_snapshot)",
    )
    .bind(&at.from)
    .fetch_one(&mut **snapshot)
    .await
    .doing(|| "reading the current snapshot".into())?;
    if standby {
        return Err(Error::Invalid(
            "the organizations database is a standby: point the poller at the primary".into(),
        ));
    }
    if backwards {
        return Err(Error::Invalid(
            "the organizations database has gone back in time: a new epoch is needed".into(),
        ));
    }
    Ok(now)
}

/// Deletes a step of log rows that every snapshot from the acknowledged one on has seen.
pub(crate) async fn prune_step(transaction: &mut Transaction<'static, Db>, position: &str) -> Result<u64> {
    let at = parse(Some(position))?;
    let done = sqlx::query(
        "DELETE FROM change_log WHERE seq IN (SELECT seq FROM change_log
         WHERE xid < pg_snapshot_xmin($1::text::pg_snapshot) ORDER BY seq LIMIT 5000)",
    )
    .bind(&at.from)
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
    let at = parse(position)?;
    sqlx::query_scalar(
        "SELECT COUNT(*) FROM (
             SELECT seq FROM change_log WHERE xid >= pg_snapshot_xmax($1::text::pg_snapshot) AND seq > $2
             UNION ALL
             SELECT seq FROM change_log
             WHERE xid = ANY (string_to_array(split_part($1, ':', 3), ',')::xid8[]) AND seq > $2
             LIMIT 100000) AS waiting",
    )
    .bind(&at.from)
    .bind(at.seq)
    .persistent(false)
    .fetch_one(&mut **snapshot)
    .await
    .doing(|| "counting the change log".into())
}

fn parse(position: Option<&str>) -> Result<Position> {
    let Some(text) = position else {
        return Ok(Position { from: BEGINNING.into(), to: None, seq: 0 });
    };
    serde_json::from_str(text)
        .map_err(|_| Error::Invalid(format!("{text:?} is not a position of a PostgreSQL change log")))
}

fn text(position: &Position) -> String {
    serde_json::to_string(position).expect("a position is plain text and numbers")
}
