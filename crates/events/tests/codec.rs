//! Values of every topic, there and back; and bytes that nobody should trust.

use apache_avro::types::Value as Avro;
use chrono::DateTime;
use entity::cluster::{ClusterMember, ExplanationLine, PairEvidence};
use entity::event::{
    ClusterChanged, LocationChanged, MergeChanged, MergeOp, Op, OrganizationChanged, RecordChanged,
    RedirectChanged, ServiceChanged,
};
use entity::organization::{Address, Extra, Identifier, Location, Organization, Phone, Service};
use entity::record::FieldOrigin;
use entity::{OrganizationId, RecordId, Version};
use events::Error;
use events::codec::Codec;
use events::registry::sqlite::SqliteRegistry;
use events::registry::{Compatibility, SchemaRegistry};
use events::topics::{Product, TopicNames};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt::Debug;
use std::sync::Arc;
use uuid::Uuid;

/// A codec over a new registry; the folder lives as long as the test.
async fn codec() -> (Codec, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let registry = SqliteRegistry::open(&folder.path().join("registry.db")).await.unwrap();
    let codec = Codec::new(Arc::new(registry), TopicNames::default());
    codec.prepare().await.unwrap();
    (codec, folder)
}

/// Numbers from a seed: xorshift, enough to vary values.
struct Dice {
    state: u64,
    /// Every option is there, every list has one item.
    full: bool,
}

impl Dice {
    fn new(seed: u64) -> Self {
        Self { state: seed, full: false }
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % sides
    }

    fn uuid(&mut self) -> Uuid {
        Uuid::from_u64_pair(self.roll(u64::MAX), self.roll(u64::MAX))
    }

