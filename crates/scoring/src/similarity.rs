//! How alike two words are, without allocating: called for every pair of words that are not equal.

/// Whether one edit (insert, delete, replace, or swap of neighbours) makes two different words equal.
pub(crate) fn one_edit_apart(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if long.len() - short.len() > 1 {
        return false;
    }
    let first = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let (short, long) = (&short[first..], &long[first..]);
    if short.len() < long.len() {
        return *short == long[1..];
    }
    match short {
        [] => false,
        [x, y, ..] if [*y, *x] == long[..2] && short[2..] == long[2..] => true,
        _ => short[1..] == long[1..],
    }
}

/// Whether two words are one with a typing error or two, or one cut short.
pub(crate) fn alike(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.len() < 3 || short.as_bytes()[0].is_ascii_digit() || long.as_bytes()[0].is_ascii_digit() {
        return false;
    }
    if short.len() >= 4 && one_edit_apart(short, long) {
        return true;
    }
    if long.starts_with(short) {
        return true;
    }
    // Two edits only where a word is long enough to stay itself.
    short.len() >= 7
        && long.len() - short.len() <= 2
        && short.as_bytes()[0] == long.as_bytes()[0]
        && strsim::osa_distance(short, long) <= 2
}

/// Whether one word can stand for the other as its first letter.
pub(crate) fn is_initial_of(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    short.len() == 1 && long.starts_with(short)
}

#[cfg(test)]
mod tests {
    use super::{alike, one_edit_apart};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_the_plain_distance(a in "[ab]{0,6}", b in "[ab]{0,6}") {
            prop_assert_eq!(one_edit_apart(&a, &b), strsim::osa_distance(&a, &b) == 1);
        }
    }

    #[test]
    fn typing_errors_are_alike_and_numbers_are_not() {
        assert!(alike("wescott", "westcott") && alike("elem", "elementary") && alike("serenity", "sereintiy"));
        assert!(!alike("12", "21") && !alike("1200", "1201") && !alike("mary", "mark2"));
        assert!(!alike("hope", "house"));
    }
}
