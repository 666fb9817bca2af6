//! The manifest: what this service offers, in the words of 0.2 or of the draft.
//!
//! Both stand at one address, and OpenRefine asks without saying which it reads: so 0.2 is what a plain request gets.

use super::query::BATCH_MAX;
use super::{TYPE_ID, TYPE_NAME};
use serde_json::{Value, json};

/// The version in the making.
pub(super) const DRAFT: &str = "1.0-draft";

/// The size of a preview, in pixels.
const PREVIEW: (u32, u32) = (430, 320);

pub(super) fn manifest(base: &str, draft: bool) -> Value {
    let (width, height) = PREVIEW;
    let at = |path: &str| json!({ "service_url": base, "service_path": path });
    let (id, suggest) = if draft {
        ("{id}", json!({ "entity": true, "property": true, "type": true }))
    } else {
        let suggest = json!({
            "entity": at("/reconcile/suggest/entity"),
            "property": at("/reconcile/suggest/property"),
            "type": at("/reconcile/suggest/type"),
        });
        ("{{id}}", suggest)
    };
    let shown = format!("{base}/reconcile/preview?id={id}");
    json!({
        "versions": ["0.2", DRAFT],
        "name": "orgloop organizations",
        "identifierSpace": format!("{base}/v1/organizations/"),
        "schemaSpace": format!("{base}/reconcile/suggest/property"),
        "documentation": format!("{base}/docs"),
        "serviceVersion": env!("CARGO_PKG_VERSION"),
        "view": { "url": shown },
        "defaultTypes": [{ "id": TYPE_ID, "name": TYPE_NAME }],
        "preview": { "url": shown, "width": width, "height": height },
        "suggest": suggest,
        "extend": {
            "propose_properties": at("/reconcile/extend/propose"),
            "property_settings": [],
            "proposeProperties": true,
        },
        "batchSize": BATCH_MAX,
        "standardizedScore": true,
    })
}
