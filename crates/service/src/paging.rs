//! Pages by cursor: a cursor says after what the next page begins, and stays true while rows come and go.

use crate::problem::{Kind, Problem, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use serde::Deserialize;
use store::TimeAndId;
use utoipa::IntoParams;

/// Which page of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// `next` of the page before; the first page without it.
    pub(crate) cursor: Option<String>,
    /// At most so many, 50 unless told, 200 at most.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<usize>,
}

const LIMIT_DEFAULT: usize = 50;
const LIMIT_MAX: usize = 200;

impl PageQuery {
    pub(crate) fn limit(&self) -> Result<usize> {
        limit(self.limit, LIMIT_DEFAULT, LIMIT_MAX)
    }

    /// The text that the cursor was made from.
    pub(crate) fn after(&self) -> Result<Option<String>> {
        self.cursor.as_deref().map(opened).transpose()
    }
}

/// Which page of a list that has the newest first.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NewestQuery {
    /// `next` of the page before; the newest without it.
    pub(crate) cursor: Option<String>,
    /// At most so many, 50 unless told, 1000 at most.
    #[param(minimum = 1, maximum = 1000)]
    pub(crate) limit: Option<usize>,
}

impl NewestQuery {
    pub(crate) fn limit(&self) -> Result<usize> {
        limit(self.limit, LIMIT_DEFAULT, 1000)
    }

    pub(crate) fn after(&self) -> Result<Option<TimeAndId>> {
        let Some(cursor) = self.cursor.as_deref() else { return Ok(None) };
        let text = opened(cursor)?;
        let parsed = text.split_once(' ').and_then(|(micros, id)| {
            Some((DateTime::from_timestamp_micros(micros.parse().ok()?)?, id.parse().ok()?))
        });
        parsed.map(Some).ok_or_else(|| bad_cursor(cursor))
    }
}

/// Takes one that was asked for beyond the page away, and gives the cursor of the next page if there was one.
pub(crate) fn cut<T>(rows: &mut Vec<T>, limit: usize, at: impl Fn(&T) -> TimeAndId) -> Option<String> {
    let (time, id) = last_of_more(rows, limit).map(at)?;
    Some(sealed(&format!("{} {id}", time.timestamp_micros())))
}

/// Takes one that was asked for beyond the page away, and gives the last that stays if there was one.
pub(crate) fn last_of_more<T>(rows: &mut Vec<T>, limit: usize) -> Option<&T> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    rows.last().filter(|_| more)
}

/// A limit within its bounds.
pub(crate) fn limit(asked: Option<usize>, default: usize, max: usize) -> Result<usize> {
    match asked.unwrap_or(default) {
        limit if (1..=max).contains(&limit) => Ok(limit),
        limit => Err(Problem::new(Kind::Malformed, format!("limit={limit} is not between 1 and {max}"))),
    }
}

/// A cursor that callers do not look into.
pub(crate) fn sealed(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// What a cursor was made from.
pub(crate) fn opened(cursor: &str) -> Result<String> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| bad_cursor(cursor))
}

/// For a cursor that no answer of ours holds.
pub(crate) fn bad_cursor(cursor: &str) -> Problem {
    let shown: String = cursor.chars().take(60).collect();
    Problem::new(
        Kind::Malformed,
        format!("the cursor {shown:?} is not one: take it from `next` of an answer"),
    )
}
