//! Into the OpenAPI document: how to say who one is, which role each operation needs, and how a no looks.

use super::MetricsAccess;
use super::table::Table;
use axum::http::Method;
use serde_json::{Value, json};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Adds the schemes, and to each operation what it needs.
pub(crate) fn describe(document: &mut Value) {
    document["components"]["securitySchemes"] = json!({
        "bearer": {"type": "http", "scheme": "bearer",
            "description": "An API token (`orgloop token create`), or an access token of the OpenID provider"},
        "session": {"type": "apiKey", "in": "cookie", "name": super::sessions::COOKIE,
            "description": "The session of a browser that signed in at `/login`"},
    });
    let table = Table::new(MetricsAccess::Viewer);
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for method in METHODS {
            let Some(operation) = item.get_mut(method) else { continue };
            let method: Method = method.to_ascii_uppercase().parse().expect("a method");
            answer(operation, "429", "`too-many-requests`");
            let Some(role) = table.role(&method, path, path) else {
                operation["security"] = json!([]);
                continue;
            };
            operation["security"] = json!([{"bearer": [role.name()]}, {"session": [role.name()]}]);
            answer(operation, "401", "`unauthenticated`");
            answer(operation, "403", "`missing-role`");
        }
    }
}

/// Adds a problem to an operation's answers, or to the problems of the same status.
fn answer(operation: &mut Value, status: &str, kind: &str) {
    let answers = &mut operation["responses"];
    if let Some(Value::String(description)) = answers.get_mut(status).map(|answer| &mut answer["description"])
    {
        description.push_str(", ");
        description.push_str(kind);
        return;
    }
    answers[status] = json!({
        "description": format!("Problem: {kind}"),
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    });
}
