//! Names: how much of what tells two organizations apart is shared, and how much is left over on either side.

use super::levels;
use super::words::{Shares, alike_but_for_errors, equal, shares};
use crate::features::{Name, RecordFeatures, Word, WordClass};
use crate::similarity;

levels! {
    /// Share of their words' worth that two names have in common; later levels are better.
    NameLevel "name" {
        Missing = "missing" / 0,
        Nothing = "nothing shared" / 1,
        To20 = "under 20 % shared" / 1,
        To35 = "20 to 35 % shared" / 1,
        To50 = "35 to 50 % shared" / 2,
        To60 = "50 to 60 % shared" / 2,
        To70 = "60 to 70 % shared" / 3,
        To80 = "70 to 80 % shared" / 3,
        To90 = "80 to 90 % shared" / 4,
        To100 = "over 90 % shared" / 4,
        Spelling = "same but for spelling" / 5,
        Blanks = "same but for blanks" / 5,
        Same = "same" / 5,
    }
}

levels! {
    /// What is shared, by how much it tells: a town's name is worth less than a telling word.
    SharedLevel "name words shared" {
        Missing = "missing" / 0,
        Generic = "none that tells" / 1,
        Place = "a town or the like" / 2,
        Common = "a common name" / 2,
        One = "one telling word" / 3,
        OneMore = "one telling word and a common one" / 3,
        Two = "two telling words" / 4,
        Three = "three or more telling words" / 4,
    }
}

levels! {
    /// What the name with less left over has that the other lacks: both say something of their own.
    BothLeftLevel "left over in both names" {
        Missing = "missing" / 0,
        None = "nothing" / 1,
        Generic = "generic words" / 2,
        Place = "a town or the like" / 2,
        Common = "a common name" / 3,
        One = "a telling word" / 3,
        More = "more" / 4,
    }
}

levels! {
    /// What the name with more left over has that the other lacks.
    OneLeftLevel "left over in one name" {
        Missing = "missing" / 0,
        None = "nothing" / 1,
        Generic = "generic words" / 2,
        Place = "a town or the like" / 2,
        Common = "a common name" / 3,
        One = "a telling word" / 3,
        Two = "two telling words" / 4,
        More = "more" / 4,
    }
}

levels! {
    /// Share of pairs of neighbouring letters that two names have in common, blanks left out.
    LettersLevel "name letters" {
        Missing = "missing" / 0,
        To10 = "under 10 % alike" / 1,
        To20 = "10 to 20 % alike" / 1,
        To30 = "20 to 30 % alike" / 1,
        To40 = "30 to 40 % alike" / 2,
        To50 = "40 to 50 % alike" / 2,
        To60 = "50 to 60 % alike" / 2,
        To70 = "60 to 70 % alike" / 3,
        To80 = "70 to 80 % alike" / 3,
        To90 = "80 to 90 % alike" / 4,
        To100 = "over 90 % alike" / 4,
        Same = "same letters" / 4,
    }
}

levels! {
    /// The word that a name begins with.
    BeginningLevel "name beginning" {
        Missing = "missing" / 0,
        Different = "different" / 1,
        Elsewhere = "one's first word later in the other" / 2,
        Alike = "alike" / 3,
        Same = "same" / 3,
    }
}

levels! {
    /// Whether one is the initials of the other.
    InitialsLevel "name initials" {
        Missing = "missing" / 0,
        StandsFor = "one the initials of the other" / 1,
    }
}

levels! {
    /// Numbers and ordinals in names.
    NumbersLevel "name numbers" {
        Missing = "missing" / 0,
        Same = "same" / 1,
        OneSided = "only one has a number" / 2,
        Some = "some shared" / 2,
        Different = "different" / 3,
    }
}

levels! {
    /// What kind of organization the names say it is.
    KindLevel "name kind" {
        Missing = "missing" / 0,
        Same = "same" / 1,
        OneSided = "only one says it" / 2,
        Further = "one says a further kind" / 2,
        Different = "different" / 3,
    }
}

levels! {
    /// Departments that the names name.
    DepartmentLevel "department" {
        Missing = "missing" / 0,
        Same = "same" / 1,
        OneSided = "only one names one" / 2,
        Further = "one names a further one" / 2,
        Different = "different" / 3,
    }
}

levels! {
    /// Legal forms.
    LegalFormLevel "legal form" {
        Missing = "missing" / 0,
        OneSided = "only one has one" / 1,
        Same = "same" / 2,
        Different = "different" / 3,
    }
}

/// What the names of two records say.
pub(super) struct NameComparison {
    pub(super) name: NameLevel,
    pub(super) shared: SharedLevel,
    pub(super) both_left: BothLeftLevel,
    pub(super) one_left: OneLeftLevel,
    pub(super) letters: LettersLevel,
    pub(super) beginning: BeginningLevel,
    pub(super) initials: InitialsLevel,
    pub(super) numbers: NumbersLevel,
    pub(super) kind: KindLevel,
    pub(super) department: DepartmentLevel,
    pub(super) legal_form: LegalFormLevel,
}

