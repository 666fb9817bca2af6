//! Blocking keys: records that share one are compared, all others are not.
//!
//! A key depends on the record alone. Which blocks are small enough to use is the model's word
//! ([`crate::Model::block_size_max`]); so keys combine what is rare with where it is, and stay small as the
//! corpus grows.

mod sketch;

pub use sketch::Sketch;

use crate::features::{Name, Place, RecordFeatures, WordClass};

/// Records with very many places or names would otherwise sit in hundreds of blocks.
const PLACES_MAX: usize = 12;
const WORDS_MAX: usize = 4;
/// How much of a name's beginning is a key.
const OPENING_LETTERS: usize = 8;
/// How much of a street with its number is a key.
const STREET_LETTERS: usize = 6;
/// A shorter street without a number is in too many places.
const SQUEEZED_MIN: usize = 8;

/// The keys of a record, sorted, each once.
#[must_use]
pub fn blocking_keys(features: &RecordFeatures) -> Vec<String> {
    let mut keys = Vec::with_capacity(24);
    each_blocking_key(features, |key| keys.push(key.to_owned()));
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Shows the keys of a record, some of them more than once.
pub fn each_blocking_key(features: &RecordFeatures, show: impl FnMut(&str)) {
    let mut keys = Keys { key: String::with_capacity(64), show };
    push_contacts(features, &mut keys);
    for place in features.places.iter().take(PLACES_MAX) {
        push_place(place, &mut keys);
    }
    for name in &features.names {
        push_name(name, &features.places, &mut keys);
    }
    for domain in &features.domains {
        push_label(domain, &features.places, &mut keys);
    }
}

/// Puts keys together in one place: a batch wants only their hashes.
struct Keys<F> {
    key: String,
    show: F,
}

impl<F: FnMut(&str)> Keys<F> {
    fn push(&mut self, parts: &[&str]) {
        self.key.clear();
        parts.iter().for_each(|part| self.key.push_str(part));
        (self.show)(&self.key);
    }
}

fn push_contacts(features: &RecordFeatures, keys: &mut Keys<impl FnMut(&str)>) {
    // The last seven digits are what local, national and international spellings have in common.
    for digits in features.phones.iter().filter_map(|phone| phone.get(phone.len().checked_sub(7)?..)) {
        keys.push(&["phone:", digits]);
    }
    features.domains.iter().for_each(|domain| keys.push(&["domain:", domain]));
    features.pages.iter().for_each(|page| keys.push(&["page:", page]));
    features.mailboxes.iter().for_each(|mailbox| keys.push(&["mail:", mailbox]));
    features.identifiers.iter().for_each(|(scheme, id)| keys.push(&["id:", scheme, ":", id]));
}

fn push_place(place: &Place, keys: &mut Keys<impl FnMut(&str)>) {
    if place.number.is_empty() {
        if place.has_street() && place.street.len() >= SQUEEZED_MIN {
            keys.push(&["street::", &squeezed(&place.street, 12)]);
        }
        return;
    }
    if place.has_street() {
        keys.push(&["street:", &place.number, ":", &squeezed(&place.street, STREET_LETTERS)]);
    }
    // Finds an address whose street was mistyped. Where no town is given, all are of one, and some give no code.
    if !place.postcode.is_empty() {
        keys.push(&["number:", &place.number, ":", &place.postcode]);
    }
    if place.city.is_empty() {
        keys.push(&["number:", &place.number, ":"]);
    }
}

fn push_name(name: &Name, places: &[Place], keys: &mut Keys<impl FnMut(&str)>) {
    let mut all = Vec::with_capacity(1 + name.words.len() + name.numbers.len());
    all.push("name:");
    all.extend(name.words.iter().map(|word| &*word.text));
    all.extend(name.numbers.iter().map(|number| &**number));
    all[1..].sort_unstable();
    all.dedup();
    keys.push(&all);
    let distinctive = words_of(name, |class| class == WordClass::Distinctive);
    for (at, first) in distinctive.iter().enumerate() {
        distinctive[at + 1..].iter().for_each(|second| keys.push(&["words:", first, " ", second]));
    }
    let opening = opening(name);
    areas(places).for_each(|area| keys.push(&["open at:", &opening, ":", area]));
    if areas(places).next().is_none() {
        keys.push(&["open at:", &opening, ":"]);
    }
    for word in telling_words(name, distinctive) {
        let sound = sound(word);
        areas(places).for_each(|area| keys.push(&["word at:", &sound, ":", area]));
    }
}

/// The postcodes and towns of a record.
fn areas<'a>(places: &'a [Place<'_>]) -> impl Iterator<Item = &'a str> {
    let areas = places.iter().take(PLACES_MAX).flat_map(|place| [&*place.postcode, &*place.city]);
    areas.filter(|area| !area.is_empty())
}

/// A domain is mostly the name run together: it finds those of that name in its place.
fn push_label(domain: &str, places: &[Place], keys: &mut Keys<impl FnMut(&str)>) {
    let label = domain.split('.').next().unwrap_or_default();
    for place in places.iter().take(PLACES_MAX) {
        // As in the opening of a name, the town is left out: all of the town's would share it.
        let town: String = place.city.split(' ').collect();
        let rest = label.strip_prefix(town.as_str()).unwrap_or(label);
        let Some(opening) = rest.get(..OPENING_LETTERS) else { continue };
        areas(std::slice::from_ref(place)).for_each(|area| keys.push(&["open at:", opening, ":", area]));
    }
}

/// The words that tell most, sorted: the distinctive ones; with fewer than two of those, the common ones too;
/// with none of either, whatever there is but the town, which all of the town's would share.
fn telling_words<'a>(name: &'a Name<'_>, distinctive: Vec<&'a str>) -> Vec<&'a str> {
    if distinctive.len() >= 2 {
        return distinctive;
    }
    let words = words_of(name, |class| class >= WordClass::Common);
    if words.is_empty() { words_of(name, |class| class != WordClass::Place) } else { words }
}

