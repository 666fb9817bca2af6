//! Bodies of JSON: read within a limit, checked before they are believed, refused with line, column and field.

use super::{BODY_BYTES_MAX, values};
use crate::problem::{Kind, Problem, Result};
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A body of JSON, read as `T`.
#[derive(Clone, Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Self> {
        require_json(request.headers())?;
        let Raw(bytes) = Raw::from_request(request, state).await?;
        parse(&bytes).map(Self)
    }
}

/// A body of JSON that may be left out.
#[derive(Clone, Debug)]
pub(crate) struct OptionalBody<T>(pub(crate) T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalBody<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let typed = require_json(request.headers());
        let Raw(bytes) = Raw::from_request(request, state).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        typed?;
        parse(&bytes).map(Self)
    }
}

/// The bytes of a body, within the limit.
#[derive(Clone, Debug)]
pub(crate) struct Raw(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let bytes =
            Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => {
                    Problem::new(Kind::TooLarge, format!("a body may have {BODY_BYTES_MAX} bytes"))
                }
                _ => Problem::new(Kind::Malformed, "the body ended before it was complete"),
            })?;
        Ok(Self(bytes))
    }
}

fn require_json(headers: &HeaderMap) -> Result<()> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media == "application/json" || (media.starts_with("application/") && media.ends_with("+json")) {
        return Ok(());
    }
    let given = if media.is_empty() { "none".to_owned() } else { format!("{media:?}") };
    let detail = format!("send the body with the header content-type: application/json (given: {given})");
    Err(Problem::new(Kind::UnsupportedMediaType, detail))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        Problem::new(Kind::Malformed, format!("the body is not well-formed JSON: {error}"))
    })?;
    values::check(&value)?;
    // From the bytes again, and not from the value: these errors know their line and column.
    let mut json = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut json).map_err(|error| misfit(&error))
}

/// What does not fit the type that is asked for, with the path of the field.
pub(crate) fn misfit(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let (mut field, problem) = (error.path().to_string(), error.inner().to_string());
    if field == "." {
        field.clear();
    }
    // Of a field that is missing or there twice, the path leads to its parent only.
    let named = ["missing field `", "duplicate field `"].iter().find_map(|start| problem.strip_prefix(start));
    if let Some((name, _)) = named.and_then(|rest| rest.split_once('`')) {
        if !field.is_empty() {
            field.push('.');
        }
        field.push_str(name);
    }
    Problem::invalid(field, problem)
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::hsds::Organization;
    use crate::problem::Kind;

    #[track_caller]
    fn check(body: &str, kind: Kind, field: Option<&str>, words: &[&str]) {
        let problem = parse::<Organization>(body.as_bytes()).unwrap_err();
        assert_eq!(problem.kind, kind, "{}", problem.detail);
        assert_eq!(problem.errors.first().map(|error| error.field.as_str()), field, "{}", problem.detail);
        for word in words {
            assert!(problem.detail.contains(word), "{:?} has no {word:?}", problem.detail);
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        check("{\n \"name\": }", Kind::Malformed, None, &["line 2", "column"]);
        check("", Kind::Malformed, None, &["EOF"]);
        check("[1, 2", Kind::Malformed, None, &["line 1"]);
        check(r#"{"naem": "x"}"#, Kind::Invalid, Some("naem"), &["unknown field", "line 1"]);
        check("[]", Kind::Invalid, Some(""), &["object"]);
        check(r#"{"phones": [["0", "1"]]}"#, Kind::Invalid, Some("phones[0]"), &["list"]);
        assert!(parse::<Organization>(br#"{"extra": {"grid": [[1], [2]]}}"#).is_ok());
        check(r#"{"name": "a", "name": "b"}"#, Kind::Invalid, Some("name"), &["duplicate"]);
        check(r#"{"phones": [{"id": 1}]}"#, Kind::Invalid, Some("phones[0].id"), &[]);
        check(r#"{"name": 5}"#, Kind::Invalid, Some("name"), &["expected a string"]);
        check(
            r#"{"locations": [{"latitude": "north"}]}"#,
            Kind::Invalid,
            Some("locations[0].latitude"),
            &["f64"],
        );
        check(r#"{"phones": [{"number": "a\u0000b"}]}"#, Kind::Invalid, Some("phones[0].number"), &["NUL"]);
        let long = format!(r#"{{"description": "{}"}}"#, "x".repeat(1024 * 1024 + 1));
        check(&long, Kind::Invalid, Some("description"), &["1048576"]);
        check(&"[".repeat(1000), Kind::Malformed, None, &["recursion"]);
    }
}
