//! Sessions of browsers: how they begin, what they carry, and what ends them.

use super::{closed, token};
use crate::support::{Answer, Server, send};
use reqwest::RequestBuilder;
use service::access::{AccessSettings, Secret};
use store::access::Role;
use url::form_urlencoded;

/// What a page's form sends, as a browser does.
fn form(server: &Server, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
    let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = server.request("POST", path).header("content-type", "application/x-www-form-urlencoded");
    request.header("accept", "text/html").header("sec-fetch-site", "same-origin").body(body)
}

async fn sign_in(server: &Server, secret: &Secret) -> Answer {
    send(form(server, "/login", &[("token", secret.text()), ("next", "/clusters?x=1")])).await
}

/// The cookie as a browser sends it back.
pub(super) fn cookie(answer: &Answer, name: &str) -> String {
    let set = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let cookie =
        set.map(|set| set.split(';').next().unwrap()).find(|pair| pair.starts_with(&format!("{name}=")));
    cookie.unwrap_or_else(|| panic!("no cookie {name}")).to_owned()
}

fn page(server: &Server, path: &str, cookie: &str) -> RequestBuilder {
    server.request("GET", path).header("accept", "text/html").header("cookie", cookie)
}

#[tokio::test]
async fn a_reviewer_signs_in_decides_and_signs_out() {
    let server = closed().await;
    let _worker = server.start_worker();
    let (_, secret) = token(&server, "ana", &[Role::Reviewer]).await;
    let to_sign_in = send(page(&server, "/clusters?x=1", "")).await.expect(303);
    assert_eq!(to_sign_in.header("location"), "/login?next=%2Fclusters%3Fx%3D1");
    let shown = send(page(&server, "/login?next=%2Fclusters%3Fx%3D1", "")).await.expect(200);
    assert!(shown.text.contains("value=\"/clusters?x=1\""), "{}", shown.text);

    let signed_in = sign_in(&server, &secret).await.expect(303);
    assert_eq!(signed_in.header("location"), "/clusters?x=1");
    let set = signed_in.header("set-cookie");
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.contains("Path=/"), "{set}");
    assert!(!set.contains("Secure"), "on this machine it travels unencrypted: {set}");
    assert!(!set.contains(secret.text()), "the token stays out of the browser");
    let cookie = cookie(&signed_in, "orgloop-session");
    let shown = send(page(&server, "/clusters", &cookie)).await.expect(200);
    assert!(shown.text.contains("Sign out") && shown.text.contains("ana"));
    assert!(!shown.text.contains("open: no sign-in"));

    let members = [server.import_named("1", "a").await, server.import_named("2", "b").await];
    let id = server.cluster(&members, 0.9).await;
    let fields = [("verdict", "match"), ("user", "somebody else")];
    let decide =
        |cookie: &str| form(&server, &format!("/clusters/{id}/decide"), &fields).header("cookie", cookie);
    let decided = send(decide(&cookie).header("x-orgloop-user", "mallory")).await.expect(303);
    let decision = decided.header("location").replace("/decisions/", "/v1/decisions/");
    let decision = send(page(&server, &decision, &cookie)).await.expect(200);
    assert_eq!(decision.body["decided_by"], "ana", "whoever is signed in has a name");

    let other_site = server.request("POST", "/logout").header("cookie", &cookie);
    let other_site = other_site.header("sec-fetch-site", "cross-site");
    assert_eq!(send(other_site).await.status, 403);
    let signed_out = send(form(&server, "/logout", &[]).header("cookie", &cookie)).await.expect(303);
    assert!(signed_out.header("set-cookie").contains("Max-Age=0"));
    send(page(&server, "/clusters", &cookie)).await.expect(303);
    assert_eq!(send(decide(&cookie)).await.status, 401, "the session is over, not only its cookie");
}

#[tokio::test]
async fn a_session_is_secure_wherever_it_is_not_on_this_machine() {
    let server = closed().await;
    let (_, secret) = token(&server, "ana", &[Role::Viewer]).await;
    let from_afar = form(&server, "/login", &[("token", secret.text())]).header("host", "orgloop.example");
    let signed_in = send(from_afar).await.expect(303);
    let set = signed_in.header("set-cookie");
    assert!(set.starts_with("__Host-orgloop-session=") && set.contains("; Secure"), "{set}");
}

#[tokio::test]
async fn a_session_ends_with_its_token() {
    let server = closed().await;
    let (id, secret) = token(&server, "ana", &[Role::Viewer]).await;
    let cookie = cookie(&sign_in(&server, &secret).await.expect(303), "orgloop-session");
    send(page(&server, "/", &cookie)).await.expect(200);
    server.credentials.revoke_token(id, "test", entity::clock::now()).await.unwrap();
    send(page(&server, "/", &cookie)).await.expect(303);
    let again = sign_in(&server, &secret).await;
    assert_eq!(again.status, 401);
    assert!(again.text.contains("The token was revoked."), "{}", again.text);
}

#[tokio::test]
async fn a_session_that_is_idle_is_over() {
    let settings = AccessSettings { session_idle_minutes: 0, ..AccessSettings::default() };
    let server = Server::start_closed(settings).await;
    let (_, secret) = token(&server, "ana", &[Role::Viewer]).await;
    let cookie = cookie(&sign_in(&server, &secret).await.expect(303), "orgloop-session");
    send(page(&server, "/", &cookie)).await.expect(303);
}

#[tokio::test]
async fn a_session_never_acts_for_others() {
    let server = closed().await;
    let (_, secret) = token(&server, "worker", &[Role::Service]).await;
    let cookie = cookie(&sign_in(&server, &secret).await.expect(303), "orgloop-session");
    let members = [server.import_named("1", "a").await, server.import_named("2", "b").await];
    let who = |request: RequestBuilder| request.header("cookie", &cookie).header("x-orgloop-user", "ana");
    let merge = super::merge(&server, who, members, "1").await.expect(201);
    assert_eq!(merge.body["merged_by"], "worker");
}