    fn text(&mut self) -> String {
        let samples = ["", "a", "Kirche St. Jürgen", "\u{0}", "日本赤十字社", "quote \" and \\ and \n", "🏥", "null"];
        let sample = samples[usize::try_from(self.roll(8)).unwrap()];
        sample.repeat(usize::try_from(self.roll(200)).unwrap() + 1)
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.roll(3) > 0 || self.full).then(|| make(self))
    }

    fn some<T>(&mut self, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let length = if self.full { 1 } else { self.roll(4) };
        (0..length).map(|_| make(self)).collect()
    }

    fn number(&mut self) -> f64 {
        [0.0, -0.0, 1.5, f64::MAX, f64::MIN_POSITIVE, f64::INFINITY, -71.058_888_1][usize::try_from(self.roll(7)).unwrap()]
    }

    fn extra(&mut self) -> Extra {
        match self.roll(3) {
            0 => Extra::default(),
            _ => Extra(json!({self.text(): self.text(), "n": [1, null, {"extra": 2.5}]}).as_object().unwrap().clone()),
        }
    }

    fn version(&mut self) -> Version {
        [Version(0), Version(i64::MAX), Version::new(3, 77).unwrap()][usize::try_from(self.roll(3)).unwrap()]
    }

    fn phone(&mut self) -> Phone {
        Phone {
            id: self.uuid(),
            source_id: self.text(),
            number: self.text(),
            extension: self.maybe(Self::text),
            phone_type: self.maybe(Self::text),
            description: self.maybe(Self::text),
            extra: self.extra(),
        }
    }

    fn address(&mut self) -> Address {
        Address {
            id: self.uuid(),
            source_id: self.text(),
            attention: self.maybe(Self::text),
            address_1: self.maybe(Self::text),
            address_2: self.maybe(Self::text),
            city: self.maybe(Self::text),
            region: self.maybe(Self::text),
            state_province: self.maybe(Self::text),
            postal_code: self.maybe(Self::text),
            country: self.maybe(Self::text),
            address_type: self.maybe(Self::text),
            extra: self.extra(),
        }
    }

    fn location(&mut self) -> Location {
        Location {
            id: self.uuid().into(),
            source_id: self.text(),
            name: self.maybe(Self::text),
            alternate_name: self.maybe(Self::text),
            description: self.maybe(Self::text),
            location_type: self.maybe(Self::text),
            url: self.maybe(Self::text),
            transportation: self.maybe(Self::text),
            latitude: self.maybe(Self::number),
            longitude: self.maybe(Self::number),
            addresses: self.some(Self::address),
            phones: self.some(Self::phone),
            extra: self.extra(),
        }
    }

    fn service(&mut self) -> Service {
        Service {
            id: self.uuid().into(),
            source_id: self.text(),
            name: self.maybe(Self::text),
            alternate_name: self.maybe(Self::text),
            description: self.maybe(Self::text),
            url: self.maybe(Self::text),
            email: self.maybe(Self::text),
            status: self.maybe(Self::text),
            phones: self.some(Self::phone),
            location_ids: self.some(|dice| dice.uuid().into()),
            extra: self.extra(),
        }
    }

    fn identifier(&mut self) -> Identifier {
        Identifier {
            id: self.uuid(),
            source_id: self.text(),
            scheme: self.maybe(Self::text),
            identifier_type: self.maybe(Self::text),
            identifier: self.text(),
            extra: self.extra(),
        }
    }

    fn organization(&mut self) -> Organization {
        Organization {
            name: self.maybe(Self::text),
            alternate_names: self.some(Self::text),
            description: self.maybe(Self::text),
            email: self.maybe(Self::text),
            website: self.maybe(Self::text),
            tax_status: self.maybe(Self::text),
            tax_id: self.maybe(Self::text),
            year_incorporated: self.maybe(|dice| if dice.roll(2) == 0 { i32::MIN } else { i32::MAX }),
            legal_status: self.maybe(Self::text),
            uri: self.maybe(Self::text),
            parent_organization_id: self.maybe(Self::uuid),
            identifiers: self.some(Self::identifier),
            phones: self.some(Self::phone),
            locations: self.some(Self::location),
            services: self.some(Self::service),
            extra: self.extra(),
        }
    }

    fn time(&mut self) -> DateTime<chrono::Utc> {
        DateTime::from_timestamp_micros(1_700_000_000_000_000 + i64::try_from(self.roll(1 << 40)).unwrap()).unwrap()
    }

    fn record_changed(&mut self) -> RecordChanged {
        RecordChanged {
            id: self.uuid().into(),
            version: self.version(),
            op: Op::Upsert,
            source: self.maybe(Self::text),
            source_id: self.maybe(Self::text),
            created_at: self.maybe(Self::time),
            organization: self.maybe(Self::organization),
        }
    }

    fn organization_changed(&mut self) -> OrganizationChanged {
        OrganizationChanged {
            id: self.uuid().into(),
            version: self.version(),
            op: Op::Redirect,
            redirect_to: self.maybe(|dice| dice.uuid().into()),
            members: self.maybe(|dice| dice.some(|dice| dice.uuid().into())),
            created_at: self.maybe(Self::time),
            organization: self.maybe(Self::organization),
            origins: self.maybe(|dice| {
                let origin = |dice: &mut Self| FieldOrigin {
                    field: dice.text(),
                    record_id: dice.uuid().into(),
                    origin: dice.text(),
                };
                dice.some(origin)
            }),
            truncated: self.maybe(|dice| dice.roll(2) == 0),
        }
    }

    fn location_changed(&mut self) -> LocationChanged {
        LocationChanged {
            id: self.uuid().into(),
            version: self.version(),
            op: Op::Delete,
            organization_id: self.maybe(|dice| dice.uuid().into()),
            source_organization_id: self.maybe(|dice| dice.uuid().into()),
            source: self.maybe(Self::text),
            location: self.maybe(Self::location),
        }
    }

    fn service_changed(&mut self) -> ServiceChanged {
        ServiceChanged {
            id: self.uuid().into(),
            version: self.version(),
            op: Op::Upsert,
            organization_id: self.maybe(|dice| dice.uuid().into()),
            source_organization_id: self.maybe(|dice| dice.uuid().into()),
            source: self.maybe(Self::text),
            service: self.maybe(Self::service),
        }
    }

    fn merge_changed(&mut self) -> MergeChanged {
        MergeChanged {
            id: self.uuid().into(),
            version: self.version(),
            op: if self.roll(2) == 0 { MergeOp::Merged } else { MergeOp::Unmerged },
            survivor: self.maybe(|dice| dice.uuid().into()),
            absorbed: self.maybe(|dice| dice.some(|dice| dice.uuid().into())),
            by: self.maybe(Self::text),
            at: self.maybe(Self::time),
            reason: self.maybe(Self::text),
        }
    }

    fn redirect_changed(&mut self) -> RedirectChanged {
        RedirectChanged {
            id: self.uuid().into(),
            version: self.version(),
            op: Op::Redirect,
            redirect_to: self.maybe(|dice| dice.uuid().into()),
        }
    }

    fn pair(&mut self) -> PairEvidence {
        let line = |dice: &mut Self| ExplanationLine {
            comparison: dice.text(),
            level: dice.text(),
            weight: dice.number(),
        };
        PairEvidence {
            left: self.uuid().into(),
            right: self.uuid().into(),
            match_weight: self.number(),
            probability: self.number(),
            explanation: self.some(line),
        }
    }

    fn cluster_changed(&mut self) -> ClusterChanged {
        let member = |dice: &mut Self| ClusterMember {
            record_id: dice.uuid().into(),
            organization_id: dice.uuid().into(),
            probability: dice.number(),
        };
        ClusterChanged {
            id: self.uuid().into(),
            version: self.version(),
            op: Op::Upsert,
            members: self.maybe(|dice| dice.some(member)),
            probability: self.maybe(Self::number),
            open: self.maybe(|dice| dice.roll(2) == 0),
            pairs: self.maybe(|dice| dice.some(Self::pair)),
            model_version: self.maybe(Self::text),
        }
    }
}

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

