//! Who may do what: every operation by every role, what ends a token, and the loop when credentials are asked for.

mod provider;
mod sessions;
mod sign_in;

use crate::review::settled;
use crate::support::{Answer, Server, send};
use chrono::{DateTime, TimeDelta, Utc};
use entity::RecordId;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use service::access::{AccessSettings, LimitSettings, Secret};
use store::access::{ApiToken, Role};
use uuid::Uuid;

/// A token that was made now.
async fn token(server: &Server, name: &str, roles: &[Role]) -> (Uuid, Secret) {
    token_until(server, name, roles, entity::clock::now() + TimeDelta::days(1)).await
}

async fn token_until(
    server: &Server,
    name: &str,
    roles: &[Role],
    expires_at: DateTime<Utc>,
) -> (Uuid, Secret) {
    let (id, secret) = (Uuid::now_v7(), Secret::random());
    let token = ApiToken {
        id,
        name: name.to_owned(),
        roles: roles.iter().copied().collect(),
        created_by: "test".to_owned(),
        created_at: entity::clock::now(),
        expires_at,
        revoked: None,
        last_used_day: None,
    };
    server.credentials.add_token(&token, &secret.hash()).await.unwrap();
    (id, secret)
}

async fn closed() -> Server {
    Server::start_closed(AccessSettings::default()).await
}

fn with(request: RequestBuilder, secret: &Secret) -> RequestBuilder {
    request.bearer_auth(secret.text())
}

/// Method, path with something in its places, and the role that the document names; `None` where none is needed.
async fn operations(server: &Server) -> Vec<(String, String, Option<Role>)> {
    let document = server.get("/openapi.json").await.expect(200).body;
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let schemes = operation["security"].as_array().expect("each operation says what it needs");
            let role = schemes.first().map(|scheme| scheme["bearer"][0].as_str().unwrap().parse().unwrap());
            let mut path = path.clone();
            while let (Some(begin), Some(end)) = (path.find('{'), path.find('}')) {
                path.replace_range(begin..=end, &Uuid::nil().to_string());
            }
            operations.push((method.to_uppercase(), path, role));
        }
    }
    operations
}

/// Operations that only admins may ask for; any other with that role was forgotten in the table.
const FOR_ADMINS: [&str; 2] = ["PUT /v1/survivorship-policies/", "POST /v1/survivorship-policies/"];

#[tokio::test]
async fn each_operation_is_denied_to_whom_it_is_not_for() {
    let server = closed().await;
    let operations = operations(&server).await;
    assert!(operations.len() > 30, "the document lists them");
    for (method, path, needed) in &operations {
        let what = format!("{method} {path}");
        let ask = || server.request(method, path);
        let Some(needed) = needed else {
            assert_ne!(send(ask()).await.status, 401, "{what}");
            continue;
        };
        assert!(
            *needed != Role::Admin || FOR_ADMINS.iter().any(|begin| what.starts_with(begin)),
            "{what} is not in access/table.rs"
        );
        let nobody = send(ask()).await.problem(401, "unauthenticated");
        assert_eq!(nobody.header("www-authenticate"), "Bearer realm=\"orgloop\"", "{what}");
        let unknown = send(with(ask(), &Secret::random())).await;
        // Wrong ones are limited, and there are many here.
        assert!([401, 429].contains(&unknown.status.as_u16()), "{what}: {}", unknown.text);
    }
    for role in Role::ALL {
        let (_, secret) = token(&server, role.name(), &[role]).await;
        for (method, path, needed) in &operations {
            let answer = send(with(server.request(method, path), &secret)).await;
            let what = format!("{method} {path} by {role}: {}", answer.text);
            assert!(!answer.status.is_server_error(), "{what}");
            match needed {
                Some(needed) if !role.grants(*needed) => {
                    let answer = answer.problem(403, "missing-role");
                    assert_eq!(answer.body["role"], needed.name(), "{what}");
                    let challenge = answer.header("www-authenticate");
                    assert!(
                        challenge.contains("insufficient_scope") && challenge.contains(needed.name()),
                        "{what}"
                    );
                }
                _ => assert!(![401, 403].contains(&answer.status.as_u16()), "{what}"),
            }
        }
    }
}

