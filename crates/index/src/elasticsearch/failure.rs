//! What an answer of Elasticsearch means for the caller.

use crate::error::Error;
use serde::Deserialize;

/// The cluster is busy, or blocks writes until its disk is freed: it may pass.
const BUSY: [u16; 5] = [408, 429, 502, 503, 504];
/// An index made read-only, such as by the flood-stage watermark; it is freed by the server or by an operator.
const BLOCKED: &str = "cluster_block_exception";

const AWAY: &str = "index_not_found_exception";

/// The `error` of an answer, or of one item of a bulk answer.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Reason {
    #[serde(default, rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    caused_by: Option<Box<Reason>>,
    /// The index that it is about.
    #[serde(default)]
    index: Option<String>,
}

impl Reason {
    /// Reads an answer's body; some errors are a bare string, and proxies answer with anything.
    pub(super) fn of(body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Answer {
            error: Reason,
        }
        serde_json::from_slice::<Answer>(body).map_or_else(
            |_| Self {
                reason: Some(String::from_utf8_lossy(body).chars().take(300).collect()),
                ..Self::default()
            },
            |answer| answer.error,
        )
    }

    /// The kinds and reasons from the outermost to the cause.
    pub(super) fn text(&self) -> String {
        let own = self.reason.as_deref().unwrap_or("no reason given");
        let own = if self.kind.is_empty() { own.to_owned() } else { format!("{}: {own}", self.kind) };
        self.caused_by.as_ref().map_or(own.clone(), |cause| format!("{own}; {}", cause.text()))
    }
}

/// Whether the same request to this alias may go through later.
pub(super) fn may_pass(status: u16, reason: &Reason, target: &str) -> bool {
    BUSY.contains(&status) || reason.kind == BLOCKED || has_moved(reason, target)
}

/// Whether the index behind the alias was dropped while the request was on its way: the alias points to the
/// next one by now. If the alias itself is away, it is the alias that the server names; and `_aliases` names
/// no alias.
fn has_moved(reason: &Reason, target: &str) -> bool {
    let is_alias = !target.starts_with('_');
    is_alias && reason.kind == AWAY && reason.index.as_deref().is_some_and(|index| index != target)
}

/// A refusal as an error of ours.
pub(super) fn refused(doing: &str, status: u16, reason: &Reason, target: &str) -> Error {
    let text = reason.text();
    match status {
        _ if may_pass(status, reason, target) => {
            Error::transient(doing, format!("Elasticsearch answers {status}: {text}"))
        }
        404 => Error::NotFound(format!("{doing}: {text}; the index or its alias")),
        401 | 403 => {
            Error::Invalid(format!("{doing}: Elasticsearch answers {status}, check the credentials: {text}"))
        }
        500.. => Error::transient(doing, format!("Elasticsearch answers {status}: {text}")),
        _ => Error::Invalid(format!("{doing}: Elasticsearch answers {status}: {text}")),
    }
}
