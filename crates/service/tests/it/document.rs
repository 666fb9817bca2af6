//! The OpenAPI document: valid 3.1, and it tells of every route what the route does.

use crate::support::{Server, send};
use serde_json::Value;
use std::collections::BTreeSet;

const ROUTES: [&str; 91] = [
    "GET /v1/organizations",
    "POST /v1/organizations",
    "GET /v1/organizations/{id}",
    "PATCH /v1/organizations/{id}",
    "DELETE /v1/organizations/{id}",
    "GET /v1/organizations/{id}/lineage",
    "GET /v1/organizations/{id}/records",
    "GET /v1/organizations/{id}/survivorship",
    "POST /v1/organizations/{id}/choices",
    "GET /v1/survivorship-policies",
    "GET /v1/survivorship-policies/{name}",
    "PUT /v1/survivorship-policies/{name}",
    "POST /v1/survivorship-policies/{name}/activate",
    "POST /v1/survivorship-policies/{name}/simulate",
    "GET /v1/records",
    "GET /v1/locations",
    "POST /v1/locations",
    "GET /v1/locations/{id}",
    "PATCH /v1/locations/{id}",
    "DELETE /v1/locations/{id}",
    "GET /v1/services",
    "POST /v1/services",
    "GET /v1/services/{id}",
    "PATCH /v1/services/{id}",
    "DELETE /v1/services/{id}",
    "POST /v1/merge-previews",
    "GET /v1/merges",
    "POST /v1/merges",
    "GET /v1/merges/{id}",
    "POST /v1/merges/{id}/undo",
    "POST /v1/splits",
    "GET /v1/splits/{id}",
    "POST /v1/splits/{id}/undo",
    "GET /v1/merge-batches",
    "POST /v1/merge-batches",
    "GET /v1/merge-batches/{id}",
    "POST /v1/merge-batches/{id}/approve",
    "POST /v1/merge-batches/{id}/cancel",
    "POST /v1/merge-batches/{id}/undo",
    "GET /v1/audit",
    "GET /v1/clusters",
    "GET /v1/clusters/{id}",
    "GET /v1/cluster-transitions",
    "POST /v1/clusters/{id}/decisions",
    "DELETE /v1/exclusions/{a}/{b}",
    "GET /v1/exclusions/{a}/{b}",
    "GET /v1/explanations",
    "GET /v1/relations",
    "PUT /v1/exclusions/{a}/{b}",
    "GET /v1/pairs/{a}/{b}/history",
    "GET /v1/certificates",
    "POST /v1/certificates",
    "GET /v1/clusters/{id}/comments",
    "POST /v1/clusters/{id}/comments",
    "GET /v1/clusters/{id}/history",
    "GET /v1/review/queue",
    "POST /v1/review/claims",
    "PATCH /v1/review/claims/{id}",
    "DELETE /v1/review/claims/{id}",
    "GET /v1/review/progress",
    "POST /v1/review/undo",
    "GET /v1/review/blind-samples",
    "POST /v1/review/blind-samples",
    "GET /v1/review/blind-samples/{id}",
    "GET /v1/review/batches",
    "POST /v1/review/batches",
    "GET /v1/review/batches/{id}",
    "POST /v1/review/batches/{id}/approve",
    "POST /v1/review/batches/{id}/reject",
    "POST /v1/review/batches/{id}/undo",
    "GET /v1/decisions",
    "GET /v1/decisions/{id}",
    "POST /v1/decisions/{id}/undo",
    "GET /v1/search",
    "GET /reconcile",
    "POST /reconcile",
    "POST /reconcile/match",
    "GET /reconcile/suggest/entity",
    "GET /reconcile/suggest/property",
    "GET /reconcile/suggest/type",
    "GET /reconcile/preview",
    "POST /reconcile/extend",
    "GET /reconcile/extend/propose",
    "GET /v1/topics",
    "GET /v1/topics/{topic}/records",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /openapi.json",
    "GET /docs",
    "GET /problems",
];

fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let methods = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (path.clone(), method.to_uppercase(), operation))
    });
    methods.collect()
}

#[tokio::test]
async fn every_route_is_in_the_document_and_every_operation_is_a_route() {
    let server = Server::start().await;
    let document = server.get("/openapi.json").await.expect(200).body;
    let listed: BTreeSet<String> =
        operations(&document).into_iter().map(|(path, method, _)| format!("{method} {path}")).collect();
    // The document and the pages that show it are no part of the API.
    let expected: BTreeSet<String> = ROUTES
        .iter()
        .filter(|route| !["GET /openapi.json", "GET /docs", "GET /problems"].contains(route))
        .map(ToString::to_string)
        .collect();
    assert_eq!(listed, expected);
    for route in ROUTES {
        let (method, path) = route.split_once(' ').unwrap();
        let path = path
            .replace("{id}", "garbage")
            .replace("{a}", "garbage")
            .replace("{b}", "garbage")
            .replace("{topic}", "garbage")
            .replace("{name}", "garbage");
        let answer = send(server.request(method, &path)).await;
        assert_ne!(answer.status, 405, "{route}");
        assert!(!answer.status.is_server_error(), "{route}: {}", answer.text);
    }
}

#[tokio::test]
async fn the_document_is_openapi_3_1_without_loose_ends() {
    let server = Server::start().await;
    let answer = server.get("/openapi.json").await.expect(200);
    assert_eq!(answer.header("content-type"), "application/json");
    let document = answer.body;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let route = format!("{method} {path}");
        assert!(
            ids.insert(operation["operationId"].as_str().unwrap().to_owned()),
            "{route}: operationId twice"
        );
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{route}: no summary");
        assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{route}");
        for parameter in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            let parameters = operation["parameters"].as_array().unwrap();
            let found = parameters.iter().find(|one| one["name"] == parameter && one["in"] == "path");
            assert!(found.is_some_and(|one| one["required"] == true), "{route}: {parameter}");
        }
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{route}");
        for (status, response) in responses {
            assert!(response["description"].is_string(), "{route} {status}");
            if status.as_str() >= "400" {
                let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(schema, "#/components/schemas/Problem", "{route} {status}");
            }
        }
    }
    for part in parts(&document) {
        assert_ne!(
            part["additionalProperties"], false,
            "a part of a larger object refuses its other fields: {part}"
        );
    }
    for reference in references(&document) {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

/// What stands in any `allOf`, followed to what it names.
fn parts(document: &Value) -> Vec<&Value> {
    fn collect<'a>(document: &'a Value, value: &'a Value, parts: &mut Vec<&'a Value>) {
        if let Value::Array(items) = value {
            items.iter().for_each(|item| collect(document, item, parts));
        }
        let Value::Object(object) = value else { return };
        for part in object.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            let named =
                part["$ref"].as_str().and_then(|reference| document.pointer(reference.strip_prefix('#')?));
            parts.push(named.unwrap_or(part));
        }
        object.values().for_each(|value| collect(document, value, parts));
    }
    let mut parts = Vec::new();
    collect(document, document, &mut parts);
    assert!(parts.len() > 5, "{}", parts.len());
    parts
}

fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(object) => object
            .iter()
            .flat_map(|(key, value)| match value.as_str() {
                Some(reference) if key == "$ref" => vec![reference.to_owned()],
                _ => references(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn the_page_of_the_document_names_every_operation_and_needs_nothing_from_elsewhere() {
    let server = Server::start().await;
    let page = server.get("/docs").await.expect(200);
    let document = server.get("/openapi.json").await.body;
    for (path, _, operation) in operations(&document) {
        assert!(page.text.contains(&path.to_string()), "{path}");
        assert!(page.text.contains(&format!("id=\"{}\"", operation["operationId"].as_str().unwrap())));
    }
    for elsewhere in ["src=\"http", "href=\"http", "src=\"//", "href=\"//"] {
        assert!(!page.text.contains(elsewhere), "{elsewhere}");
    }
}
