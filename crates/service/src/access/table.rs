//! Which route needs which role: the one place that says it.
//!
//! A route that is not here needs the role admin, so that forgetting one opens nothing; the tests walk the OpenAPI
//! document and find those that are missing.

use super::MetricsAccess;
use axum::http::Method;
use std::collections::HashMap;
use store::access::Role;

/// What a route needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing: it shows nothing of the data.
    Nothing,
    /// This role.
    Role(Role),
    /// Of the registry: the viewer's role to read, the service's to write.
    Registry,
    /// Of the metrics: as the settings say.
    Metrics,
}

const VIEWER: Needs = Needs::Role(Role::Viewer);
const REVIEWER: Needs = Needs::Role(Role::Reviewer);
const APPROVER: Needs = Needs::Role(Role::Approver);
const ADMIN: Needs = Needs::Role(Role::Admin);

/// Method, path as the router knows it, and what it needs. A handler that needs more for some requests asks its
/// caller: `caller.require(Role::Approver)?`.
#[rustfmt::skip]
pub(crate) const ROUTES: &[(&str, &str, Needs)] = &[
    // The data port.
    ("GET", "/v1/organizations", VIEWER),
    ("POST", "/v1/organizations", REVIEWER),
    ("GET", "/v1/organizations/{id}", VIEWER),
    ("PATCH", "/v1/organizations/{id}", REVIEWER),
    ("DELETE", "/v1/organizations/{id}", REVIEWER),
    ("GET", "/v1/organizations/{id}/records", VIEWER),
    ("GET", "/v1/records", VIEWER),
    ("GET", "/v1/locations", VIEWER),
    ("POST", "/v1/locations", REVIEWER),
    ("GET", "/v1/locations/{id}", VIEWER),
    ("PATCH", "/v1/locations/{id}", REVIEWER),
    ("DELETE", "/v1/locations/{id}", REVIEWER),
    ("GET", "/v1/services", VIEWER),
    ("POST", "/v1/services", REVIEWER),
    ("GET", "/v1/services/{id}", VIEWER),
    ("PATCH", "/v1/services/{id}", REVIEWER),
    ("DELETE", "/v1/services/{id}", REVIEWER),
    // The merge port.
    ("GET", "/v1/merges", VIEWER),
    ("POST", "/v1/merges", REVIEWER),
    ("GET", "/v1/merges/{id}", VIEWER),
    ("POST", "/v1/merges/{id}/undo", REVIEWER),
    ("POST", "/v1/merge-previews", VIEWER),
    ("GET", "/v1/merge-batches", VIEWER),
    ("POST", "/v1/merge-batches", REVIEWER),
    ("GET", "/v1/merge-batches/{id}", VIEWER),
    ("POST", "/v1/merge-batches/{id}/approve", APPROVER),
    ("POST", "/v1/merge-batches/{id}/cancel", REVIEWER),
    ("POST", "/v1/merge-batches/{id}/undo", REVIEWER),
    ("POST", "/v1/splits", REVIEWER),
    ("GET", "/v1/splits/{id}", VIEWER),
    ("POST", "/v1/splits/{id}/undo", REVIEWER),
    ("GET", "/v1/organizations/{id}/lineage", VIEWER),
    ("GET", "/v1/organizations/{id}/survivorship", VIEWER),
    ("POST", "/v1/organizations/{id}/choices", REVIEWER),
    ("GET", "/v1/survivorship-policies", VIEWER),
    ("GET", "/v1/survivorship-policies/{name}", VIEWER),
    ("PUT", "/v1/survivorship-policies/{name}", ADMIN),
    ("POST", "/v1/survivorship-policies/{name}/activate", ADMIN),
    ("POST", "/v1/survivorship-policies/{name}/simulate", VIEWER),
    // Who did what is for those who answer for it.
    ("GET", "/v1/audit", APPROVER),
    // The review.
    ("GET", "/v1/clusters", VIEWER),
    ("GET", "/v1/clusters/{id}", VIEWER),
    ("GET", "/v1/cluster-transitions", VIEWER),
    ("POST", "/v1/clusters/{id}/decisions", REVIEWER),
    ("GET", "/v1/decisions", VIEWER),
    ("GET", "/v1/decisions/{id}", VIEWER),
    ("POST", "/v1/decisions/{id}/undo", REVIEWER),
    ("GET", "/v1/clusters/{id}/comments", VIEWER),
    ("POST", "/v1/clusters/{id}/comments", REVIEWER),
    ("GET", "/v1/clusters/{id}/history", VIEWER),
    ("GET", "/v1/pairs/{a}/{b}/history", VIEWER),
    ("GET", "/v1/explanations", VIEWER),
    ("GET", "/v1/relations", VIEWER),
    ("GET", "/v1/exclusions/{a}/{b}", VIEWER),
    ("PUT", "/v1/exclusions/{a}/{b}", REVIEWER),
    ("DELETE", "/v1/exclusions/{a}/{b}", REVIEWER),
    ("GET", "/v1/review/queue", VIEWER),
    ("GET", "/v1/review/progress", VIEWER),
    ("POST", "/v1/review/undo", REVIEWER),
    ("POST", "/v1/review/claims", REVIEWER),
    ("PATCH", "/v1/review/claims/{id}", REVIEWER),
    ("DELETE", "/v1/review/claims/{id}", REVIEWER),
    ("GET", "/v1/review/blind-samples", VIEWER),
    ("POST", "/v1/review/blind-samples", APPROVER),
    ("GET", "/v1/review/blind-samples/{id}", VIEWER),
    ("GET", "/v1/certificates", VIEWER),
    ("POST", "/v1/certificates", APPROVER),
    ("GET", "/v1/review/batches", VIEWER),
    ("POST", "/v1/review/batches", REVIEWER),
    ("GET", "/v1/review/batches/{id}", VIEWER),
    ("POST", "/v1/review/batches/{id}/approve", APPROVER),
    ("POST", "/v1/review/batches/{id}/reject", REVIEWER),
    ("POST", "/v1/review/batches/{id}/undo", REVIEWER),
    // Search and topics.
    ("GET", "/v1/search", VIEWER),
    ("GET", "/v1/topics", VIEWER),
    ("GET", "/v1/topics/{topic}/records", VIEWER),
    // Reconciliation: queries come as POST and change nothing.
    ("GET", "/reconcile", VIEWER),
    ("POST", "/reconcile", VIEWER),
    ("POST", "/reconcile/match", VIEWER),
    ("GET", "/reconcile/suggest/entity", VIEWER),
    ("GET", "/reconcile/suggest/property", VIEWER),
    ("GET", "/reconcile/suggest/type", VIEWER),
    ("GET", "/reconcile/preview", VIEWER),
    ("POST", "/reconcile/extend", VIEWER),
    ("GET", "/reconcile/extend/propose", VIEWER),
    ("GET", "/reconcile/preview.css", Needs::Nothing),
    // The schema registry.
    ("*", "/subjects", Needs::Registry),
    ("*", "/subjects/{*rest}", Needs::Registry),
    ("*", "/schemas", Needs::Registry),
    ("*", "/schemas/{*rest}", Needs::Registry),
    ("*", "/compatibility", Needs::Registry),
    ("*", "/compatibility/{*rest}", Needs::Registry),
    ("*", "/config", Needs::Registry),
    ("*", "/config/{*rest}", Needs::Registry),
    ("*", "/mode", Needs::Registry),
    ("*", "/mode/{*rest}", Needs::Registry),
    // Operations: what watches the process has no token, and what describes the API holds no data.
    ("GET", "/healthz", Needs::Nothing),
    ("GET", "/readyz", Needs::Nothing),
    ("GET", "/metrics", Needs::Metrics),
    ("GET", "/openapi.json", Needs::Nothing),
    ("GET", "/docs", Needs::Nothing),
    ("GET", "/problems", Needs::Nothing),
    ("GET", "/problems/{name}", Needs::Nothing),
    ("GET", "/assets/page.css", Needs::Nothing),
    ("GET", "/assets/page.js", Needs::Nothing),
    ("GET", "/assets/review.css", Needs::Nothing),
    ("GET", "/assets/review.js", Needs::Nothing),
    // Pages.
    ("GET", "/", VIEWER),
    ("POST", "/parked/retry", ADMIN),
    ("GET", "/clusters", VIEWER),
    ("GET", "/clusters/{id}", VIEWER),
    ("POST", "/clusters/{id}/decide", REVIEWER),
    ("POST", "/clusters/{id}/comment", REVIEWER),
    // It shows what a merge would make, and makes nothing.
    ("POST", "/clusters/{id}/preview", VIEWER),
    ("POST", "/review/undo", REVIEWER),
    ("GET", "/review/keys", VIEWER),
    ("GET", "/blind/{id}", REVIEWER),
    ("GET", "/quality", VIEWER),
    ("POST", "/quality/draw", APPROVER),
    ("POST", "/quality/certify", APPROVER),
    ("POST", "/quality/batches", REVIEWER),
    ("GET", "/batches/{id}", VIEWER),
    // Approving needs more than rejecting, and the handler asks for it.
    ("POST", "/batches/{id}/answer", REVIEWER),
    ("GET", "/decisions", VIEWER),
    ("GET", "/decisions/{id}", VIEWER),
    ("POST", "/decisions/{id}/undo", REVIEWER),
    // Signing in and out.
    ("GET", "/login", Needs::Nothing),
    ("POST", "/login", Needs::Nothing),
    ("GET", "/login/provider", Needs::Nothing),
    ("GET", "/login/callback", Needs::Nothing),
    ("POST", "/logout", Needs::Nothing),
];