#[tokio::test]
async fn pages_and_the_registry_are_guarded_too() {
    let server = closed().await;
    let (_, viewer) = token(&server, "vic", &[Role::Viewer]).await;
    let (_, program) = token(&server, "importer", &[Role::Service]).await;
    let pages = ["/", "/clusters", "/decisions", "/subjects", "/schemas/types", "/config"];
    for path in pages {
        server.get(path).await.problem(401, "unauthenticated");
        send(with(server.request("GET", path), &viewer)).await.expect(200);
    }
    for path in ["/healthz", "/readyz", "/openapi.json", "/docs", "/problems", "/login", "/assets/page.js"] {
        server.get(path).await.expect(200);
    }
    server.get("/nothing").await.problem(404, "not-found");
    let nil = Uuid::nil();
    for path in
        [format!("/clusters/{nil}/decide"), format!("/decisions/{nil}/undo"), "/parked/retry".to_owned()]
    {
        send(server.request("POST", &path)).await.problem(401, "unauthenticated");
        send(with(server.request("POST", &path), &viewer)).await.problem(403, "missing-role");
    }
    let schema = json!({"schema": "\"string\""});
    let register = |secret| with(server.request("POST", "/subjects/s/versions"), secret).json(&schema);
    send(register(&viewer)).await.problem(403, "missing-role");
    send(register(&program)).await.expect(200);
    let ask = with(server.request("POST", "/subjects/s"), &viewer).json(&schema);
    send(ask).await.expect(200);
    send(with(server.request("DELETE", "/subjects/s"), &viewer)).await.problem(403, "missing-role");
}

#[tokio::test]
async fn a_token_that_is_over_opens_nothing() {
    let server = closed().await;
    let now = entity::clock::now();
    let (id, secret) = token(&server, "ana", &[Role::Viewer]).await;
    let (_, expired) = token_until(&server, "ana", &[Role::Admin], now).await;
    let ask = |secret: &Secret| with(server.request("GET", "/v1/organizations"), secret);
    send(ask(&secret)).await.expect(200);
    let used = crate::support::until("the day of its use", || async {
        server.credentials.tokens().await.unwrap().into_iter().find(|token| token.id == id)?.last_used_day
    });
    assert!(used.await >= now.date_naive());
    server.credentials.revoke_token(id, "test", now).await.unwrap();
    for (over, word) in [(&secret, "revoked"), (&expired, "expired")] {
        let answer = send(ask(over)).await.problem(401, "unauthenticated");
        assert!(answer.body["detail"].as_str().unwrap().contains(word), "{}", answer.text);
        assert!(answer.header("www-authenticate").contains("invalid_token"));
        assert!(!answer.text.contains(over.text()), "secrets are not repeated");
    }
    let basic = server.request("GET", "/v1/organizations").basic_auth("ana", Some(secret.text()));
    send(basic).await.problem(401, "unauthenticated");
    let elsewhere = format!("/v1/organizations?access_token={}", secret.text());
    server.get(&elsewhere).await.problem(401, "unauthenticated");
}

/// A merge that cites its preview, asked for with what `who` adds to requests.
async fn merge(
    server: &Server,
    who: impl Fn(RequestBuilder) -> RequestBuilder,
    members: [RecordId; 2],
    key: &str,
) -> Answer {
    let asked = json!({"survivor": members[0], "organizations": [members[1]]});
    let preview = send(who(server.request("POST", "/v1/merge-previews")).json(&asked)).await.expect(200).body;
    let body = json!({"survivor": members[0], "absorbed": [members[1]],
        "preview_digest": preview["digest"], "expected_versions": preview["expected_versions"]});
    send(who(server.request("POST", "/v1/merges")).header("idempotency-key", key).json(&body)).await
}

async fn merged_by(
    server: &Server,
    secret: &Secret,
    user: &str,
    members: [RecordId; 2],
    key: &str,
) -> Answer {
    let who = |request| with(request, secret).header("x-orgloop-user", user.as_bytes());
    merge(server, who, members, key).await
}

