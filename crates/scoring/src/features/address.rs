//! An address taken apart: number, street, unit, postcode, town, and where it lies.

use super::Text;
use super::words::name_number;
use crate::lookup::WordTable;
use crate::text;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::LazyLock;

/// A place where a record is found. Absent is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place<'a> {
    /// House number, its groups joined by `-` (`4-6`).
    pub number: Text<'a>,
    /// The words that name the street.
    pub street: Text<'a>,
    /// `n`, `sw` and the like.
    pub direction: Text<'a>,
    /// What kind of street, such as `ave`.
    pub suffix: Text<'a>,
    /// Suite, flat, floor.
    pub unit: Text<'a>,
    /// Postal code; of American ones the first five digits.
    pub postcode: Text<'a>,
    /// Folded town.
    pub city: Text<'a>,
    /// Folded state; American ones by their two letters.
    pub state: Text<'a>,
    /// ISO 3166-1 code as given.
    pub country: Text<'a>,
    /// Millionths of a degree, north and east.
    pub position: Option<(i32, i32)>,
    /// The words of the street lines and the town that are not kinds of street or unit: hashed and sorted.
    pub words: Vec<u16>,
}

impl Place<'_> {
    /// Whether it says number and street.
    #[must_use]
    pub fn has_street(&self) -> bool {
        !self.street.is_empty()
    }
}

/// The parts of an address that stand in its street lines, read into the place.
pub(super) fn read_street(lines: &str, place: &mut Place<'static>) {
    // Folding drops the sign that begins a unit.
    let folded =
        if lines.contains('#') { text::fold(&lines.replace('#', " unit ")) } else { text::fold(lines) };
    let mut words: Vec<&str> = text::words(&folded).collect();
    place.words = word_hashes(words.iter().copied().chain(text::words(&place.city)));
    if let Some(box_at) = words.iter().position(|word| *word == "box")
        && box_at > 0
        && matches!(words[box_at - 1], "po" | "o" | "post")
    {
        place.street = Cow::Borrowed("po box");
        place.number = Cow::Owned(words.get(box_at + 1).copied().unwrap_or_default().to_owned());
        return;
    }
    take_unit(&mut words, place);
    let order = take_number(&mut words, place);
    read_street_words(&words, order, place);
}

/// Words of an address beyond these are not looked at.
const WORDS_MAX: usize = 24;

