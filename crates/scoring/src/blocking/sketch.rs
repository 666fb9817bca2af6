//! Sketches of records: of those that share a key, which pairs need no comparing.
//!
//! Keys are shared by many that are nowhere near each other: chains by their name or domain, half a town by one word.
//! A sketch says so from one line of memory. Like keys it depends on the record alone, so every order of increments
//! rules out the same pairs as a batch.

use crate::features::{Name, Place, RecordFeatures, Word, WordClass};

/// What of a record rules out pairs. Texts are hashed: two that fall together only cost a comparison.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(align(64))]
pub struct Sketch {
    /// A bit for each pair of neighbouring letters of its names.
    letters: u128,
    /// The same of the words that tell, or where none does, of all but the town.
    telling: u64,
    /// Hashes of telephones; 0 is none, as in the fields below.
    phones: [u16; 4],
    /// The same of all other contacts and of identifiers.
    contacts: [u16; 6],
    /// Millionths of a degree, north and east; 0, 0 is none.
    position: (i32, i32),
    postcode: u16,
    town: u16,
    street: u16,
    number: u16,
    country: u8,
    state: u8,
    /// Which kinds of contact it has, and what else is said of it in a bit.
    marks: u8,
}

const PHONE: u8 = 1;
const DOMAIN: u8 = 2;
const MAILBOX: u8 = 4;
const CONTACTS: u8 = PHONE | DOMAIN | MAILBOX;
/// It has more places or contacts than fit, or no name: it is never ruled out.
const OPEN: u8 = 8;
/// Words of its names tell.
const TELLS: u8 = 16;

/// Names are unlike when they share fewer of the letter pairs of the one that has less, in percent: of all words, or
/// of those that tell.
const LETTERS_ALIKE_PERCENT: u32 = 75;
/// And when they share fewer than these of both.
const LETTERS_NEAR_PERCENT: u32 = 90;
/// Letters of telling words beyond these are not looked at.
const TELLING_LETTERS_MAX: usize = 32;
/// An odd number without pattern: the golden ratio's.
const MIXER: u32 = 0x9e37_79b1;
/// Places within so many millionths of a degree, north and east, are near: about a kilometre, away from the poles.
const NEAR: (u32, u32) = (10_000, 20_000);

impl Sketch {
    /// The sketch of a record.
    #[must_use]
    pub fn of(features: &RecordFeatures) -> Self {
        let mut sketch = Self::default();
        if features.names.is_empty() || features.places.len() > 1 {
            sketch.marks |= OPEN;
        }
        sketch.add_names(&features.names);
        sketch.add_contacts(features);
        if let Some(place) = features.places.first() {
            sketch.add_place(place);
        }
        sketch
    }

    /// Whether the two need no comparing, though they share a key.
    ///
    /// They are in two regions, and nothing local agrees: they have other telephones, share no contact at all, are at
    /// other addresses without one telephone, or have unlike names. Or they are anywhere, share neither contact nor
    /// address, both being known, and have unlike names.
    #[must_use]
    pub fn rules_out(&self, other: &Self) -> bool {
        if (self.marks | other.marks) & OPEN != 0 {
            return false;
        }
        let kinds = self.marks & other.marks & CONTACTS;
        if self.is_in_another_region(other) && !self.is_near(other) {
            let shares_phone = shares(&self.phones, &other.phones);
            let shares_local = shares_phone
                || kinds & PHONE == 0
                    && shares(&self.contacts, &other.contacts)
                    && !self.is_at_another_address(other);
            return !shares_local || !self.is_named_alike(other);
        }
        self.is_at_another_address(other)
            && kinds != 0
            && !self.is_named_alike(other)
            && !shares(&self.phones, &other.phones)
            && !shares(&self.contacts, &other.contacts)
    }

    /// A byte of it: memory brings the rest with it.
    #[must_use]
    pub fn touch(&self) -> u8 {
        self.marks
    }