#[tokio::test]
async fn only_a_service_acts_for_others() {
    let server = closed().await;
    let (_, reviewer) = token(&server, "ana", &[Role::Reviewer]).await;
    let (_, admin) = token(&server, "root", &[Role::Admin]).await;
    let (_, program) = token(&server, "worker", &[Role::Service]).await;
    for (number, secret, by) in [("1", &reviewer, "ana"), ("2", &admin, "root"), ("3", &program, "Åsa")] {
        let members = [
            server.import_named(&format!("{number}a"), "a").await,
            server.import_named(&format!("{number}b"), "b").await,
        ];
        let merge = merged_by(&server, secret, "Åsa", members, number).await.expect(201);
        assert_eq!(merge.body["merged_by"], by);
    }
    let members = [server.import_named("4a", "a").await, server.import_named("4b", "b").await];
    let itself = merged_by(&server, &program, " ", members, "4").await.expect(201);
    assert_eq!(itself.body["merged_by"], "worker", "who names nobody is itself");
}

#[tokio::test]
async fn the_loop_goes_round_when_credentials_are_asked_for() {
    let server = closed().await;
    let _worker = server.start_worker();
    let (_, reviewer) = token(&server, "Åsa", &[Role::Reviewer]).await;
    let members = [server.import_named("1", "Über").await, server.import_named("2", "Uber").await];
    let id = server.cluster(&members, 0.9).await;
    let shown = send(with(server.request("GET", &format!("/clusters/{id}")), &reviewer)).await.expect(200);
    assert!(shown.text.contains("Über"), "the page reaches the organizations");
    let decide = with(server.request("POST", &format!("/v1/clusters/{id}/decisions")), &reviewer);
    let decided = send(decide.json(&json!({"verdict": "match"}))).await.expect(202);
    let applied = settled_by(&server, &decided.id(), &reviewer).await;
    assert_eq!(applied["state"], "applied", "{applied}");
    let merges = send(with(server.request("GET", "/v1/merges"), &reviewer)).await.expect(200);
    assert_eq!(merges.body["merges"][0]["merged_by"], "Åsa", "the reviewer decided, not the worker");
    let undo = with(server.request("POST", &format!("/v1/decisions/{}/undo", decided.id())), &reviewer);
    send(undo).await.expect(200);
    let merges = send(with(server.request("GET", "/v1/merges"), &reviewer)).await.expect(200);
    assert_eq!(merges.body["merges"][0]["undo"]["undone_by"], "Åsa", "{}", merges.text);
}

async fn settled_by(server: &Server, decision: &str, secret: &Secret) -> Value {
    crate::support::until("a final state", || async {
        let path = format!("/v1/decisions/{decision}");
        let answer = send(with(server.request("GET", &path), secret)).await.expect(200);
        let state = answer.body["state"].as_str().unwrap().to_owned();
        (state == "applied" || state == "refused").then_some(answer.body)
    })
    .await
}

#[tokio::test]
async fn a_decision_outlives_a_token_that_opens_nothing() {
    let mut server = closed().await;
    let (_, reviewer) = token(&server, "ana", &[Role::Reviewer]).await;
    let members = [server.import_named("1", "a").await, server.import_named("2", "b").await];
    let id = server.cluster(&members, 0.9).await;
    let (weak_id, weak) = token(&server, "worker", &[Role::Viewer]).await;
    let mut decided = None;
    for wrong in [Secret::random(), weak.clone()] {
        server.ports.organizations_token = wrong;
        let stop = server.start_worker();
        if decided.is_none() {
            let decide = with(server.request("POST", &format!("/v1/clusters/{id}/decisions")), &reviewer);
            decided = Some(send(decide.json(&json!({"verdict": "match"}))).await.expect(202).id());
        }
        let path = format!("/v1/decisions/{}", decided.as_ref().unwrap());
        crate::support::until("the worker tried", || async {
            let answer = send(with(server.request("GET", &path), &reviewer)).await.expect(200);
            (answer.body["state"] == "applying").then_some(())
        })
        .await;
        if decided.is_some() && server.ports.organizations_token == weak {
            crate::support::until("the worker came with its token", || async {
                let tokens = server.credentials.tokens().await.unwrap();
                tokens.into_iter().find(|token| token.id == weak_id)?.last_used_day
            })
            .await;
        }
        drop(stop);
    }
    server.ports.organizations_token = server.ports.access.own_token();
    let _worker = server.start_worker();
    let applied = settled_by(&server, &decided.unwrap(), &reviewer).await;
    assert_eq!(applied["state"], "applied", "{applied}");
}

