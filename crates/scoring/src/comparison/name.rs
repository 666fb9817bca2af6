//! Names: how much of what tells two organizations apart is shared, and how much is not.

use super::levels;
use crate::features::{Name, RecordFeatures, Word, WordClass};
use crate::similarity;

levels! {
    /// From missing over least to most alike.
    NameLevel "name" {
        Missing = "missing",
        Different = "different",
        OnlyGeneric = "only generic words shared",
        SomeShared = "some words shared",
        MostShared = "most words shared",
        Acronym = "one the initials of the other",
        Contained = "one within the other",
        Near = "near",
        SameCore = "same but for generic words",
        ExactCommon = "same, of common words",
        Exact = "same",
        ExactRich = "same, of several telling words",
    }
}

levels! {
    /// Numbers and ordinals in names.
    NumbersLevel "name numbers" {
        Missing = "missing",
        Same = "same",
        OneSided = "only one has a number",
        Different = "different",
    }
}

levels! {
    /// What kind of organization the names say it is.
    KindLevel "name kind" {
        Missing = "missing",
        Same = "same",
        OneSided = "only one says it",
        Further = "one says a further kind",
        Different = "different",
    }
}

levels! {
    /// Legal forms.
    LegalFormLevel "legal form" {
        Missing = "missing",
        Same = "same",
        Different = "different",
    }
}

/// What the names of two records say.
pub(super) struct NameComparison {
    pub(super) name: NameLevel,
    pub(super) numbers: NumbersLevel,
    pub(super) kind: KindLevel,
    pub(super) legal_form: LegalFormLevel,
}

impl NameLevel {
    /// 0 same, 1 related, 2 other; `None` when missing.
    pub(super) fn closeness(self) -> Option<u8> {
        match self {
            Self::Missing => None,
            Self::Different | Self::OnlyGeneric | Self::SomeShared => Some(2),
            Self::MostShared | Self::Acronym | Self::Contained => Some(1),
            Self::Near | Self::SameCore | Self::ExactCommon | Self::Exact | Self::ExactRich => Some(0),
        }
    }
}

/// Compares the closest of each record's names.
pub(super) fn compare_names(a: &RecordFeatures, b: &RecordFeatures) -> NameComparison {
    let mut best: Option<(NameLevel, NumbersLevel, KindLevel, LegalFormLevel)> = None;
    for left in &a.names {
        for right in &b.names {
            let levels = (
                compare_words(left, right),
                compare_numbers(left, right),
                compare_kinds(left, right),
                compare_legal_forms(left, right),
            );
            // Higher level codes of numbers and kinds are worse; of equals any one is the same.
            let rank = |l: &(NameLevel, NumbersLevel, KindLevel, LegalFormLevel)| {
                (l.0, std::cmp::Reverse(l.1), std::cmp::Reverse(l.2), std::cmp::Reverse(l.3))
            };
            if best.as_ref().is_none_or(|best| rank(&levels) > rank(best)) {
                best = Some(levels);
            }
        }
    }
    let (name, numbers, kind, legal_form) = best.unwrap_or((
        NameLevel::Missing,
        NumbersLevel::Missing,
        KindLevel::Missing,
        LegalFormLevel::Missing,
    ));
    NameComparison { name, numbers, kind, legal_form }
}

/// What two names share and what not, in hundredths of a distinctive word.
#[derive(Debug, Default)]
struct Shares {
    shared: u32,
    left_over: [u32; 2],
    generic_left_over: bool,
    fuzzy: bool,
}

fn compare_words(a: &Name, b: &Name) -> NameLevel {
    if a.words.is_empty() && b.words.is_empty() {
        return if a.numbers == b.numbers { NameLevel::ExactCommon } else { NameLevel::Different };
    }
    let shares = shares(a, b);
    let level = level(&shares);
    if level >= NameLevel::Near {
        return level;
    }
    if run_together_alike(a, b) {
        return NameLevel::Near;
    }
    if level < NameLevel::Acronym && (stands_for(a, b) || stands_for(b, a)) {
        return NameLevel::Acronym;
    }
    level
}

