//! A name taken apart: words by how much they say, numbers, kinds, the legal form, the acronym.

use super::Text;
use super::lexicon::facts;
use super::words::{self, WordClass};
use crate::{similarity, text};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Words beyond this are not looked at; names are short, and some sources put whole sentences there.
const WORDS_MAX: usize = 16;

/// One of a record's names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Name<'a> {
    /// Its words without stop words, numbers and legal form, in their order.
    pub words: Vec<Word<'a>>,
    /// Numbers and ordinals in it (`Post 12`, `Second`, `II`), sorted.
    pub numbers: Vec<Text<'a>>,
    /// Kinds of organization that it names, sorted.
    pub kinds: Vec<u8>,
    /// Whether it names a practitioner (`Jane Doe, MD`).
    pub practitioner: bool,
    /// Departments of an organization that it names (`pharmacy`, `neurology`), sorted.
    pub departments: Vec<u8>,
    /// The legal form, folded; empty when it has none.
    pub legal_form: Text<'a>,
    /// First letters of its words, in order.
    pub acronym: Text<'a>,
    /// Pairs of neighbouring letters of its words and numbers, blanks left out: hashed and sorted.
    pub letters: Vec<u16>,
}

/// A word of a name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Word<'a> {
    /// Folded, without plural, abbreviations written out.
    pub text: Text<'a>,
    /// How much it says.
    pub class: WordClass,
    /// Which letters it has, by [`crate::similarity::letters`]: most words that are not alike show it at once.
    #[serde(skip)]
    pub(crate) letters: u32,
}

impl<'a> Word<'a> {
    /// A word of a class.
    pub(crate) fn new(text: Text<'a>, class: WordClass) -> Self {
        Self { letters: similarity::letters(&text), text, class }
    }
}

/// Takes a name apart; `city` is the folded town of the record.
pub(super) fn name(text: &str, city: &str) -> Name<'static> {
    let folded = text::fold(text);
    let closed = close_up(&folded);
    let folded = closed.as_ref().unwrap_or(&folded);
    let mut parts: Vec<&str> = text::words(folded).take(WORDS_MAX).collect();
    let legal_form = split_legal_form(&mut parts);
    let mut name = Name { legal_form, ..Name::default() };
    for part in parts {
        name.push(part, city);
    }
    name.numbers.sort_unstable();
    name.numbers.dedup();
    name.kinds.sort_unstable();
    name.kinds.dedup();
    name.departments.sort_unstable();
    name.departments.dedup();
    name.letters = letter_pairs(name.words.iter().map(|word| &word.text).chain(&name.numbers));
    name
}

/// A name whose words were torn into letters and syllables (`u ni ty fash i o n`), in one piece.
fn close_up(folded: &str) -> Option<String> {
    const TORN_MIN: usize = 4;
    let words = || text::words(folded);
    let torn = words().filter(|word| word.len() <= 2 && word.is_ascii()).count();
    (torn >= TORN_MIN && torn * 2 > words().count()).then(|| words().collect())
}

impl Name<'_> {
    fn push(&mut self, part: &str, city: &str) {
        let of_part = facts(part);
        if of_part.is_stop_word {
            return;
        }
        self.acronym.to_mut().extend(part.chars().next());
        // `First Baptist` and `1st Baptist` name one number.
        if let Some(number) = words::number_of(part, of_part) {
            self.numbers.push(number);
            return;
        }
        let stem = singular(part);
        let of_stem = if stem.len() == part.len() { of_part } else { facts(stem) };
        self.departments.extend(of_stem.department);
        self.practitioner |= of_part.is_title;
        let word = match of_part.entry.or(of_stem.entry) {
            Some(entry) => {
                self.kinds.extend(entry.kind);
                Word::new(Cow::Borrowed(singular(entry.canonical)), entry.class)
            }
            None if text::words(city).any(|word| word == part) => {
                Word::new(Cow::Owned(stem.to_owned()), WordClass::Place)
            }
            None => Word::new(Cow::Owned(stem.to_owned()), WordClass::Distinctive),
        };
        self.words.push(word);
    }

    /// How many bytes its words have.
    pub(crate) fn letter_count(&self) -> usize {
        self.words.iter().map(|word| word.text.len()).sum()
    }

    /// Its words without blanks between, or `None` when they do not fit.
    pub(crate) fn run_together<'a>(&self, out: &'a mut [u8]) -> Option<&'a [u8]> {
        let mut end = 0;
        for word in &self.words {
            let next = end + word.text.len();
            out.get_mut(end..next)?.copy_from_slice(word.text.as_bytes());
            end = next;
        }
        Some(&out[..end])
    }
}