fn words_of<'a>(name: &'a Name<'_>, wanted: fn(WordClass) -> bool) -> Vec<&'a str> {
    let words = name.words.iter().filter(|word| wanted(word.class) && word.text.len() > 1);
    let mut words: Vec<&str> = words.map(|word| &*word.text).take(WORDS_MAX).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// How a name begins, blanks and the town left out: finds `court house` and `courthouse`, and names of scripts
/// that write no blanks.
fn opening(name: &Name) -> String {
    let words = name.words.iter().filter(|word| word.class != WordClass::Place);
    let letters = words.flat_map(|word| word.text.chars());
    // A letter of an alphabet says least, a syllable more, an ideograph most.
    let worth = |c: char| match c {
        '\0'..'\u{e00}' => 1,
        '\u{e00}'..'\u{2e80}' => 2,
        _ => 3,
    };
    let mut taken = 0;
    letters
        .take_while(|c| {
            taken += worth(*c);
            taken < OPENING_LETTERS + worth(*c)
        })
        .collect()
}

/// A street without its blanks, cut: endings are abbreviated most.
fn squeezed(street: &str, letters: usize) -> String {
    street.chars().filter(|c| *c != ' ').take(letters).collect()
}

/// How a word roughly sounds: its first letter and the next consonants, doubles once.
fn sound(word: &str) -> String {
    let mut out = String::with_capacity(6);
    let mut length = 0;
    let mut last = None;
    for c in word.chars() {
        let c = match c {
            'c' | 'q' => 'k',
            'z' => 's',
            'v' => 'f',
            other => other,
        };
        let vowel = matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y' | 'h' | 'w');
        if (length == 0 || !vowel) && last != Some(c) && length < 5 {
            out.push(c);
            length += 1;
        }
        last = Some(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{blocking_keys, sound};
    use crate::features::RecordFeatures;

    #[test]
    fn words_that_sound_alike_share_a_sound() {
        assert_eq!(sound("katherine"), sound("catherine"));
        assert_ne!(sound("hope"), sound("grace"));
    }

    #[test]
    fn a_record_that_says_nothing_has_no_keys() {
        assert!(blocking_keys(&RecordFeatures::default()).is_empty());
    }
}
