//! Blocking keys: records that share one are compared, all others are not.
//!
//! A key depends on the record alone. Which blocks are small enough to use is the model's word
//! ([`crate::Model::block_size_max`]); so keys combine what is rare with where it is, and stay small as the
//! corpus grows.

use crate::features::{Name, Place, RecordFeatures, WordClass};

/// Records with very many places or names would otherwise sit in hundreds of blocks.
const PLACES_MAX: usize = 12;
const WORDS_MAX: usize = 4;
/// How much of a name's beginning is a key.
const OPENING_LETTERS: usize = 8;
/// A shorter street without a number is in too many places.
const SQUEEZED_MIN: usize = 8;

/// The keys of a record, sorted, each once.
#[must_use]
pub fn blocking_keys(features: &RecordFeatures) -> Vec<String> {
    let mut keys = Vec::with_capacity(24);
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
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn push_contacts(features: &RecordFeatures, keys: &mut Vec<String>) {
    // The last seven digits are what local, national and international spellings have in common.
    let local = features.phones.iter().filter_map(|phone| phone.get(phone.len().checked_sub(7)?..));
    keys.extend(local.map(|digits| format!("phone:{digits}")));
    keys.extend(features.domains.iter().map(|domain| format!("domain:{domain}")));
    keys.extend(features.pages.iter().map(|page| format!("page:{page}")));
    keys.extend(features.mailboxes.iter().map(|mailbox| format!("mail:{mailbox}")));
    keys.extend(features.identifiers.iter().map(|(scheme, id)| format!("id:{scheme}:{id}")));
}

fn push_place(place: &Place, keys: &mut Vec<String>) {
    if place.number.is_empty() {
        if place.has_street() && place.street.len() >= SQUEEZED_MIN {
            keys.push(format!(
                "street::{}",
                place.street.chars().filter(|c| *c != ' ').take(12).collect::<String>()
            ));
        }
        return;
    }
    if place.has_street() {
        keys.push(format!("street:{}:{}", place.number, squeezed(&place.street)));
    }
    // Finds an address whose street was mistyped. Where no town is given, all are of one, and some give no code.
    if !place.postcode.is_empty() {
        keys.push(format!("number:{}:{}", place.number, place.postcode));
    }
    if place.city.is_empty() {
        keys.push(format!("number:{}:", place.number));
    }
}

fn push_name(name: &Name, places: &[Place], keys: &mut Vec<String>) {
    let mut all: Vec<&str> = name.words.iter().map(|word| word.text.as_str()).collect();
    all.extend(name.numbers.iter().map(String::as_str));
    all.sort_unstable();
    all.dedup();
    let whole = all.concat();
    keys.push(format!("name:{whole}"));
    let distinctive = words_of(name, |class| class == WordClass::Distinctive);
    for (at, first) in distinctive.iter().enumerate() {
        keys.extend(distinctive[at + 1..].iter().map(|second| format!("words:{first} {second}")));
    }
    let telling = telling_words(name);
    let opening = opening(name);
    for place in places.iter().take(PLACES_MAX) {
        push_name_at(&opening, &telling, place, keys);
    }
    if places.iter().all(|place| place.postcode.is_empty() && place.city.is_empty()) {
        keys.push(format!("open at:{opening}:"));
    }
}

/// A domain is mostly the name run together: it finds those of that name in its place.
fn push_label(domain: &str, places: &[Place], keys: &mut Vec<String>) {
    let label = domain.split('.').next().unwrap_or_default();
    for place in places.iter().take(PLACES_MAX) {
        // As in the opening of a name, the town is left out: all of the town's would share it.
        let town: String = place.city.split(' ').collect();
        let rest = label.strip_prefix(town.as_str()).unwrap_or(label);
        let Some(opening) = rest.get(..OPENING_LETTERS) else { continue };
        let areas = [&place.postcode, &place.city].into_iter().filter(|area| !area.is_empty());
        keys.extend(areas.map(|area| format!("open at:{opening}:{area}")));
    }
}

/// The words that tell most, sorted: the distinctive ones; with fewer than two of those, the common ones too;
/// with none of either, whatever there is but the town, which all of the town's would share.
fn telling_words(name: &Name) -> Vec<&str> {
    let mut words = words_of(name, |class| class == WordClass::Distinctive);
    if words.len() < 2 {
        words = words_of(name, |class| class >= WordClass::Common);
    }
    if words.is_empty() {
        words = words_of(name, |class| class != WordClass::Place);
    }
    words
}

fn words_of(name: &Name, wanted: fn(WordClass) -> bool) -> Vec<&str> {
    let words = name.words.iter().filter(|word| wanted(word.class) && word.text.len() > 1);
    let mut words: Vec<&str> = words.map(|word| word.text.as_str()).take(WORDS_MAX).collect();
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

fn push_name_at(opening: &str, telling: &[&str], place: &Place, keys: &mut Vec<String>) {
    for area in [&place.postcode, &place.city].into_iter().filter(|area| !area.is_empty()) {
        keys.push(format!("open at:{opening}:{area}"));
        keys.extend(telling.iter().map(|word| format!("word at:{}:{area}", sound(word))));
    }
    if !place.number.is_empty() {
        keys.extend(telling.iter().map(|word| format!("word no:{word}:{}", place.number)));
    }
}

/// A street without its blanks, cut: endings are abbreviated most.
fn squeezed(street: &str) -> String {
    street.chars().filter(|c| *c != ' ').take(6).collect()
}

/// How a word roughly sounds: its first letter and the next consonants, doubles once.
fn sound(word: &str) -> String {
    let mut out = String::with_capacity(6);
    let mut last = None;
    for c in word.chars() {
        let c = match c {
            'c' | 'q' => 'k',
            'z' => 's',
            'v' => 'f',
            other => other,
        };
        let vowel = matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y' | 'h' | 'w');
        if (out.is_empty() || !vowel) && last != Some(c) && out.chars().count() < 5 {
            out.push(c);
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