async fn corrupt(codec: &Codec, bytes: &[u8], expected: &str) {
    match codec.decode_json(bytes).await {
        Err(Error::Corrupt(text)) => assert!(text.contains(expected), "{text}"),
        other => panic!("{bytes:?} gave {other:?}"),
    }
}

#[tokio::test]
async fn bytes_that_are_no_value_are_refused_with_the_reason() {
    let (codec, _folder) = codec().await;
    let bytes = codec.encode(Product::Redirect, &Dice::new(7).redirect_changed()).unwrap();
    corrupt(&codec, b"", "no bytes").await;
    corrupt(&codec, b"{\"id\":1}", "begins with byte 123").await;
    corrupt(&codec, &bytes[..4], "too short").await;
    corrupt(&codec, &[&[0, 0, 0, 3, 231], &bytes[5..]].concat(), "no schema 999").await;
    corrupt(&codec, &[0, 255, 255, 255, 255, 1], "no schema -1").await;
    corrupt(&codec, &[&bytes[..], b"x"].concat(), "1 bytes too many").await;
    for length in 5..bytes.len() {
        corrupt(&codec, &bytes[..length], "cannot be read").await;
    }
    // Right bytes of another topic.
    assert!(matches!(codec.decode::<MergeChanged>(&bytes).await, Err(Error::Corrupt(_))));
    // An operation that this version does not know.
    let unknown = json!({"id": Uuid::nil(), "version": 1, "op": "explode", "redirect_to": null});
    let bytes = codec.encode(Product::Redirect, &unknown).unwrap();
    assert!(matches!(codec.decode::<RedirectChanged>(&bytes).await, Err(Error::Corrupt(_))));
}

#[tokio::test]
async fn hostile_lengths_take_neither_memory_nor_time() {
    let (codec, _folder) = codec().await;
    let mut dice = Dice::new(99);
    let bytes = codec.encode(Product::Organization, &dice.organization_changed()).unwrap();
    let frame = |datum: &[u8]| [&bytes[..5], datum].concat();
    // A string, a list, and a list in blocks that claim 2^62 items or bytes.
    let claim = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    corrupt(&codec, &frame(&claim), "cannot be read").await;
    let head = [&[72][..], &[b'0'; 36], &[2, 2, b'x', 0, 2]].concat();
    corrupt(&codec, &frame(&[&head[..], &claim].concat()), "cannot be read").await;
    let least = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 2];
    corrupt(&codec, &frame(&[&head[..], &least].concat()), "cannot be read").await;
    // Bytes changed at random are refused or read as something, and never end the process.
    for _ in 0..20_000 {
        let mut bytes = bytes.clone();
        for _ in 0..=dice.roll(4) {
            let at = 5 + usize::try_from(dice.roll(bytes.len() as u64 - 5)).unwrap();
            bytes[at] = u8::try_from(dice.roll(256)).unwrap();
        }
        bytes.truncate(bytes.len() - usize::try_from(dice.roll(3)).unwrap());
        if let Err(error) = codec.decode_known::<OrganizationChanged>(&bytes) {
            assert!(matches!(error, Error::Corrupt(_)), "{error}");
        }
    }
}

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
    assert!(matches!(reader.encode(Product::Record, &json!({})), Err(Error::Invalid(text)) if text.contains("prepare")));
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
    assert_eq!(registry.subjects(events::registry::Scope::Live).await.unwrap().len(), 7);
    for product in Product::ALL.into_iter().filter(|product| product.is_public()) {
        let subject = codec.names().subject(product);
        let level = registry.compatibility(Some(&subject)).await.unwrap();
        assert_eq!(level, Some(product.definition().compatibility));
        assert_eq!(registry.versions(&subject, events::registry::Scope::Live).await.unwrap(), [1]);
    }
}

#[tokio::test]
async fn nothing_is_registered_when_one_schema_breaks_its_promise() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Arc::new(SqliteRegistry::open(&folder.path().join("registry.db")).await.unwrap());
    // Somebody registered a future in which a latitude is text.
    let schema = Product::Organization.definition().schema.unwrap();
    let other = schema.replacen(r#""name": "latitude", "doc": "Degrees north, WGS 84.", "type": ["null", "double"]"#,
        r#""name": "latitude", "type": ["null", "string"]"#, 1);
    assert_ne!(schema, other);
    registry.register("organizations.organization.v1-value", &other).await.unwrap();
    let codec = Codec::new(Arc::clone(&registry) as Arc<dyn SchemaRegistry>, TopicNames::default());
    let Err(Error::Incompatible { subject, version, problem }) = codec.prepare().await else {
        panic!("an incompatible schema was registered")
    };
    assert_eq!((subject.as_str(), version), ("organizations.organization.v1-value", 1));
    assert!(problem.starts_with("organization.locations.items.latitude: "), "{problem}");
    assert_eq!(registry.subjects(events::registry::Scope::Live).await.unwrap(), [subject]);
    assert!(codec.encode(Product::Record, &Dice::new(1).record_changed()).is_err());
}

