//! A request taken apart: its route, its parameters, its body.

use crate::registry::{Deletion, SchemaVersion, Scope};
use serde_json::{Map, Value};

/// What the path names; subjects are decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    Root,
    Subjects,
    Subject(String),
    Versions(String),
    Version(String, String),
    VersionSchema(String, String),
    ReferencedBy(String, String),
    Id(String),
    IdSchema(String),
    IdVersions(String),
    IdSubjects(String),
    Types,
    Check(String, Option<String>),
    Config(Option<String>),
    Mode(Option<String>),
}

pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    path: &'a str,
    parameters: Vec<(String, String)>,
    body: &'a [u8],
}

impl<'a> Request<'a> {
    pub(super) fn new(method: &'a str, path: &'a str, body: &'a [u8]) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let parameter = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name.replace('+', " ")), decoded(value.replace('+', " ")))
        };
        let parameters = query.split('&').map(parameter).collect();
        Self { method, path, parameters, body }
    }

    pub(super) fn route(&self) -> Option<Route> {
        let segments: Vec<_> = self.path.split('/').filter(|s| !s.is_empty()).map(decoded).collect();
        let segments: Vec<_> = segments.iter().map(String::as_str).collect();
        let own = str::to_owned;
        Some(match segments.as_slice() {
            [] => Route::Root,
            ["subjects"] => Route::Subjects,
            ["subjects", subject] => Route::Subject(own(subject)),
            ["subjects", subject, "versions"] => Route::Versions(own(subject)),
            ["subjects", subject, "versions", v] => Route::Version(own(subject), own(v)),
            ["subjects", subject, "versions", v, "schema"] => Route::VersionSchema(own(subject), own(v)),
            ["subjects", subject, "versions", v, "referencedby"] => Route::ReferencedBy(own(subject), own(v)),
            ["schemas", "types"] => Route::Types,
            ["schemas", "ids", id] => Route::Id(own(id)),
            ["schemas", "ids", id, "schema"] => Route::IdSchema(own(id)),
            ["schemas", "ids", id, "versions"] => Route::IdVersions(own(id)),
            ["schemas", "ids", id, "subjects"] => Route::IdSubjects(own(id)),
            ["compatibility", "subjects", subject, "versions"] => Route::Check(own(subject), None),
            ["compatibility", "subjects", subject, "versions", v] => Route::Check(own(subject), Some(own(v))),
            ["config"] => Route::Config(None),
            ["config", subject] => Route::Config(Some(own(subject))),
            ["mode"] => Route::Mode(None),
            ["mode", subject] => Route::Mode(Some(own(subject))),
            _ => return None,
        })
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.parameter(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    pub(super) fn scope(&self) -> Scope {
        if self.flag("deleted") { Scope::WithDeleted } else { Scope::Live }
    }

    pub(super) fn deletion(&self) -> Deletion {
        if self.flag("permanent") { Deletion::Permanent } else { Deletion::Soft }
    }

    pub(super) fn object(&self) -> Option<Map<String, Value>> {
        serde_json::from_slice(self.body).ok()
    }
}

/// `latest` (or `-1`), or a number from 1.
pub(super) fn version(text: &str) -> Option<SchemaVersion> {
    match text {
        "latest" | "-1" => Some(SchemaVersion::Latest),
        number => number.parse().ok().filter(|number| *number > 0).map(SchemaVersion::Number),
    }
}

/// Percent-decoding; what is no escape stays as it is, and bytes that are no UTF-8 become U+FFFD.
fn decoded(text: impl AsRef<str>) -> String {
    let bytes = text.as_ref().as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (bytes[at], byte) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (other, _) => {
                out.push(other);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Request, Route, SchemaVersion, decoded, version};

    #[test]
    fn subjects_are_decoded_once_and_slashes_in_them_kept() {
        for (encoded, plain) in [
            ("a%2Fb", "a/b"),
            ("%C3%A9", "é"),
            ("100%25", "100%"),
            ("a%2", "a%2"),
            ("%zz", "%zz"),
            ("%252F", "%2F"),
        ] {
            assert_eq!(decoded(encoded), plain);
        }
        let request = Request::new("GET", "/subjects/a%2Fb/versions/latest?deleted=true", b"");
        assert_eq!(request.route(), Some(Route::Version("a/b".into(), "latest".into())));
        assert!(request.flag("deleted") && !request.flag("verbose"));
        assert_eq!(Request::new("GET", "/subjects/a/b/c", b"").route(), None);
    }

    #[test]
    fn a_version_is_a_positive_number_or_the_latest() {
        assert_eq!(version("latest"), Some(SchemaVersion::Latest));
        assert_eq!(version("7"), Some(SchemaVersion::Number(7)));
        for bad in ["0", "-2", "seven", "", "2147483648"] {
            assert_eq!(version(bad), None, "{bad}");
        }
    }
}
