//! The audit log: every write of people, each entry chained to the one before by its hash.
//!
//! Whoever changes, removes or reorders entries has to forge every hash after them; a hash that was noted down
//! elsewhere (`orgloop audit verify` prints the last one) then shows it.

use crate::error::Result;
use crate::merging::By;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// What stands for the hash before the first entry: 64 zeros.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What a person did, to be written with the write itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: String,
    /// What, such as `merge` or `merge.undo`.
    pub action: String,
    /// The ids concerned.
    pub subjects: Vec<String>,
    /// What else there is to say of it. No contents of records beyond what the person wrote.
    pub detail: Value,
}

impl Deed {
    pub(crate) fn new(
        by: &By,
        action: &str,
        subjects: impl IntoIterator<Item = String>,
        detail: Value,
    ) -> Self {
        let mut subjects: Vec<String> = subjects.into_iter().collect();
        subjects.sort_unstable();
        subjects.dedup();
        Self { at: by.at, actor: by.actor.clone(), action: action.to_owned(), subjects, detail }
    }
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its number, from 1 without a gap.
    pub seq: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// The ids concerned, as a JSON array.
    #[serde(with = "as_json")]
    pub subjects: String,
    /// What else there is to say, as JSON.
    #[serde(with = "as_json")]
    pub detail: String,
    /// The hash of the entry before; of the first, [`GENESIS`].
    pub previous: String,
    /// The hash of this entry.
    pub hash: String,
}

impl AuditEntry {
    /// The entry that follows on one with this number and hash.
    #[must_use]
    pub fn following(last: Option<(i64, String)>, deed: &Deed) -> Self {
        let (seq, previous) = last.unwrap_or((0, GENESIS.to_owned()));
        let mut entry = Self {
            seq: seq + 1,
            at: deed.at,
            actor: deed.actor.clone(),
            action: deed.action.clone(),
            subjects: canonical(&Value::from(deed.subjects.clone())),
            detail: canonical(&deed.detail),
            previous,
            hash: String::new(),
        };
        entry.hash = entry.computed_hash();
        entry
    }

    /// SHA-256, in hexadecimal, of the previous hash, a line feed, and the entry as a JSON array of its number, its time
    /// in microseconds since 1970, and its other members as texts.
    #[must_use]
    pub fn computed_hash(&self) -> String {
        let entry = serde_json::json!([
            self.seq,
            self.at.timestamp_micros(),
            self.actor,
            self.action,
            self.subjects,
            self.detail
        ]);
        let mut hash = Sha256::new();
        hash.update(self.previous.as_bytes());
        hash.update(b"\n");
        hash.update(entry.to_string().as_bytes());
        let mut text = String::with_capacity(64);
        for byte in hash.finalize() {
            write!(text, "{byte:02x}").expect("a String takes any text");
        }
        text
    }
}

/// JSON with sorted keys, so that the same content is the same text.
fn canonical(value: &Value) -> String {
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Object(object) => {
                let mut entries: Vec<_> = object.iter().collect();
                entries.sort_by_key(|(key, _)| key.as_str());
                entries.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect()
            }
            Value::Array(items) => items.iter().map(sorted).collect(),
            other => other.clone(),
        }
    }
    sorted(value).to_string()
}

/// A text that is JSON, shown as what it says; read back, it is the same text, because it was canonical.
mod as_json {
    use super::canonical;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::Value;

    pub(super) fn serialize<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
        let value: Value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        value.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        Value::deserialize(deserializer).map(|value| canonical(&value))
    }
}

/// What is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The number of the first entry that is not as it was written, or of one that is missing.
    pub seq: i64,
    /// What is wrong with it.
    pub why: String,
}

/// Checks a log, entry by entry.
#[derive(Clone, Debug)]
pub struct Chain {
    seq: i64,
    hash: String,
}

impl Default for Chain {
    fn default() -> Self {
        Self { seq: 0, hash: GENESIS.to_owned() }
    }
}

