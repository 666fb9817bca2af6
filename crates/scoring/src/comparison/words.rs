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
    let (mut paired_a, mut paired_b) = (0u32, 0u32);
    for pass in [equal as fn(&Word, &Word) -> bool, alike] {
        for (i, left) in words_a.iter().enumerate() {
            if is_paired(paired_a, i) {
                continue;
            }
            let mut open = words_b.iter().enumerate().filter(|(j, _)| !is_paired(paired_b, *j));
            let Some((j, right)) = open.find(|(_, right)| pass(left, right)) else { continue };
            paired_a |= 1 << i;
            paired_b |= 1 << j;
            shares.add(left, right);
        }
        if paired_a.count_ones() as usize == words_a.len() || paired_b.count_ones() as usize == words_b.len()
        {
            break;
        }
    }
    for (side, (words, paired)) in [(words_a, paired_a), (words_b, paired_b)].into_iter().enumerate() {
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
    fn add(&mut self, left: &Word, right: &Word) {
        let class = left.class.min(right.class);
        // Of a word and its initial the initial says how much is known to be shared.
        let shorter = if left.text.len() <= right.text.len() { left } else { right };
        self.shared += worth(shorter, class);
        self.telling += telling(shorter, class);
        self.fuzzy |= class >= WordClass::Place && left.text != right.text;
    }
}

fn equal(a: &Word, b: &Word) -> bool {
    a.text == b.text
}

fn alike(a: &Word, b: &Word) -> bool {
    similarity::alike(&a.text, &b.text) || similarity::is_initial_of(&a.text, &b.text)
}