    fn add_names(&mut self, names: &[Name<'_>]) {
        for pair in names.iter().flat_map(|name| &name.letters) {
            self.letters |= 1 << (pair >> 9);
        }
        let tells = |word: &Word<'_>| word.class >= WordClass::Common;
        let any_tells = names.iter().flat_map(|name| &name.words).any(tells);
        if any_tells {
            self.marks |= TELLS;
        }
        for name in names {
            let is_wanted =
                |word: &&Word<'_>| if any_tells { tells(word) } else { word.class != WordClass::Place };
            let bytes = name.words.iter().filter(is_wanted).flat_map(|word| word.text.bytes());
            let mut last = 0;
            for byte in bytes.take(TELLING_LETTERS_MAX) {
                let pair = u32::from(last) << 8 | u32::from(byte);
                self.telling |= 1 << (pair.wrapping_mul(MIXER) >> 26);
                last = byte;
            }
        }
    }

    fn add_contacts(&mut self, features: &RecordFeatures) {
        // The last seven digits are what local, national and international spellings have in common.
        let ends = features.phones.iter().filter_map(|phone| phone.get(phone.len().saturating_sub(7)..));
        let others = [&features.domains, &features.pages, &features.mailboxes].into_iter().flatten();
        let identifiers = features.identifiers.iter().map(|(_, identifier)| identifier);
        let all_fit = fill(&mut self.phones, ends)
            && fill(&mut self.contacts, others.chain(identifiers).map(|text| &**text));
        if !all_fit {
            self.marks |= OPEN;
        }
        let kinds = [(&features.phones, PHONE), (&features.domains, DOMAIN), (&features.mailboxes, MAILBOX)];
        for (_, kind) in kinds.iter().filter(|(of_kind, _)| !of_kind.is_empty()) {
            self.marks |= kind;
        }
    }

    fn add_place(&mut self, place: &Place<'_>) {
        let letters = place.state.len() == 2 && place.state.bytes().all(|byte| byte.is_ascii_alphabetic());
        self.position = place.position.unwrap_or_default();
        self.country = short_hash(&place.country);
        self.state = if letters { short_hash(&place.state) } else { 0 };
        self.postcode = hash(place.postcode.get(..3).unwrap_or_default());
        self.town = hash(&place.city);
        self.street = hash(&super::squeezed(&place.street, super::STREET_LETTERS));
        self.number = hash(place.number.split('-').next().unwrap_or_default());
    }

    fn is_near(&self, other: &Self) -> bool {
        let (a, b) = (self.position, other.position);
        a != (0, 0) && b != (0, 0) && a.0.abs_diff(b.0) < NEAR.0 && a.1.abs_diff(b.1) < NEAR.1
    }

    /// Whether country or state differ, and the postcodes too, or the towns where one has no postcode.
    fn is_in_another_region(&self, other: &Self) -> bool {
        (differ(self.country, other.country) || differ(self.state, other.state))
            && (differ(self.postcode, other.postcode)
                || (self.postcode == 0 || other.postcode == 0) && differ(self.town, other.town))
    }

    fn is_at_another_address(&self, other: &Self) -> bool {
        differ(self.street, other.street) && (self.number == 0 || self.number != other.number)
    }

    fn is_named_alike(&self, other: &Self) -> bool {
        let less = self.letters.count_ones().min(other.letters.count_ones());
        let letters = 100 * (self.letters & other.letters).count_ones();
        if letters < LETTERS_ALIKE_PERCENT * less {
            return false;
        }
        if (self.marks ^ other.marks) & TELLS != 0 {
            return true;
        }
        let less_telling = self.telling.count_ones().min(other.telling.count_ones());
        let telling = 100 * (self.telling & other.telling).count_ones();
        telling >= LETTERS_ALIKE_PERCENT * less_telling
            && (letters >= LETTERS_NEAR_PERCENT * less || telling >= LETTERS_NEAR_PERCENT * less_telling)
    }
}

/// Puts hashes of texts in; whether all fit.
fn fill<'a>(hashes: &mut [u16], texts: impl Iterator<Item = &'a str>) -> bool {
    let mut slots = hashes.iter_mut();
    texts.map(hash).all(|hash| slots.next().map(|slot| *slot = hash).is_some())
}

/// Whether a hash other than 0 stands in both; without a branch, so that a processor compares many at once.
fn shares<const N: usize>(a: &[u16; N], b: &[u16; N]) -> bool {
    let is_in_b = |hash: &u16| b.iter().fold(false, |found, there| found | (hash == there)) & (*hash != 0);
    a.iter().fold(false, |found, hash| found | is_in_b(hash))
}

fn differ<T: Copy + PartialEq + Default>(a: T, b: T) -> bool {
    a != b && a != T::default() && b != T::default()
}

/// Half of FNV-1a; 0 for the empty text alone.
fn hash(text: &str) -> u16 {
    if text.is_empty() {
        return 0;
    }
    let hash =
        text.bytes().fold(0x811c_9dc5u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    u16::try_from(hash >> 16).unwrap_or(0).max(1)
}

/// The same in a byte, for what has few values.
fn short_hash(text: &str) -> u8 {
    let mixed = u32::from(hash(text)).wrapping_mul(MIXER).to_be_bytes()[0];
    if text.is_empty() { 0 } else { mixed.max(1) }
}
