//! `ETag`, `If-Match`, `If-None-Match`: nobody's change is overwritten unseen.

use crate::problem::{Kind, Problem, Result};
use crate::request::Headers;
use axum::http::{HeaderValue, header};
use entity::RecordId;
use std::fmt::Write;
use store::organizations::Revisions;
use uuid::Uuid;

/// Namespace of the hash; without meaning beyond that.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f72_676c_6f6f_7000_8000_4554_4147_0001);
const TAG_CHARS: usize = 20;

/// The tag of a state: a hash over the members and their revisions. A child's write counts for its record.
pub(super) fn etag(members: &[RecordId], revisions: &Revisions) -> String {
    let mut text = String::new();
    for (id, revision) in members.iter().filter_map(|id| revisions.get_key_value(id)) {
        write!(text, "{id}:{revision};").expect("a String takes any text");
    }
    let mut tag = Uuid::new_v5(&NAMESPACE, text.as_bytes()).simple().to_string();
    tag.truncate(TAG_CHARS);
    tag
}

/// The tag as a header's value.
pub(super) fn quoted(etag: &str) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{etag}\"")).expect("a tag is hexadecimal digits")
}

/// A tag as callers write it: with or without its quotes.
pub(super) fn unquoted(etag: &str) -> &str {
    etag.trim().trim_matches('"')
}

fn names(list: &str, etag: &str) -> bool {
    list.split(',').any(|tag| tag.trim() == "*" || unquoted(tag) == etag)
}

/// Refuses a write that does not say what it was decided on, or was decided on what no longer stands.
pub(super) fn require_match(headers: &Headers, etag: &str) -> Result<()> {
    let Some(seen) = headers.text(&header::IF_MATCH).filter(|seen| !seen.trim().is_empty()) else {
        let detail = "send the ETag that you have read as If-Match (or * to write whatever is there)";
        return Err(Problem::new(Kind::PreconditionRequired, detail));
    };
    if names(seen, etag) {
        return Ok(());
    }
    let detail =
        format!("If-Match names {seen}, but the state of now is \"{etag}\": read again and decide anew");
    Err(Problem::new(Kind::Stale, detail).with("current", etag))
}

/// Whether the reader has this state already.
pub(super) fn is_known(headers: &Headers, etag: &str) -> bool {
    let weak = |list: &str| names(&list.replace("W/", ""), etag);
    headers.text(&header::IF_NONE_MATCH).is_some_and(weak)
}
