//! The fields of an organization of which one value wins, named once for all that walk through them.

use serde_json::Value;
use std::borrow::Cow;
use uuid::Uuid;

/// Calls a macro with all of them, sorted by name: [`entity::policy::SURVIVING_FIELDS`] as identifiers.
macro_rules! surviving_fields {
    ($callback:ident) => {
        $callback!(
            description,
            email,
            legal_status,
            name,
            parent_organization_id,
            tax_id,
            tax_status,
            uri,
            website,
            year_incorporated
        )
    };
}
pub(crate) use surviving_fields;

/// A value that a record may tell in a field.
pub(crate) trait Told {
    /// Its length as people read it; zero for what is no text, so that no number is longer than another.
    fn characters(&self) -> i64;
    /// What two values are compared by.
    fn key(&self) -> Cow<'_, str>;
    /// As JSON.
    fn json(&self) -> Value;
}

impl Told for String {
    fn characters(&self) -> i64 {
        i64::try_from(self.trim().chars().count()).unwrap_or(i64::MAX)
    }
    fn key(&self) -> Cow<'_, str> {
        self.trim().to_lowercase().into()
    }
    fn json(&self) -> Value {
        self.clone().into()
    }
}

impl Told for i32 {
    fn characters(&self) -> i64 {
        0
    }
    fn key(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
    fn json(&self) -> Value {
        (*self).into()
    }
}

impl Told for Uuid {
    fn characters(&self) -> i64 {
        0
    }
    fn key(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
    fn json(&self) -> Value {
        self.to_string().into()
    }
}

impl Told for Value {
    fn characters(&self) -> i64 {
        self.as_str().map_or(0, |text| i64::try_from(text.trim().chars().count()).unwrap_or(i64::MAX))
    }
    fn key(&self) -> Cow<'_, str> {
        match self {
            Self::String(text) => text.trim().to_lowercase().into(),
            other => other.to_string().into(),
        }
    }
    fn json(&self) -> Value {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn they_are_those_that_policies_may_name() {
        macro_rules! names {
            ($($field:ident),*) => { [$(stringify!($field)),*] };
        }
        assert_eq!(surviving_fields!(names), entity::policy::SURVIVING_FIELDS);
        assert!(entity::policy::SURVIVING_FIELDS.is_sorted());
    }
}
