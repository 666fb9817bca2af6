//! What every answer tells browsers: to guess nothing, to be framed by nobody, and to keep nothing that needed a sign-in.

use super::Access;
use axum::extract::{Request, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

/// For answers that are no pages; those bring a policy of their own.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// A year, as browsers' lists ask for.
const TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=31536000");

pub(super) async fn on_answers(State(access): State<Access>, request: Request, next: Next) -> Response {
    let encrypted = access.is_encrypted(request.headers(), request.extensions());
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
    fn is_encrypted(&self, headers: &HeaderMap, extensions: &Extensions) -> bool {
        self.0.settings.public_url.starts_with("https://")
            || self.0.proxies.origin(headers, extensions).forwarded_https
    }

    /// Where callers reach this service, such as `https://orgloop.example.org`: as the settings say, or else as this one
    /// has called it.
    pub(crate) fn base_url(&self, headers: &HeaderMap, extensions: &Extensions) -> String {
        let public = self.0.settings.public_url.trim_end_matches('/');
        if !public.is_empty() {
            return public.to_owned();
        }
        let is_authority = |host: &&str| {
            !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".:-_[]".contains(c))
        };
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).filter(is_authority);
        let scheme = if self.is_encrypted(headers, extensions) { "https" } else { "http" };
        format!("{scheme}://{}", host.unwrap_or("localhost"))
    }
}
