//! What callers are told when something fails: status, stable type and a sentence (RFC 9457).
//!
//! Types never change their meaning; sentences may. What is inside (the chain of causes) is logged once, here,
//! and never sent.

mod catalogue;

pub(crate) use catalogue::Kind;

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use golden::PlanFault;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::error::Error as StdError;
use store::access::Role;
use store::error::Conflict;
use utoipa::ToSchema;

/// An answer that says no.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) kind: Kind,
    pub(crate) detail: String,
    pub(crate) errors: Vec<FieldProblem>,
    /// What this type of problem says beyond the standard members.
    pub(crate) members: Map<String, Value>,
}

/// One field that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct FieldProblem {
    /// The path of the field, such as `locations[0].latitude`.
    pub(crate) field: String,
    /// What is wrong with it.
    pub(crate) problem: String,
}

/// A problem as it is sent, `application/problem+json`. Some types carry members of their own besides these.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDocument {
    /// Which problem it is: `/problems/` and its stable name.
    #[serde(rename = "type")]
    #[schema(example = "/problems/stale")]
    pub(crate) kind: String,
    /// The type in a few words.
    pub(crate) title: String,
    /// The HTTP status.
    pub(crate) status: u16,
    /// What happened this time, and what to do.
    pub(crate) detail: String,
    /// The fields that are wrong, where fields are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<FieldProblem>,
    #[serde(flatten)]
    #[schema(ignore)]
    pub(crate) members: Map<String, Value>,
}

pub(crate) type Result<T, E = Problem> = std::result::Result<T, E>;

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), errors: Vec::new(), members: Map::new() }
    }

    pub(crate) fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(Kind::NotFound, format!("{what} is not there"))
    }

    /// One field is wrong.
    pub(crate) fn invalid(field: impl Into<String>, problem: impl Into<String>) -> Self {
        let (field, problem) = (field.into(), problem.into());
        let detail = if field.is_empty() { problem.clone() } else { format!("{field}: {problem}") };
        Self { errors: vec![FieldProblem { field, problem }], ..Self::new(Kind::Invalid, detail) }
    }

    pub(crate) fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }

    /// The problem of a part of the request: its fields are named from the whole.
    pub(crate) fn within(mut self, path: &str) -> Self {
        self.detail = format!("{path}: {}", self.detail);
        for error in &mut self.errors {
            error.field =
                if error.field.is_empty() { path.to_owned() } else { format!("{path}.{}", error.field) };
        }
        self
    }

    /// The caller is known, and may not.
    pub(crate) fn missing_role(role: Role) -> Self {
        let detail = format!("this needs the role {role}, which the caller does not have");
        Self::new(Kind::MissingRole, detail).with("role", role.name())
    }

    /// The addressed id was absorbed: the caller decides anew, with the survivor.
    pub(crate) fn merged_entity(absorbed: &str, survivor: &str) -> Self {
        let detail =
            format!("{absorbed} was merged into {survivor}: address the survivor, or undo the merge");
        Self::new(Kind::MergedEntity, detail).with("survivor", survivor)
    }

    pub(crate) fn document(&self) -> ProblemDocument {
        ProblemDocument {
            kind: format!("/problems/{}", self.kind.name()),
            title: self.kind.title().to_owned(),
            status: self.kind.status().as_u16(),
            detail: self.detail.clone(),
            errors: self.errors.clone(),
            members: self.members.clone(),
        }
    }

    /// The caller is told that it was not its fault; the cause is for the log.
    fn ours(kind: Kind, error: &(dyn StdError + 'static)) -> Self {
        let detail = match kind {
            Kind::Unavailable => {
                "a store, topic or index behind the service is away or busy: try again in a moment"
            }
            _ => "something broke inside the service; the log of the service says what",
        };
        tracing::error!(error = chain(error), kind = kind.name(), "a request failed");
        Self::new(kind, detail)
    }
}

