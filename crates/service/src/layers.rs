//! What holds for every route: limits, no panics to callers, no writes from other sites, and problems instead of
//! bare status codes.

use crate::access::Access;
use crate::page::PageProblem;
use crate::problem::{Kind, Problem};
use crate::request::BODY_BYTES_MAX;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use std::any::Any;
use std::time::Duration;
use tower_http::catch_panic::CatchPanicLayer;

/// How long an answer may take to begin. Streams go on longer once they have begun.
const TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) fn around(router: Router, access: &Access) -> Router {
    let router = router
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(same_site));
    access
        .guard(router)
        .layer(from_fn(crate::reconcile::shared))
        .layer(from_fn(in_time))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(counted))
}

async fn not_found(uri: Uri, headers: HeaderMap) -> Response {
    let problem = Problem::not_found(format!("the path {}", uri.path()));
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if accept.contains("text/html") {
        return PageProblem::from(problem).into_response();
    }
    problem.into_response()
}

async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    Problem::new(Kind::MethodNotAllowed, format!("the path {} does not take {method}", uri.path()))
}

async fn in_time(request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(TIMEOUT, next.run(request)).await;
    answer.unwrap_or_else(|_| {
        let detail = format!("the request took longer than {} seconds and was given up", TIMEOUT.as_secs());
        Problem::new(Kind::Timeout, detail).into_response()
    })
}

#[expect(clippy::needless_pass_by_value, reason = "the layer gives the panic away")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words");
    tracing::error!(panic = said, "a request broke an invariant");
    Problem::new(Kind::Internal, "something broke inside the service; the log of the service says what")
        .into_response()
}

/// Browsers say where a request comes from; programs say nothing. A write that another site caused is refused.
async fn same_site(request: Request, next: Next) -> Response {
    let asks = crate::reconcile::is_let_in(request.uri().path(), request.headers());
    if request.method().is_safe() || asks || is_own(request.headers()) {
        return next.run(request).await;
    }
    let detail =
        "a browser says that another site caused this write: use the pages of this service, or a program";
    Problem::new(Kind::CrossSite, detail).into_response()
}

fn is_own(headers: &HeaderMap) -> bool {
    let text = |value: Option<&HeaderValue>| value.map(|value| value.to_str().unwrap_or_default().to_owned());
    if let Some(site) = text(headers.get("sec-fetch-site")) {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = text(headers.get(header::ORIGIN)) else { return true };
    let host = text(headers.get(header::HOST)).unwrap_or_default();
    origin.split_once("://").is_some_and(|(_, authority)| authority == host)
}

async fn counted(request: Request, next: Next) -> Response {
    let method = request.method().as_str().to_owned();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    metrics::counter!("orgloop_http_requests_total", "method" => method, "status" => status).increment(1);
    response
}

#[cfg(test)]
mod tests {
    use super::{around, is_own};
    use crate::access::{Access, AccessSettings};
    use axum::Router;
    use axum::http::HeaderMap;
    use axum::routing::get;

    #[track_caller]
    fn check(headers: &[(&'static str, &'static str)], own: bool) {
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        assert_eq!(is_own(&headers), own, "{headers:?}");
    }

    #[tokio::test]
    async fn a_panic_is_a_problem_and_ends_nothing_but_its_request() {
        async fn broken() -> &'static str {
            panic!("a broken invariant")
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let access = Access::open(AccessSettings::default()).unwrap();
        let router = Router::new().route("/broken", get(broken)).route("/whole", get(|| async {}));
        tokio::spawn(crate::serve(listener, around(router, &access), std::future::pending()));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let broken = client.get(format!("{base}/broken")).send().await.unwrap();
        assert_eq!(broken.status(), 500);
        assert_eq!(broken.headers()["content-type"], "application/problem+json");
        assert!(!broken.text().await.unwrap().contains("invariant"), "what is inside stays inside");
        assert_eq!(client.get(format!("{base}/whole")).send().await.unwrap().status(), 200);
    }

    #[test]
    fn writes_of_other_sites_are_told_from_our_own() {
        check(&[], true);
        check(&[("sec-fetch-site", "same-origin")], true);
        check(&[("sec-fetch-site", "none")], true);
        check(&[("sec-fetch-site", "cross-site")], false);
        check(&[("sec-fetch-site", "same-site")], false);
        check(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")], true);
        check(&[("origin", "http://evil.example"), ("host", "127.0.0.1:8080")], false);
        check(&[("origin", "null"), ("host", "127.0.0.1:8080")], false);
        check(&[("sec-fetch-site", "cross-site"), ("origin", "http://a"), ("host", "a")], false);
    }
}
