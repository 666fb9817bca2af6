//! The frame around a datum, and reading a datum that nobody vouches for.

use crate::error::{Error, Result};
use serde::de::DeserializeOwned;
use serde_avro_fast::Schema;
use serde_avro_fast::de::read::SliceRead;
use serde_avro_fast::de::{DeserializerConfig, DeserializerState};
use std::io::BufRead;

const MAGIC: u8 = 0;

/// Most values of ours fit, and a larger one grows.
const CAPACITY: usize = 1024;

/// The frame of a value, to be followed by its datum.
pub(super) fn framed(id: i32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(CAPACITY);
    bytes.push(MAGIC);
    bytes.extend_from_slice(&id.to_be_bytes());
    bytes
}

/// The schema id and the datum.
pub(super) fn unframed(bytes: &[u8]) -> Result<(i32, &[u8])> {
    match bytes {
        [MAGIC, a, b, c, d, datum @ ..] => Ok((i32::from_be_bytes([*a, *b, *c, *d]), datum)),
        [MAGIC, ..] => {
            Err(Error::Corrupt(format!("a value of {} bytes is too short to name its schema", bytes.len())))
        }
        [first, ..] => Err(Error::Corrupt(format!(
            "a value begins with byte {first}, not with the 0 of the Confluent wire format"
        ))),
        [] => Err(Error::Corrupt("a value of no bytes is neither a datum nor a tombstone".to_owned())),
    }
}

/// Reads the whole datum. Lengths in it are believed no further than there are bytes.
pub(super) fn read<T: DeserializeOwned>(datum: &[u8], schema: &Schema, id: i32) -> Result<T> {
    let mut config = DeserializerConfig::new(schema);
    // Items of our schemas take a byte at least; a list of a billion nulls would take our memory instead.
    config.max_seq_size = datum.len();
    let mut state = DeserializerState::with_config(SliceRead::new(datum), config);
    let value = T::deserialize(state.deserializer())
        .map_err(|error| Error::Corrupt(format!("a value of schema {id} cannot be read: {error}")))?;
    let left = state.into_reader().fill_buf().map_or(0, <[u8]>::len);
    if left > 0 {
        return Err(Error::Corrupt(format!("a value of schema {id} has {left} bytes too many")));
    }
    Ok(value)
}
