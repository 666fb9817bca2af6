//! Row ids: the UUID that the source gives, or one derived from where the row came from; each once per file.

use crate::text::excerpt;
use std::collections::HashSet;
use uuid::Uuid;

/// The id of a row that the source calls `source_id`.
pub(crate) fn id_of(source: &str, table: &str, source_id: &str) -> Uuid {
    given_uuid(source_id).unwrap_or_else(|| entity::id::derive(source, table, source_id))
}

/// The text as a UUID if it is written as one. The nil UUID stands for "none" in many databases, and 32 hex
/// digits without hyphens are more often a hash.
pub(crate) fn given_uuid(text: &str) -> Option<Uuid> {
    let id = Uuid::try_parse(text).ok().filter(|id| !id.is_nil())?;
    (text.len() == 36).then_some(id)
}

/// The ids given out so far in one file: 16 bytes a row, whatever the rows hold.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    taken: HashSet<(&'static str, Uuid)>,
    /// By the organization at hand.
    recent: Vec<(&'static str, Uuid)>,
}

impl Claims {
    /// Takes the id if it is still free in its table.
    pub(crate) fn take(&mut self, table: &'static str, id: Uuid) -> bool {
        let free = self.taken.insert((table, id));
        if free {
            self.recent.push((table, id));
        }
        free
    }

    /// Ends an organization: one that is left out takes no id from a good one.
    pub(crate) fn settle(&mut self, is_kept: bool) {
        for claim in self.recent.drain(..).filter(|_| !is_kept) {
            self.taken.remove(&claim);
        }
    }
}

/// For a second organization with an id that was there before.
pub(crate) fn duplicate_message(source_id: &str) -> String {
    format!("the id {} was used before in this file; give each organization its own id", excerpt(source_id))
}

#[cfg(test)]
mod tests {
    use super::{given_uuid, id_of};

    #[test]
    fn only_a_written_out_uuid_is_taken_as_the_id() {
        let id = "D9D5E0F5-d3ce-4f73-9a2f-4dd0ecc6c610";
        assert_eq!(id_of("s", "organization", id).to_string(), id.to_lowercase());
        for other in ["12", "d9d5e0f5d3ce4f739a2f4dd0ecc6c610", "00000000-0000-0000-0000-000000000000", ""] {
            assert_eq!(given_uuid(other), None, "{other}");
        }
    }
}