/// An error with all its causes, as one line.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Conflict(Conflict::Stale(what)) => {
                let detail = format!("{what} has changed since it was read: read it again and decide anew");
                Self::new(Kind::Stale, detail)
            }
            store::Error::Conflict(Conflict::Absorbed { absorbed, survivor }) => {
                Self::merged_entity(&absorbed, &survivor)
            }
            store::Error::Conflict(Conflict::KeyReused) => Self::new(
                Kind::IdempotencyKeyReused,
                "this Idempotency-Key came with another request before: give each request its own",
            ),
            store::Error::Conflict(Conflict::OwnApproval(what)) => {
                let detail = format!("{what} was asked for by you: somebody else has to approve it");
                Self::new(Kind::NeedsSecondApproval, detail)
            }
            store::Error::Conflict(Conflict::BatchClosed { id, state }) => {
                Self::new(Kind::BatchClosed, format!("batch {id} is {state}"))
                    .with("state", state.replace(' ', "_"))
            }
            store::Error::NotFound(what) => Self::not_found(what),
            store::Error::Invalid(detail) => Self::new(Kind::Invalid, detail),
            transient @ store::Error::Transient { .. } => Self::ours(Kind::Unavailable, &transient),
            other => Self::ours(Kind::Internal, &other),
        }
    }
}

impl From<PlanFault> for Problem {
    fn from(fault: PlanFault) -> Self {
        match fault {
            PlanFault::NotSeveral => {
                Self::invalid("organizations", "name two organizations or more, each once")
            }
            PlanFault::Missing(id) => Self::not_found(format!("organization {id}")),
            PlanFault::Absorbed { absorbed, survivor } => {
                Self::merged_entity(&absorbed.to_string(), &survivor.to_string())
            }
            PlanFault::Choice { field, problem } => Self::invalid(format!("choices.{field}"), problem),
        }
    }
}

impl From<events::Error> for Problem {
    fn from(error: events::Error) -> Self {
        match error {
            events::Error::NotFound(what) => Self::not_found(what),
            events::Error::Invalid(detail) => Self::new(Kind::Invalid, detail),
            transient @ events::Error::Transient { .. } => Self::ours(Kind::Unavailable, &transient),
            other => Self::ours(Kind::Internal, &other),
        }
    }
}

impl From<index::Error> for Problem {
    fn from(error: index::Error) -> Self {
        match error {
            index::Error::Invalid(detail) => Self::new(Kind::Invalid, detail),
            transient @ index::Error::Transient { .. } => Self::ours(Kind::Unavailable, &transient),
            other => Self::ours(Kind::Internal, &other),
        }
    }
}

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

fn value(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok()
}

impl Problem {
    /// What the answer says beside its body.
    pub(crate) fn headers(&self) -> HeaderMap {
        let member = |name: &str| self.members.get(name).and_then(Value::as_str);
        let retry = match self.members.get("retry_after").and_then(Value::as_f64) {
            Some(seconds) => value(&format!("{seconds:.0}")),
            None if self.kind.status() == StatusCode::SERVICE_UNAVAILABLE => value("1"),
            None => None,
        };
        let survivor = member("survivor");
        let link =
            survivor.and_then(|id| value(&format!("</v1/organizations/{id}>; rel=\"successor-version\"")));
        let challenge = match (self.kind, member("error"), member("role")) {
            // RFC 6750: how to say who one is.
            (Kind::Unauthenticated, Some(error), _) => {
                value(&format!("Bearer realm=\"orgloop\", error=\"{error}\""))
            }
            (Kind::Unauthenticated, None, _) => value("Bearer realm=\"orgloop\""),
            (Kind::MissingRole, _, Some(role)) => {
                value(&format!("Bearer realm=\"orgloop\", error=\"insufficient_scope\", scope=\"{role}\""))
            }
            _ => None,
        };
        let all = [(header::RETRY_AFTER, retry), (header::LINK, link), (header::WWW_AUTHENTICATE, challenge)];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.kind.status(), self.headers(), Json(self.document())).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM_JSON);
        response
    }
}