impl Chain {
    /// Takes the next entry in.
    ///
    /// # Errors
    /// When it does not follow on the one before, or is not what its hash says.
    pub fn follow(&mut self, entry: &AuditEntry) -> Result<(), Broken> {
        let broken = |seq: i64, why: String| Err(Broken { seq, why });
        if entry.seq != self.seq + 1 {
            return broken(self.seq + 1, format!("entry {} is missing: {} follows", self.seq + 1, entry.seq));
        }
        if entry.previous != self.hash {
            return broken(
                entry.seq,
                format!("it does not follow on entry {}: that one's hash is another", self.seq),
            );
        }
        if entry.hash != entry.computed_hash() {
            return broken(entry.seq, "its hash is not that of what it says".to_owned());
        }
        self.seq = entry.seq;
        self.hash.clone_from(&entry.hash);
        Ok(())
    }

    /// The number of the last entry; 0 before the first.
    #[must_use]
    pub fn seq(&self) -> i64 {
        self.seq
    }

    /// The hash of the last entry.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

/// Which entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Those that concern this id.
    pub subject: Option<String>,
    /// Those of this person.
    pub actor: Option<String>,
    /// Those from this moment on.
    pub from: Option<DateTime<Utc>>,
    /// Those before this moment.
    pub to: Option<DateTime<Utc>>,
}

/// The audit log of the organizations store.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Entries in their order, after the one with this number.
    async fn audit(&self, query: &AuditQuery, after: i64, limit: usize) -> Result<Vec<AuditEntry>>;

    /// Writes down something that was done elsewhere, such as to tokens.
    async fn record_deed(&self, deed: &Deed) -> Result<AuditEntry>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entries(count: i64) -> Vec<AuditEntry> {
        let mut entries: Vec<AuditEntry> = Vec::new();
        for number in 0..count {
            let deed = Deed {
                at: DateTime::from_timestamp_micros(1_767_225_600_000_000 + number).expect("a moment"),
                actor: "ana".into(),
                action: "merge".into(),
                subjects: vec![number.to_string()],
                detail: json!({"b": 1, "a": [null, "ü"]}),
            };
            let last = entries.last().map(|entry| (entry.seq, entry.hash.clone()));
            entries.push(AuditEntry::following(last, &deed));
        }
        entries
    }

    #[track_caller]
    fn check(entries: &[AuditEntry], broken_at: Option<i64>) {
        let mut chain = Chain::default();
        let broken = entries.iter().find_map(|entry| chain.follow(entry).err());
        assert_eq!(broken.map(|broken| broken.seq), broken_at);
    }

    #[test]
    fn any_change_is_found_where_it_is() {
        let whole = entries(5);
        check(&whole, None);
        type Change = fn(&mut AuditEntry);
        let changes: [Change; 7] = [
            |entry| entry.actor = "ben".into(),
            |entry| entry.action = "split".into(),
            |entry| entry.subjects = "[]".into(),
            |entry| entry.detail = "{}".into(),
            |entry| entry.at += chrono::TimeDelta::microseconds(1),
            |entry| entry.previous = GENESIS.into(),
            |entry| entry.hash = GENESIS.into(),
        ];
        for change in changes {
            let mut changed = whole.clone();
            change(&mut changed[2]);
            check(&changed, Some(3));
        }
        let mut rehashed = whole.clone();
        rehashed[2].actor = "ben".into();
        rehashed[2].hash = rehashed[2].computed_hash();
        check(&rehashed, Some(4));
        let mut removed = whole.clone();
        removed.remove(1);
        check(&removed, Some(2));
    }

    #[test]
    fn an_exported_line_reads_back_as_the_entry_it_was() {
        for entry in entries(2) {
            let line = serde_json::to_string(&entry).expect("JSON");
            assert_eq!(serde_json::from_str::<AuditEntry>(&line).expect("read"), entry);
        }
    }

    #[test]
    fn the_first_hash_is_what_the_documents_say() {
        // printf '<64 zeros>\n[1,1767225600000000,"ana","merge","[\"0\"]","{\"a\":[null,\"ü\"],\"b\":1}"]' | sha256sum
        assert_eq!(entries(1)[0].hash, FIRST);
    }

    const FIRST: &str = "2d89a28997e9a5c7ca4fe1620cb971b5437fea6dcc598faae139708172789b6b";
}