fn limits(requests_per_second: f64, burst: f64, failed_sign_ins_per_minute: f64) -> AccessSettings {
    let limits =
        LimitSettings { requests_per_second, burst, loopback_factor: 1.0, failed_sign_ins_per_minute };
    AccessSettings { limits, ..AccessSettings::default() }
}

#[tokio::test]
async fn whoever_guesses_is_held_back_and_whoever_knows_is_not() {
    let server = Server::start_closed(limits(1000.0, 1000.0, 3.0)).await;
    let (_, secret) = token(&server, "ana", &[Role::Viewer]).await;
    let ask = |secret: &Secret| with(server.request("GET", "/v1/organizations"), secret);
    for _ in 0..3 {
        send(ask(&Secret::random())).await.problem(401, "unauthenticated");
    }
    let held = send(ask(&Secret::random())).await.problem(429, "too-many-requests");
    let wait: u32 = held.header("retry-after").parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    let guess = send(server.request("POST", "/login").body("token=guessed")).await;
    assert_eq!(guess.status, 429, "signing in on the page counts as well");
    send(ask(&secret)).await.expect(200);
}

#[tokio::test]
async fn nobody_asks_for_everything_at_once() {
    let server = Server::start_closed(limits(0.1, 20.0, 10.0)).await;
    let (_, secret) = token(&server, "ana", &[Role::Viewer]).await;
    let ask = || with(server.request("GET", "/v1/organizations"), &secret);
    for _ in 0..20 {
        send(ask()).await.expect(200);
    }
    let held = send(ask()).await.problem(429, "too-many-requests");
    assert!(held.header("retry-after").parse::<u32>().unwrap() >= 1);
    server.get("/healthz").await.problem(429, "too-many-requests");
    let own = server.ports.access.own_token();
    for _ in 0..50 {
        send(with(server.request("GET", "/v1/organizations"), &own)).await.expect(200);
    }
}

#[tokio::test]
async fn answers_tell_browsers_to_keep_and_guess_nothing() {
    let server = closed().await;
    let (_, secret) = token(&server, "ana", &[Role::Viewer]).await;
    for path in ["/", "/v1/organizations", "/clusters", "/nothing"] {
        let answer = send(with(server.request("GET", path), &secret)).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("strict-transport-security"), "", "{path}: it is not encrypted");
    }
    let settings =
        AccessSettings { public_url: "https://orgloop.example".into(), ..AccessSettings::default() };
    let encrypted = Server::start_closed(settings).await;
    assert!(encrypted.get("/login").await.header("strict-transport-security").starts_with("max-age="));
    let settings = AccessSettings { trusted_proxies: vec!["127.0.0.1".into()], ..AccessSettings::default() };
    let behind = Server::start_closed(settings).await;
    let forwarded = send(behind.request("GET", "/login").header("x-forwarded-proto", "https")).await;
    assert!(forwarded.header("strict-transport-security").starts_with("max-age="));
    assert_eq!(behind.get("/login").await.header("strict-transport-security"), "");
}

#[tokio::test]
async fn an_open_service_says_so_and_takes_the_name_that_is_given() {
    let server = Server::start().await;
    let page = server.get("/").await.expect(200);
    assert!(page.text.contains("open: no sign-in"));
    assert_eq!(server.get("/login").await.expect(303).header("location"), "/");
    let members = [server.import_named("1", "a").await, server.import_named("2", "b").await];
    let id = server.cluster(&members, 0.9).await;
    let _worker = server.start_worker();
    let form = server.request("POST", &format!("/clusters/{id}/decide")).body("verdict=match&user=Ana");
    let decided = send(form).await.expect(303).header("location").to_owned();
    let applied = settled(&server, decided.strip_prefix("/decisions/").unwrap()).await;
    assert_eq!(applied["decided_by"], "Ana", "{applied}");
}
