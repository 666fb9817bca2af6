//! The schema registry's own REST calls, where the registry is the embedded one.

use crate::ports::{Ports, RegistryRoutes};
use crate::problem::Problem;
use crate::request::Raw;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use events::codec::Codec;
use events::registry::rest;
use std::sync::Arc;

/// The roots of the calls; what stands below them is the registry's to read.
const ROOTS: [&str; 5] = ["/subjects", "/schemas", "/compatibility", "/config", "/mode"];

pub(crate) fn routes(ports: &Ports) -> Router {
    let router = Router::new();
    let router = match ports.registry {
        RegistryRoutes::Elsewhere => router,
        RegistryRoutes::Mounted => ROOTS.into_iter().fold(router, |router, root| {
            router.route(root, any(answer)).route(&format!("{root}/{{*rest}}"), any(answer))
        }),
    };
    router.with_state(Arc::clone(&ports.codec))
}

async fn answer(
    State(codec): State<Arc<Codec>>,
    method: Method,
    uri: Uri,
    Raw(body): Raw,
) -> Result<Response, Problem> {
    let path = uri.path_and_query().map_or(uri.path(), |path| path.as_str());
    let answer = rest::handle(&**codec.registry(), method.as_str(), path, &body).await;
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = [(header::CONTENT_TYPE, HeaderValue::from_static(rest::CONTENT_TYPE))];
    Ok((status, content_type, answer.body.to_string()).into_response())
}
