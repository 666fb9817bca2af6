//! The OpenID provider that vouches for people and programs: what it says of itself, its keys, and whom its tokens name.

mod claims;
mod jwt;
mod login;

pub(super) use login::{Begun, CameBack, LOGIN, begin, finish};

use super::settings::OidcSettings;
use crate::problem::chain;
use chrono::{DateTime, Utc};
use claims::Expected;
use jwt::{Jwt, Key};
use reqwest::{Client, RequestBuilder, StatusCode, redirect};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use store::access::Roles;
use store::{Error, Result};
use tokio::sync::Mutex;

/// Longer than a provider takes that is well.
const TIMEOUT: Duration = Duration::from_secs(10);
/// More than any provider says of itself.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Keys are fetched again after so long: one that was withdrawn must go.
const KEYS_KEPT: Duration = Duration::from_secs(3600);
/// And at most so often, however many tokens name keys that are not there.
const KEYS_PAUSE: Duration = Duration::from_secs(10);
/// While it is away, whoever waits is not made to wait for each other's questions.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a token or a login came to nothing.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The provider is away or broken.
    Away(String),
    /// What was shown is not good enough, for this reason.
    Refused(String),
}

fn refused(why: impl Into<String>) -> Trouble {
    Trouble::Refused(why.into())
}

/// The provider.
#[derive(Debug)]
pub(super) struct Provider {
    settings: OidcSettings,
    http: Client,
    known: RwLock<Option<Known>>,
    /// When it was last asked once more, or in vain; held while it is asked, so that one question serves all who wait.
    asked: Mutex<Option<Instant>>,
}

#[derive(Clone, Debug)]
struct Known {
    metadata: Arc<Metadata>,
    keys: Arc<Vec<Key>>,
    at: Instant,
}

/// What a provider says of itself, of which we need this.
#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    jwks_uri: String,
    #[serde(default)]
    authorization_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint: Option<String>,
    #[serde(default)]
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// Whom a token names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Vouched {
    pub(super) name: String,
    pub(super) roles: Roles,
}

impl Provider {
    /// The provider of these settings; it is first asked when somebody shows a token.
    pub(super) fn new(settings: &OidcSettings) -> Result<Self> {
        let wrong = |what: &str| Error::Invalid(format!("access.oidc.{what}"));
        require_encrypted("issuer", &settings.issuer).map_err(|what| wrong(&what))?;
        if settings.client_id.is_empty() && settings.audience.is_empty() {
            return Err(wrong("audience: name whom tokens must be meant for, or set client_id"));
        }
        let http = Client::builder().timeout(TIMEOUT).redirect(redirect::Policy::none()).build();
        let http =
            http.map_err(|error| Error::Invalid(format!("the client of the OpenID provider: {error}")))?;
        Ok(Self { settings: settings.clone(), http, known: RwLock::default(), asked: Mutex::default() })
    }

    /// Whom a bearer token names, if it is good at this time.
    pub(super) async fn by_bearer(
        &self,
        token: &str,
        now: DateTime<Utc>,
    ) -> std::result::Result<Vouched, Trouble> {
        let audience =
            [&self.settings.audience, &self.settings.client_id].into_iter().find(|name| !name.is_empty());
        let audience = audience.expect("one of them is required");
        let claims = self.verified(token).await?;
        let expected = Expected { issuer: &self.settings.issuer, audience, now };
        expected.check(&claims).map_err(refused)?;
        self.vouched(&claims)
    }

    /// The claims of a token that the provider signed; nothing else of it is checked.
    async fn verified(&self, token: &str) -> std::result::Result<Map<String, Value>, Trouble> {
        let jwt = Jwt::read(token).map_err(refused)?;
        let known = self.known(None).await?;
        let good = |keys: &[Key]| {
            keys.iter().filter(|key| key.may_have_signed(&jwt)).any(|key| jwt.is_signed_by(key))
        };
        if !good(&known.keys) {
            // A new key has a name that we do not know; a wrong signature by a key that we know stays wrong.
            if known.keys.iter().any(|key| key.may_have_signed(&jwt)) {
                return Err(refused("the token's signature is not the provider's"));
            }
            let known = self.known(Some(known.at)).await?;
            if !good(&known.keys) {
                return Err(refused("the token was signed by a key that the provider does not show"));
            }
        }
        jwt.claims().map_err(refused)
    }

