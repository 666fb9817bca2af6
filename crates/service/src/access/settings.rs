//! The settings of access, as they stand under `[access]`.

use super::Secret;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::access::Role;

/// Whether credentials are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessMode {
    /// From the first token or OpenID provider on; before, the service is open, and listens on this machine only.
    #[default]
    Auto,
    /// Never, whatever the address.
    Open,
    /// Always.
    Closed,
}

/// Who may read the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricsAccess {
    /// Those with the role viewer.
    #[default]
    Viewer,
    /// Everyone who reaches the address.
    Open,
}

/// Who is let in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccessSettings {
    /// Whether credentials are asked for.
    pub mode: AccessMode,
    /// Where browsers reach the service, such as `https://orgloop.example.org`; empty: where it listens.
    pub public_url: String,
    /// Where it listens, which no setting says.
    #[serde(skip)]
    pub own_url: String,
    /// Addresses or networks of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<String>,
    /// Who may read `/metrics`.
    pub metrics: MetricsAccess,
    /// A session that is not used for so long is over.
    pub session_idle_minutes: u32,
    /// A session is over after so long, whatever its use.
    pub session_hours: u32,
    /// How much one caller may ask for.
    pub limits: LimitSettings,
    /// An OpenID provider that vouches for people and programs.
    pub oidc: OidcSettings,
}

impl Default for AccessSettings {
    fn default() -> Self {
        Self {
            mode: AccessMode::default(),
            public_url: String::new(),
            own_url: String::new(),
            trusted_proxies: Vec::new(),
            metrics: MetricsAccess::default(),
            session_idle_minutes: 60,
            session_hours: 12,
            limits: LimitSettings::default(),
            oidc: OidcSettings::default(),
        }
    }
}

/// How much one caller, and one address, may ask for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitSettings {
    /// In the long run.
    pub requests_per_second: f64,
    /// At once, after a pause.
    pub burst: f64,
    /// Callers on this machine may ask for so many times as much.
    pub loopback_factor: f64,
    /// Credentials that open nothing, from one address; those that do are never held back.
    pub failed_sign_ins_per_minute: f64,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            requests_per_second: 100.0,
            burst: 1000.0,
            loopback_factor: 100.0,
            failed_sign_ins_per_minute: 10.0,
        }
    }
}

/// An OpenID provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OidcSettings {
    /// Its issuer, as its tokens name it; empty for none.
    pub issuer: String,
    /// Who we are there; empty where it vouches for programs only, and no browser signs in.
    pub client_id: String,
    /// Our secret there; empty for a public client.
    pub client_secret: Secret,
    /// Whom bearer tokens must be meant for; empty: the client id.
    pub audience: String,
    /// The claim that is a caller's name. It must not be one that people choose for themselves.
    pub name_claim: String,
    /// The claim that holds what `roles` speaks of; dots lead into objects.
    pub roles_claim: String,
    /// From what the claim says to our roles; empty: the claim says our own names.
    pub roles: BTreeMap<String, Role>,
    /// What browsers ask for besides `openid`.
    pub scopes: String,
}

impl Default for OidcSettings {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            client_id: String::new(),
            client_secret: Secret::default(),
            audience: String::new(),
            name_claim: "preferred_username".into(),
            roles_claim: "roles".into(),
            roles: BTreeMap::new(),
            scopes: "profile email".into(),
        }
    }
}

impl OidcSettings {
    /// Whether there is a provider.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        !self.issuer.is_empty()
    }
}
