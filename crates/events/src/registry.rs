//! The port: versioned Avro schemas per subject, and for each subject the promise that its changes keep.
//!
//! Both adapters hold what the Confluent Schema Registry promises: an id means one schema for ever; a subject's
//! versions count up and are never given twice; a schema that breaks the subject's promise is refused.

pub mod compatibility;
pub(crate) mod parsed;
#[cfg(feature = "kafka")]
pub mod remote;
pub mod rest;
pub mod sqlite;

pub use compatibility::Problem;

use crate::error::{Error, Result};
use async_trait::async_trait;
use std::fmt;
use std::str::FromStr;

/// What a subject promises about every later schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compatibility {
    /// Nothing.
    None,
    /// The new schema reads what the last one wrote.
    Backward,
    /// The new schema reads what all earlier ones wrote.
    BackwardTransitive,
    /// The last schema reads what the new one writes.
    Forward,
    /// All earlier schemas read what the new one writes.
    ForwardTransitive,
    /// Backward and forward with the last schema.
    Full,
    /// Backward and forward with all earlier schemas.
    FullTransitive,
}

impl Compatibility {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::None,
        Self::Backward,
        Self::BackwardTransitive,
        Self::Forward,
        Self::ForwardTransitive,
        Self::Full,
        Self::FullTransitive,
    ];

    /// As registries write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Backward => "BACKWARD",
            Self::BackwardTransitive => "BACKWARD_TRANSITIVE",
            Self::Forward => "FORWARD",
            Self::ForwardTransitive => "FORWARD_TRANSITIVE",
            Self::Full => "FULL",
            Self::FullTransitive => "FULL_TRANSITIVE",
        }
    }

    pub(crate) fn is_transitive(self) -> bool {
        matches!(self, Self::BackwardTransitive | Self::ForwardTransitive | Self::FullTransitive)
    }

    pub(crate) fn is_backward(self) -> bool {
        matches!(self, Self::Backward | Self::BackwardTransitive | Self::Full | Self::FullTransitive)
    }

    pub(crate) fn is_forward(self) -> bool {
        matches!(self, Self::Forward | Self::ForwardTransitive | Self::Full | Self::FullTransitive)
    }
}

impl fmt::Display for Compatibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Compatibility {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let named = |level: &Self| level.as_str().eq_ignore_ascii_case(text);
        Self::ALL.into_iter().find(named).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            Error::Invalid(format!("{text:?} is no compatibility level: it is one of {known}"))
        })
    }
}

/// A schema as one version of a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredSchema {
    /// The subject, `<topic>-value` for the values of a topic.
    pub subject: String,
    /// What stands in front of the bytes on the wire.
    pub id: i32,
    /// Its number within the subject, from 1.
    pub version: i32,
    /// The schema, as JSON text.
    pub schema: String,
}

/// Which version of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaVersion {
    /// The newest that is not deleted.
    Latest,
    /// This one.
    Number(i32),
}

/// Whether versions that were softly deleted count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// They do not.
    Live,
    /// They do.
    WithDeleted,
}

/// How much of a version goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// It is no longer listed, checked against or found by version; its id can still be read.
    Soft,
    /// It is forgotten, after it was softly deleted; its id can still be read from the embedded registry.
    Permanent,
}

/// A registry of schemas.
#[async_trait]
pub trait SchemaRegistry: Send + Sync + fmt::Debug {
    /// All subjects, sorted.
    async fn subjects(&self, scope: Scope) -> Result<Vec<String>>;

    /// The versions of a subject, ascending.
    ///
    /// # Errors
    /// `NotFound` when there are none.
    async fn versions(&self, subject: &str, scope: Scope) -> Result<Vec<i32>>;

    /// A version of a subject that is not deleted.
    async fn schema(&self, subject: &str, version: SchemaVersion) -> Result<RegisteredSchema>;

    /// The schema that this id means, deleted or not.
    async fn by_id(&self, id: i32) -> Result<String>;

    /// Registers a schema and returns its id; when the subject has it already, only returns the id.
    ///
    /// # Errors
    /// `Incompatible`, with the version and the path of the field, when it breaks the subject's promise;
    /// `Invalid` when it is no Avro schema.
    async fn register(&self, subject: &str, schema: &str) -> Result<i32>;

    /// The level set for this subject, `None` when it goes by the level of all subjects; the level of all
    /// subjects when none is named.
    async fn compatibility(&self, subject: Option<&str>) -> Result<Option<Compatibility>>;

    /// Sets the level of a subject, or of all without their own; `None` takes it back.
    async fn set_compatibility(&self, subject: Option<&str>, level: Option<Compatibility>) -> Result<()>;

    /// Deletes all versions of a subject, and its level; returns the versions.
    async fn delete_subject(&self, subject: &str, deletion: Deletion) -> Result<Vec<i32>>;

    /// Deletes one version of a subject.
    async fn delete_version(&self, subject: &str, version: i32, deletion: Deletion) -> Result<()>;

    /// What breaks the subject's promise if this schema is registered; nothing for one that is there already.
    async fn check(&self, subject: &str, schema: &str) -> Result<Vec<Problem>> {
        let history = self.history(subject).await?;
        if find(&history, schema)?.is_some() {
            return Ok(Vec::new());
        }
        let level = self.level(subject).await?;
        compatibility::problems(level, schema, &history)
    }

    /// The level that a subject goes by: its own, or that of all.
    async fn level(&self, subject: &str) -> Result<Compatibility> {
        let own = self.compatibility(Some(subject)).await?;
        let level = if own.is_some() { own } else { self.compatibility(None).await? };
        Ok(level.unwrap_or(Compatibility::Backward))
    }

    /// All versions of a subject that are not deleted, ascending; none when there is no such subject.
    async fn history(&self, subject: &str) -> Result<Vec<RegisteredSchema>> {
        let versions = match self.versions(subject, Scope::Live).await {
            Err(Error::NotFound(_)) => return Ok(Vec::new()),
            versions => versions?,
        };
        let mut history = Vec::with_capacity(versions.len());
        for version in versions {
            history.push(self.schema(subject, SchemaVersion::Number(version)).await?);
        }
        Ok(history)
    }
}

/// The version of the history that is the same schema as this one.
///
/// # Errors
/// `Invalid` when `schema` is no JSON.
pub(crate) fn find<'a>(
    history: &'a [RegisteredSchema],
    schema: &str,
) -> Result<Option<&'a RegisteredSchema>> {
    let wanted = parsed::identity(schema)?;
    let same = |known: &&RegisteredSchema| parsed::identity(&known.schema).is_ok_and(|known| known == wanted);
    Ok(history.iter().rev().find(same))
}

/// What a registration answers when problems were found: the first of them, with how many more there are.
pub(crate) fn refuse_if_any(subject: &str, problems: Vec<Problem>) -> Result<()> {
    let more = problems.len().saturating_sub(1);
    let Some(first) = problems.into_iter().next() else { return Ok(()) };
    let mut problem = first.text();
    if more > 0 {
        problem.push_str(&format!(" (and {more} more)"));
    }
    Err(Error::Incompatible { subject: subject.to_owned(), version: first.version, problem })
}

#[cfg(test)]
mod tests {
    use super::Compatibility;

    #[test]
    fn levels_are_read_as_they_are_written() {
        for level in Compatibility::ALL {
            assert_eq!(level.as_str().parse::<Compatibility>().unwrap(), level);
            assert_eq!(level.as_str().to_lowercase().parse::<Compatibility>().unwrap(), level);
        }
        assert!("SIDEWAYS".parse::<Compatibility>().is_err());
    }
}