/// The names of a value's fields, in the order in which serde gives them, with those inside.
fn names_in_order(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    collect(&mut serde_json::Deserializer::from_str(text), &mut names, "");
    names
}

fn collect<'de, D: serde::Deserializer<'de, Error: Debug>>(value: D, names: &mut Vec<String>, path: &str) {
    struct Keys<'a>(&'a mut Vec<String>, &'a str);
    impl<'de> serde::de::DeserializeSeed<'de> for Keys<'_> {
        type Value = ();
        fn deserialize<D: serde::Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
            value.deserialize_any(self)
        }
    }
    impl<'de> serde::de::Visitor<'de> for Keys<'_> {
        type Value = ();
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("JSON")
        }
        fn visit_unit<E>(self) -> Result<(), E> {
            Ok(())
        }
        fn visit_bool<E>(self, _: bool) -> Result<(), E> {
            Ok(())
        }
        fn visit_i64<E>(self, _: i64) -> Result<(), E> {
            Ok(())
        }
        fn visit_u64<E>(self, _: u64) -> Result<(), E> {
            Ok(())
        }
        fn visit_f64<E>(self, _: f64) -> Result<(), E> {
            Ok(())
        }
        fn visit_str<E>(self, _: &str) -> Result<(), E> {
            Ok(())
        }
        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
            while seq.next_element_seed(Keys(&mut *self.0, self.1))?.is_some() {}
            Ok(())
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            while let Some(name) = map.next_key::<String>()? {
                let path = format!("{}.{name}", self.1);
                if !self.0.contains(&path) {
                    self.0.push(path.clone());
                }
                map.next_value_seed(Keys(&mut *self.0, &path))?;
            }
            Ok(())
        }
    }
    serde::de::DeserializeSeed::deserialize(Keys(names, path), value).unwrap();
}

/// The same names as the schema has them.
fn names_in_schema(schema: &apache_avro::Schema, path: &str, names: &mut Vec<String>, all: &apache_avro::Schema) {
    use apache_avro::Schema::{Array, Record, Ref, Union};
    match schema {
        Record(record) => {
            for field in &record.fields {
                let path = format!("{path}.{}", field.name);
                names.push(path.clone());
                names_in_schema(&field.schema, &path, names, all);
            }
        }
        Array(array) => names_in_schema(&array.items, path, names, all),
        Union(union) => union.variants().iter().for_each(|branch| names_in_schema(branch, path, names, all)),
        Ref { name } => {
            let resolved = apache_avro::schema::ResolvedSchema::try_from(all).unwrap();
            names_in_schema(resolved.get_names()[name], path, names, all);
        }
        _ => {}
    }
}

fn check_names<T: Serialize>(product: Product, make: impl Fn(&mut Dice) -> T) {
    let schema = apache_avro::Schema::parse_str(product.definition().schema.unwrap()).unwrap();
    let mut expected = Vec::new();
    names_in_schema(&schema, "", &mut expected, &schema);
    let full = make(&mut Dice { state: 1, full: true });
    assert_eq!(names_in_order(&serde_json::to_string(&full).unwrap()), expected, "{product:?}");
}

#[test]
fn the_schemas_have_the_fields_of_the_structs_in_their_order() {
    check_names(Product::Record, Dice::record_changed);
    check_names(Product::Organization, Dice::organization_changed);
    check_names(Product::Location, Dice::location_changed);
    check_names(Product::Service, Dice::service_changed);
    check_names(Product::Merge, Dice::merge_changed);
    check_names(Product::Redirect, Dice::redirect_changed);
    check_names(Product::DuplicateCluster, Dice::cluster_changed);
}

#[test]
fn every_field_but_id_version_and_op_is_nullable() {
    for product in Product::ALL {
        let Some(schema) = product.definition().schema else { continue };
        let schema: Value = serde_json::from_str(schema).unwrap();
        for field in schema["fields"].as_array().unwrap() {
            if ["id", "version", "op"].contains(&field["name"].as_str().unwrap()) {
                continue;
            }
            assert_eq!(field["type"][0], "null", "{product:?} {field}");
            assert!(field.get("default").is_some_and(Value::is_null), "{product:?} {field}");
        }
        assert_ne!(product.definition().compatibility, Compatibility::None);
    }
}
