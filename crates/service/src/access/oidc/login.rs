//! A browser signs in at the provider: authorization code, with PKCE, state and nonce.

use super::claims::{Expected, find, texts};
use super::{Known, Provider, Trouble, Vouched, answer, not_well, read, refused, said};
use crate::access::secret::random_bytes;
use crate::access::settings::OidcSettings;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::RequestBuilder;
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::Value;
use store::access::PendingLogin;
use url::Url;

/// How long somebody may take at the provider.
pub(in crate::access) const LOGIN: TimeDelta = TimeDelta::minutes(10);

/// A login that begins: where the browser goes, and what is kept for when it comes back.
#[derive(Debug)]
pub(in crate::access) struct Begun {
    pub(in crate::access) url: String,
    /// Kept by the browser, and sent along: so that nobody is signed in by another's login.
    pub(in crate::access) state: String,
    pub(in crate::access) pending: PendingLogin,
}

/// What comes back, in the query.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::access) struct CameBack {
    pub(in crate::access) state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

fn random() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes())
}

/// Begins a login; the browser is to come back to `redirect`.
pub(in crate::access) async fn begin(
    provider: &Provider,
    redirect: &str,
    return_to: String,
    now: DateTime<Utc>,
) -> Result<Begun, Trouble> {
    let known = provider.known(None).await?;
    let endpoint = known.metadata.authorization_endpoint.as_deref();
    let endpoint =
        endpoint.ok_or_else(|| Trouble::Away("the provider shows no authorization_endpoint".to_owned()))?;
    let (state, nonce, verifier) = (random(), random(), random());
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    let scope = format!("openid {}", provider.settings.scopes);
    let mut url =
        Url::parse(endpoint).map_err(|error| Trouble::Away(format!("authorization_endpoint: {error}")))?;
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &provider.settings.client_id)
        .append_pair("redirect_uri", redirect)
        .append_pair("scope", scope.trim())
        .append_pair("state", &state)
        .append_pair("nonce", &nonce)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256");
    let pending = PendingLogin { nonce, verifier, return_to, expires_at: now + LOGIN };
    Ok(Begun { url: url.into(), state, pending })
}

/// Redeems the code that came back; says whom the provider vouches for.
pub(in crate::access) async fn finish(
    provider: &Provider,
    redirect: &str,
    pending: &PendingLogin,
    came: &CameBack,
    now: DateTime<Utc>,
) -> Result<Vouched, Trouble> {
    let settings = &provider.settings;
    if now >= pending.expires_at {
        return Err(refused("the sign-in took too long: begin again"));
    }
    if came.iss.as_ref().is_some_and(|issuer| *issuer != settings.issuer) {
        return Err(refused("the answer is of another provider"));
    }
    if let Some(error) = &came.error {
        return Err(refused(format!("the provider says: {error}")));
    }
    let code = came.code.as_deref().ok_or_else(|| refused("the provider's answer has no code"))?;
    let known = provider.known(None).await?;
    let tokens = match said(redeem(provider, &known, redirect, pending, code)?).await? {
        (status, tokens) if status.is_success() => read::<Tokens>(tokens)?,
        // The one no that is about the code; all others are about us (RFC 6749, section 5.2).
        (_, no) if no["error"] == "invalid_grant" => {
            return Err(refused("the provider does not take the code that came back (invalid_grant)"));
        }
        (status, no) => return Err(not_well(status, &no)),
    };
    let claims = provider.verified(&tokens.id_token).await?;
    let expected = Expected { issuer: &settings.issuer, audience: &settings.client_id, now };
    expected.check(&claims).map_err(refused)?;
    if claims.get("nonce").and_then(Value::as_str) != Some(&pending.nonce) {
        return Err(refused("the token is of another sign-in (nonce)"));
    }
    let authorized = claims.get("azp").map(|azp| azp.as_str() == Some(&settings.client_id));
    if !authorized.unwrap_or_else(|| texts(claims.get("aud")).len() == 1) {
        return Err(refused("the token was given to another client (azp)"));
    }
    if find(&claims, &settings.roles_claim).is_some() && find(&claims, &settings.name_claim).is_some() {
        return provider.vouched(&claims);
    }
    // Many providers keep the token small, and tell more when asked.
    let mut told = told(provider, &known, &tokens).await?;
    if told.get("sub") != claims.get("sub") {
        return Err(refused("the provider told of somebody else (sub)"));
    }
    told.extend(claims);
    provider.vouched(&told)
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    #[serde(default)]
    access_token: String,
}

fn redeem(
    provider: &Provider,
    known: &Known,
    redirect: &str,
    pending: &PendingLogin,
    code: &str,
) -> Result<RequestBuilder, Trouble> {
    let settings = &provider.settings;
    let endpoint = known.metadata.token_endpoint.as_deref();
    let endpoint =
        endpoint.ok_or_else(|| Trouble::Away("the provider shows no token_endpoint".to_owned()))?;
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", redirect)
        .append_pair("code_verifier", &pending.verifier);
    let mut request =
        provider.http.post(endpoint).header("content-type", "application/x-www-form-urlencoded");
    let secret = settings.client_secret.text();
    let methods = &known.metadata.token_endpoint_auth_methods_supported;
    // Where nothing is said, it is by the header (OpenID Connect Discovery, section 3).
    let by_header = methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic");
    if !secret.is_empty() && by_header {
        let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        request = request.basic_auth(encoded(&settings.client_id), Some(encoded(secret)));
    } else {
        form.append_pair("client_id", &settings.client_id);
        if !secret.is_empty() {
            form.append_pair("client_secret", secret);
        }
    }
    Ok(request.body(form.finish()))
}

async fn told(
    provider: &Provider,
    known: &Known,
    tokens: &Tokens,
) -> Result<serde_json::Map<String, Value>, Trouble> {
    let Some(endpoint) = known.metadata.userinfo_endpoint.as_deref() else {
        let OidcSettings { name_claim, roles_claim, .. } = &provider.settings;
        return Err(refused(format!("the provider tells nothing of {name_claim} or {roles_claim}")));
    };
    read(answer(provider.http.get(endpoint).bearer_auth(&tokens.access_token)).await?)
}
