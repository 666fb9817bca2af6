//! The guard before every route: who is it, may they, and not too much at once.

use super::address::Origin;
use super::identity::{How, Identity};
use super::limits::{From, Key};
use super::oidc::{Trouble, Vouched};
use super::secret::{PREFIX, hash};
use super::{Access, Door, audit, frame};
use crate::page::PageProblem;
use crate::problem::{Kind, Problem, Result};
use axum::extract::{MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::Credentials;
use store::access::ApiToken;

pub(super) async fn guard(State(access): State<Access>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match access.admit(&parts).await {
        Ok(identity) => {
            let frame = frame::Frame::of(&access, &identity);
            parts.extensions.insert(identity);
            frame::around(frame, next.run(Request::from_parts(parts, body))).await
        }
        Err(problem) => refusal(&parts, problem),
    }
}

/// The answer to whom is not let in: a page to whoever looks at pages, and to the sign-in if that is what is missing.
fn refusal(request: &Parts, problem: Problem) -> Response {
    if !wants_page(&request.headers) {
        return problem.into_response();
    }
    if problem.kind == Kind::Unauthenticated && request.method == Method::GET {
        return to_sign_in(&request.uri);
    }
    PageProblem::from(problem).into_response()
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn to_sign_in(uri: &Uri) -> Response {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let next: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
    let location = HeaderValue::from_str(&format!("/login?next={next}"));
    let location = location.unwrap_or(HeaderValue::from_static("/login"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

impl Access {
    async fn admit(&self, request: &Parts) -> Result<Identity> {
        let origin = self.0.proxies.origin(&request.headers, &request.extensions);
        let bearer = bearer(&request.headers);
        if bearer.is_some_and(|bearer| hash(bearer) == self.0.own_hash) {
            return Ok(Identity::own());
        }
        self.limit(Key::address(origin.address), origin)?;
        let Door::Closed(credentials) = &self.0.door else { return Ok(Identity::open()) };
        let path = request.uri.path();
        let Some(route) = request.extensions.get::<MatchedPath>() else {
            // There is nothing behind it.
            return Ok(Identity::nobody());
        };
        let needed = self.0.table.role(&request.method, route.as_str(), path);
        let identity = match bearer {
            Some(_) if needed.is_none() => None,
            Some(bearer) => Some(self.by_bearer(credentials, bearer, origin).await?),
            None => self.by_session(credentials, &request.headers).await?,
        };
        let Some(needed) = needed else { return Ok(identity.unwrap_or_else(Identity::nobody)) };
        let identity = identity.ok_or_else(unauthenticated)?;
        let key = match identity.how {
            How::Token(id) => Key::Token(id),
            _ => Key::Name(identity.name.clone()),
        };
        self.limit(key, origin)?;
        if identity.roles.grant(needed) {
            return Ok(identity);
        }
        audit::denied(&identity.name, needed.name(), route.as_str());
        Err(Problem::missing_role(needed))
    }

    async fn by_bearer(
        &self,
        credentials: &Arc<dyn Credentials>,
        bearer: &str,
        origin: Origin,
    ) -> Result<Identity> {
        if !bearer.starts_with(PREFIX) {
            let Some(provider) = &self.0.provider else {
                return Err(self.refused("the bearer token is none of this service", origin));
            };
            let vouched = provider.by_bearer(bearer, entity::clock::now()).await;
            let Vouched { name, roles } = vouched.map_err(|trouble| self.in_trouble(trouble, origin))?;
            return Ok(Identity { name, roles, how: How::Provider });
        }
        let token = self.by_token(credentials, bearer, origin).await?;
        Ok(Identity { name: token.name, roles: token.roles, how: How::Token(token.id) })
    }

    /// What is said of a token or a login that came to nothing.
    pub(super) fn in_trouble(&self, trouble: Trouble, origin: Origin) -> Problem {
        match trouble {
            Trouble::Refused(why) => self.refused(&why, origin),
            Trouble::Away(cause) => {
                tracing::warn!(error = cause, "the OpenID provider gave no usable answer");
                Problem::new(
                    Kind::Unavailable,
                    "the OpenID provider gave no usable answer: try again in a moment",
                )
            }
        }
    }

    /// The token with this secret, if it opens anything now.
    pub(super) async fn by_token(
        &self,
        credentials: &Arc<dyn Credentials>,
        secret: &str,
        origin: Origin,
    ) -> Result<ApiToken> {
        let token = credentials.token_of(&hash(secret)).await?;
        let Some(token) = token else {
            return Err(
                self.refused("there is no such token: it is mistyped, or of another installation", origin)
            );
        };
        if !token.is_valid_at(entity::clock::now()) {
            let why = if token.revoked.is_some() { "the token was revoked" } else { "the token has expired" };
            return Err(self.refused(why, origin));
        }
        self.note_use(credentials, &token);
        Ok(token)
    }

    /// Notes the day, beside the request: a note that waits for the store's one writer holds nobody up.
    fn note_use(&self, credentials: &Arc<dyn Credentials>, token: &ApiToken) {
        let (id, today) = (token.id, entity::clock::now().date_naive());
        if token.last_used_day.is_some_and(|day| day >= today) {
            return;
        }
        let credentials = Arc::clone(credentials);
        tokio::spawn(async move {
            if let Err(error) = credentials.note_token_use(id, today).await {
                tracing::debug!(token = %id, %error, "the day of a token's use was not noted");
            }
        });
    }

    /// Credentials opened nothing: a few times that is a mistake, and then it is held back.
    pub(super) fn refused(&self, why: &str, origin: Origin) -> Problem {
        audit::sign_in_failed(why, origin.address);
        match self.take(Key::failed(origin.address), origin) {
            Ok(()) => {
                self.write_refusal(why, origin);
                Problem::new(Kind::Unauthenticated, why).with("error", "invalid_token")
            }
            Err(wait) => too_many("credentials from this address were refused too often", wait),
        }
    }

    /// Into the audit log of the store, beside the request. The limit before bounds what guessers can have written.
    fn write_refusal(&self, why: &str, origin: Origin) {
        let Door::Closed(credentials) = &self.0.door else { return };
        let credentials = Arc::clone(credentials);
        let address = origin.address.map_or_else(|| "unknown".to_owned(), |address| address.to_string());
        let (why, now) = (why.to_owned(), entity::clock::now());
        tokio::spawn(async move {
            if let Err(error) = credentials.note_refusal(&why, &address, now).await {
                tracing::warn!(%error, "a refused sign-in was not written into the audit log");
            }
        });
    }

    fn limit(&self, key: Key, origin: Origin) -> Result<()> {
        self.take(key, origin).map_err(|wait| too_many("more was asked for than one caller may", wait))
    }

    fn take(&self, key: Key, origin: Origin) -> Result<(), Duration> {
        let from = if origin.is_loopback() { From::Here } else { From::Elsewhere };
        self.0.limits.take(key, from, Instant::now())
    }
}

fn too_many(what: &str, wait: Duration) -> Problem {
    let seconds = wait.as_secs_f64().ceil().max(1.0);
    Problem::new(Kind::TooManyRequests, format!("{what}: wait {seconds} s")).with("retry_after", seconds)
}

fn unauthenticated() -> Problem {
    let detail = "say who you are: send `Authorization: Bearer` with a token (`orgloop token create` makes one), or sign in at /login";
    Problem::new(Kind::Unauthenticated, detail)
}

/// What stands behind `Bearer` in the header.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
