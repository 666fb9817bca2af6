//! Two records' features, compared field by field: each comparison reaches one of its levels.
//!
//! Level 0 is always `missing`: a field that one side does not have says nothing, neither for nor against. Levels
//! are gathered in a few groups, and interactions weigh the groups of two comparisons together: what their sum
//! alone gets wrong.

mod chain;
mod contact;
mod interaction;
mod name;
mod place;
mod topic;
mod words;

pub use interaction::{INTERACTIONS, Interaction};
pub use topic::{Topic, topics};

use crate::error::Error;
use crate::features::RecordFeatures;

/// What is compared of two records, and how the result can come out.
#[derive(Clone, Copy, Debug)]
pub struct Comparison {
    /// What it is called in models and explanations.
    pub name: &'static str,
    /// The names of its levels, by code.
    pub levels: &'static [&'static str],
    /// Which group each level is of; the first, missing, is alone in group 0.
    pub groups: &'static [u8],
}

impl Comparison {
    /// How many groups its levels are of.
    #[must_use]
    pub const fn group_count(&self) -> usize {
        self.groups[self.groups.len() - 1] as usize + 1
    }
}

/// A comparison's levels as an enum, its codes, its names and its groups in one place.
macro_rules! levels {
    ($(#[$doc:meta])* $name:ident $label:literal { $($level:ident = $text:literal / $group:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum $name { $($level,)+ }

        impl $name {
            /// What it is called in models and explanations, with its levels and their groups by code.
            pub(crate) const COMPARISON: $crate::comparison::Comparison = $crate::comparison::Comparison {
                name: $label,
                levels: &[$($text,)+],
                groups: &[$($group,)+],
            };

            /// The code of the level.
            pub(crate) fn code(self) -> u8 {
                self as u8
            }
        }
    };
}
pub(crate) use levels;

/// How many comparisons there are.
const COUNT: usize = 27;

/// All comparisons, in the order of a [`FeatureVector`].
pub const COMPARISONS: [Comparison; COUNT] = [
    name::NameLevel::COMPARISON,
    name::SharedLevel::COMPARISON,
    name::BothLeftLevel::COMPARISON,
    name::OneLeftLevel::COMPARISON,
    name::LettersLevel::COMPARISON,
    name::BeginningLevel::COMPARISON,
    name::InitialsLevel::COMPARISON,
    name::NumbersLevel::COMPARISON,
    name::KindLevel::COMPARISON,
    name::DepartmentLevel::COMPARISON,
    name::LegalFormLevel::COMPARISON,
    contact::PhoneLevel::COMPARISON,
    contact::DomainLevel::COMPARISON,
    contact::PageLevel::COMPARISON,
    contact::MailboxLevel::COMPARISON,
    contact::IdentifierLevel::COMPARISON,
    contact::ServicesLevel::COMPARISON,
    place::StreetLevel::COMPARISON,
    place::AddressWordsLevel::COMPARISON,
    place::UnitLevel::COMPARISON,
    place::PostcodeLevel::COMPARISON,
    place::TownLevel::COMPARISON,
    place::RegionLevel::COMPARISON,
    place::DistanceLevel::COMPARISON,
    place::GrainLevel::COMPARISON,
    chain::ChainLevel::COMPARISON,
    interaction::EVIDENCE,
];

const NAME: usize = 0;
const PHONE: usize = 11;
const DOMAIN: usize = 12;
const IDENTIFIER: usize = 15;
const STREET: usize = 17;
const GRAIN: usize = 24;

/// The evidence of a pair: the level of every comparison, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FeatureVector {
    levels: [u8; COUNT],
}

impl FeatureVector {
    /// The levels, as a scored pair stores them.
    #[must_use]
    pub fn levels(&self) -> &[u8] {
        &self.levels
    }

    /// Whether one is a site of the other, or of the other's agency: related, and never the same.
    ///
    /// A record of one location beside one of several, both under one name, or reached at one telephone or domain.
    #[must_use]
    pub fn is_branch(&self) -> bool {
        self.levels[GRAIN] == place::GrainLevel::Branch.code()
            && (self.levels[NAME] >= name::NameLevel::To90.code()
                || self.levels[PHONE] >= contact::PhoneLevel::SameTollFree.code()
                || self.levels[DOMAIN] == contact::DomainLevel::Same.code())
    }

    /// Whether one is a site of the other's agency, at an address that the agency lists.
    #[must_use]
    pub fn is_listed_site(&self) -> bool {
        self.levels[STREET] == place::StreetLevel::Same.code() && self.is_branch()
    }

    /// Whether neither is an agency of several sites, and they are at two addresses.
    #[must_use]
    pub fn is_elsewhere(&self) -> bool {
        let street = self.levels[STREET];
        self.levels[GRAIN] == place::GrainLevel::Similar.code()
            && (place::StreetLevel::Different.code()..=place::StreetLevel::SameStreet.code())
                .contains(&street)
    }

    /// Whether the two are never the same, whatever else agrees, unless a person says so: by their numbers in one register,
    /// or as a site and the agency that lists it.
    #[must_use]
    pub fn tells_apart(&self) -> bool {
        self.is_registry_conflict() || self.is_listed_site()
    }

    /// Whether one register has two different numbers for them: never the same, whatever else agrees, unless a person
    /// says so.
    #[must_use]
    pub fn is_registry_conflict(&self) -> bool {
        self.levels[IDENTIFIER] == contact::IdentifierLevel::Different.code()
    }

    /// Reads stored levels.
    ///
    /// # Errors
    /// [`Error::Invalid`] when they are not levels of this release's comparisons.
    pub fn from_levels(levels: &[u8]) -> Result<Self, Error> {
        let levels: [u8; COUNT] = levels.try_into().map_err(|_| {
            Error::Invalid(format!("{} levels given, this release has {COUNT} comparisons", levels.len()))
        })?;
        for (level, comparison) in levels.iter().zip(COMPARISONS) {
            if usize::from(*level) >= comparison.levels.len() {
                return Err(Error::Invalid(format!("comparison {} has no level {level}", comparison.name)));
            }
        }
        Ok(Self { levels })
    }
}

/// Compares two records; the order of the two makes no difference.
#[must_use]
pub fn compare(a: &RecordFeatures, b: &RecordFeatures) -> FeatureVector {
    let name = name::compare_names(a, b);
    let place = place::compare_places(a, b);
    let mut levels = [
        name.name.code(),
        name.shared.code(),
        name.both_left.code(),
        name.one_left.code(),
        name.letters.code(),
        name.beginning.code(),
        name.initials.code(),
        name.numbers.code(),
        name.kind.code(),
        name.department.code(),
        name.legal_form.code(),
        contact::compare_phones(a, b).code(),
        contact::compare_domains(a, b).code(),
        contact::compare_pages(a, b).code(),
        contact::compare_mailboxes(a, b).code(),
        contact::compare_identifiers(a, b).code(),
        contact::compare_services(a, b).code(),
        place.street.code(),
        place.words.code(),
        place.unit.code(),
        place.postcode.code(),
        place.town.code(),
        place.region.code(),
        place.distance.code(),
        place::compare_grain(a, b, place.street).code(),
        chain::compare_chains(a, b).code(),
        0,
    ];
    levels[COUNT - 1] = interaction::evidence(&levels);
    FeatureVector { levels }
}
