//! The audit log over REST: who did what, when; each entry chained to the one before.

use super::Room;
use crate::paging::{bad_cursor, last_of_more, limit, opened, sealed};
use crate::problem::{Kind, Problem, Result};
use crate::request::Parameters;
use crate::responses::ListProblems;
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{AuditEntry, AuditQuery};
use utoipa::{IntoParams, ToSchema};

const LIMIT_DEFAULT: usize = 100;
const LIMIT_MAX: usize = 1000;

/// Which entries of the audit log.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EntriesQuery {
    /// Those that concern this id: an organization, a record, a row, a merge, a split, a batch.
    subject: Option<String>,
    /// Those of this person.
    actor: Option<String>,
    /// Those from this moment on: RFC 3339, such as `2026-11-21T09:00:00Z`.
    from: Option<String>,
    /// Those before this moment.
    to: Option<String>,
    /// `next` of the page before; from the first entry on without it.
    cursor: Option<String>,
    /// At most so many, 100 unless told, 1000 at most.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// A page of the audit log, oldest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AuditPage {
    entries: Vec<AuditEntryView>,
    /// The cursor of the next page; absent at the end.
    next: Option<String>,
}

/// Something that a person did.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct AuditEntryView {
    /// Its number, from 1 without a gap.
    seq: i64,
    at: DateTime<Utc>,
    actor: String,
    /// Such as `merge`, `merge.undo`, `split`, `fact`, `organization.delete`, `merge-batch.approve`.
    action: String,
    /// The ids concerned.
    #[schema(value_type = Vec<String>)]
    subjects: Value,
    /// What else there is to say of it.
    #[schema(value_type = Object)]
    detail: Value,
    /// The hash of the entry before.
    previous: String,
    /// SHA-256 over the hash before and this entry; `orgloop audit verify` checks it.
    hash: String,
}

impl From<AuditEntry> for AuditEntryView {
    fn from(entry: AuditEntry) -> Self {
        let value = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        Self {
            seq: entry.seq,
            at: entry.at,
            subjects: value(&entry.subjects),
            detail: value(&entry.detail),
            actor: entry.actor,
            action: entry.action,
            previous: entry.previous,
            hash: entry.hash,
        }
    }
}

/// Lists what people did, oldest first.
#[utoipa::path(get, path = "/v1/audit", operation_id = "list_audit", tag = "audit", params(EntriesQuery),
    responses((status = 200, description = "A page", body = AuditPage), ListProblems))]
pub(super) async fn list(
    State(room): State<Room>,
    Parameters(query): Parameters<EntriesQuery>,
) -> Result<Json<AuditPage>> {
    let limit = limit(query.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
    let cursor = query.cursor.as_deref();
    let after =
        cursor.map(|cursor| opened(cursor)?.parse::<i64>().map_err(|_| bad_cursor(cursor))).transpose()?;
    let asked = AuditQuery {
        subject: query.subject.as_deref().map(normalized),
        actor: query.actor,
        from: moment("from", query.from.as_deref())?,
        to: moment("to", query.to.as_deref())?,
    };
    let mut entries = room.store.audit(&asked, after.unwrap_or(0), limit + 1).await?;
    let next = last_of_more(&mut entries, limit).map(|entry| sealed(&entry.seq.to_string()));
    Ok(Json(AuditPage { entries: entries.into_iter().map(AuditEntryView::from).collect(), next }))
}

/// An id in whatever way it is written, as the log writes it.
fn normalized(subject: &str) -> String {
    uuid::Uuid::parse_str(subject.trim()).map_or_else(|_| subject.trim().to_owned(), |id| id.to_string())
}

fn moment(name: &str, text: Option<&str>) -> Result<Option<DateTime<Utc>>> {
    let Some(text) = text else { return Ok(None) };
    // A plus sign in a query that was not escaped is a space.
    let parsed = DateTime::parse_from_rfc3339(&text.trim().replace(' ', "+"));
    let parsed = parsed.map_err(|_| {
        let detail = format!("{name}={text} is no moment: write it as 2026-11-21T09:00:00Z");
        Problem::new(Kind::Malformed, detail)
    })?;
    Ok(Some(parsed.with_timezone(&Utc)))
}