fn word_hashes<'a>(words: impl Iterator<Item = &'a str>) -> Vec<u16> {
    let telling =
        words.filter(|word| is_suffix(word).is_none() && direction(word).is_none() && !is_unit_word(word));
    let mut hashes: Vec<u16> = telling.take(WORDS_MAX).map(hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

/// The upper half of FNV-1a; an ordinal hashes as its number.
fn hash(word: &str) -> u16 {
    let word = if is_ordinal(word) { &word[..word.len() - 2] } else { word };
    let hash =
        word.bytes().fold(0x811c_9dc5u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    u16::try_from(hash >> 16).unwrap_or(0)
}

/// Where an address writes its house number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NumberOrder {
    /// `12 Main Street`: what follows the kind of street names no street.
    First,
    /// `Hauptstraße 12`, or none.
    Last,
}

/// Takes what follows a word like `suite` off the end.
fn take_unit(words: &mut Vec<&str>, place: &mut Place<'static>) {
    let Some(at) = words.iter().skip(1).position(|word| is_unit_word(word)).map(|at| at + 1) else { return };
    let unit: Vec<&str> = words.drain(at..).filter(|word| !is_unit_word(word)).take(2).collect();
    place.unit = Cow::Owned(unit.concat());
}

fn take_number(words: &mut Vec<&str>, place: &mut Place<'static>) -> NumberOrder {
    let starts = |word: &str| word.as_bytes()[0].is_ascii_digit() && !is_ordinal(word);
    // `G-3490 Miller Rd` has a letter before, `N 1200 Main` its direction.
    let letter = |word: &str| word.len() == 1 && word.as_bytes()[0].is_ascii_alphabetic();
    let lead = usize::from(words.len() > 2 && letter(words[0]) && starts(words[1]));
    if words.get(lead).is_some_and(|word| starts(word)) {
        place.number = Cow::Owned(take_run(words, lead));
        if lead == 1 && direction(words[0]).is_none() {
            words.remove(0);
        }
        return NumberOrder::First;
    }
    let last =
        words.iter().rposition(|word| starts(word)).filter(|at| *at > 0 && !is_route_word(words[at - 1]));
    if let Some(end) = last {
        let numeric = |word: &&str| word.bytes().all(|b| b.is_ascii_digit());
        let before = words[..end].iter().rev().take_while(|word| numeric(word)).count();
        place.number = Cow::Owned(take_run(words, end - before));
    }
    NumberOrder::Last
}

/// Takes the word at `at` and the plain digits after it (`10428 1/2`, `4-6`).
fn take_run(words: &mut Vec<&str>, at: usize) -> String {
    let digits = |word: &&&str| word.bytes().all(|b| b.is_ascii_digit());
    let more = words[at + 1..].iter().take_while(digits).count();
    // `100 66 Road` would lose its street.
    let more =
        if at + 1 + more < words.len() && is_suffix(words[at + 1 + more]).is_some() { 0 } else { more };
    words.drain(at..=at + more).collect::<Vec<_>>().join("-")
}

fn read_street_words(words: &[&str], order: NumberOrder, place: &mut Place<'static>) {
    let mut street = String::new();
    let push = |word: &str, street: &mut String| {
        if !street.is_empty() {
            street.push(' ');
        }
        street.push_str(word);
    };
    for (at, &word) in words.iter().enumerate() {
        let rest = &words[at + 1..];
        if let Some(direction) = direction(word).filter(|_| words.len() > 1) {
            match place.direction.is_empty() {
                true => place.direction = Cow::Borrowed(direction),
                false => place.direction.to_mut().push_str(direction),
            }
        } else if word == "st" && rest.iter().any(|next| is_name(next)) && street.is_empty() {
            push("saint", &mut street);
        } else if let Some(suffix) = is_suffix(word) {
            if place.suffix.is_empty() {
                place.suffix = Cow::Borrowed(suffix);
            }
        } else if order == NumberOrder::First && !street.is_empty() && !place.suffix.is_empty() {
            read_tail(word, place);
        } else {
            push(&street_word(word, place), &mut street);
        }
    }
    place.street = if street.is_empty() { place.suffix.clone() } else { Cow::Owned(street) };
}

/// A word after the kind of street: a number there is a unit (`12 Main St 204`), others say nothing.
fn read_tail(word: &str, place: &mut Place<'static>) {
    if place.unit.is_empty() && word.bytes().any(|b| b.is_ascii_digit()) {
        place.unit = Cow::Owned(word.to_owned());
    }
}

/// A word of the street's own name; German ones have the kind of street at their end.
fn street_word<'a>(word: &'a str, place: &mut Place<'static>) -> Text<'a> {
    for ending in ["strasse", "str"] {
        if let Some(stem) = word.strip_suffix(ending).filter(|stem| stem.len() > 2) {
            place.suffix = Cow::Borrowed("st");
            return Cow::Borrowed(stem);
        }
    }
    let spelled = word.len() > 1 && !word.bytes().all(|b| b.is_ascii_digit());
    name_number(word).filter(|_| spelled).unwrap_or(Cow::Borrowed(word))
}

fn is_name(word: &str) -> bool {
    is_suffix(word).is_none() && direction(word).is_none() && !word.as_bytes()[0].is_ascii_digit()
}

fn is_ordinal(word: &str) -> bool {
    word.len() > 2 && ["st", "nd", "rd", "th"].iter().any(|ending| word.ends_with(ending))
}

fn is_route_word(word: &str) -> bool {
    matches!(
        word,
        "hwy" | "highway" | "route" | "rte" | "rt" | "road" | "rd" | "cr" | "sr" | "us" | "interstate" | "km"
    )
}

fn is_unit_word(word: &str) -> bool {
    matches!(
        word,
        "ste"
            | "suite"
            | "unit"
            | "apt"
            | "apartment"
            | "room"
            | "rm"
            | "floor"
            | "fl"
            | "bldg"
            | "building"
            | "lot"
            | "sala"
            | "piso"
            | "local"
            | "loja"
            | "shop"
            | "level"
            | "office"
            | "of"
            | "apto"
    )
}

fn direction(word: &str) -> Option<&'static str> {
    Some(match word {
        "n" | "north" => "n",
        "s" | "south" => "s",
        "e" | "east" => "e",
        "w" | "west" => "w",
        "ne" | "northeast" => "ne",
        "nw" | "northwest" => "nw",
        "se" | "southeast" => "se",
        "sw" | "southwest" => "sw",
        _ => return None,
    })
}

fn is_suffix(word: &str) -> Option<&'static str> {
    Some(match word {
        "street" | "st" | "str" | "strasse" => "st",
        "avenue" | "ave" | "av" | "avenida" | "avda" | "avenu" => "ave",
        "road" | "rd" => "rd",
        "drive" | "dr" | "drv" => "dr",
        "boulevard" | "blvd" | "blv" | "boul" | "bd" => "blvd",
        "lane" | "ln" => "ln",
        "court" | "ct" => "ct",
        "highway" | "hwy" => "hwy",
        "parkway" | "pkwy" | "pky" => "pkwy",
        "place" | "pl" => "pl",
        "way" => "way",
        "circle" | "cir" => "cir",
        "terrace" | "ter" | "terr" => "ter",
        "square" | "sq" => "sq",
        "trail" | "trl" => "trl",
        "rua" | "rue" | "via" | "calle" | "r" | "cl" => "st",
        "caddesi" | "cad" | "cd" => "cad",
        "sokak" | "sk" | "sok" => "sok",
        _ => return None,
    })
}

