//! Values as JSON for people and for curl.

use serde_json::{Map, Value};

/// A decoded value as it is shown.
pub(super) fn presented(value: Value) -> Value {
    let Value::Object(mut object) = value else { return value };
    if let Some(version) = object.get_mut("version")
        && version.is_i64()
    {
        *version = Value::String(version.to_string());
    }
    Value::Object(open_extras(object))
}

fn open(value: Value) -> Value {
    match value {
        Value::Object(object) => Value::Object(open_extras(object)),
        Value::Array(items) => Value::Array(items.into_iter().map(open).collect()),
        scalar => scalar,
    }
}

/// Makes each `extra` the object that its text holds. What is inside is the source's own and stays as it is,
/// even if it has an `extra` too.
fn open_extras(object: Map<String, Value>) -> Map<String, Value> {
    let entry = |(key, value): (String, Value)| match (key.as_str(), value) {
        ("extra", Value::Null) => None,
        ("extra", Value::String(text)) => match serde_json::from_str(&text) {
            Ok(held @ Value::Object(_)) => Some((key, held)),
            _ => Some((key, Value::String(text))),
        },
        (_, value) => Some((key, open(value))),
    };
    object.into_iter().filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::presented;
    use serde_json::json;

    #[test]
    fn versions_are_text_and_extras_are_opened_once() {
        let value = json!({
            "version": 9_007_199_254_740_993_i64,
            "extra": null,
            "organization": {
                "version": 7,
                "extra": r#"{"extra": "{}", "version": 1}"#,
                "phones": [{"extra": "not JSON"}, {"extra": null, "number": "1"}],
            },
        });
        let expected = json!({
            "version": "9007199254740993",
            "organization": {
                "version": 7,
                "extra": {"extra": "{}", "version": 1},
                "phones": [{"extra": "not JSON"}, {"number": "1"}],
            },
        });
        assert_eq!(presented(value), expected);
        assert_eq!(presented(json!("text")), json!("text"));
    }
}
