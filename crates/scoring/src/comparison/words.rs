//! Words of two names paired: what they share and what is left over, in hundredths of a telling word.

use crate::features::{Name, Word, WordClass};
use crate::similarity;

/// What two names share and what not.
#[derive(Debug, Default)]
pub(super) struct Shares {
    /// Worth of the shared words, generic ones included.
    shared: u32,
    /// Worth of what is left over on either side, generic words included.
    left: [u32; 2],
    /// Worth of the shared words that tell.
    pub(super) telling: u32,
    /// Worth of the words that tell and are left over on either side.
    telling_left: [u32; 2],
    /// Whether words that tell nothing are left over on either side.
    pub(super) generic_left: [bool; 2],
    /// Whether a shared word is spelled in two ways.
    pub(super) fuzzy: bool,
}

impl Shares {
    /// How much of both names' worth is shared, in whole percent; 100 only when nothing is left over.
    pub(super) fn percent(&self) -> u32 {
        let both = 2 * self.shared;
        let all = both + self.left[0] + self.left[1];
        (100 * both).checked_div(all).unwrap_or(0)
    }

    pub(super) fn least_left(&self) -> u32 {
        self.telling_left[0].min(self.telling_left[1])
    }

    /// Whether anything is left over on both sides, if only words that tell nothing.
    pub(super) fn both_left(&self) -> bool {
        let is_left = |side: usize| self.telling_left[side] > 0 || self.generic_left[side];
        is_left(0) && is_left(1)
    }

    pub(super) fn most_left(&self) -> u32 {
        self.telling_left[0].max(self.telling_left[1])
    }
}

/// What a word is worth where it is shared or left over.
fn worth(word: &Word, class: WordClass) -> u32 {
    match class {
        WordClass::Generic => 12,
        WordClass::Kind => 18,
        WordClass::Place => 35,
        WordClass::Common => 55,
        WordClass::Distinctive => distinctive(&word.text),
    }
}

/// What a word tells that is no generic one.
fn telling(word: &Word, class: WordClass) -> u32 {
    if class >= WordClass::Place { worth(word, class) } else { 0 }
}

/// Short words are initials or syllables; scripts without blanks write a whole name as one word.
fn distinctive(text: &str) -> u32 {
    const FIRST_BYTE_OF_THREE: u8 = 0xe0;
    if text.bytes().next().is_some_and(|byte| byte >= FIRST_BYTE_OF_THREE) {
        let letters = u32::try_from(text.chars().take(8).count()).unwrap_or(8);
        return (40 * letters).min(300);
    }
    match text.len() {
        1 => 30,
        2 => 60,
        3 => 80,
        _ => 100,
    }
}

/// Bits say which words are paired.
const WORDS_MAX: usize = 32;

/// Pairs each word with its like on the other side: first the equal ones, then the alike.
pub(super) fn shares(a: &Name, b: &Name) -> Shares {
    // Pairing the alike is greedy: a set order makes it the same from both sides.
    let order = a.words.iter().map(|word| &word.text).cmp(b.words.iter().map(|word| &word.text));
    let (a, b) = if order.is_gt() { (b, a) } else { (a, b) };
    let mut shares = Shares::default();
    let words_a = &a.words[..a.words.len().min(WORDS_MAX)];
    let words_b = &b.words[..b.words.len().min(WORDS_MAX)];
    let mut paired = [0u32; 2];
    shares.pair([words_a, words_b], &mut paired, equal);
    let left_over = |side: usize, words: &[Word]| (paired[side].count_ones() as usize) < words.len();
    if left_over(0, words_a) && left_over(1, words_b) {
        shares.pair([words_a, words_b], &mut paired, alike);
    }
    for (side, (words, paired)) in [(words_a, paired[0]), (words_b, paired[1])].into_iter().enumerate() {
        for (_, word) in words.iter().enumerate().filter(|(i, _)| !is_paired(paired, *i)) {
            shares.left[side] += worth(word, word.class);
            shares.telling_left[side] += telling(word, word.class);
            shares.generic_left[side] |= word.class < WordClass::Place;
        }
    }
    shares
}

fn is_paired(paired: u32, at: usize) -> bool {
    paired & (1 << at) != 0
}

impl Shares {
    /// Pairs what is not yet paired, each word with the first that passes.
    fn pair(&mut self, [a, b]: [&[Word]; 2], paired: &mut [u32; 2], passes: impl Fn(&Word, &Word) -> bool) {
        for (i, left) in a.iter().enumerate() {
            if is_paired(paired[0], i) {
                continue;
            }
            let mut open = b.iter().enumerate().filter(|(j, _)| !is_paired(paired[1], *j));
            let Some((j, right)) = open.find(|(_, right)| passes(left, right)) else { continue };
            paired[0] |= 1 << i;
            paired[1] |= 1 << j;
            self.add(left, right);
        }
    }

    fn add(&mut self, left: &Word, right: &Word) {
        let class = left.class.min(right.class);
        // Of a word and its initial the initial says how much is known to be shared.
        let shorter = if left.text.len() <= right.text.len() { left } else { right };
        self.shared += worth(shorter, class);
        self.telling += telling(shorter, class);
        self.fuzzy |= class >= WordClass::Place && left.text != right.text;
    }
}

pub(super) fn equal(a: &Word, b: &Word) -> bool {
    a.letters == b.letters && a.text == b.text
}

/// Whether one word is the other with a typing error or two, or cut short.
pub(super) fn alike_but_for_errors(a: &Word, b: &Word) -> bool {
    similarity::may_be_alike((&a.text, a.letters), (&b.text, b.letters))
        && similarity::alike(&a.text, &b.text)
}

fn alike(a: &Word, b: &Word) -> bool {
    similarity::may_be_alike((&a.text, a.letters), (&b.text, b.letters))
        && (similarity::alike(&a.text, &b.text) || similarity::is_initial_of(&a.text, &b.text))
}