/// The postal code in one spelling.
pub(super) fn postcode(text: &str, country: &str) -> Text<'static> {
    let mut code = text::fold(text);
    code.retain(|c| c != ' ');
    let american = matches!(country, "" | "US" | "USA" | "PR") && code.bytes().all(|b| b.is_ascii_digit());
    if american && code.len() == 9 {
        code.truncate(5);
    }
    Cow::Owned(code)
}

/// The state in one spelling.
pub(super) fn state(text: &str) -> Text<'static> {
    let folded = text::fold(text);
    match BY_STATE.get(folded.as_str()) {
        Some(letters) => Cow::Borrowed(letters),
        None => Cow::Owned(folded),
    }
}

static BY_STATE: LazyLock<WordTable<&'static str>> = LazyLock::new(|| STATES.iter().copied().collect());

/// American states, whose names and letters are used alike.
const STATES: &[(&str, &str)] = &[
    ("alabama", "al"),
    ("alaska", "ak"),
    ("arizona", "az"),
    ("arkansas", "ar"),
    ("california", "ca"),
    ("colorado", "co"),
    ("connecticut", "ct"),
    ("delaware", "de"),
    ("district of columbia", "dc"),
    ("florida", "fl"),
    ("georgia", "ga"),
    ("hawaii", "hi"),
    ("idaho", "id"),
    ("illinois", "il"),
    ("indiana", "in"),
    ("iowa", "ia"),
    ("kansas", "ks"),
    ("kentucky", "ky"),
    ("louisiana", "la"),
    ("maine", "me"),
    ("maryland", "md"),
    ("massachusetts", "ma"),
    ("michigan", "mi"),
    ("minnesota", "mn"),
    ("mississippi", "ms"),
    ("missouri", "mo"),
    ("montana", "mt"),
    ("nebraska", "ne"),
    ("nevada", "nv"),
    ("new hampshire", "nh"),
    ("new jersey", "nj"),
    ("new mexico", "nm"),
    ("new york", "ny"),
    ("north carolina", "nc"),
    ("north dakota", "nd"),
    ("ohio", "oh"),
    ("oklahoma", "ok"),
    ("oregon", "or"),
    ("pennsylvania", "pa"),
    ("puerto rico", "pr"),
    ("rhode island", "ri"),
    ("south carolina", "sc"),
    ("south dakota", "sd"),
    ("tennessee", "tn"),
    ("texas", "tx"),
    ("utah", "ut"),
    ("vermont", "vt"),
    ("virginia", "va"),
    ("washington", "wa"),
    ("west virginia", "wv"),
    ("wisconsin", "wi"),
    ("wyoming", "wy"),
];

#[cfg(test)]
mod tests {
    use super::{Place, Text, postcode, read_street, state};

    fn parts(lines: &str) -> [String; 4] {
        let mut place = Place::default();
        read_street(lines, &mut place);
        [place.number, place.direction, place.street, place.unit].map(Text::into_owned)
    }

    #[test]
    fn addresses_come_apart() {
        for (lines, expected) in [
            ("5929 W WALTON", ["5929", "w", "walton", ""]),
            ("7419 South Cottage Grove Avenue", ["7419", "s", "cottage grove", ""]),
            ("8306 S. St. Lawrence", ["8306", "s", "saint lawrence", ""]),
            ("228 w. 47th st.", ["228", "w", "47", ""]),
            ("1 water st. at the east river", ["1", "e", "water", ""]),
            ("3849 S Delsea Dr, Ste D0002", ["3849", "s", "delsea", "d0002"]),
            ("12 Main St #204", ["12", "", "main", "204"]),
            ("G-3490 Miller Rd Ste 20", ["3490", "", "miller", "20"]),
            ("10428 1/2 national blvd.", ["10428-1-2", "", "national", ""]),
            ("4-6 Commodore Dr", ["4-6", "", "commodore", ""]),
            ("Gaußstr. 6", ["6", "", "gauss", ""]),
            ("Rua Pandiá Calógeras, 418", ["418", "", "pandia calogeras", ""]),
            ("P.O. Box 12", ["12", "", "po box", ""]),
            ("100 Hwy 51", ["100", "", "51", ""]),
            ("25 Park Avenue", ["25", "", "park", ""]),
            ("12 Court Street", ["12", "", "ct", ""]),
            ("", ["", "", "", ""]),
        ] {
            assert_eq!(parts(lines), expected, "{lines}");
        }
    }

    #[test]
    fn codes_and_states_have_one_spelling() {
        assert_eq!(postcode("60651-1234", "US"), "60651");
        assert_eq!(postcode("PO6 1UR", "GB"), "po61ur");
        assert_eq!(postcode("18030-030", "BR"), "18030030");
        assert_eq!(state("Illinois"), state("IL"));
    }
}