    fn vouched(&self, claims: &Map<String, Value>) -> std::result::Result<Vouched, Trouble> {
        let name = claims::name(claims, &self.settings.name_claim).map_err(refused)?;
        Ok(Vouched { name, roles: claims::roles(claims, &self.settings) })
    }

    /// What is known of the provider, newer than `outdated` where that is given and asking is due.
    async fn known(&self, outdated: Option<Instant>) -> std::result::Result<Known, Trouble> {
        let fresh = |known: &Known| known.at.elapsed() < KEYS_KEPT && Some(known.at) != outdated;
        let before = self.read();
        if let Some(known) = before.filter(|known| fresh(known)) {
            return Ok(known);
        }
        let mut asked = self.asked.lock().await;
        // Somebody else may have asked meanwhile.
        let before = self.read();
        if let Some(known) = before.clone().filter(|known| fresh(known)) {
            return Ok(known);
        }
        match (&before, asked.map(|asked| asked.elapsed())) {
            (Some(known), Some(ago)) if ago < KEYS_PAUSE => return Ok(known.clone()),
            (None, Some(ago)) if ago < PAUSE => {
                return Err(Trouble::Away("it was asked in vain a moment ago".to_owned()));
            }
            _ => {}
        }
        let answer = self.ask().await;
        // The first answer is no reason to wait for the next.
        *asked = (before.is_some() || answer.is_err()).then(Instant::now);
        match (answer, before) {
            (Ok(known), _) => {
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(known.clone());
                Ok(known)
            }
            (Err(trouble), Some(known)) => {
                tracing::warn!(
                    ?trouble,
                    "the OpenID provider was asked for its keys in vain; those from before are used"
                );
                Ok(known)
            }
            (Err(trouble), None) => Err(trouble),
        }
    }

    fn read(&self) -> Option<Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn ask(&self) -> std::result::Result<Known, Trouble> {
        let issuer = &self.settings.issuer;
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let metadata: Metadata = read(answer(self.http.get(url)).await?)?;
        if metadata.issuer != *issuer {
            let said =
                format!("the provider calls itself {:?}, and access.oidc.issuer {issuer:?}", metadata.issuer);
            return Err(Trouble::Away(said));
        }
        let endpoints =
            [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.userinfo_endpoint];
        for url in endpoints.into_iter().flatten().chain([&metadata.jwks_uri]) {
            require_encrypted("the provider's address", url).map_err(Trouble::Away)?;
        }
        let keys = answer(self.http.get(&metadata.jwks_uri)).await?;
        let keys = keys["keys"].as_array().into_iter().flatten().filter_map(Key::read).collect();
        Ok(Known { metadata: Arc::new(metadata), keys: Arc::new(keys), at: Instant::now() })
    }
}

/// Keys and codes travel encrypted, but on this machine.
fn require_encrypted(what: &str, text: &str) -> std::result::Result<(), String> {
    let url = url::Url::parse(text).map_err(|error| format!("{what}: {text:?} is no URL: {error}"))?;
    let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        "https" => Ok(()),
        "http" if loopback => Ok(()),
        _ => Err(format!("{what}: {text:?} must begin with https://")),
    }
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> std::result::Result<T, Trouble> {
    let wrong = |error| Trouble::Away(format!("the provider's answer is not as it should be: {error}"));
    serde_json::from_value(value).map_err(wrong)
}

/// The provider's answer, of a size that is bearable.
async fn answer(request: RequestBuilder) -> std::result::Result<Value, Trouble> {
    let (status, value) = said(request).await?;
    if status.is_success() { Ok(value) } else { Err(not_well(status, &value)) }
}

/// A no of the provider: nothing that is said of whoever asks us.
fn not_well(status: StatusCode, value: &Value) -> Trouble {
    let error = value["error"].as_str().unwrap_or("no reason");
    Trouble::Away(format!("the provider answered {status}: {error}"))
}

/// What the provider says, good or not.
async fn said(request: RequestBuilder) -> std::result::Result<(StatusCode, Value), Trouble> {
    let away = |error: reqwest::Error| Trouble::Away(chain(&error));
    let mut response = request.send().await.map_err(away)?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(away)? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_BYTES_MAX {
            return Err(Trouble::Away("the provider's answer is too large".to_owned()));
        }
    }
    let value = serde_json::from_slice(&body)
        .map_err(|error| Trouble::Away(format!("the provider answered {status} and no JSON: {error}")))?;
    Ok((status, value))
}
