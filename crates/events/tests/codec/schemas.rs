//! The schemas against the structs that they describe.

use crate::values::Dice;
use events::registry::Compatibility;
use events::topics::Product;
use serde::Serialize;
use serde_json::Value;
use std::fmt::Debug;

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
fn names_in_schema(
    schema: &apache_avro::Schema,
    path: &str,
    names: &mut Vec<String>,
    all: &apache_avro::Schema,
) {
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
    check_names(Product::ClusterTransition, Dice::transition_changed);
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
