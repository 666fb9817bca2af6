//! What an index's fields are, and whether an index that was there has them.

use serde_json::{Value, json};

/// Raised whenever documents of the release before would not do: other fields, or other words in them.
const LAYOUT: i64 = 1;

/// Every field by name: one that we do not know is an error, never a guess of the server.
pub(super) fn wanted() -> Value {
    let words = json!({"type": "text", "analyzer": "standard"});
    json!({
        "dynamic": "strict",
        "_meta": {"layout": LAYOUT},
        "properties": {
            "id": {"type": "keyword"},
            "version": {"type": "long"},
            "deleted": {"type": "boolean"},
            "keys": {"type": "keyword"},
            "names": words,
            "places": words,
            "phones": words,
            "name": {"type": "keyword", "index": false, "doc_values": false},
            "features": {"type": "binary"},
        },
    })
}

/// The first thing in which a mapping, as the server tells it, is not what it should be.
pub(super) fn difference(found: &Value) -> Option<String> {
    match found["_meta"]["layout"].as_i64() {
        Some(LAYOUT) => {}
        Some(newer) if newer > LAYOUT => {
            return Some(format!("a newer one made it (layout {newer}, this one knows {LAYOUT})"));
        }
        Some(older) => {
            return Some(format!("an older one made it (layout {older}, this one needs {LAYOUT})"));
        }
        None => return Some("it does not say by which it was made (no layout in _meta)".to_owned()),
    }
    let wanted = wanted();
    if found["dynamic"] != wanted["dynamic"] {
        return Some(format!("dynamic is {}, not {}", found["dynamic"], wanted["dynamic"]));
    }
    let fields = wanted["properties"].as_object().into_iter().flatten();
    let settings = fields.flat_map(|(field, settings)| {
        settings.as_object().into_iter().flatten().map(move |(setting, value)| (field, setting, value))
    });
    settings.into_iter().find_map(|(field, setting, value)| {
        let stands = &found["properties"][field][setting];
        // The server leaves out what is its default.
        let is_default = setting == "analyzer" && stands.is_null();
        (stands != value && !is_default)
            .then(|| format!("{setting} of field {field} is {stands}, not {value}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(spoil: impl FnOnce(&mut Value), told: &str) {
        let mut found = wanted();
        spoil(&mut found);
        let difference = difference(&found).unwrap_or_default();
        assert!(difference.contains(told) && difference.is_empty() == told.is_empty(), "{difference:?}");
    }

    #[test]
    fn every_way_of_being_another_mapping_is_named() {
        check(|_| {}, "");
        check(|found| found["properties"]["names"] = json!({"type": "text"}), "");
        check(|found| found["properties"]["more"] = json!({"type": "text"}), "");
        check(|found| found["_meta"] = Value::Null, "no layout");
        check(|found| found["_meta"]["layout"] = json!(LAYOUT + 1), "newer");
        check(|found| found["_meta"]["layout"] = json!(LAYOUT - 1), "older");
        check(|found| found["dynamic"] = json!("true"), "dynamic is \"true\"");
        check(|found| found["properties"]["keys"]["type"] = json!("text"), "type of field keys is \"text\"");
        check(|found| found["properties"]["features"] = Value::Null, "type of field features is null");
        check(|found| found["properties"]["name"]["index"] = Value::Null, "index of field name is null");
    }
}
