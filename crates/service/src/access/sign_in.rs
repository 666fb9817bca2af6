//! Signing in and out in a browser: with a token, or at the OpenID provider.

use super::address::Origin;
use super::identity::{How, Identity};
use super::oidc::{self, Begun, CameBack, LOGIN, Provider, Trouble, Vouched};
use super::secret::hash;
use super::sessions::{SignedIn, Way};
use super::{Access, AccessSettings, Door, audit};
use crate::page::{Page, PageProblem, Place, sentence};
use crate::problem::{Kind, Problem};
use crate::request::{Headers, Parameters, Raw};
use axum::extract::{Extension, Request, State};
use axum::http::{Extensions, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{RequestExt, Router};
use chrono::TimeDelta;
use maud::{Markup, html};
use serde::Deserialize;
use std::sync::Arc;
use store::Credentials;
use store::access::Role;
use url::form_urlencoded;

/// Holds the state of a login at the provider, for as long as it takes.
const LOGIN_COOKIE: &str = "orgloop-login";

pub(super) fn routes(access: &Access) -> Router {
    Router::new()
        .route("/login", get(show).post(by_token))
        .route("/login/provider", get(to_provider))
        .route("/login/callback", get(from_provider))
        .route("/logout", post(sign_out))
        .with_state(access.clone())
}

/// Where to go afterwards.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    pub(super) next: Option<String>,
}

/// A path of this service: whatever else is asked for, sign-in leads nowhere else.
pub(super) fn own_path(next: Option<&str>) -> String {
    let own = |next: &&str| {
        let second = next.chars().nth(1);
        next.starts_with('/') && !matches!(second, Some('/' | '\\')) && !next.chars().any(char::is_control)
    };
    next.filter(own).unwrap_or("/").to_owned()
}

pub(super) fn see_other(path: &str) -> Response {
    let location = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    (
        StatusCode::SEE_OTHER,
        [(header::LOCATION, location), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))],
    )
        .into_response()
}

async fn show(
    State(access): State<Access>,
    Extension(identity): Extension<Identity>,
    Parameters(Next { next }): Parameters<Next>,
) -> Response {
    let next = own_path(next.as_deref());
    if access.is_open() || identity.how == How::Session {
        return see_other(&next);
    }
    page(&access, &next, None).into_response()
}

fn page(access: &Access, next: &str, trouble: Option<&str>) -> Page {
    let content = html! {
        h1 { "Sign in" }
        @if let Some(trouble) = trouble { p.notice role="alert" { (sentence(trouble)) } }
        (at_provider(access, next))
        form.sign-in method="post" action="/login" {
            input type="hidden" name="next" value=(next);
            label { "Token" input type="password" name="token" required autocomplete="current-password" maxlength="200"
                spellcheck="false" placeholder="orgloop_…"; }
            button.merge { "Sign in" }
        }
        p.hint { "Whoever runs this service makes tokens with " code { "orgloop token create" } "." }
    };
    Page::new("Sign in", Place::Loop, content)
}

fn at_provider(access: &Access, next: &str) -> Markup {
    let oidc = &access.0.settings.oidc;
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    html! {
        @if oidc.is_configured() && !oidc.client_id.is_empty() {
            p { a.button href={ "/login/provider?" (query) } { "Sign in at " (host(&oidc.issuer)) } }
            p.hint { "or with a token:" }
        }
    }
}

fn host(issuer: &str) -> String {
    let host = url::Url::parse(issuer).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.unwrap_or_else(|| issuer.to_owned())
}

async fn by_token(State(access): State<Access>, request: Request) -> Result<Response, PageProblem> {
    let Door::Closed(credentials) = &access.0.door else { return Ok(see_other("/")) };
    let origin = access.0.proxies.origin(request.headers(), request.extensions());
    let headers = request.headers().clone();
    let Raw(body) = request.extract::<Raw, _>().await?;
    let field = |name: &str| {
        let mut fields = form_urlencoded::parse(&body);
        fields.find(|(field, _)| field == name).map(|(_, value)| value.trim().to_owned())
    };
    let next = own_path(field("next").as_deref());
    let token = match access.by_token(credentials, &field("token").unwrap_or_default(), origin).await {
        Ok(token) => token,
        Err(problem) => return once_more(&access, &next, problem),
    };
    let who = SignedIn {
        name: token.name,
        roles: token.roles,
        token_id: Some(token.id),
        until: Some(token.expires_at),
    };
    Ok(access.let_in(credentials, who, ("token", origin), access.way(&headers), &next).await?)
}