/// Letters beyond these are not looked at.
const LETTER_PAIRS_MAX: usize = 48;

/// The pairs of neighbouring letters of some words read in one run.
fn letter_pairs<'a>(words: impl Iterator<Item = &'a Text<'a>>) -> Vec<u16> {
    let mut last = '^';
    let mut pairs = Vec::with_capacity(24);
    for letter in words.flat_map(|word| word.chars()).chain(['$']).take(LETTER_PAIRS_MAX) {
        let mixed = (u32::from(last).wrapping_mul(0x9e37_79b1) ^ u32::from(letter)).wrapping_mul(0x85eb_ca6b);
        pairs.push(u16::try_from(mixed >> 16).unwrap_or(0));
        last = letter;
    }
    if pairs.len() == 1 {
        pairs.clear();
    }
    pairs.sort_unstable();
    pairs
}

/// A word without the plural or possessive s.
fn singular(word: &str) -> &str {
    let keeps = word.len() <= 3 || word.ends_with("ss") || word.ends_with("us") || word.ends_with("is");
    if keeps { word } else { word.strip_suffix('s').unwrap_or(word) }
}

/// Takes legal forms off the end (`Ltd Co`) or the one at the front, as long as a name is left.
fn split_legal_form(parts: &mut Vec<&str>) -> Text<'static> {
    let mut forms = Vec::new();
    while parts.len() > 1 && parts.last().is_some_and(|word| facts(word).is_legal_form) {
        forms.extend(parts.pop());
    }
    let leads = |word: &str| matches!(word, "ooo" | "zao" | "pt" | "kk");
    if forms.is_empty() && parts.len() > 1 && leads(parts[0]) {
        forms.push(parts.remove(0));
    }
    forms.reverse();
    match forms.as_slice() {
        [] => Cow::Borrowed(""),
        ["incorporated"] => Cow::Borrowed("inc"),
        ["corporation"] => Cow::Borrowed("corp"),
        ["limited"] => Cow::Borrowed("ltd"),
        ["company"] => Cow::Borrowed("co"),
        _ => Cow::Owned(forms.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{WordClass, name};

    fn words(text: &str) -> Vec<String> {
        name(text, "").words.into_iter().map(|word| word.text.into_owned()).collect()
    }

    #[test]
    fn spellings_of_one_name_come_out_the_same() {
        for (a, b) in [
            ("St. Mary Catholic Ch", "Saint Mary Catholic Church"),
            ("Grace Utd Meth. Church", "GRACE UNITED METHODIST CHURCH"),
            ("Arnie Morton's", "arnie mortons"),
            ("Smith & Wollensky", "Smith and Wollensky"),
            ("Family Svcs Assn, Inc.", "Family Services Association"),
            ("Galvani S.R.L.", "Galvani"),
        ] {
            assert_eq!(words(a), words(b), "{a} / {b}");
        }
    }

    #[test]
    fn numbers_kinds_and_legal_form_are_split_off() {
        let first = name("First Baptist Church No. 012 Inc", "");
        assert_eq!((first.numbers, first.legal_form), (vec!["1".into(), "12".into()], "inc".into()));
        assert_eq!(name("2nd Baptist", "").numbers, name("Second Baptist", "").numbers);
        assert_ne!(name("Hope Church", "").kinds, name("Hope Preschool", "").kinds);
        assert!(name("Ltd", "").legal_form.is_empty());
    }

    #[test]
    fn the_own_town_says_less() {
        let classes =
            |city| name("Springfield Ballet", city).words.iter().map(|w| w.class).collect::<Vec<_>>();
        assert_eq!(classes("springfield"), [WordClass::Place, WordClass::Distinctive]);
        assert_eq!(classes(""), [WordClass::Distinctive; 2]);
    }
}
