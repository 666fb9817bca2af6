//! A small OpenID provider: it signs with real keys, over real HTTP, and looks at what it is asked.

use axum::body::Bytes;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::rsa::KeyPair as RsaPair;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use url::form_urlencoded;

/// A key made for these tests, and used by nothing else.
const RSA_KEY: &[u8] = include_bytes!("provider_rsa_test_key.pk8");

pub(super) const CLIENT: &str = "orgloop";
pub(super) const CLIENT_SECRET: &str = "s3cret/+";

/// A key by which tokens are signed.
pub(super) enum SigningKey {
    Rsa(RsaPair),
    Ec(EcdsaKeyPair),
}

impl SigningKey {
    pub(super) fn rsa() -> Self {
        Self::Rsa(RsaPair::from_pkcs8(RSA_KEY).unwrap())
    }

    pub(super) fn ec() -> Self {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        Self::Ec(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.as_ref(), &random).unwrap())
    }

    fn jwk(&self, kid: &str) -> Value {
        match self {
            Self::Rsa(pair) => {
                let public = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public());
                let (n, e) = (URL_SAFE_NO_PAD.encode(public.n), URL_SAFE_NO_PAD.encode(public.e));
                json!({"kty": "RSA", "use": "sig", "kid": kid, "n": n, "e": e})
            }
            Self::Ec(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
                json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "kid": kid, "x": x, "y": y})
            }
        }
    }

    pub(super) fn sign(&self, kid: &str, claims: &Value) -> String {
        let algorithm = if matches!(self, Self::Rsa(_)) { "RS256" } else { "ES256" };
        let header = json!({"alg": algorithm, "kid": kid, "typ": "JWT"});
        let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encoded(&header), encoded(claims));
        let signature = match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
                    .unwrap();
                signature
            }
            Self::Ec(pair) => pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap().as_ref().to_vec(),
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// What the provider knows.
#[derive(Default)]
pub(super) struct Inside {
    pub(super) keys: HashMap<String, SigningKey>,
    pub(super) key_fetches: usize,
    /// What identity tokens say besides the necessary.
    pub(super) claims: Value,
    /// What is told to whom has an access token.
    pub(super) told: Value,
    /// The necessary, where it is to be wrong.
    pub(super) overrides: Value,
    /// What is answered to everything that is asked, where the provider is not well.
    pub(super) trouble: Option<(u16, Value)>,
    /// Codes that were given, with what came with them.
    codes: HashMap<String, HashMap<String, String>>,
}

#[derive(Clone)]
pub(super) struct Provider {
    pub(super) issuer: String,
    pub(super) inside: Arc<Mutex<Inside>>,
}

impl Provider {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let provider = Self { issuer, inside: Arc::default() };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/keys", get(keys))
            .route("/authorize", get(authorize))
            .route("/token", post(redeem))
            .route("/userinfo", get(userinfo))
            .layer(from_fn_with_state(provider.clone(), in_trouble))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    pub(super) fn with_key(self, kid: &str, key: SigningKey) -> Self {
        self.inside.lock().unwrap().keys.insert(kid.to_owned(), key);
        self
    }

    pub(super) fn now() -> i64 {
        entity::clock::now().timestamp()
    }

    /// Claims of a good access token.
    pub(super) fn good(&self) -> Value {
        json!({"iss": self.issuer, "aud": CLIENT, "exp": Self::now() + 300, "iat": Self::now(),
            "sub": "u-1", "preferred_username": "Åsa", "roles": ["reviewer"]})
    }

    pub(super) fn sign(&self, kid: &str, claims: &Value) -> String {
        self.inside.lock().unwrap().keys[kid].sign(kid, claims)
    }
}

async fn in_trouble(State(provider): State<Provider>, request: Request, next: Next) -> Response {
    let trouble = provider.inside.lock().unwrap().trouble.clone();
    match trouble {
        Some((status, said)) => (StatusCode::from_u16(status).unwrap(), Json(said)).into_response(),
        None => next.run(request).await,
    }
}

async fn metadata(State(Provider { issuer, .. }): State<Provider>) -> Json<Value> {
    Json(json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/keys"),
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "code_challenge_methods_supported": ["S256"],
    }))
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    let mut inside = provider.inside.lock().unwrap();
    inside.key_fetches += 1;
    let keys: Vec<_> = inside.keys.iter().map(|(kid, key)| key.jwk(kid)).collect();
    Json(json!({ "keys": keys }))
}

/// Whoever comes is who the claims say; they agree to everything.
async fn authorize(
    State(provider): State<Provider>,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    let is = |name: &str, value: &str| asked.get(name).is_some_and(|said| said == value);
    let scopes = asked.get("scope").cloned().unwrap_or_default();
    let right = is("response_type", "code")
        && is("client_id", CLIENT)
        && is("code_challenge_method", "S256")
        && scopes.split(' ').any(|scope| scope == "openid")
        && ["state", "nonce", "code_challenge", "redirect_uri"].iter().all(|name| asked.contains_key(*name));
    if !right {
        return (StatusCode::BAD_REQUEST, format!("{asked:?}")).into_response();
    }
    let code = uuid::Uuid::new_v4().to_string();
    let mut back = url::Url::parse(&asked["redirect_uri"]).unwrap();
    back.query_pairs_mut().append_pair("code", &code).append_pair("state", &asked["state"]);
    provider.inside.lock().unwrap().codes.insert(code, asked);
    Redirect::to(back.as_str()).into_response()
}

async fn redeem(State(provider): State<Provider>, headers: HeaderMap, body: Bytes) -> Response {
    let form: HashMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let mut inside = provider.inside.lock().unwrap();
    let secret: String = form_urlencoded::byte_serialize(CLIENT_SECRET.as_bytes()).collect();
    let expected = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{secret}")));
    if headers.get(header::AUTHORIZATION).is_none_or(|said| said != expected.as_str()) {
        return (StatusCode::UNAUTHORIZED, Json(json!({"error": "invalid_client"}))).into_response();
    }
    // A code is good once.
    let asked = form.get("code").and_then(|code| inside.codes.remove(code)).unwrap_or_default();
    let verifier = form.get("code_verifier").map(String::as_str).unwrap_or_default();
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    if asked.get("code_challenge") != Some(&challenge)
        || asked.get("redirect_uri") != form.get("redirect_uri")
    {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    }
    let mut claims = json!({"iss": provider.issuer, "aud": CLIENT, "sub": "u-1", "nonce": asked["nonce"],
        "exp": Provider::now() + 300, "iat": Provider::now()});
    for more in [&inside.claims, &inside.overrides] {
        claims.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    }
    let (kid, key) = inside.keys.iter().next().unwrap();
    let answer =
        json!({"token_type": "Bearer", "access_token": "opaque", "id_token": key.sign(kid, &claims)});
    Json(answer).into_response()
}

async fn userinfo(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    if headers.get(header::AUTHORIZATION).is_none_or(|said| said != "Bearer opaque") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(provider.inside.lock().unwrap().told.clone()).into_response()
}
