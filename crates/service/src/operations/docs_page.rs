//! The OpenAPI document as a page that works offline.

mod schema;

use crate::page::prose;
use maud::{Markup, html};
use serde_json::{Map, Value};

/// An operation with its path and method.
struct Operation<'a> {
    path: &'a str,
    method: &'a str,
    body: &'a Value,
}

pub(super) fn content(document: &Value) -> Markup {
    let operations = operations(document);
    let tags: Vec<&Value> = list(&document["tags"]).iter().collect();
    html! {
        h1 { "The API" }
        p.lead { "All that the service answers, written by the service itself. "
            a href="/openapi.json" { "OpenAPI document" } " · " a href="/problems" { "Problems" } }
        @for paragraph in text(&document["info"]["description"]).split("\n\n") { p { (prose(paragraph)) } }
        @for tag in &tags {
            @let name = text(&tag["name"]);
            section aria-labelledby={ "tag-" (name) } {
                h2 id={ "tag-" (name) } { (name) }
                p.hint { (text(&tag["description"])) }
                @for operation in operations.iter().filter(|operation| tag_of(operation) == name) { (entry(operation)) }
            }
        }
        (schema::section(&document["components"]["schemas"]))
    }
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = object(&document["paths"]).into_iter().flatten();
    let methods = paths.flat_map(|(path, item)| {
        let methods = object(item).into_iter().flatten();
        methods.map(move |(method, body)| Operation { path, method, body })
    });
    let mut operations: Vec<_> = methods.collect();
    let order = |method: &str| ["get", "post", "patch", "delete"].iter().position(|known| *known == method);
    operations.sort_by_key(|operation| (operation.path, order(operation.method)));
    operations
}

fn object(value: &Value) -> Option<&Map<String, Value>> {
    value.as_object()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn tag_of<'a>(operation: &Operation<'a>) -> &'a str {
    list(&operation.body["tags"]).first().map(text).unwrap_or_default()
}

fn entry(operation: &Operation<'_>) -> Markup {
    let Operation { path, method, body } = operation;
    html! {
        details.operation id=(text(&body["operationId"])) {
            summary {
                span.method data-method=(method) { (method.to_uppercase()) }
                code { (path) }
                span.hint { (text(&body["summary"])) }
            }
            @for paragraph in text(&body["description"]).split("\n\n").filter(|text| !text.is_empty()) { p { (prose(paragraph)) } }
            (parameters(list(&body["parameters"])))
            @if let Some(content) = object(&body["requestBody"]["content"]) {
                p { "Body: " @for (media, content) in content { code { (media) } ", " (schema::name(&content["schema"])) } ". "
                    (text(&body["requestBody"]["description"])) }
            }
            (responses(&body["responses"]))
        }
    }
}

fn parameters(parameters: &[Value]) -> Markup {
    html! {
        @if !parameters.is_empty() { table {
            thead { tr { th scope="col" { "Parameter" } th scope="col" { "In" } th scope="col" { "Type" } th scope="col" { "Meaning" } } }
            tbody { @for parameter in parameters { tr {
                th scope="row" { code { (text(&parameter["name"])) } @if parameter["required"] == true { " *" } }
                td { (text(&parameter["in"])) }
                td { (schema::name(&parameter["schema"])) }
                td { (prose(text(&parameter["description"]))) }
            } } }
        } }
    }
}

fn responses(responses: &Value) -> Markup {
    html! {
        table {
            thead { tr { th scope="col" { "Answer" } th scope="col" { "Meaning" } th scope="col" { "Body" } } }
            tbody { @for (status, response) in object(responses).into_iter().flatten() { tr {
                th scope="row" { (status) }
                td { (prose(text(&response["description"]))) }
                td { @for (number, (media, content)) in object(&response["content"]).into_iter().flatten().enumerate() {
                    @if number > 0 { br; }
                    (schema::name(&content["schema"])) " " span.hint { (media) }
                } }
            } } }
        }
    }
}