/// The table, to look things up in.
#[derive(Debug)]
pub(super) struct Table {
    routes: HashMap<(&'static str, &'static str), Needs>,
    metrics: MetricsAccess,
}

impl Table {
    pub(super) fn new(metrics: MetricsAccess) -> Self {
        let routes = ROUTES.iter().map(|(method, path, needs)| ((*path, *method), *needs)).collect();
        Self { routes, metrics }
    }

    /// The role that a request on this route needs; `None` where it needs nothing. `path` is the request's own.
    pub(super) fn role(&self, method: &Method, route: &str, path: &str) -> Option<Role> {
        // Whoever may read may ask whether there is something to read.
        let name = if *method == Method::HEAD { "GET" } else { method.as_str() };
        let needs = [name, "*"].iter().find_map(|name| self.routes.get(&(route, *name)));
        match needs.copied().unwrap_or(ADMIN) {
            Needs::Nothing => None,
            Needs::Role(role) => Some(role),
            Needs::Registry => Some(if reads_registry(method, path) { Role::Viewer } else { Role::Service }),
            Needs::Metrics => match self.metrics {
                MetricsAccess::Viewer => Some(Role::Viewer),
                MetricsAccess::Open => None,
            },
        }
    }
}

/// Two of the registry's questions come as POST: whether a schema is registered, and whether it would fit.
fn reads_registry(method: &Method, path: &str) -> bool {
    let mut parts = path.trim_matches('/').split('/');
    let asks = match (parts.next(), parts.next(), parts.next()) {
        (Some("subjects"), Some(_), None) => *method == Method::POST,
        (Some("compatibility"), _, _) => *method == Method::POST,
        _ => false,
    };
    method.is_safe() || asks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &str, route: &str, path: &str, role: Option<Role>) {
        let table = Table::new(MetricsAccess::Viewer);
        assert_eq!(table.role(&method.parse().unwrap(), route, path), role, "{method} {path}");
    }

    #[test]
    fn routes_need_what_the_table_says() {
        check("GET", "/v1/merges", "/v1/merges", Some(Role::Viewer));
        check("HEAD", "/v1/merges", "/v1/merges", Some(Role::Viewer));
        check("POST", "/v1/merges", "/v1/merges", Some(Role::Reviewer));
        check("GET", "/healthz", "/healthz", None);
        check("GET", "/metrics", "/metrics", Some(Role::Viewer));
        let open = Table::new(MetricsAccess::Open);
        assert_eq!(open.role(&Method::GET, "/metrics", "/metrics"), None);
    }

    #[test]
    fn a_route_that_was_forgotten_opens_nothing() {
        check("GET", "/v1/forgotten", "/v1/forgotten", Some(Role::Admin));
        check("PUT", "/v1/merges", "/v1/merges", Some(Role::Admin));
        check("POST", "/healthz", "/healthz", Some(Role::Admin));
    }

    #[test]
    fn the_registry_is_read_by_viewers_and_written_by_services() {
        let below = |method, path, role| check(method, "/subjects/{*rest}", path, Some(role));
        below("GET", "/subjects/s/versions", Role::Viewer);
        below("POST", "/subjects/s", Role::Viewer);
        below("POST", "/subjects/s/versions", Role::Service);
        below("DELETE", "/subjects/s", Role::Service);
        check("PUT", "/config", "/config", Some(Role::Service));
        let fits = "/compatibility/subjects/s/versions/latest";
        check("POST", "/compatibility/{*rest}", fits, Some(Role::Viewer));
    }

    #[test]
    fn no_route_stands_there_twice() {
        let routes: std::collections::HashSet<_> =
            ROUTES.iter().map(|(method, path, _)| (method, path)).collect();
        assert_eq!(routes.len(), ROUTES.len());
    }
}
