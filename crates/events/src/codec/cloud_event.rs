//! What stands in the headers of every event, tombstones too: CloudEvents 1.0 in Kafka's binary mode, and ours.
//!
//! Sinks and routers can act on them without reading the value.

use crate::log::Headers;
use chrono::{DateTime, SecondsFormat, Utc};
use entity::Version;

/// The attributes of an event.
#[derive(Clone, Copy, Debug)]
pub struct CloudEvent<'a> {
    /// The same when the event is sent again: a function of the source, the key and the version.
    pub id: &'a str,
    /// Who sends it, as a URI reference.
    pub source: &'a str,
    /// Such as `orgloop.organizations.organization.v1`.
    pub event_type: &'a str,
    /// The key.
    pub subject: &'a str,
    /// When it was read from the source.
    pub time: DateTime<Utc>,
    /// Where the value's schema is found, as a URI.
    pub data_schema: Option<&'a str>,
    /// The version of the key.
    pub version: Version,
    /// What happened to the key, as in the value.
    pub op: &'a str,
}

/// The header of the version, a decimal number.
pub const VERSION: &str = "version";

/// The header of what happened to the key.
pub const OP: &str = "op";

/// The headers of an event.
#[must_use]
pub fn headers(event: &CloudEvent<'_>) -> Headers {
    let header = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    let mut headers = vec![
        header("ce_specversion", "1.0"),
        header("ce_id", event.id),
        header("ce_source", event.source),
        header("ce_type", event.event_type),
        header("ce_subject", event.subject),
        header("ce_time", &event.time.to_rfc3339_opts(SecondsFormat::Micros, true)),
    ];
    headers.extend(event.data_schema.map(|uri| header("ce_dataschema", uri)));
    headers.push(header("content-type", "application/avro"));
    headers.push(header(VERSION, &event.version.to_string()));
    headers.push(header(OP, event.op));
    headers
}

#[cfg(test)]
mod tests {
    use super::{CloudEvent, headers};
    use chrono::DateTime;
    use entity::Version;

    #[test]
    fn an_event_says_what_cloud_events_and_sinks_need() {
        let event = CloudEvent {
            id: "orgs/7/k",
            source: "/organizations",
            event_type: "orgloop.organizations.organization.v1",
            subject: "k",
            time: DateTime::from_timestamp_micros(1_700_000_000_000_001).unwrap(),
            data_schema: None,
            version: Version(9_007_199_254_740_993),
            op: "upsert",
        };
        let text = |event| {
            let line =
                |(name, value): (String, Vec<u8>)| format!("{name}={}", String::from_utf8(value).unwrap());
            headers(event).into_iter().map(line).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            text(&event),
            "ce_specversion=1.0 ce_id=orgs/7/k ce_source=/organizations \
             ce_type=orgloop.organizations.organization.v1 ce_subject=k ce_time=2023-11-14T22:13:20.000001Z \
             content-type=application/avro version=9007199254740993 op=upsert"
        );
        let known = CloudEvent { data_schema: Some("http://r/schemas/ids/3"), ..event };
        assert!(text(&known).contains("ce_dataschema=http://r/schemas/ids/3"));
    }
}
