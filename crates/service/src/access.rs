//! Who may do what: credentials become an identity with roles, and one table says which route needs which role.
//!
//! Every request passes `guard`; handlers take the `Caller` that it leaves behind. Nothing
//! of the data is read or written here.

mod address;
pub(crate) mod audit;
pub(crate) mod document;
pub(crate) mod frame;
mod guard;
mod headers;
pub(crate) mod identity;
mod limits;
mod oidc;
mod secret;
mod sessions;
mod settings;
mod sign_in;
pub(crate) mod table;

pub use audit::token as audit_token;
pub use secret::Secret;
pub use settings::{AccessMode, AccessSettings, LimitSettings, MetricsAccess, OidcSettings};

pub(crate) use address::Peer;
use address::Proxies;
use axum::Router;
use axum::middleware::from_fn_with_state;
use limits::Limits;
use oidc::Provider;
use secret::hash;
use std::fmt;
use std::sync::Arc;
use store::Credentials;
use store::access::SecretHash;
use table::Table;

/// Who is let in, and by what.
#[derive(Clone, Debug)]
pub struct Access(Arc<Inner>);

struct Inner {
    door: Door,
    table: Table,
    settings: AccessSettings,
    proxies: Proxies,
    limits: Limits,
    provider: Option<Provider>,
    /// By which this process knows its own calls: made at start, and never written down.
    own: Secret,
    own_hash: SecretHash,
}

/// Whether the service asks for credentials.
#[derive(Debug)]
enum Door {
    /// Everyone may do everything, under the name that they give.
    Open,
    /// Nobody may do anything without credentials.
    Closed(Arc<dyn Credentials>),
}

impl Access {
    /// Everyone may do everything under the name that they give: for demos on one's own machine.
    ///
    /// # Errors
    /// When a setting is not right; the error names it.
    pub fn open(settings: AccessSettings) -> store::Result<Self> {
        Self::new(Door::Open, settings)
    }

    /// Whoever has credentials of these, or of the OpenID provider of the settings, may do what their roles say.
    ///
    /// # Errors
    /// When a setting is not right; the error names it.
    pub fn closed(credentials: Arc<dyn Credentials>, settings: AccessSettings) -> store::Result<Self> {
        Self::new(Door::Closed(credentials), settings)
    }

    fn new(door: Door, settings: AccessSettings) -> store::Result<Self> {
        let proxies = Proxies::read(&settings.trusted_proxies)?;
        let provider = settings.oidc.is_configured().then(|| Provider::new(&settings.oidc)).transpose()?;
        let own = Secret::random();
        Ok(Self(Arc::new(Inner {
            door,
            table: Table::new(settings.metrics),
            proxies,
            provider,
            limits: Limits::new(settings.limits.clone()),
            own_hash: hash(own.text()),
            own,
            settings,
        })))
    }

    /// The secret by which this process calls its own ports; it opens nothing elsewhere, and nothing after the process.
    #[must_use]
    pub fn own_token(&self) -> Secret {
        self.0.own.clone()
    }

    /// Whether everyone is let in.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.0.door, Door::Open)
    }

    /// The routes of signing in and out.
    pub(crate) fn routes(&self) -> Router {
        sign_in::routes(self)
    }

    /// Puts the guard before all routes.
    pub(crate) fn guard(&self, router: Router) -> Router {
        router
            .layer(from_fn_with_state(self.clone(), guard::guard))
            .layer(from_fn_with_state(self.clone(), headers::on_answers))
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("door", &self.door)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
