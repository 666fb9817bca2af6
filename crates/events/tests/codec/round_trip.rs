//! Values there and back, and what another implementation of Avro reads and writes.

use crate::codec;
use crate::values::Dice;
use apache_avro::types::Value as Avro;
use chrono::DateTime;
use entity::event::{Op, RecordChanged, RedirectChanged};
use entity::organization::{Extra, Organization};
use entity::{OrganizationId, RecordId, Version};
use events::codec::Codec;
use events::topics::Product;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt::Debug;
use uuid::Uuid;

/// Writes a value, reads it with our reader and with another implementation's, and compares.
async fn check<T>(codec: &Codec, product: Product, value: &T)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let bytes = codec.encode(product, value).unwrap();
    assert_eq!(&codec.decode::<T>(&bytes).await.unwrap(), value);
    assert_eq!(codec.decode_known::<T>(&bytes).unwrap().as_ref(), Some(value));
    assert_eq!(bytes[0], 0);
    let id = codec.schema_id(product).unwrap();
    assert_eq!(bytes[1..5], id.to_be_bytes());

    let schema = apache_avro::Schema::parse_str(product.definition().schema.unwrap()).unwrap();
    let mut rest = &bytes[5..];
    let read = apache_avro::from_avro_datum(&schema, &mut rest, None).unwrap();
    assert!(rest.is_empty(), "another reader leaves {} bytes", rest.len());
    let written = apache_avro::to_avro_datum(&schema, read.clone()).unwrap();
    assert_eq!(written, bytes[5..], "another writer writes the same bytes");
    let shown = codec.decode_json(&bytes).await.unwrap();
    same_keys(&read, &shown);
}

/// The other reader found every field that we show, and we show every field that it found but empty extras.
fn same_keys(read: &Avro, shown: &Value) {
    let (Avro::Record(fields), Value::Object(object)) = (read, shown) else { panic!("no records: {read:?}") };
    for (name, value) in fields {
        let is_null = matches!(value, Avro::Union(0, _));
        assert_eq!(object.contains_key(name), name != "extra" || !is_null, "{name}");
    }
}

#[tokio::test]
async fn values_of_every_topic_come_back_as_they_were() {
    let (codec, _folder) = codec().await;
    for seed in 1..=60 {
        let dice = &mut Dice::new(seed * 0x9E37_79B9);
        check(&codec, Product::Record, &dice.record_changed()).await;
        check(&codec, Product::Organization, &dice.organization_changed()).await;
        check(&codec, Product::Location, &dice.location_changed()).await;
        check(&codec, Product::Service, &dice.service_changed()).await;
        check(&codec, Product::Merge, &dice.merge_changed()).await;
        check(&codec, Product::Redirect, &dice.redirect_changed()).await;
        check(&codec, Product::DuplicateCluster, &dice.cluster_changed()).await;
        check(&codec, Product::ClusterTransition, &dice.transition_changed()).await;
    }
}

#[tokio::test]
async fn a_value_with_nothing_but_its_key_is_small() {
    let (codec, _folder) = codec().await;
    let (id, version) = (RecordId(Uuid::nil()), Version(1));
    let gone = RecordChanged {
        id,
        version,
        op: Op::Delete,
        source: None,
        source_id: None,
        created_at: None,
        organization: None,
    };
    check(&codec, Product::Record, &gone).await;
    // Frame, id as text, version, op as text, four nulls.
    assert_eq!(codec.encode(Product::Record, &gone).unwrap().len(), 5 + 37 + 1 + 7 + 4);
}

#[tokio::test]
async fn the_bytes_are_those_of_the_specification() {
    let (codec, _folder) = codec().await;
    let value = RedirectChanged {
        id: OrganizationId(Uuid::from_u128(1)),
        version: Version::new(1, 5).unwrap(),
        op: Op::Redirect,
        redirect_to: Some(OrganizationId(Uuid::from_u128(2))),
    };
    let mut expected = vec![0];
    expected.extend(codec.schema_id(Product::Redirect).unwrap().to_be_bytes());
    expected.push(72); // 36 characters, zigzag
    expected.extend(b"00000000-0000-0000-0000-000000000001");
    expected.extend([0x8a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]); // 2^48 + 5, zigzag, 7 bits a byte
    expected.push(16);
    expected.extend(b"redirect");
    expected.extend([2, 72]); // the second branch of the union
    expected.extend(b"00000000-0000-0000-0000-000000000002");
    assert_eq!(codec.encode(Product::Redirect, &value).unwrap(), expected);
}

#[tokio::test]
async fn json_shows_the_version_as_text_and_extras_as_objects() {
    let (codec, _folder) = codec().await;
    let extra = Extra(json!({"wheelchair": true}).as_object().unwrap().clone());
    let organization = Organization { name: Some("Clinic".into()), extra, ..Organization::default() };
    let value = RecordChanged {
        id: RecordId(Uuid::nil()),
        version: Version(i64::MAX),
        op: Op::Upsert,
        source: Some("s".into()),
        source_id: None,
        created_at: DateTime::from_timestamp_micros(1_700_000_000_123_456),
        organization: Some(organization),
    };
    let shown = codec.decode_json(&codec.encode(Product::Record, &value).unwrap()).await.unwrap();
    assert_eq!(shown["version"], json!("9223372036854775807"));
    assert_eq!(shown["op"], json!("upsert"));
    assert_eq!(shown["created_at"], json!("2023-11-14T22:13:20.123456Z"));
    assert_eq!(shown["organization"]["extra"], json!({"wheelchair": true}));
    assert_eq!(shown["organization"]["phones"], json!([]));
    assert_eq!(shown["source_id"], Value::Null);
    let none = RecordChanged { organization: Some(Organization::default()), ..value };
    let shown = codec.decode_json(&codec.encode(Product::Record, &none).unwrap()).await.unwrap();
    assert!(shown["organization"].get("extra").is_none());
}
