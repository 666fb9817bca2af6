//! Schemas of the document: their names where they are used, their fields at the end of the page.

use super::{list, object, text};
use crate::page::prose;
use maud::{Markup, html};
use serde_json::Value;

/// A schema in a word or two, with a link where it has a name.
pub(super) fn name(schema: &Value) -> Markup {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return html! { a href={ "#schema-" (name) } { (name) } };
    }
    for (key, between) in [("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")] {
        if let Some(parts) = schema[key].as_array() {
            return html! { @for (number, part) in parts.iter().enumerate() { @if number > 0 { (between) } (name(part)) } };
        }
    }
    if schema["enum"].is_array() {
        let words: Vec<&str> = list(&schema["enum"]).iter().map(text).collect();
        return html! { (words.join(" | ")) };
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(text).collect(),
        kind => vec![text(kind)],
    };
    html! {
        @for (number, kind) in kinds.iter().enumerate() {
            @if number > 0 { " or " }
            @if *kind == "array" { "list of " (name(&schema["items"])) } @else if kind.is_empty() { "any" } @else { (kind) }
        }
        @if let Some(format) = schema["format"].as_str() { " (" (format) ")" }
    }
}

/// All schemas with their fields.
pub(super) fn section(schemas: &Value) -> Markup {
    html! {
        section aria-labelledby="schemas" {
            h2 #schemas { "Schemas" }
            @for (name, schema) in object(schemas).into_iter().flatten() {
                details.operation id={ "schema-" (name) } {
                    summary { code { (name) } span.hint { (prose(text(&schema["description"]))) } }
                    (fields(schema))
                }
            }
        }
    }
}

fn fields(schema: &Value) -> Markup {
    html! {
        @for part in list(&schema["allOf"]) {
            @if part["$ref"].is_string() { p { "All of " (name(part)) ", and:" } } @else { (fields(part)) }
        }
        @if !schema["oneOf"].is_null() || !schema["enum"].is_null() { p { "One of " (name(schema)) } }
        @if let Some(properties) = object(&schema["properties"]) { table {
            thead { tr { th scope="col" { "Field" } th scope="col" { "Type" } th scope="col" { "Meaning" } } }
            tbody { @for (field, schema) in properties { tr {
                th scope="row" { code { (field) } }
                td { (name(schema)) }
                td { (prose(text(&schema["description"]))) }
            } } }
        } }
    }
}
