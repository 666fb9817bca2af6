//! Sketches of records: of those that share a key, which pairs need no comparing.
//!
//! Keys are shared by many that are nowhere near each other: chains by their name or domain, half a town by one word.
//! A sketch says so from one line of memory. Like keys it depends on the record alone, so every order of increments
//! rules out the same pairs as a batch.

use crate::features::{Place, RecordFeatures};

/// What of a record rules out pairs. Texts are hashed: two that fall together only cost a comparison.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(align(64))]
pub struct Sketch {
    /// A bit for each pair of neighbouring letters of its names.
    letters: u128,
    /// Hashes of telephones; 0 is none, as in the fields below.
    phones: [u16; 4],
    /// The same of all other contacts and of identifiers.
    contacts: [u16; 6],
    position: Option<(i32, i32)>,
    country: u16,
    state: u16,
    postcode: u16,
    town: u16,
    street: u16,
    number: u16,
    /// Which kinds of contact it has, a bit each.
    kinds: u8,
    /// It has more places or contacts than fit, or no name: it is never ruled out.
    is_open: bool,
}

/// Names are unlike when they share fewer of the letter pairs of the one that has less, in percent.
const LETTERS_ALIKE_PERCENT: u32 = 75;
const PHONE: u8 = 1;
const DOMAIN: u8 = 2;
const MAILBOX: u8 = 4;
/// Places within so many millionths of a degree, north and east, are near: about a kilometre, away from the poles.
const NEAR: (u32, u32) = (10_000, 20_000);

impl Sketch {
    /// The sketch of a record.
    #[must_use]
    pub fn of(features: &RecordFeatures) -> Self {
        let mut sketch =
            Self { is_open: features.names.is_empty() || features.places.len() > 1, ..Self::default() };
        for pair in features.names.iter().flat_map(|name| &name.letters) {
            sketch.letters |= 1 << (pair >> 9);
        }
        sketch.add_contacts(features);
        if let Some(place) = features.places.first() {
            sketch.add_place(place);
        }
        sketch
    }

    /// Whether the two need no comparing, though they share a key.
    ///
    /// They are in two regions, and nothing local agrees: they have other telephones, share no contact at all or have
    /// unlike names. Or they are anywhere, share neither contact nor address, both being known, and have unlike names.
    #[must_use]
    pub fn rules_out(&self, other: &Self) -> bool {
        if self.is_open || other.is_open || self.is_near(other) {
            return false;
        }
        if self.is_in_another_region(other) {
            let shares_phone = shares(&self.phones, &other.phones);
            let has_other_phones = self.kinds & other.kinds & PHONE != 0 && !shares_phone;
            return has_other_phones
                || !shares_phone && !shares(&self.contacts, &other.contacts)
                || !self.is_named_alike(other);
        }
        self.is_at_another_address(other)
            && self.kinds & other.kinds != 0
            && !self.is_named_alike(other)
            && !shares(&self.phones, &other.phones)
            && !shares(&self.contacts, &other.contacts)
    }

    fn add_contacts(&mut self, features: &RecordFeatures) {
        // The last seven digits are what local, national and international spellings have in common.
        let ends = features.phones.iter().filter_map(|phone| phone.get(phone.len().saturating_sub(7)..));
        let others = [&features.domains, &features.pages, &features.mailboxes].into_iter().flatten();
        let identifiers = features.identifiers.iter().map(|(_, identifier)| identifier);
        let all_fit = fill(&mut self.phones, ends)
            && fill(&mut self.contacts, others.chain(identifiers).map(|text| &**text));
        self.is_open |= !all_fit;
        let kinds = [(&features.phones, PHONE), (&features.domains, DOMAIN), (&features.mailboxes, MAILBOX)];
        self.kinds = kinds.iter().filter(|(of_kind, _)| !of_kind.is_empty()).map(|(_, bit)| bit).sum();
    }

    fn add_place(&mut self, place: &Place<'_>) {
        let letters = place.state.len() == 2 && place.state.bytes().all(|byte| byte.is_ascii_alphabetic());
        self.position = place.position;
        self.country = hash(&place.country);
        self.state = if letters { hash(&place.state) } else { 0 };
        self.postcode = hash(place.postcode.get(..3).unwrap_or_default());
        self.town = hash(&place.city);
        self.street = hash(&super::squeezed(&place.street, super::STREET_LETTERS));
        self.number = hash(place.number.split('-').next().unwrap_or_default());
    }

    fn is_near(&self, other: &Self) -> bool {
        let (Some(a), Some(b)) = (self.position, other.position) else { return false };
        a.0.abs_diff(b.0) < NEAR.0 && a.1.abs_diff(b.1) < NEAR.1
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
        100 * (self.letters & other.letters).count_ones() >= LETTERS_ALIKE_PERCENT * less
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

fn differ(a: u16, b: u16) -> bool {
    a != b && a != 0 && b != 0
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
