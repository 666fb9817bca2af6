//! All that the lists of words know of one word, at one look: names are read word by word, millions of times.

use super::departments::DEPARTMENTS;
use super::words::{ABBREVIATIONS, COMMON, Entry, GENERIC, KINDS, WordClass};
use super::words::{LEGAL_FORMS, NUMBER_WORDS, STOP_WORDS, TITLES};
use crate::lookup::WordTable;
use std::sync::LazyLock;

/// What the lists know of a folded word.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Facts {
    /// Whether it ties others together and is left out of names.
    pub(super) is_stop_word: bool,
    /// Whether it is a legal form, standing last (or first) in a name.
    pub(super) is_legal_form: bool,
    /// Whether it is the title of a practitioner.
    pub(super) is_title: bool,
    /// The number that it spells out.
    pub(super) number: Option<&'static str>,
    /// What the vocabulary knows of it.
    pub(super) entry: Option<Entry>,
    /// The department that it names, without plural.
    pub(super) department: Option<u8>,
}

/// What is known of a folded word; of most words, nothing.
pub(super) fn facts(word: &str) -> &'static Facts {
    static NOTHING: Facts = Facts {
        is_stop_word: false,
        is_legal_form: false,
        is_title: false,
        number: None,
        entry: None,
        department: None,
    };
    LEXICON.get(word).unwrap_or(&NOTHING)
}

static LEXICON: LazyLock<WordTable<Facts>> = LazyLock::new(|| {
    let mut lexicon = WordTable::<Facts>::default();
    for (word, entry) in vocabulary() {
        lexicon.entry(word).or_default().entry = Some(entry);
    }
    for &word in STOP_WORDS {
        lexicon.entry(word).or_default().is_stop_word = true;
    }
    for &word in LEGAL_FORMS {
        lexicon.entry(word).or_default().is_legal_form = true;
    }
    for &word in TITLES {
        lexicon.entry(word).or_default().is_title = true;
    }
    for &(word, digits) in NUMBER_WORDS {
        lexicon.entry(word).or_default().number.get_or_insert(digits);
    }
    for (department, line) in (0u8..).zip(DEPARTMENTS) {
        // Of a word on two lines the later line counts.
        line.split_whitespace()
            .for_each(|word| lexicon.entry(word).or_default().department = Some(department));
    }
    lexicon
});

fn vocabulary() -> WordTable<Entry> {
    let mut words = WordTable::default();
    let plain = |canonical, class| Entry { canonical, class, kind: None };
    for word in COMMON.split_whitespace() {
        words.insert(word, plain(word, WordClass::Common));
    }
    for word in GENERIC.split_whitespace() {
        words.insert(word, plain(word, WordClass::Generic));
    }
    for (kind, line) in (0u8..).zip(KINDS) {
        for word in line.split_whitespace() {
            words.insert(word, Entry { canonical: word, class: WordClass::Kind, kind: Some(kind) });
        }
    }
    for &(short, long) in ABBREVIATIONS {
        let entry = words.get(long).copied().unwrap_or_else(|| plain(long, WordClass::Distinctive));
        words.insert(short, Entry { canonical: long, ..entry });
    }
    words
}
