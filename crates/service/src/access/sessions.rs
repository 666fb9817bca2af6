//! Sessions of browsers: a random secret in a cookie, all else in the store.

use super::identity::{How, Identity};
use super::secret::hash;
use super::{Access, Secret};
use crate::problem::Result;
use axum::http::{HeaderMap, HeaderValue, header};
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;
use store::Credentials;
use store::access::{Roles, SecretHash, Session};
use uuid::Uuid;

/// Its name on this machine; elsewhere it is `__Host-` and this: browsers take such a cookie from encrypted answers of
/// this very host only.
pub(super) const COOKIE: &str = "orgloop-session";
/// A use is noted when the last note is so old: one write a minute.
const NOTE_AFTER: TimeDelta = TimeDelta::minutes(1);

/// Whether cookies may travel unencrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// To a browser on this machine.
    Loopback,
    /// To any other: encrypted, or not at all.
    Encrypted,
}

impl Way {
    /// By the host that the browser asked for.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let url = url::Url::parse(&format!("http://{host}/")).ok();
        let loopback = match url.as_ref().and_then(url::Url::host) {
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if loopback { Self::Loopback } else { Self::Encrypted }
    }

    /// The header that sets a cookie, for so long; for no time at all, it is taken away.
    pub(super) fn set(self, name: &str, value: &str, duration: TimeDelta) -> HeaderValue {
        let (name, secure) = (self.name(name), if self == Self::Encrypted { "; Secure" } else { "" });
        let seconds = duration.num_seconds();
        let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::from_str(&text).expect("names and values of ours are ASCII")
    }

    fn name(self, name: &str) -> String {
        match self {
            Self::Loopback => name.to_owned(),
            Self::Encrypted => format!("__Host-{name}"),
        }
    }

    /// A cookie that came back.
    pub(super) fn cookie<'a>(self, headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
        let name = self.name(name);
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
        let mut pairs =
            cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(other, _)| *other == name).map(|(_, value)| value)
    }
}

/// Who begins a session, and by what.
#[derive(Clone, Debug)]
pub(super) struct SignedIn {
    pub(super) name: String,
    pub(super) roles: Roles,
    pub(super) token_id: Option<Uuid>,
    /// When what vouched for it ends.
    pub(super) until: Option<DateTime<Utc>>,
}

impl Access {
    /// Whether cookies to this browser may travel unencrypted.
    pub(super) fn way(&self, headers: &HeaderMap) -> Way {
        if self.0.settings.public_url.starts_with("https://") { Way::Encrypted } else { Way::of(headers) }
    }

    /// Begins a session; gives the header that sets its cookie.
    pub(super) async fn begin_session(
        &self,
        credentials: &Arc<dyn Credentials>,
        who: SignedIn,
        way: Way,
    ) -> Result<HeaderValue> {
        let now = entity::clock::now();
        let longest = TimeDelta::hours(self.0.settings.session_hours.into());
        let expires_at = who.until.map_or(now + longest, |until| until.min(now + longest));
        let session = Session {
            name: who.name,
            roles: who.roles,
            token_id: who.token_id,
            created_at: now,
            seen_at: now,
            expires_at,
        };
        let secret = Secret::random();
        credentials.add_session(&session, &secret.hash()).await?;
        Ok(way.set(COOKIE, secret.text(), expires_at - now))
    }

    /// Who the session's cookie stands for, if it is there and holds.
    pub(super) async fn by_session(
        &self,
        credentials: &Arc<dyn Credentials>,
        headers: &HeaderMap,
    ) -> Result<Option<Identity>> {
        let Some(secret) = self.way(headers).cookie(headers, COOKIE).map(hash) else { return Ok(None) };
        let now = entity::clock::now();
        let Some(session) = credentials.session_of(&secret, now).await? else { return Ok(None) };
        let idle = TimeDelta::minutes(self.0.settings.session_idle_minutes.into());
        if !holds(&session, idle, now) {
            credentials.end_session(&secret).await?;
            return Ok(None);
        }
        if now - session.seen_at >= NOTE_AFTER.min(idle / 2) {
            note(credentials, secret, now);
        }
        Ok(Some(Identity { name: session.name, roles: session.roles, how: How::Session }))
    }

    /// Ends the session of this browser; gives the header that takes its cookie away.
    pub(super) async fn end_session(
        &self,
        credentials: &Arc<dyn Credentials>,
        headers: &HeaderMap,
    ) -> Result<HeaderValue> {
        let way = self.way(headers);
        if let Some(secret) = way.cookie(headers, COOKIE) {
            credentials.end_session(&hash(secret)).await?;
        }
        Ok(way.set(COOKIE, "", TimeDelta::zero()))
    }
}

fn holds(session: &Session, idle: TimeDelta, now: DateTime<Utc>) -> bool {
    now < session.expires_at && now - session.seen_at < idle
}

/// Beside the request: a note that waits for the store's one writer holds nobody up.
fn note(credentials: &Arc<dyn Credentials>, secret: SecretHash, now: DateTime<Utc>) {
    let credentials = Arc::clone(credentials);
    tokio::spawn(async move {
        if let Err(error) = credentials.note_session_use(&secret, now).await {
            tracing::debug!(%error, "the use of a session was not noted");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_go_unencrypted_to_this_machine_only() {
        let headers = |host: &str, cookie: &str| {
            let headers = [(header::HOST, host.parse().unwrap()), (header::COOKIE, cookie.parse().unwrap())];
            headers.into_iter().collect::<HeaderMap>()
        };
        for (host, way) in [
            ("127.0.0.1:8080", Way::Loopback),
            ("localhost:8080", Way::Loopback),
            ("[::1]:8080", Way::Loopback),
            ("orgloop.example.org", Way::Encrypted),
            ("127.0.0.1.example.org", Way::Encrypted),
            ("10.0.0.1", Way::Encrypted),
            ("", Way::Encrypted),
        ] {
            assert_eq!(Way::of(&headers(host, "")), way, "{host}");
        }
        let set = Way::Encrypted.set(COOKIE, "x", TimeDelta::hours(1));
        assert_eq!(set, "__Host-orgloop-session=x; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure");
        assert!(!Way::Loopback.set(COOKIE, "x", TimeDelta::hours(1)).to_str().unwrap().contains("Secure"));
        let both = headers("localhost", "a=b; orgloop-session=1; __Host-orgloop-session=2");
        assert_eq!(Way::Loopback.cookie(&both, COOKIE), Some("1"));
        assert_eq!(Way::Encrypted.cookie(&both, COOKIE), Some("2"));
        assert_eq!(Way::Encrypted.cookie(&headers("a", "xorgloop-session=1"), COOKIE), None);
    }

    #[test]
    fn a_session_ends_when_it_is_idle_and_when_its_time_is_over() {
        let now = entity::clock::now();
        let session = |idle_minutes: i64, minutes_left: i64| Session {
            name: "ana".into(),
            roles: Roles::default(),
            token_id: None,
            created_at: now,
            seen_at: now - TimeDelta::minutes(idle_minutes),
            expires_at: now + TimeDelta::minutes(minutes_left),
        };
        let idle = TimeDelta::minutes(60);
        assert!(holds(&session(59, 1), idle, now));
        assert!(!holds(&session(60, 1), idle, now));
        assert!(!holds(&session(0, 0), idle, now));
    }
}
