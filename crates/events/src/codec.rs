//! Typed values as bytes on a topic, and back: the Confluent wire format.
//!
//! ```text
//! | 0 | id of the schema, 4 bytes, big endian | Avro datum |
//! ```
//!
//! The bytes are read under the schema that wrote them and land in the Rust type by the names of its fields:
//! fields that the type does not know are passed over, fields that the bytes do not have must be optional
//! there.

pub mod cloud_event;
mod json;
mod wire;

use crate::error::{Error, Result};
use crate::registry::{SchemaRegistry, refuse_if_any};
use crate::topics::{DEFINITIONS, Product, TopicDefinition, TopicNames};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_avro_fast::Schema;
use serde_avro_fast::ser::SerializerConfig;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// Writes and reads values; share it between threads.
#[derive(Debug)]
pub struct Codec {
    registry: Arc<dyn SchemaRegistry>,
    names: TopicNames,
    writers: OnceLock<HashMap<Product, Writer>>,
    /// Schemas by id. Invariant: an id means one schema for ever, so nothing here grows stale.
    readers: RwLock<HashMap<i32, Arc<Schema>>>,
}

#[derive(Debug)]
struct Writer {
    id: i32,
    schema: Arc<Schema>,
}

impl Codec {
    /// A codec that can read; it can write once it is prepared.
    #[must_use]
    pub fn new(registry: Arc<dyn SchemaRegistry>, names: TopicNames) -> Self {
        Self { registry, names, writers: OnceLock::new(), readers: RwLock::default() }
    }

    /// The registry behind it.
    #[must_use]
    pub fn registry(&self) -> &Arc<dyn SchemaRegistry> {
        &self.registry
    }

    /// What the topics are called.
    #[must_use]
    pub fn names(&self) -> &TopicNames {
        &self.names
    }

    /// Sets the compatibility of every topic and registers its schema; harmless when called again.
    ///
    /// # Errors
    /// `Incompatible` when the schema of any topic breaks the topic's promise: then none was registered.
    /// `Invalid` when two topics have one name.
    pub async fn prepare(&self) -> Result<()> {
        self.names.validate()?;
        let with_schema =
            |definition: &TopicDefinition| definition.schema.map(|schema| (*definition, schema));
        let topics: Vec<_> = DEFINITIONS.iter().filter_map(with_schema).collect();
        for (definition, schema) in &topics {
            let subject = self.names.subject(definition.product);
            if self.registry.compatibility(Some(&subject)).await? != Some(definition.compatibility) {
                self.registry.set_compatibility(Some(&subject), Some(definition.compatibility)).await?;
            }
            refuse_if_any(&subject, self.registry.check(&subject, schema).await?)?;
        }
        let mut writers = HashMap::new();
        for (definition, schema) in topics {
            let subject = self.names.subject(definition.product);
            let id = self.registry.register(&subject, schema).await?;
            let schema = self.remember(id, schema)?;
            writers.insert(definition.product, Writer { id, schema });
        }
        // A second call found the same schemas, and so the same ids.
        let _ = self.writers.set(writers);
        Ok(())
    }

    /// The id under which values of this product are written; `None` before [`Codec::prepare`] and for raw
    /// topics.
    #[must_use]
    pub fn schema_id(&self, product: Product) -> Option<i32> {
        self.writers.get()?.get(&product).map(|writer| writer.id)
    }

    /// A value as bytes.
    ///
    /// # Errors
    /// `Invalid` before [`Codec::prepare`], or when the value is not of the product's schema.
    pub fn encode<T: Serialize + ?Sized>(&self, product: Product, value: &T) -> Result<Vec<u8>> {
        let writer = self.writers.get().and_then(|writers| writers.get(&product));
        let writer = writer.ok_or_else(|| {
            Error::Invalid(format!("the schema of {product:?} is not registered: call Codec::prepare first"))
        })?;
        let frame = wire::framed(writer.id);
        // Building the configuration allocates nothing: its buffers serve fields out of order, and ours never
        // are.
        let mut config = SerializerConfig::new(&writer.schema);
        serde_avro_fast::to_datum(value, frame, &mut config)
            .map_err(|error| Error::Invalid(format!("a value for {product:?} is not of its schema: {error}")))
    }

    /// The value in these bytes; a schema not seen before is fetched from the registry.
    ///
    /// # Errors
    /// `Corrupt` when the bytes are not a value of a registered schema, or not one of `T`; `Transient` when the
    /// registry is away.
    pub async fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T> {
        let (id, datum) = wire::unframed(bytes)?;
        let schema = match self.known(id) {
            Some(schema) => schema,
            None => self.fetch(id).await?,
        };
        wire::read(datum, &schema, id)
    }

    /// As [`Codec::decode`], without waiting: `None` when the schema has to be fetched first.
    ///
    /// # Errors
    /// As [`Codec::decode`].
    pub fn decode_known<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<Option<T>> {
        let (id, datum) = wire::unframed(bytes)?;
        self.known(id).map(|schema| wire::read(datum, &schema, id)).transpose()
    }

    /// The value in these bytes as JSON, for any topic: `version` as a decimal string, because it passes 2^53,
    /// and each `extra` as the object that it holds.
    ///
    /// # Errors
    /// As [`Codec::decode`].
    pub async fn decode_json(&self, bytes: &[u8]) -> Result<Value> {
        Ok(json::presented(self.decode(bytes).await?))
    }

    fn known(&self, id: i32) -> Option<Arc<Schema>> {
        self.readers.read().unwrap_or_else(PoisonError::into_inner).get(&id).map(Arc::clone)
    }

    async fn fetch(&self, id: i32) -> Result<Arc<Schema>> {
        match self.registry.by_id(id).await {
            Ok(schema) => self.remember(id, &schema),
            Err(Error::NotFound(_)) => Err(Error::Corrupt(format!(
                "the registry has no schema {id}, under which the value is written"
            ))),
            Err(other) => Err(other),
        }
    }

    fn remember(&self, id: i32, schema: &str) -> Result<Arc<Schema>> {
        let schema: Schema = schema
            .parse()
            .map_err(|error| Error::Corrupt(format!("schema {id} cannot be read with: {error}")))?;
        let schema = Arc::new(schema);
        let mut readers = self.readers.write().unwrap_or_else(PoisonError::into_inner);
        readers.insert(id, Arc::clone(&schema));
        Ok(schema)
    }
}
