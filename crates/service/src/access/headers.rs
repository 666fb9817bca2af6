//! What every answer tells browsers: to guess nothing, to be framed by nobody, and to keep nothing that needed a sign-in.

use super::Access;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

/// For answers that are no pages; those bring a policy of their own.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// A year, as browsers' lists ask for.
const TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=31536000");

pub(super) async fn on_answers(State(access): State<Access>, request: Request, next: Next) -> Response {
    let encrypted = access.is_encrypted(&request);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(POLICY);
    if encrypted {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, TRANSPORT);
    }
    if !access.is_open() {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

impl Access {
    /// Whether the way to the browser is encrypted: by what the settings say of our address, or a trusted proxy does.
    pub(super) fn is_encrypted(&self, request: &Request) -> bool {
        self.0.settings.public_url.starts_with("https://")
            || self.0.proxies.origin(request.headers(), request.extensions()).forwarded_https
    }
}
