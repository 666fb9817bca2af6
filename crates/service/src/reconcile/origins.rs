//! Which pages of others may ask: those of programs on this machine, such as OpenRefine.
//!
//! The specification wants every endpoint open to every site. Here that would let any page that somebody visits read
//! the organizations of a service that listens on their machine; so other sites are not let in, and a service that is
//! meant for them has a proxy before it that says so.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use url::{Host, Url};

/// Whether a write's form that another origin sends is a reconciliation query, which changes nothing.
pub(crate) fn is_let_in(path: &str, headers: &HeaderMap) -> bool {
    is_here(path) && allowed(headers).is_some()
}

fn is_here(path: &str) -> bool {
    path == "/reconcile" || path.starts_with("/reconcile/")
}

/// Answers preflights, and tells browsers which origins may read the answers. Around all routes and the guard: browsers
/// send preflights without saying who asks, and a page may read why it was not let in.
pub(crate) async fn shared(request: Request, next: Next) -> Response {
    if !is_here(request.uri().path()) {
        return next.run(request).await;
    }
    let allowed = allowed(request.headers());
    let is_preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response =
        if is_preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if is_preflight {
            let methods = HeaderValue::from_static("GET, POST");
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
            let named = HeaderValue::from_static("authorization, content-type");
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, named);
        }
    }
    response
}

/// The origin of the request, if it is a page of this machine.
fn allowed(headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    let url = Url::parse(origin.to_str().ok()?).ok()?;
    let is_loopback = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    (is_loopback && ["http", "https"].contains(&url.scheme())).then(|| origin.clone())
}

#[cfg(test)]
mod tests {
    use super::is_let_in;
    use axum::http::{HeaderMap, header};

    #[track_caller]
    fn check(path: &str, origin: &str, let_in: bool) {
        let headers = HeaderMap::from_iter([(header::ORIGIN, origin.parse().unwrap())]);
        assert_eq!(is_let_in(path, &headers), let_in, "{path} {origin}");
    }

    #[test]
    fn programs_of_this_machine_are_let_in_and_other_sites_are_not() {
        check("/reconcile", "http://127.0.0.1:3333", true);
        check("/reconcile/extend", "http://localhost:3333", true);
        check("/reconcile/match", "https://[::1]", true);
        check("/reconcile", "https://evil.example", false);
        check("/reconcile", "http://localhost.evil.example", false);
        check("/reconcile", "http://127.0.0.1.evil.example", false);
        check("/reconcile", "null", false);
        check("/v1/merges", "http://127.0.0.1:3333", false);
        check("/reconciled", "http://127.0.0.1:3333", false);
    }
}