/// Compares the closest of each record's names.
pub(super) fn compare_names(a: &RecordFeatures, b: &RecordFeatures) -> NameComparison {
    if let ([left], [right]) = (a.names.as_slice(), b.names.as_slice()) {
        return compare(left, right, &shares(left, right));
    }
    let pairs = a.names.iter().flat_map(|left| b.names.iter().map(move |right| (left, right)));
    let closeness =
        |shares: &Shares| (shares.percent(), shares.telling, std::cmp::Reverse(shares.most_left()));
    let with_shares = pairs.map(|(left, right)| (left, right, shares(left, right)));
    // Of equally close pairs any could be the last: further levels decide, so that the order of the two makes none.
    let best = with_shares.map(|(left, right, shares)| (closeness(&shares), compare(left, right, &shares)));
    let best = best.max_by_key(|(closeness, names)| (*closeness, names.order()));
    best.map_or_else(NameComparison::missing, |(_, names)| names)
}

impl NameComparison {
    fn missing() -> Self {
        Self {
            name: NameLevel::Missing,
            shared: SharedLevel::Missing,
            both_left: BothLeftLevel::Missing,
            one_left: OneLeftLevel::Missing,
            letters: LettersLevel::Missing,
            beginning: BeginningLevel::Missing,
            initials: InitialsLevel::Missing,
            numbers: NumbersLevel::Missing,
            kind: KindLevel::Missing,
            department: DepartmentLevel::Missing,
            legal_form: LegalFormLevel::Missing,
        }
    }

    fn order(&self) -> [u8; 9] {
        let worse = |code: u8| u8::MAX - code;
        [
            self.name.code(),
            self.letters.code(),
            worse(self.numbers.code()),
            worse(self.kind.code()),
            worse(self.department.code()),
            self.beginning.code(),
            self.initials.code(),
            worse(self.legal_form.code()),
            self.shared.code(),
        ]
    }
}

fn compare(a: &Name, b: &Name, shares: &Shares) -> NameComparison {
    NameComparison {
        name: overlap(a, b, shares),
        shared: match shares.telling {
            0..20 => SharedLevel::Generic,
            20..45 => SharedLevel::Place,
            45..75 => SharedLevel::Common,
            75..120 => SharedLevel::One,
            120..180 => SharedLevel::OneMore,
            180..260 => SharedLevel::Two,
            _ => SharedLevel::Three,
        },
        both_left: match shares.least_left() {
            0 if shares.both_left() => BothLeftLevel::Generic,
            0..20 => BothLeftLevel::None,
            20..45 => BothLeftLevel::Place,
            45..75 => BothLeftLevel::Common,
            75..120 => BothLeftLevel::One,
            _ => BothLeftLevel::More,
        },
        one_left: match shares.most_left() {
            0 if shares.generic_left[0] || shares.generic_left[1] => OneLeftLevel::Generic,
            0..20 => OneLeftLevel::None,
            20..45 => OneLeftLevel::Place,
            45..75 => OneLeftLevel::Common,
            75..120 => OneLeftLevel::One,
            120..220 => OneLeftLevel::Two,
            _ => OneLeftLevel::More,
        },
        letters: compare_letters(a, b),
        beginning: compare_beginnings(a, b),
        initials: if stands_for(a, b) || stands_for(b, a) {
            InitialsLevel::StandsFor
        } else {
            InitialsLevel::Missing
        },
        numbers: compare_numbers(a, b),
        kind: compare_kinds(a, b),
        department: compare_departments(a, b, shares),
        legal_form: compare_legal_forms(a, b),
    }
}

fn overlap(a: &Name, b: &Name, shares: &Shares) -> NameLevel {
    let percent = shares.percent();
    let level = match percent {
        0 if a.words.is_empty() && b.words.is_empty() && a.numbers == b.numbers => NameLevel::Same,
        0 => NameLevel::Nothing,
        1..20 => NameLevel::To20,
        20..35 => NameLevel::To35,
        35..50 => NameLevel::To50,
        50..60 => NameLevel::To60,
        60..70 => NameLevel::To70,
        70..80 => NameLevel::To80,
        80..90 => NameLevel::To90,
        90..100 => NameLevel::To100,
        _ if shares.fuzzy => NameLevel::Spelling,
        _ => NameLevel::Same,
    };
    if level < NameLevel::Spelling && run_together_alike(a, b) { NameLevel::Blanks } else { level }
}

