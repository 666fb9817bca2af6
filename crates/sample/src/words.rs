//! Words that names and addresses are made of.

pub(crate) mod names;
pub(crate) mod offers;
pub(crate) mod places;

use crate::random::Random;

const SYLLABLES_FIRST: [&str; 60] = [
    "Al", "Ar", "Bar", "Ben", "Ber", "Bran", "Bren", "Cal", "Car", "Chad", "Col", "Cor", "Dal", "Dar", "Del",
    "Den", "Dor", "Ed", "El", "Em", "Fair", "Far", "Fen", "Gar", "Gil", "Gran", "Hal", "Ham", "Har", "Hen",
    "Hol", "In", "Jar", "Kel", "Ken", "Kir", "Lan", "Lar", "Lin", "Lor", "Mal", "Mar", "Mel", "Mor", "Nor",
    "Or", "Pal", "Pem", "Quin", "Ran", "Rod", "Sal", "Shel", "Stan", "Tal", "Thorn", "Val", "Wal", "Wen",
    "Win",
];
const SYLLABLES_MIDDLE: [&str; 16] =
    ["", "", "", "", "", "", "ber", "den", "er", "in", "ing", "king", "le", "man", "ning", "ster"];
const SYLLABLES_LAST: [&str; 44] = [
    "bach", "beck", "berg", "bert", "bright", "brook", "by", "castle", "cott", "croft", "dale", "den",
    "dorf", "don", "ell", "er", "feld", "ford", "gate", "grave", "ham", "hart", "hurst", "ick", "kin",
    "land", "ley", "low", "man", "mere", "mont", "ner", "ridge", "sen", "shaw", "son", "stein", "stock",
    "thal", "ton", "wald", "well", "wick", "worth",
];

/// A family name: one that many bear, or one of some 29,000 composed ones, of which a larger sample uses more.
pub(crate) fn surname(random: &mut Random, nth: u64) -> String {
    if random.chance(35) {
        return (*random.pick(&names::SURNAMES)).to_owned();
    }
    let used = random.skewed(120 + nth / 2);
    // Scattered, so that neighbours in rank do not look alike.
    let mut parts = Random::of(0, SURNAME_TOPIC, used);
    let first = parts.pick(&SYLLABLES_FIRST);
    let middle = parts.pick(&SYLLABLES_MIDDLE);
    let last = parts.pick(&SYLLABLES_LAST);
    format!("{first}{middle}{last}")
}

const SURNAME_TOPIC: u64 = 0x5355_524e;