fn level(shares: &Shares) -> NameLevel {
    let [left, right] = shares.left_over;
    let least = left.min(right);
    match shares.shared {
        0 if left + right > 0 || shares.generic_left_over => NameLevel::Different,
        shared if left + right == 0 => match (shares.generic_left_over, shares.fuzzy, shared) {
            (true, _, 0..50) => NameLevel::OnlyGeneric,
            (_, true, _) => NameLevel::Near,
            (true, false, _) => NameLevel::SameCore,
            (false, false, 0..80) => NameLevel::ExactCommon,
            (false, false, 80..160) => NameLevel::Exact,
            (false, false, _) => NameLevel::ExactRich,
        },
        0..50 => NameLevel::OnlyGeneric,
        _ if least == 0 => NameLevel::Contained,
        shared if shared >= left.max(right) => NameLevel::MostShared,
        _ => NameLevel::SomeShared,
    }
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

/// How much a word tells, in hundredths.
fn telling(class: WordClass) -> u32 {
    match class {
        WordClass::Generic | WordClass::Kind => 0,
        WordClass::Place => 40,
        WordClass::Common => 50,
        WordClass::Distinctive => 100,
    }
}

/// Generic words count a little where they are shared, so that two of nothing else still say something.
const GENERIC_SHARED: u32 = 10;

/// Pairs each word with its like on the other side: first the equal ones, then the alike.
fn shares(a: &Name, b: &Name) -> Shares {
    // Pairing the alike is greedy: a set order makes it the same from both sides.
    let order = a.words.iter().map(|word| &word.text).cmp(b.words.iter().map(|word| &word.text));
    let (a, b) = if order.is_gt() { (b, a) } else { (a, b) };
    let mut shares = Shares::default();
    // Names have at most 16 words: bits say which are paired.
    let words_a = &a.words[..a.words.len().min(32)];
    let words_b = &b.words[..b.words.len().min(32)];
    let (mut paired_a, mut paired_b) = (0u32, 0u32);
    for pass in [equal as fn(&Word, &Word) -> bool, alike] {
        for (i, left) in words_a.iter().enumerate() {
            if paired_a & (1 << i) != 0 {
                continue;
            }
            let found =
                words_b.iter().enumerate().find(|(j, right)| paired_b & (1 << j) == 0 && pass(left, right));
            let Some((j, right)) = found else { continue };
            paired_a |= 1 << i;
            paired_b |= 1 << j;
            let worth = telling(left.class.min(right.class));
            shares.shared += if worth == 0 { GENERIC_SHARED } else { worth };
            shares.fuzzy |= worth > 0 && left.text != right.text;
        }
        if paired_a.count_ones() as usize == words_a.len() || paired_b.count_ones() as usize == words_b.len()
        {
            break;
        }
    }
    for (side, (words, paired)) in [(words_a, paired_a), (words_b, paired_b)].into_iter().enumerate() {
        for (_, word) in words.iter().enumerate().filter(|(i, _)| paired & (1 << i) == 0) {
            shares.left_over[side] += telling(word.class);
            shares.generic_left_over |= telling(word.class) == 0;
        }
    }
    shares
}

fn equal(a: &Word, b: &Word) -> bool {
    a.text == b.text
}

fn alike(a: &Word, b: &Word) -> bool {
    similarity::alike(&a.text, &b.text) || similarity::is_initial_of(&a.text, &b.text)
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
        (false, false) => NumbersLevel::Different,
        _ => NumbersLevel::OneSided,
    }
}

fn compare_kinds(a: &Name, b: &Name) -> KindLevel {
    let within = |x: &Name, y: &Name| x.kinds.iter().all(|kind| y.kinds.contains(kind));
    match (a.kinds.is_empty(), b.kinds.is_empty()) {
        (true, true) => KindLevel::Missing,
        (false, false) if a.kinds == b.kinds => KindLevel::Same,
        (false, false) if within(a, b) || within(b, a) => KindLevel::Further,
        (false, false) => KindLevel::Different,
        _ => KindLevel::OneSided,
    }
}

fn compare_legal_forms(a: &Name, b: &Name) -> LegalFormLevel {
    if a.legal_form.is_empty() || b.legal_form.is_empty() {
        LegalFormLevel::Missing
    } else if a.legal_form == b.legal_form {
        LegalFormLevel::Same
    } else {
        LegalFormLevel::Different
    }
}
