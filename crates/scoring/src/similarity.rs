//! How alike two words are, without allocating: called for every pair of words that are not equal.

use std::cmp::Ordering;

/// Whether so many edits (insert, delete, replace, swap of neighbours) make two words equal.
///
/// Edits are of bytes: folded words of alphabets are ASCII, and one wrong letter of another script is mostly
/// one byte.
pub(crate) fn within_edits(a: &[u8], b: &[u8], edits: usize) -> bool {
    if a.len().abs_diff(b.len()) > edits {
        return false;
    }
    let first = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[first..], &b[first..]);
    let (Some((x, rest_a)), Some((y, rest_b))) = (a.split_first(), b.split_first()) else {
        return a.len().max(b.len()) <= edits;
    };
    let Some(edits) = edits.checked_sub(1) else { return false };
    let swapped = rest_a.first() == Some(y) && rest_b.first() == Some(x);
    swapped && within_edits(&rest_a[1..], &rest_b[1..], edits)
        || within_edits(rest_a, rest_b, edits)
        || within_edits(rest_a, b, edits)
        || within_edits(a, rest_b, edits)
}

/// Whether two words are one with a typing error or two, or one cut short. Numbers are never alike.
pub(crate) fn alike(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.len() < 3 || short[0].is_ascii_digit() || long[0].is_ascii_digit() {
        return false;
    }
    if long.starts_with(short) {
        return true;
    }
    // Two edits only where a word is long enough to stay itself, and begins right.
    let edits = match short.len() {
        ..4 => return false,
        7.. if short[0] == long[0] => 2,
        _ => 1,
    };
    within_edits(short, long, edits)
}

/// Which letters a text has, a bit each.
pub(crate) fn letters(text: &str) -> u32 {
    text.bytes().fold(0, |letters, byte| letters | 1 << (byte & 31))
}

/// Whether two words with these letters could be [`alike`], or one the initial of the other. An edit changes which
/// letters there are by two at most; what is cut short has no others.
pub(crate) fn may_be_alike((a, of_a): (&str, u32), (b, of_b): (&str, u32)) -> bool {
    let edits = if a.len().min(b.len()) < 7 { 1 } else { 2 };
    (of_a ^ of_b).count_ones() <= 2 * edits || of_a & !of_b == 0 || of_b & !of_a == 0
}

/// Whether one word can stand for the other as its first letter.
pub(crate) fn is_initial_of(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    short.len() == 1 && long.starts_with(short)
}

/// How many values two sorted lists share; one that stands twice in both counts twice.
pub(crate) fn shared_count<T: Ord>(mut a: &[T], mut b: &[T]) -> usize {
    let mut count = 0;
    while let ([x, rest_a @ ..], [y, rest_b @ ..]) = (a, b) {
        match x.cmp(y) {
            Ordering::Less => a = rest_a,
            Ordering::Greater => b = rest_b,
            Ordering::Equal => {
                count += 1;
                (a, b) = (rest_a, rest_b);
            }
        }
    }
    count
}

/// What [`shared_count`] counts of two sorted lists of hashes, eight at a time.
pub(crate) fn shared_hashes(a: &[u16], b: &[u16]) -> usize {
    const LANES: usize = 8;
    const CHUNKS_MAX: usize = 6;
    // A value that stands once in one list is shared once, wherever it stands in the other.
    let (once, other) = if has_repeated(a) { (b, a) } else { (a, b) };
    let Some(last) = other.last().filter(|_| other.len() <= LANES * CHUNKS_MAX && !has_repeated(once)) else {
        return shared_count(a, b);
    };
    let mut chunks = [[*last; LANES]; CHUNKS_MAX];
    chunks.as_flattened_mut()[..other.len()].copy_from_slice(other);
    let chunks = &chunks[..other.len().div_ceil(LANES)];
    let is_in = |value: u16| {
        let mut found = [0u16; LANES];
        for chunk in chunks {
            for (found, there) in found.iter_mut().zip(chunk) {
                *found |= u16::from(*there == value);
            }
        }
        found != [0; LANES]
    };
    once.iter().map(|value| usize::from(is_in(*value))).sum()
}

fn has_repeated(sorted: &[u16]) -> bool {
    let next = sorted.get(1..).unwrap_or_default();
    sorted.iter().zip(next).fold(false, |repeated, (x, y)| repeated | (x == y))
}

#[cfg(test)]
mod tests {
    use super::{alike, is_initial_of, letters, may_be_alike, shared_count, shared_hashes, within_edits};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_the_plain_distance(a in "[abc]{0,7}", b in "[abc]{0,7}", edits in 0usize..3) {
            prop_assert_eq!(within_edits(a.as_bytes(), b.as_bytes(), edits), strsim::osa_distance(&a, &b) <= edits);
        }
    }

    proptest! {
        #[test]
        fn letters_rule_out_no_word_that_is_alike(a in "[a-e1é]{1,9}", b in "[a-e1é]{1,9}") {
            let may = may_be_alike((&a, letters(&a)), (&b, letters(&b)));
            prop_assert!(may || !alike(&a, &b) && !is_initial_of(&a, &b));
        }

        #[test]
        fn hashes_are_counted_as_in_any_list(mut a in prop::collection::vec(0u16..40, 0..60), mut b in prop::collection::vec(0u16..40, 0..60)) {
            for once in [false, true] {
                a.sort_unstable();
                b.sort_unstable();
                prop_assert_eq!(shared_hashes(&a, &b), shared_count(&a, &b));
                if !once {
                    a.dedup();
                }
            }
        }
    }

    #[test]
    fn typing_errors_are_alike_and_numbers_are_not() {
        assert!(
            alike("wescott", "westcott") && alike("elem", "elementary") && alike("serenity", "sereintiy")
        );
        assert!(!alike("12", "21") && !alike("1200", "1201") && !alike("hope", "house"));
    }
}
