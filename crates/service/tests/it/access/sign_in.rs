//! People and programs that an OpenID provider vouches for.

use super::provider::{CLIENT, CLIENT_SECRET, Provider, SigningKey};
use super::sessions::cookie;
use crate::support::{Answer, Server, send};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use service::access::{AccessSettings, OidcSettings, Secret};

fn settings(provider: &Provider) -> AccessSettings {
    let oidc = OidcSettings {
        issuer: provider.issuer.clone(),
        client_id: CLIENT.to_owned(),
        client_secret: Secret::from(CLIENT_SECRET.to_owned()),
        ..OidcSettings::default()
    };
    AccessSettings { oidc, public_url: "http://localhost:9".into(), ..AccessSettings::default() }
}

async fn ask(server: &Server, token: &str) -> Answer {
    send(server.request("GET", "/v1/organizations").bearer_auth(token)).await
}

#[tokio::test]
async fn bearer_tokens_of_the_provider_are_taken_and_no_others() {
    let provider =
        Provider::start().await.with_key("rsa", SigningKey::rsa()).with_key("ec", SigningKey::ec());
    let server = Server::start_closed(settings(&provider)).await;
    let good = provider.good();
    for kid in ["rsa", "ec"] {
        ask(&server, &provider.sign(kid, &good)).await.expect(200);
    }
    let members = [server.import_named("1", "a").await, server.import_named("2", "b").await];
    let token = provider.sign("ec", &good);
    let who = |request: RequestBuilder| request.bearer_auth(&token).header("x-orgloop-user", "mallory");
    let merge = super::merge(&server, who, members, "1").await.expect(201);
    assert_eq!(merge.body["merged_by"], "Åsa");

    let changed = |claim: &str, value: Value| {
        let mut claims = good.clone();
        claims[claim] = value;
        claims
    };
    for (claims, word) in [
        (changed("iss", json!("https://evil.example")), "iss"),
        (changed("aud", json!("another")), "aud"),
        (changed("exp", json!(Provider::now() - 61)), "exp"),
        (changed("nbf", json!(Provider::now() + 120)), "nbf"),
        (changed("preferred_username", json!(null)), "preferred_username"),
    ] {
        let answer = ask(&server, &provider.sign("ec", &claims)).await.problem(401, "unauthenticated");
        assert!(answer.body["detail"].as_str().unwrap().contains(word), "{}", answer.text);
    }
    let role = ask(&server, &provider.sign("ec", &changed("roles", json!(["cook"])))).await;
    assert_eq!(role.problem(403, "missing-role").body["role"], "viewer");
    let forged = SigningKey::ec().sign("ec", &good);
    ask(&server, &forged).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn keys_that_are_new_are_fetched_and_unknown_ones_not_again_and_again() {
    let provider = Provider::start().await.with_key("one", SigningKey::ec());
    let server = Server::start_closed(settings(&provider)).await;
    let good = provider.good();
    let fetches = || provider.inside.lock().unwrap().key_fetches;
    for _ in 0..3 {
        ask(&server, &provider.sign("one", &good)).await.expect(200);
    }
    assert_eq!(fetches(), 1, "keys are kept");
    provider.inside.lock().unwrap().keys.insert("new".into(), SigningKey::rsa());
    ask(&server, &provider.sign("new", &good)).await.expect(200);
    assert_eq!(fetches(), 2, "a key that is not known is looked for at once");
    let stranger = SigningKey::ec();
    for _ in 0..3 {
        ask(&server, &stranger.sign("two", &good)).await.problem(401, "unauthenticated");
    }
    assert_eq!(fetches(), 2, "they were fetched a moment ago");
    ask(&server, &provider.sign("one", &good)).await.expect(200);
}

#[tokio::test]
async fn a_provider_that_is_away_is_no_fault_of_the_caller() {
    let provider = Provider::start().await.with_key("one", SigningKey::ec());
    let mut settings = settings(&provider);
    // Nobody listens there.
    settings.oidc.issuer = "http://127.0.0.1:1".into();
    let server = Server::start_closed(settings).await;
    ask(&server, &provider.sign("one", &provider.good())).await.problem(503, "unavailable");
    send(server.request("GET", "/login/provider")).await.expect(503);
}

#[tokio::test]
async fn a_no_of_the_provider_is_no_no_to_the_caller() {
    let provider = Provider::start().await.with_key("one", SigningKey::ec());
    let server = Server::start_closed(settings(&provider)).await;
    // More than one address may fail at in a minute.
    let tries = 12;
    let token = provider.sign("one", &provider.good());
    for status in [404, 403, 500] {
        provider.inside.lock().unwrap().trouble = Some((status, json!({"error": "gone"})));
        for _ in 0..tries {
            ask(&server, &token).await.problem(503, "unavailable");
        }
    }
    provider.inside.lock().unwrap().trouble = None;
    let well = || async { (ask(&server, &token).await.status == 200).then_some(()) };
    crate::support::until("the provider to be asked again", well).await;
    // And at the code: what the provider holds against us, and what it holds against the code.
    for (error, status) in [("invalid_client", 503), ("invalid_grant", 401)] {
        let (back, held) = at_provider(&server).await;
        provider.inside.lock().unwrap().trouble = Some((400, json!({ "error": error })));
        assert_eq!(come_back(&server, &back, &held).await.status, status, "{error}");
        provider.inside.lock().unwrap().trouble = None;
    }
}

#[test]
fn settings_that_cannot_be_right_are_refused_by_name() {
    let refused = |oidc: OidcSettings, word: &str| {
        let settings = AccessSettings { oidc, ..AccessSettings::default() };
        let error = service::access::Access::open(settings).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    };
    let of = |issuer: &str| OidcSettings { issuer: issuer.into(), ..OidcSettings::default() };
    refused(of("https://id.example"), "access.oidc.audience");
    refused(OidcSettings { client_id: "a".into(), ..of("http://id.example") }, "access.oidc.issuer");
    refused(OidcSettings { client_id: "a".into(), ..of("id.example") }, "access.oidc.issuer");
}

/// A browser that goes to the provider and comes back; gives the way back and the cookie that it holds.
async fn at_provider(server: &Server) -> (String, String) {
    let begun = send(server.request("GET", "/login/provider?next=%2Fclusters")).await.expect(303);
    let set = begun.header("set-cookie");
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax"), "{set}");
    let held = cookie(&begun, "orgloop-login");
    let http =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    let answer = http.get(begun.header("location")).send().await.unwrap();
    assert_eq!(answer.status(), 303, "the provider takes the question");
    let back = answer.headers()["location"].to_str().unwrap().to_owned();
    (back.strip_prefix("http://localhost:9").unwrap().to_owned(), held)
}

async fn come_back(server: &Server, back: &str, cookie: &str) -> Answer {
    send(server.request("GET", back).header("accept", "text/html").header("cookie", cookie)).await
}

#[tokio::test]
async fn a_browser_signs_in_at_the_provider() {
    let provider = Provider::start().await.with_key("one", SigningKey::rsa());
    provider.inside.lock().unwrap().claims = json!({"preferred_username": "Åsa", "roles": "reviewer"});
    let server = Server::start_closed(settings(&provider)).await;
    let shown = server.get("/login?next=%2Fclusters").await.expect(200);
    assert!(shown.text.contains("/login/provider?next=%2Fclusters"), "{}", shown.text);
    let (back, held) = at_provider(&server).await;
    let signed_in = come_back(&server, &back, &held).await.expect(303);
    assert_eq!(signed_in.header("location"), "/clusters");
    let session = cookie(&signed_in, "orgloop-session");
    let page = come_back(&server, "/clusters", &session).await.expect(200);
    assert!(page.text.contains("Åsa") && page.text.contains("Sign out"));
    let again = come_back(&server, &back, &held).await;
    assert_eq!(again.status, 401, "a login comes back once");
}

#[tokio::test]
async fn what_the_token_keeps_small_is_asked_for() {
    let provider = Provider::start().await.with_key("one", SigningKey::ec());
    provider.inside.lock().unwrap().told =
        json!({"sub": "u-1", "preferred_username": "Ben", "roles": ["approver"]});
    let server = Server::start_closed(settings(&provider)).await;
    let (back, held) = at_provider(&server).await;
    let session = cookie(&come_back(&server, &back, &held).await.expect(303), "orgloop-session");
    assert!(come_back(&server, "/", &session).await.expect(200).text.contains("Ben"));
    provider.inside.lock().unwrap().told["sub"] = json!("u-2");
    let (back, held) = at_provider(&server).await;
    assert_eq!(come_back(&server, &back, &held).await.status, 401, "it told of somebody else");
}

#[tokio::test]
async fn a_login_that_is_not_this_browsers_own_is_refused() {
    let provider = Provider::start().await.with_key("one", SigningKey::ec());
    provider.inside.lock().unwrap().claims = json!({"preferred_username": "mallory", "roles": "admin"});
    let server = Server::start_closed(settings(&provider)).await;
    let (back, _) = at_provider(&server).await;
    let (_, other) = at_provider(&server).await;
    for cookie in ["", other.as_str(), "orgloop-login="] {
        assert_eq!(come_back(&server, &back, cookie).await.status, 401, "{cookie}");
    }
    let (back, held) = at_provider(&server).await;
    let denied = format!("{}&error=access_denied", back.split("code=").next().unwrap());
    let state = back.split("state=").nth(1).unwrap();
    let answer = come_back(&server, &format!("{denied}&state={state}"), &held).await;
    assert_eq!(answer.status, 401);
    assert!(answer.text.contains("access_denied"), "{}", answer.text);
}

#[tokio::test]
async fn an_identity_token_that_is_not_for_this_login_is_refused() {
    let provider = Provider::start().await.with_key("one", SigningKey::ec());
    provider.inside.lock().unwrap().claims = json!({"preferred_username": "ana", "roles": "reviewer"});
    let server = Server::start_closed(settings(&provider)).await;
    for (wrong, word) in [
        (json!({"nonce": "of another"}), "nonce"),
        (json!({"nonce": null}), "nonce"),
        (json!({"aud": "another"}), "aud"),
        (json!({"aud": [CLIENT, "another"]}), "azp"),
        (json!({"azp": "another"}), "azp"),
        (json!({"exp": Provider::now() - 100}), "exp"),
    ] {
        provider.inside.lock().unwrap().overrides = wrong.clone();
        let (back, held) = at_provider(&server).await;
        let answer = come_back(&server, &back, &held).await;
        assert_eq!(answer.status, 401, "{wrong}");
        assert!(answer.text.contains(word), "{wrong}: {}", answer.text);
    }
    provider.inside.lock().unwrap().overrides = json!({"roles": ["cook"]});
    let (back, held) = at_provider(&server).await;
    assert_eq!(come_back(&server, &back, &held).await.status, 403, "known, but nobody here");
}
