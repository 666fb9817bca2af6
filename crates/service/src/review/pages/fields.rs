//! The fields of a form or of a query, in order; a name may be there several times.

use crate::problem::{Problem, Result};
use std::str::FromStr;
use url::form_urlencoded;

/// Fields by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(super) fn read(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// A field that is filled in.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let named = self.0.iter().filter(|(field, _)| field == name).map(|(_, value)| value.trim());
        let mut filled = named.filter(|value| !value.is_empty());
        filled.next()
    }

    /// All of a name that are filled in.
    pub(super) fn texts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let values = self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.trim());
        values.filter(|value| !value.is_empty())
    }

    /// All whose name begins so: what follows, and the value.
    pub(super) fn beginning<'a>(&'a self, start: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let named =
            self.0.iter().filter_map(move |(field, value)| Some((field.strip_prefix(start)?, value.trim())));
        named.filter(|(_, value)| !value.is_empty())
    }

    /// All of a name, each of one kind.
    pub(super) fn all<T: FromStr>(&self, name: &str) -> Result<Vec<T>> {
        let read = |value: &str| value.parse().map_err(|_| Problem::invalid(name, "is not as it should be"));
        self.texts(name).map(read).collect()
    }

    /// One, if it is there.
    pub(super) fn one<T: FromStr>(&self, name: &str) -> Result<Option<T>> {
        Ok(self.all(name)?.into_iter().next())
    }

    /// Those with these names, as a query again.
    pub(super) fn query(&self, names: &[&str]) -> String {
        let mut text = form_urlencoded::Serializer::new(String::new());
        for (name, value) in
            self.0.iter().filter(|(name, value)| names.contains(&name.as_str()) && !value.is_empty())
        {
            text.append_pair(name, value);
        }
        text.finish()
    }
}
