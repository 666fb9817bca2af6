//! Two records' features, compared field by field: each comparison reaches one of its levels.
//!
//! Level 0 is always `missing`: a field that one side does not have says nothing, neither for nor against.

mod contact;
mod name;
mod place;

use crate::error::Error;
use crate::features::RecordFeatures;

/// A comparison's levels as an enum, its codes and its names in one place.
macro_rules! levels {
    ($(#[$doc:meta])* $name:ident $label:literal { $($level:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum $name { $($level,)+ }

        impl $name {
            /// What it is called in models and explanations, with its levels by code.
            pub(crate) const COMPARISON: (&'static str, &'static [&'static str]) = ($label, &[$($text,)+]);

            /// The code of the level.
            pub(crate) fn code(self) -> u8 {
                self as u8
            }
        }
    };
}
pub(crate) use levels;

/// Which of the name, the place and the contacts agree together: what their sum alone gets wrong.
///
/// Branches of a chain agree in name and site but not in place, tenants in place but not in name. The code of a
/// level is 1 + 9 · name + 3 · place + contact.
const PATTERN: (&str, &[&str]) = (
    "pattern",
    &[
        "missing",
        "same name, same place, same contact",
        "same name, same place, other contact",
        "same name, same place, contact unknown",
        "same name, other place, same contact",
        "same name, other place, other contact",
        "same name, other place, contact unknown",
        "same name, place unknown, same contact",
        "same name, place unknown, other contact",
        "same name, place unknown, contact unknown",
        "related name, same place, same contact",
        "related name, same place, other contact",
        "related name, same place, contact unknown",
        "related name, other place, same contact",
        "related name, other place, other contact",
        "related name, other place, contact unknown",
        "related name, place unknown, same contact",
        "related name, place unknown, other contact",
        "related name, place unknown, contact unknown",
        "other name, same place, same contact",
        "other name, same place, other contact",
        "other name, same place, contact unknown",
        "other name, other place, same contact",
        "other name, other place, other contact",
        "other name, other place, contact unknown",
        "other name, place unknown, same contact",
        "other name, place unknown, other contact",
        "other name, place unknown, contact unknown",
    ],
);

/// How many comparisons there are.
const COUNT: usize = 14;

/// All comparisons with the names of their levels, in the order of a [`FeatureVector`].
pub const COMPARISONS: [(&str, &[&str]); COUNT] = [
    name::NameLevel::COMPARISON,
    name::NumbersLevel::COMPARISON,
    name::KindLevel::COMPARISON,
    name::LegalFormLevel::COMPARISON,
    contact::PhoneLevel::COMPARISON,
    contact::OnlineLevel::COMPARISON,
    contact::IdentifierLevel::COMPARISON,
    contact::ServicesLevel::COMPARISON,
    place::StreetLevel::COMPARISON,
    place::UnitLevel::COMPARISON,
    place::AreaLevel::COMPARISON,
    place::DistanceLevel::COMPARISON,
    place::GrainLevel::COMPARISON,
    PATTERN,
];

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

    /// Reads stored levels.
    ///
    /// # Errors
    /// [`Error::Invalid`] when they are not levels of this release's comparisons.
    pub fn from_levels(levels: &[u8]) -> Result<Self, Error> {
        let levels: [u8; COUNT] = levels.try_into().map_err(|_| {
            Error::Invalid(format!("{} levels given, this release has {COUNT} comparisons", levels.len()))
        })?;
        for (level, (name, names)) in levels.iter().zip(COMPARISONS) {
            if usize::from(*level) >= names.len() {
                return Err(Error::Invalid(format!("comparison {name} has no level {level}")));
            }
        }
        Ok(Self { levels })
    }
}

/// Compares two records; the order of the two makes no difference.
#[must_use]
pub fn compare(a: &RecordFeatures, b: &RecordFeatures) -> FeatureVector {
    let name = name::compare_names(a, b);
    let phone = contact::compare_phones(a, b);
    let online = contact::compare_online(a, b);
    let place = place::compare_places(a, b);
    let pattern = pattern(name.name, place.street, phone, online);
    FeatureVector {
        levels: [
            name.name.code(),
            name.numbers.code(),
            name.kind.code(),
            name.legal_form.code(),
            phone.code(),
            online.code(),
            contact::compare_identifiers(a, b).code(),
            contact::compare_services(a, b).code(),
            place.street.code(),
            place.unit.code(),
            place.area.code(),
            place.distance.code(),
            place::compare_grain(a, b, place.street).code(),
            pattern,
        ],
    }
}

fn pattern(
    name: name::NameLevel,
    street: place::StreetLevel,
    phone: contact::PhoneLevel,
    online: contact::OnlineLevel,
) -> u8 {
    let Some(name) = name.closeness() else { return 0 };
    let place = street.agreement();
    let contact = contact::agreement(phone, online);
    1 + 9 * name + 3 * place.code() + contact.code()
}

/// The three states of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agreement {
    /// Both have it and it is the same.
    Same,
    /// Both have it and it differs.
    Other,
    /// One of them does not have it.
    Unknown,
}

impl Agreement {
    fn code(self) -> u8 {
        match self {
            Self::Same => 0,
            Self::Other => 1,
            Self::Unknown => 2,
        }
    }
}
