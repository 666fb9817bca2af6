//! Pages of other programs, in a browser: which may show a preview, and which may ask.

use crate::support::{Server, send};
use serde_json::json;
use service::access::AccessSettings;

#[tokio::test]
async fn names_are_escaped_in_previews_and_only_local_programs_frame_them() {
    let server = Server::start().await;
    let hostile = "<script>alert(1)</script>";
    let id = server.import_named("1", hostile).await;
    let page = server.get(&format!("/reconcile/preview?id={id}")).await.expect(200);
    assert!(page.text.contains("&lt;script&gt;") && !page.text.contains(hostile));
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("frame-ancestors 'self' http://localhost:*") && policy.contains("default-src 'none'")
    );
    assert!(
        server.get("/reconcile/preview.css").await.expect(200).header("content-type").starts_with("text/css")
    );
}

#[tokio::test]
async fn pages_of_programs_on_this_machine_may_ask_and_other_sites_may_not() {
    let server = Server::start().await;
    let local = "http://127.0.0.1:3333";
    let ask = |origin: &str| {
        let request = server.request("POST", "/reconcile").header("origin", origin);
        send(request.header("content-type", "application/x-www-form-urlencoded").body("queries=%7B%7D"))
    };
    let answer = ask(local).await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), local);
    assert_eq!(
        ask("https://evil.example").await.problem(403, "cross-site").header("access-control-allow-origin"),
        ""
    );
    let manifest = server.request("GET", "/reconcile").header("origin", local);
    assert_eq!(send(manifest).await.expect(200).header("access-control-allow-origin"), local);
    let elsewhere = server.request("GET", "/reconcile").header("origin", "https://evil.example");
    assert_eq!(send(elsewhere).await.expect(200).header("access-control-allow-origin"), "");
    let preflight = server.request("OPTIONS", "/reconcile/match").header("origin", local);
    let preflight = send(preflight.header("access-control-request-method", "POST")).await.expect(204);
    assert_eq!(preflight.header("access-control-allow-methods"), "GET, POST");
    assert!(preflight.header("access-control-allow-headers").contains("content-type"));
}

#[tokio::test]
async fn a_preflight_needs_no_credentials_and_a_page_reads_why_it_was_not_let_in() {
    let server = Server::start_closed(AccessSettings::default()).await;
    let from = |method| server.request(method, "/reconcile/match").header("origin", "http://localhost:3333");
    let preflight = from("OPTIONS").header("access-control-request-method", "POST");
    assert!(
        send(preflight).await.expect(204).header("access-control-allow-headers").contains("authorization")
    );
    let refused = send(from("POST").json(&json!({}))).await.problem(401, "unauthenticated");
    assert_eq!(refused.header("access-control-allow-origin"), "http://localhost:3333");
}
