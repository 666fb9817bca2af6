//! What two or three comparisons say together that their sum does not.

use super::{COMPARISONS, Comparison, FeatureVector};

/// Two comparisons whose groups are weighed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interaction {
    /// Place of the one in [`COMPARISONS`].
    pub left: usize,
    /// Place of the other.
    pub right: usize,
}

impl Interaction {
    /// How many cells it has: pairs of groups, missing ones left out.
    #[must_use]
    pub const fn cell_count(&self) -> usize {
        (COMPARISONS[self.left].group_count() - 1) * (COMPARISONS[self.right].group_count() - 1)
    }

    /// The cell of a pair of records; none when either comparison is missing.
    #[must_use]
    pub fn cell_of(&self, vector: &FeatureVector) -> Option<usize> {
        let level = |at: usize| usize::from(vector.levels[at]);
        self.cell(level(self.left), level(self.right))
    }

    /// The cell of two levels; none when either is missing.
    #[must_use]
    pub fn cell(&self, left: usize, right: usize) -> Option<usize> {
        let group = |at: usize, level: usize| usize::from(COMPARISONS[at].groups[level]).checked_sub(1);
        Some(
            group(self.left, left)? * (COMPARISONS[self.right].group_count() - 1) + group(self.right, right)?,
        )
    }
}

const NAME: usize = 0;
const SHARED: usize = 1;
const BOTH_LEFT: usize = 2;
const ONE_LEFT: usize = 3;
const LETTERS: usize = 4;
const INITIALS: usize = 6;
const NUMBERS: usize = 7;
const KIND: usize = 8;
const DEPARTMENT: usize = 9;
const PHONE: usize = 11;
const DOMAIN: usize = 12;
const PAGE: usize = 13;
const MAILBOX: usize = 14;
const SERVICES: usize = 16;
const STREET: usize = 17;
const ADDRESS_WORDS: usize = 18;
const UNIT: usize = 19;
const POSTCODE: usize = 20;
const TOWN: usize = 21;
const DISTANCE: usize = 23;
const CHAIN: usize = 25;

const fn of(left: usize, right: usize) -> Interaction {
    Interaction { left, right }
}

/// The interactions that are weighed.
pub const INTERACTIONS: [Interaction; 42] = [
    of(NAME, STREET),
    of(NAME, PHONE),
    of(NAME, DOMAIN),
    of(NAME, PAGE),
    of(NAME, TOWN),
    of(NAME, POSTCODE),
    of(NAME, DISTANCE),
    of(NAME, ADDRESS_WORDS),
    of(NAME, SERVICES),
    of(NAME, SHARED),
    of(NAME, NUMBERS),
    of(NAME, DEPARTMENT),
    of(NAME, UNIT),
    of(SHARED, STREET),
    of(SHARED, PHONE),
    of(SHARED, DOMAIN),
    of(BOTH_LEFT, STREET),
    of(BOTH_LEFT, PHONE),
    of(BOTH_LEFT, DOMAIN),
    of(ONE_LEFT, STREET),
    of(ONE_LEFT, PHONE),
    of(ONE_LEFT, DOMAIN),
    of(LETTERS, STREET),
    of(LETTERS, PHONE),
    of(LETTERS, DOMAIN),
    of(LETTERS, SHARED),
    of(DEPARTMENT, STREET),
    of(DEPARTMENT, PHONE),
    of(KIND, STREET),
    of(KIND, PHONE),
    of(NUMBERS, STREET),
    of(UNIT, PHONE),
    of(STREET, PHONE),
    of(STREET, DOMAIN),
    of(PHONE, DOMAIN),
    of(STREET, SERVICES),
    of(CHAIN, STREET),
    of(CHAIN, PHONE),
    of(CHAIN, ONE_LEFT),
    of(CHAIN, DOMAIN),
    of(CHAIN, TOWN),
    of(CHAIN, POSTCODE),
];

/// Which of the name, the place and the contacts agree together.
///
/// Branches of a chain agree in name and site but not in place, tenants in place but not in name. The code of a
/// level is 1 + 9 · name + 3 · place + contact.
pub(super) const EVIDENCE: Comparison = Comparison {
    name: "name, place and contact",
    levels: &[
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
    groups: &[0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
};

const SAME: u8 = 0;
const OTHER: u8 = 1;
const UNKNOWN: u8 = 2;

/// The level of [`EVIDENCE`], from the levels of the others.
pub(super) fn evidence(levels: &[u8]) -> u8 {
    let group = |at: usize| COMPARISONS[at].groups[usize::from(levels[at])];
    let name = match group(NAME) {
        0 => return 0,
        4.. => 0,
        2..=3 => 1,
        _ if levels[INITIALS] > 0 => 1,
        _ => 2,
    };
    let place = match (group(STREET), group(DISTANCE)) {
        (3.., _) | (0, 3) => SAME,
        (0, 0) => UNKNOWN,
        _ => OTHER,
    };
    let same_contact = group(PHONE) >= 3 || group(DOMAIN) == 3 || group(PAGE) == 3 || levels[MAILBOX] == 2;
    let contact = match group(PHONE) + group(DOMAIN) + group(MAILBOX) {
        _ if same_contact => SAME,
        0 => UNKNOWN,
        _ => OTHER,
    };
    1 + 9 * name + 3 * place + contact
}
