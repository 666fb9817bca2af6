//! What handlers take from a request; whatever is not as it should be becomes a problem that says where.

mod body;
mod values;

pub(crate) use body::{Body, OptionalBody, Raw, misfit};

use crate::access::identity::{How, Identity};
use crate::problem::{Kind, Problem, Result};
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use serde::de::DeserializeOwned;
use std::convert::Infallible;
use store::access::{Role, Roles};
use uuid::Uuid;

/// The largest body taken.
pub(crate) const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;

/// The id in the path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathId(pub(crate) Uuid);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| Problem::new(Kind::Malformed, rejection.body_text()))?;
        Uuid::parse_str(&text).map(Self).map_err(|_| {
            let shown: String = text.chars().take(60).collect();
            Problem::new(Kind::Malformed, format!("{shown:?} in the path is not an id: ids are UUIDs"))
        })
    }
}

/// The parameters of the query.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameters<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        let Query(parameters) = Query::try_from_uri(&parts.uri)
            .map_err(|rejection| Problem::new(Kind::Malformed, rejection.body_text()))?;
        Ok(Self(parameters))
    }
}

/// Who asks: whom the guard let in, or for whom a trusted program asks.
///
/// Handlers take it as an argument. The table in `access/table.rs` says which role a route needs at least; a handler
/// that needs more for this or that request says `caller.require(Role::Approver)?`.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The name under which is kept what they do.
    pub(crate) name: String,
    /// What they may do.
    pub(crate) roles: Roles,
    /// By what they are known.
    pub(crate) how: How,
    /// The program that asks for them, where one does.
    pub(crate) through: Option<String>,
}

/// The header by which a caller gives a name: believed of programs with the role service, and where all is open.
pub(crate) const USER: HeaderName = HeaderName::from_static("x-orgloop-user");

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const KEY_CHARS_MAX: usize = 255;

const NAME_CHARS_MAX: usize = 200;

impl Caller {
    fn of(identity: &Identity, headers: &HeaderMap) -> Result<Self> {
        let Identity { name, roles, how } = identity.clone();
        let itself = Self { name, roles, how, through: None };
        let Some(header) = headers.get(USER).filter(|_| identity.may_name_others()) else {
            return Ok(itself);
        };
        let said = std::str::from_utf8(header.as_bytes())
            .map_err(|_| Problem::new(Kind::Malformed, "the X-Orgloop-User header is not UTF-8 text"))?;
        let through = (how != How::Open).then(|| itself.name.clone());
        Ok(match name_of(said)? {
            Some(name) => Self { name, through, ..itself },
            None => itself,
        })
    }

    /// Under the name that a form gives: only where all is open; whoever is signed in has a name.
    pub(crate) fn or_named(self, given: Option<&str>) -> Result<Self> {
        match given.map(name_of).transpose()?.flatten() {
            Some(name) if self.how == How::Open => Ok(Self { name, ..self }),
            _ => Ok(self),
        }
    }

    /// Refuses whoever may not do what needs this role.
    pub(crate) fn require(&self, role: Role) -> Result<()> {
        if self.roles.grant(role) { Ok(()) } else { Err(Problem::missing_role(role)) }
    }
}

/// A name that was given; `None` for an empty one.
fn name_of(given: &str) -> Result<Option<String>> {
    let name = given.trim();
    if name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        let detail =
            format!("a user's name has at most {NAME_CHARS_MAX} characters, none of them control characters");
        return Err(Problem::new(Kind::Malformed, detail));
    }
    Ok((!name.is_empty()).then(|| name.to_owned()))
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        let identity = parts.extensions.get::<Identity>().expect("the guard is before every route");
        Self::of(identity, &parts.headers)
    }
}

/// The headers, for those who look for several.
#[derive(Clone, Debug)]
pub(crate) struct Headers(pub(crate) HeaderMap);

impl<S: Send + Sync> FromRequestParts<S> for Headers {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.clone()))
    }
}

impl Headers {
    /// The caller's `Idempotency-Key`, where there is one.
    pub(crate) fn idempotency_key(&self) -> Result<Option<&str>> {
        let key = self.text(&IDEMPOTENCY_KEY).map(str::trim).filter(|key| !key.is_empty());
        if key.is_some_and(|key| key.chars().count() > KEY_CHARS_MAX) {
            let detail = format!("the Idempotency-Key has over {KEY_CHARS_MAX} characters");
            return Err(Problem::new(Kind::Malformed, detail));
        }
        Ok(key)
    }

    /// A header's text, if it is there and is text.
    pub(crate) fn text(&self, name: &HeaderName) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }
}
