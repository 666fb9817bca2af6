//! What a token says: whether it is meant for us and now, whom it names, and what they may do.

use crate::access::settings::OidcSettings;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use store::access::{Role, Roles};

/// Clocks differ.
const LEEWAY_SECONDS: f64 = 60.0;
const NAME_CHARS_MAX: usize = 200;

/// What must be true of a token's claims.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
    pub(super) now: DateTime<Utc>,
}

impl Expected<'_> {
    /// A claim of another type than it should have is refused, and not taken for one that is absent.
    pub(super) fn check(&self, claims: &Map<String, Value>) -> Result<(), String> {
        if claims.get("iss").and_then(Value::as_str) != Some(self.issuer) {
            return Err("the token is of another issuer (iss)".to_owned());
        }
        if !texts(claims.get("aud")).contains(&self.audience) {
            return Err(format!("the token is not meant for {} (aud)", self.audience));
        }
        let now = seconds(self.now);
        match time(claims, "exp")? {
            None => return Err("the token never expires (exp)".to_owned()),
            Some(exp) if now >= exp + LEEWAY_SECONDS => return Err("the token has expired (exp)".to_owned()),
            Some(_) => {}
        }
        for claim in ["nbf", "iat"] {
            if time(claims, claim)?.is_some_and(|from| now < from - LEEWAY_SECONDS) {
                return Err(format!("the token does not hold yet ({claim})"));
            }
        }
        Ok(())
    }
}

fn seconds(time: DateTime<Utc>) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of our times fit")]
    let milliseconds = time.timestamp_millis() as f64;
    milliseconds / 1000.0
}

fn time(claims: &Map<String, Value>, claim: &str) -> Result<Option<f64>, String> {
    let Some(value) = claims.get(claim) else { return Ok(None) };
    value.as_f64().map(Some).ok_or_else(|| format!("the token's {claim} is no number"))
}

/// A text, or a list of texts.
pub(super) fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// A claim by its name; where none has it, the dots in it lead into objects.
pub(super) fn find<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    claims.get(name).or_else(|| {
        let mut parts = name.split('.');
        let first = claims.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
    })
}

/// Under which name is kept what they do.
pub(super) fn name(claims: &Map<String, Value>, claim: &str) -> Result<String, String> {
    let name = find(claims, claim).and_then(Value::as_str).map(str::trim).unwrap_or_default();
    let right =
        !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX && !name.chars().any(char::is_control);
    if right { Ok(name.to_owned()) } else { Err(format!("the token names nobody in its claim {claim}")) }
}

/// What they may do; words that nothing is said of are passed over.
pub(super) fn roles(claims: &Map<String, Value>, settings: &OidcSettings) -> Roles {
    let said = texts(find(claims, &settings.roles_claim));
    let words = said.into_iter().flat_map(str::split_whitespace);
    let role = |word: &str| -> Option<Role> {
        if settings.roles.is_empty() { word.parse().ok() } else { settings.roles.get(word).copied() }
    };
    words.filter_map(role).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use serde_json::json;

    fn object(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_token_is_for_us_and_now_or_refused() {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let expected = Expected { issuer: "https://id.example", audience: "orgloop", now };
        let at = |seconds: i64| (now + TimeDelta::seconds(seconds)).timestamp();
        let good =
            json!({"iss": "https://id.example", "aud": ["other", "orgloop"], "exp": at(10), "nbf": at(-1)});
        assert_eq!(expected.check(&object(good.clone())), Ok(()));
        for (claim, value, why) in [
            ("iss", json!("https://id.example/"), "iss"),
            ("iss", json!(null), "iss"),
            ("aud", json!("other"), "aud"),
            ("aud", json!(null), "aud"),
            ("aud", json!({"orgloop": true}), "aud"),
            ("exp", json!(null), "exp"),
            ("exp", json!("2099-01-01"), "exp"),
            ("exp", json!(at(-61)), "exp"),
            ("nbf", json!(at(61)), "nbf"),
            ("nbf", json!(at(61).to_string()), "nbf"),
            ("iat", json!(at(3600)), "iat"),
        ] {
            let mut claims = object(good.clone());
            claims.insert(claim.to_owned(), value.clone());
            let refused = expected.check(&claims).unwrap_err();
            assert!(refused.contains(why), "{claim} {value}: {refused}");
        }
        let mut claims = object(good);
        for (claim, value) in [("exp", at(-59)), ("nbf", at(59)), ("iat", at(59))] {
            claims.insert(claim.to_owned(), json!(value));
            assert_eq!(expected.check(&claims), Ok(()), "clocks differ: {claim}");
        }
        claims.remove("exp");
        assert!(expected.check(&claims).is_err());
    }

    #[test]
    fn roles_are_found_where_the_provider_keeps_them() {
        let claims = object(json!({
            "roles": ["reviewer", "somebody"], "scope": "openid approver", "realm_access": {"roles": ["dedupe-admins"]},
            "https://id.example/roles": "viewer", "odd": 5,
        }));
        let mut settings = OidcSettings::default();
        let mut check = |claim: &str, map: &[(&str, Role)], roles: &str| {
            settings.roles_claim = claim.to_owned();
            settings.roles = map.iter().map(|(word, role)| ((*word).to_owned(), *role)).collect();
            assert_eq!(super::roles(&claims, &settings).to_string(), roles, "{claim}");
        };
        check("roles", &[], "reviewer");
        check("scope", &[], "approver");
        check("realm_access.roles", &[("dedupe-admins", Role::Admin)], "admin");
        check("realm_access.roles", &[], "");
        check("https://id.example/roles", &[], "viewer");
        check("odd", &[], "");
        check("absent.roles", &[], "");
        check("roles", &[("somebody", Role::Viewer)], "viewer");
    }

    #[test]
    fn a_name_is_a_text_of_some_length() {
        let claims = object(json!({"sub": " ana ", "empty": "", "line": "a\nb", "number": 7}));
        assert_eq!(name(&claims, "sub").unwrap(), "ana");
        for claim in ["empty", "line", "number", "absent"] {
            assert!(name(&claims, claim).unwrap_err().contains(claim));
        }
    }
}