/// Whether two names are one but for their blanks (`hi fi` and `hifi`) and, when long, a letter.
fn run_together_alike(a: &Name, b: &Name) -> bool {
    let (left, right) = (a.letter_count(), b.letter_count());
    if left.abs_diff(right) > 1 || left.min(right) < 4 {
        return false;
    }
    let (mut left, mut right) = ([0; LETTERS_MAX], [0; LETTERS_MAX]);
    match (a.run_together(&mut left), b.run_together(&mut right)) {
        (Some(left), Some(right)) => similarity::within_edits(left, right, usize::from(left.len() >= 8)),
        _ => false,
    }
}

/// Names of more letters than this are compared word by word only.
const LETTERS_MAX: usize = 64;

fn compare_letters(a: &Name, b: &Name) -> LettersLevel {
    let count = a.letters.len() + b.letters.len();
    if a.letters.is_empty() || b.letters.is_empty() {
        return LettersLevel::Missing;
    }
    if a.letters == b.letters {
        return LettersLevel::Same;
    }
    let shared = similarity::shared_hashes(&a.letters, &b.letters);
    match 200 * shared / count {
        0..10 => LettersLevel::To10,
        10..20 => LettersLevel::To20,
        20..30 => LettersLevel::To30,
        30..40 => LettersLevel::To40,
        40..50 => LettersLevel::To50,
        50..60 => LettersLevel::To60,
        60..70 => LettersLevel::To70,
        70..80 => LettersLevel::To80,
        80..90 => LettersLevel::To90,
        90..100 => LettersLevel::To100,
        _ => LettersLevel::Same,
    }
}

fn compare_beginnings(a: &Name, b: &Name) -> BeginningLevel {
    let (Some(left), Some(right)) = (a.words.first(), b.words.first()) else {
        return BeginningLevel::Missing;
    };
    let in_other = |name: &Name, first: &Word| name.words.iter().any(|word| equal(word, first));
    if equal(left, right) {
        BeginningLevel::Same
    } else if alike_but_for_errors(left, right) {
        BeginningLevel::Alike
    } else if in_other(b, left) || in_other(a, right) {
        BeginningLevel::Elsewhere
    } else {
        BeginningLevel::Different
    }
}

/// Whether one word of a short name is the initials of the other name.
fn stands_for(short: &Name, long: &Name) -> bool {
    long.acronym.len() >= 3
        && short.words.iter().any(|word| {
            word.class == WordClass::Distinctive
                && word.text.len() >= 3
                && initials_match(&word.text, &long.acronym)
        })
}

/// Plurals were cut from words: `ymcas` and an acronym in s are the same.
fn initials_match(word: &str, acronym: &str) -> bool {
    word == acronym || acronym.strip_suffix('s') == Some(word)
}

fn compare_numbers(a: &Name, b: &Name) -> NumbersLevel {
    match (a.numbers.is_empty(), b.numbers.is_empty()) {
        (true, true) => NumbersLevel::Missing,
        (false, false) if a.numbers == b.numbers => NumbersLevel::Same,
        (false, false) if a.numbers.iter().any(|number| b.numbers.contains(number)) => NumbersLevel::Some,
        (false, false) => NumbersLevel::Different,
        _ => NumbersLevel::OneSided,
    }
}

fn within(a: &[u8], b: &[u8]) -> bool {
    a.iter().all(|kind| b.contains(kind))
}

fn compare_kinds(a: &Name, b: &Name) -> KindLevel {
    match (a.kinds.is_empty(), b.kinds.is_empty()) {
        (true, true) => KindLevel::Missing,
        (false, false) if a.kinds == b.kinds => KindLevel::Same,
        (false, false) if within(&a.kinds, &b.kinds) || within(&b.kinds, &a.kinds) => KindLevel::Further,
        (false, false) => KindLevel::Different,
        _ => KindLevel::OneSided,
    }
}

fn compare_departments(a: &Name, b: &Name, shares: &Shares) -> DepartmentLevel {
    // Two practitioners of one clinic, each under an own name.
    const NAME: u32 = 50;
    if a.practitioner && b.practitioner && shares.least_left() >= NAME {
        return DepartmentLevel::Different;
    }
    let (a, b) = (&a.departments, &b.departments);
    match (a.is_empty(), b.is_empty()) {
        (true, true) => DepartmentLevel::Missing,
        (false, false) if a == b => DepartmentLevel::Same,
        (false, false) if within(a, b) || within(b, a) => DepartmentLevel::Further,
        (false, false) => DepartmentLevel::Different,
        _ => DepartmentLevel::OneSided,
    }
}

fn compare_legal_forms(a: &Name, b: &Name) -> LegalFormLevel {
    match (a.legal_form.is_empty(), b.legal_form.is_empty()) {
        (true, true) => LegalFormLevel::Missing,
        (false, false) if a.legal_form == b.legal_form => LegalFormLevel::Same,
        (false, false) => LegalFormLevel::Different,
        _ => LegalFormLevel::OneSided,
    }
}