/// Off to the provider.
async fn to_provider(
    State(access): State<Access>,
    Headers(headers): Headers,
    extensions: Extensions,
    Parameters(Next { next }): Parameters<Next>,
) -> Result<Response, PageProblem> {
    let (credentials, provider) = access.provider()?;
    let redirect = access.redirect_url();
    let begun = oidc::begin(provider, &redirect, own_path(next.as_deref()), entity::clock::now()).await;
    let origin = access.0.proxies.origin(&headers, &extensions);
    let Begun { url, state, pending } = begun.map_err(|trouble| access.in_trouble(trouble, origin))?;
    credentials.add_login(&pending, &hash(&state)).await?;
    let mut response = see_other(&url);
    response.headers_mut().append(header::SET_COOKIE, access.way(&headers).set(LOGIN_COOKIE, &state, LOGIN));
    Ok(response)
}

/// Back from the provider.
async fn from_provider(
    State(access): State<Access>,
    Parameters(came): Parameters<CameBack>,
    Headers(headers): Headers,
    extensions: Extensions,
) -> Result<Response, PageProblem> {
    let (credentials, provider) = access.provider()?;
    let origin = access.0.proxies.origin(&headers, &extensions);
    let way = access.way(&headers);
    // The state is in the browser that began, and is taken out of the store: it comes back once, and to nobody else.
    let state = came.state.as_deref().filter(|state| way.cookie(&headers, LOGIN_COOKIE) == Some(*state));
    let pending = match state {
        Some(state) => credentials.take_login(&hash(state)).await?,
        None => None,
    };
    let now = entity::clock::now();
    let vouched = match &pending {
        Some(pending) => oidc::finish(provider, &access.redirect_url(), pending, &came, now).await,
        None => Err(Trouble::Refused(
            "this sign-in was not begun in this browser, or is over: begin again".to_owned(),
        )),
    };
    let Vouched { name, roles } = match vouched {
        Ok(vouched) => vouched,
        Err(trouble) => return once_more(&access, "/", access.in_trouble(trouble, origin)),
    };
    let who = SignedIn { name, roles, token_id: None, until: None };
    let next = pending.map_or_else(|| "/".to_owned(), |pending| pending.return_to);
    let mut response = access.let_in(credentials, who, ("provider", origin), way, &next).await?;
    response.headers_mut().append(header::SET_COOKIE, way.set(LOGIN_COOKIE, "", TimeDelta::zero()));
    Ok(response)
}

/// The sign-in again, with why it came to nothing, where that is for who signs in to mend.
fn once_more(access: &Access, next: &str, problem: Problem) -> Result<Response, PageProblem> {
    if ![Kind::Unauthenticated, Kind::TooManyRequests].contains(&problem.kind) {
        return Err(problem.into());
    }
    let page = page(access, next, Some(&problem.detail));
    Ok((problem.kind.status(), problem.headers(), page).into_response())
}

impl Access {
    fn provider(&self) -> Result<(&Arc<dyn Credentials>, &Provider), Problem> {
        match (&self.0.door, &self.0.provider) {
            (Door::Closed(credentials), Some(provider)) if !self.0.settings.oidc.client_id.is_empty() => {
                Ok((credentials, provider))
            }
            _ => Err(Problem::not_found("an OpenID provider for browsers")),
        }
    }

    /// Begins a session for whoever signed in `by` this, and sends their browser on.
    async fn let_in(
        &self,
        credentials: &Arc<dyn Credentials>,
        who: SignedIn,
        (by, origin): (&'static str, Origin),
        way: Way,
        next: &str,
    ) -> Result<Response, Problem> {
        if !who.roles.grant(Role::Viewer) {
            audit::denied(&who.name, Role::Viewer.name(), "/login");
            return Err(Problem::missing_role(Role::Viewer));
        }
        audit::signed_in(&who.name, by, origin.address);
        let cookie = self.begin_session(credentials, who, way).await?;
        let mut response = see_other(next);
        response.headers_mut().append(header::SET_COOKIE, cookie);
        Ok(response)
    }

    /// Where the provider sends browsers back to.
    fn redirect_url(&self) -> String {
        let AccessSettings { public_url, own_url, .. } = &self.0.settings;
        let base = if public_url.is_empty() { own_url } else { public_url };
        format!("{}/login/callback", base.trim_end_matches('/'))
    }
}

async fn sign_out(
    State(access): State<Access>,
    Extension(identity): Extension<Identity>,
    Headers(headers): Headers,
) -> Result<Response, PageProblem> {
    let Door::Closed(credentials) = &access.0.door else { return Ok(see_other("/")) };
    let cookie = access.end_session(credentials, &headers).await?;
    if identity.how == How::Session {
        audit::signed_out(&identity.name);
    }
    let mut response = see_other("/login");
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn signing_in_leads_to_paths_of_this_service_only() {
        for own in ["/", "/clusters?x=1", "/decisions/1#a"] {
            assert_eq!(own_path(Some(own)), own);
        }
        for other in
            ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "", "/a\nb", "/\tb"]
        {
            assert_eq!(own_path(Some(other)), "/", "{other:?}");
        }
        assert_eq!(own_path(None), "/");
    }
}
