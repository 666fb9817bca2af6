//! A small record with children of all kinds.

/// A record with a location and a service, each with a telephone.
pub(crate) fn record(source_id: &str) -> entity::Record {
    let row = |table: &str, what: &str| entity::id::derive("north", table, &format!("{source_id}{what}"));
    let phone = |what: &str| entity::Phone {
        id: row("phone", what),
        source_id: format!("{source_id}{what}"),
        number: "1".to_owned(),
        extension: None,
        phone_type: None,
        description: None,
        extra: entity::organization::Extra::default(),
    };
    let location = serde_json::json!({ "id": row("location", ""), "source_id": source_id, "addresses": [], "phones": [] });
    let service = serde_json::json!({ "id": row("service", ""), "source_id": source_id, "phones": [], "location_ids": [] });
    let mut location: entity::Location = serde_json::from_value(location).expect("a location");
    let mut service: entity::Service = serde_json::from_value(service).expect("a service");
    location.phones = vec![phone("-place")];
    service.phones = vec![phone("-offer")];
    service.location_ids = vec![location.id];
    entity::Record {
        id: row("organization", "").into(),
        source: "north".to_owned(),
        source_id: source_id.to_owned(),
        created_at: entity::clock::now(),
        organization: entity::Organization {
            name: Some(source_id.to_owned()),
            alternate_names: vec!["other".to_owned()],
            locations: vec![location],
            services: vec![service],
            ..entity::Organization::default()
        },
    }
}
