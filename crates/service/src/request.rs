//! What handlers take from a request; whatever is not as it should be becomes a problem that says where.

mod body;
mod values;

pub(crate) use body::{Body, OptionalBody, Raw, misfit};

use crate::problem::{Kind, Problem, Result};
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use serde::de::DeserializeOwned;
use std::convert::Infallible;
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

/// Who asks. Until there are tokens, whoever the caller says.
#[derive(Clone, Debug)]
pub(crate) struct Caller(pub(crate) String);

/// The header by which a caller gives a name.
pub(crate) const USER: HeaderName = HeaderName::from_static("x-orgloop-user");

const NAME_CHARS_MAX: usize = 200;

impl Caller {
    /// A name as given, or `anonymous`.
    pub(crate) fn named(name: Option<&str>) -> Result<Self> {
        let name = name.map(str::trim).filter(|name| !name.is_empty()).unwrap_or("anonymous");
        if name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
            let detail = format!(
                "a user's name has at most {NAME_CHARS_MAX} characters, none of them control characters"
            );
            return Err(Problem::new(Kind::Malformed, detail));
        }
        Ok(Self(name.to_owned()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        let text = |value: &axum::http::HeaderValue| std::str::from_utf8(value.as_bytes()).map(str::to_owned);
        let name = parts
            .headers
            .get(USER)
            .map(text)
            .transpose()
            .map_err(|_| Problem::new(Kind::Malformed, "the X-Orgloop-User header is not UTF-8 text"))?;
        Self::named(name.as_deref())
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
    /// A header's text, if it is there and is text.
    pub(crate) fn text(&self, name: &HeaderName) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }
}
