//! Words as both adapters index and seek them, so that a search finds the same on either.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The shortest end of a telephone number by which it is found.
const PHONE_END_MIN: usize = 4;
/// Digits of a national number; what stands before is the country and often left out.
const PHONE_NATIONAL_MAX: usize = 10;
/// From here on, digits typed with gaps between them are taken for one telephone number too.
const PHONE_TYPED_MIN: usize = 7;
/// More words than this say nothing more about one organization.
const WORDS_MAX: usize = 16;

/// Words in lower case without accents, one blank between two.
pub(crate) fn fold(text: &str) -> String {
    let is_folded =
        text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b' ');
    if is_folded {
        return text.to_owned();
    }
    let plain: String =
        text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).nfc().collect();
    plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Every end of every number: people type the last four digits, or all but the country and the area.
pub(crate) fn phone_ends(phones: &str) -> String {
    let mut ends = String::with_capacity(phones.len() * 4);
    for phone in phones.split_whitespace() {
        let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
        let longest = digits.len().saturating_sub(PHONE_NATIONAL_MAX);
        let shortest = digits.len().saturating_sub(PHONE_END_MIN);
        let starts = (longest > 0).then_some(0).into_iter().chain(longest..=shortest.max(longest));
        for end in starts.map(|start| &digits[start..]).filter(|end| !end.is_empty()) {
            ends.push_str(end);
            ends.push(' ');
        }
    }
    ends
}

/// What to seek for a text that a person typed; digits in groups are sought as one number as well.
pub(crate) fn query_words(text: &str) -> Vec<String> {
    let folded = fold(text);
    let mut words: Vec<String> = Vec::new();
    let mut run = String::new();
    for word in folded.split_whitespace() {
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            run.push_str(word);
        } else {
            push_number(&mut words, &run);
            run.clear();
        }
        words.push(word.to_owned());
    }
    push_number(&mut words, &run);
    let mut seen = std::collections::HashSet::new();
    words.retain(|word| seen.insert(word.clone()));
    words.truncate(WORDS_MAX);
    words
}

fn push_number(words: &mut Vec<String>, digits: &str) {
    if digits.len() >= PHONE_TYPED_MIN {
        words.push(digits[digits.len().saturating_sub(PHONE_NATIONAL_MAX)..].to_owned());
    }
}

/// Whether a typing error is thinkable: a number is meant as typed.
pub(crate) fn has_letter(word: &str) -> bool {
    word.chars().any(char::is_alphabetic)
}

/// How many typing errors a word may have: none up to two letters, one up to five, two beyond.
pub(crate) fn errors_max(word: &str) -> usize {
    match word.chars().count() {
        _ if !has_letter(word) => 0,
        0..=2 => 0,
        3..=5 => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::{errors_max, fold, phone_ends, query_words};

    #[test]
    fn words_are_folded_alike_when_written_and_when_sought() {
        let cases = [
            ("Święty  Józef's", "swiety jozef s"),
            ("plain words 12", "plain words 12"),
            ("ÉCOLE\tno. ７", "ecole no 7"),
            ("Ελλάδα", "ελλαδα"),
            ("東京 教会", "東京 教会"),
            ("", ""),
        ];
        for (input, expected) in cases {
            assert_eq!(fold(input), expected);
            assert_eq!(fold(expected), expected);
        }
    }

    #[test]
    fn a_telephone_is_found_by_its_ends() {
        assert_eq!(phone_ends("5551234"), "5551234 551234 51234 1234 ");
        let ends = phone_ends("15125551234");
        assert!(ends.starts_with("15125551234 5125551234 "), "{ends}");
        assert_eq!(phone_ends("12"), "12 ");
        assert_eq!(phone_ends(""), "");
    }

    #[test]
    fn digits_in_groups_are_one_number_too() {
        let cases: [(&str, &[&str]); 4] = [
            ("(512) 555-1234", &["512", "555", "1234", "5125551234"]),
            ("+1 512 555 1234", &["1", "512", "555", "1234", "5125551234"]),
            ("12 Main 78701", &["12", "main", "78701"]),
            ("main Main", &["main"]),
        ];
        for (input, expected) in cases {
            assert_eq!(query_words(input), expected, "{input}");
        }
    }

    #[test]
    fn short_words_and_numbers_are_meant_as_typed() {
        let cases = [("st", 0), ("main", 1), ("baptist", 2), ("78701", 0), ("straße", 2)];
        for (word, expected) in cases {
            assert_eq!(errors_max(word), expected, "{word}");
        }
    }
}
