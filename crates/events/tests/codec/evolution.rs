//! Schemas come from the registry, and it refuses what breaks a promise.

use crate::codec;
use crate::values::Dice;
use apache_avro::types::Value as Avro;
use entity::Version;
use entity::event::{Op, RecordChanged, RedirectChanged};
use events::Error;
use events::codec::Codec;
use events::registry::sqlite::SqliteRegistry;
use events::registry::{SchemaRegistry, Scope};
use events::topics::{Product, TopicNames};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

#[tokio::test]
async fn a_reader_fetches_a_schema_it_has_not_seen_and_keeps_it() {
    let (codec, folder) = codec().await;
    let value = Dice::new(3).record_changed();
    let bytes = codec.encode(Product::Record, &value).unwrap();
    let registry = SqliteRegistry::open(&folder.path().join("registry.db")).await.unwrap();
    let reader = Codec::new(Arc::new(registry), TopicNames::default());
    assert_eq!(reader.decode_known::<RecordChanged>(&bytes).unwrap(), None);
    assert_eq!(reader.decode::<RecordChanged>(&bytes).await.unwrap(), value);
    assert_eq!(reader.decode_known::<RecordChanged>(&bytes).unwrap(), Some(value));
    assert!(
        matches!(reader.encode(Product::Record, &json!({})), Err(Error::Invalid(text)) if text.contains("prepare"))
    );
    assert!(matches!(codec.encode(Product::Parked, &json!({})), Err(Error::Invalid(_))));
    assert!(matches!(codec.encode(Product::Record, &json!({"id": 1})), Err(Error::Invalid(_))));
}

#[tokio::test]
async fn values_of_older_and_newer_schemas_are_read_by_name() {
    let (codec, _folder) = codec().await;
    let subject = codec.names().subject(Product::Redirect);
    let mut schema: Value = serde_json::from_str(Product::Redirect.definition().schema.unwrap()).unwrap();
    let fields = schema["fields"].as_array_mut().unwrap();
    fields.insert(0, json!({"name": "why", "type": ["null", "string"], "default": null}));
    fields.retain(|field| field["name"] != "redirect_to");
    let text = schema.to_string();
    let id = codec.registry().register(&subject, &text).await.unwrap();
    let writer = apache_avro::Schema::parse_str(&text).unwrap();
    let value = Avro::Record(vec![
        ("why".into(), Avro::Union(1, Box::new(Avro::String("because".into())))),
        ("id".into(), Avro::Uuid(Uuid::nil())),
        ("version".into(), Avro::Long(9)),
        ("op".into(), Avro::String("delete".into())),
    ]);
    let mut bytes = vec![0];
    bytes.extend(id.to_be_bytes());
    bytes.extend(apache_avro::to_avro_datum(&writer, value).unwrap());
    let expected =
        RedirectChanged { id: Uuid::nil().into(), version: Version(9), op: Op::Delete, redirect_to: None };
    assert_eq!(codec.decode::<RedirectChanged>(&bytes).await.unwrap(), expected);
}

#[tokio::test]
async fn preparing_sets_the_promise_of_every_topic_and_can_be_repeated() {
    let (codec, _folder) = codec().await;
    let before = codec.schema_id(Product::Record);
    codec.prepare().await.unwrap();
    assert_eq!(codec.schema_id(Product::Record), before);
    let registry = codec.registry();
    assert_eq!(registry.subjects(Scope::Live).await.unwrap().len(), 8);
    for product in Product::ALL.into_iter().filter(|product| product.is_public()) {
        let subject = codec.names().subject(product);
        let level = registry.compatibility(Some(&subject)).await.unwrap();
        assert_eq!(level, Some(product.definition().compatibility));
        assert_eq!(registry.versions(&subject, Scope::Live).await.unwrap(), [1]);
    }
}

#[tokio::test]
async fn nothing_is_registered_when_one_schema_breaks_its_promise() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Arc::new(SqliteRegistry::open(&folder.path().join("registry.db")).await.unwrap());
    // Somebody registered a future in which a latitude is text.
    let schema = Product::Organization.definition().schema.unwrap();
    let other = schema.replacen(
        r#""name": "latitude", "doc": "Degrees north, WGS 84.", "type": ["null", "double"]"#,
        r#""name": "latitude", "type": ["null", "string"]"#,
        1,
    );
    assert_ne!(schema, other);
    registry.register("organizations.organization.v1-value", &other).await.unwrap();
    let codec = Codec::new(Arc::clone(&registry) as Arc<dyn SchemaRegistry>, TopicNames::default());
    let Err(Error::Incompatible { subject, version, problem }) = codec.prepare().await else {
        panic!("an incompatible schema was registered")
    };
    assert_eq!((subject.as_str(), version), ("organizations.organization.v1-value", 1));
    assert!(problem.starts_with("organization.locations.items.latitude: "), "{problem}");
    assert_eq!(registry.subjects(Scope::Live).await.unwrap(), [subject]);
    assert!(codec.encode(Product::Record, &Dice::new(1).record_changed()).is_err());
}
