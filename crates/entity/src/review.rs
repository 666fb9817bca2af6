//! Why reviewers decide as they do: short lists that stay, so that answers can be counted and learned from.

use serde::{Deserialize, Serialize};

/// Why two records are held to be one organization, or not to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// One is a branch of the other, or both are branches of a third.
    BranchOf,
    /// One is the other's parent.
    ParentOf,
    /// One goes by a new name.
    Renamed,
    /// One took over from the other.
    Predecessor,
    /// Both work under one brand, each on its own account.
    Franchise,
    /// They share an address, and nothing else.
    SameAddressOnly,
    /// They share a telephone, and nothing else.
    SharedPhoneOnly,
    /// They share a name, and nothing else.
    SameNameOnly,
    /// What a source tells is wrong.
    BadData,
    /// It takes more than the sources tell.
    NeedsData,
    /// Something else: the comment says what.
    Other,
}

impl ReasonCode {
    /// All of them, in the order of the list.
    pub const ALL: [Self; 11] = [
        Self::BranchOf,
        Self::ParentOf,
        Self::Renamed,
        Self::Predecessor,
        Self::Franchise,
        Self::SameAddressOnly,
        Self::SharedPhoneOnly,
        Self::SameNameOnly,
        Self::BadData,
        Self::NeedsData,
        Self::Other,
    ];

    /// As written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BranchOf => "branch_of",
            Self::ParentOf => "parent_of",
            Self::Renamed => "renamed",
            Self::Predecessor => "predecessor",
            Self::Franchise => "franchise",
            Self::SameAddressOnly => "same_address_only",
            Self::SharedPhoneOnly => "shared_phone_only",
            Self::SameNameOnly => "same_name_only",
            Self::BadData => "bad_data",
            Self::NeedsData => "needs_data",
            Self::Other => "other",
        }
    }
}

/// How two organizations belong together that are not the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Branches of one organization.
    Branch,
    /// One is the parent of the other.
    Parent,
    /// One was followed by the other, under a new name.
    Renamed,
    /// They are under one roof.
    SharedAddress,
}

impl Relation {
    /// All of them, in the order of the list.
    pub const ALL: [Self; 4] = [Self::Branch, Self::Parent, Self::Renamed, Self::SharedAddress];

    /// As written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Branch => "branch",
            Self::Parent => "parent",
            Self::Renamed => "renamed",
            Self::SharedAddress => "shared_address",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_written_as_they_are_serialized() {
        for code in ReasonCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
        for relation in Relation::ALL {
            assert_eq!(serde_json::to_value(relation).unwrap(), relation.as_str());
        }
    }
}
