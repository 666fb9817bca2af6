//! Features as bytes, for the index: a version byte, then lengths and contents; ten times quicker than JSON.

use crate::error::Error;
use crate::features::{Name, Place, RecordFeatures, Word, WordClass};

/// Another layout gets another number; old bytes are then refused and computed again.
const FORMAT: u8 = 2;

type Result<T> = std::result::Result<T, Error>;

impl RecordFeatures {
    /// The features as bytes; equal features give equal bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        out.push(FORMAT);
        put_list(&mut out, &self.names, put_name);
        for texts in [&self.phones, &self.domains, &self.pages, &self.mailboxes] {
            put_list(&mut out, texts, |out, text| put_text(out, text));
        }
        put_list(&mut out, &self.identifiers, |out, (scheme, identifier)| {
            put_text(out, scheme);
            put_text(out, identifier);
        });
        put_list(&mut out, &self.places, put_place);
        put_list(&mut out, &self.services, |out, hash| out.extend_from_slice(&hash.to_le_bytes()));
        put_number(&mut out, self.location_count);
        out.push(u8::from(self.chain));
        out
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for anything else, an older format included: compute the features again.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (&format, rest) = bytes.split_first().ok_or(Error::Corrupt("no bytes"))?;
        if format != FORMAT {
            return Err(Error::Corrupt("another format"));
        }
        let mut reader = Reader { rest };
        let features = Self {
            names: reader.list(Reader::name)?,
            phones: reader.list(Reader::text)?,
            domains: reader.list(Reader::text)?,
            pages: reader.list(Reader::text)?,
            mailboxes: reader.list(Reader::text)?,
            identifiers: reader.list(|reader| Ok((reader.text()?, reader.text()?)))?,
            places: reader.list(Reader::place)?,
            services: reader.list(|reader| Ok(u32::from_le_bytes(reader.array()?)))?,
            location_count: reader.number()?,
            chain: reader.byte()? != 0,
        };
        if reader.rest.is_empty() { Ok(features) } else { Err(Error::Corrupt("bytes are left over")) }
    }
}

fn put_number(out: &mut Vec<u8>, mut number: u32) {
    while let Ok(low) = u8::try_from(number & 0x7f) {
        number >>= 7;
        if number == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    put_number(out, u32::try_from(length).expect("features are far below 4 GiB"));
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_length(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

fn put_list<T>(out: &mut Vec<u8>, items: &[T], mut put: impl FnMut(&mut Vec<u8>, &T)) {
    put_length(out, items.len());
    for item in items {
        put(out, item);
    }
}

fn put_name(out: &mut Vec<u8>, name: &Name) {
    put_list(out, &name.words, |out, word| {
        out.push(class_code(word.class));
        put_text(out, &word.text);
    });
    put_list(out, &name.numbers, |out, number| put_text(out, number));
    put_list(out, &name.kinds, |out, kind| out.push(*kind));
    out.push(u8::from(name.practitioner));
    put_list(out, &name.departments, |out, department| out.push(*department));
    put_text(out, &name.legal_form);
    put_text(out, &name.acronym);
    put_hashes(out, &name.letters);
}

fn put_hashes(out: &mut Vec<u8>, hashes: &[u16]) {
    put_list(out, hashes, |out, hash| out.extend_from_slice(&hash.to_le_bytes()));
}

fn put_place(out: &mut Vec<u8>, place: &Place) {
    for text in place_texts(place) {
        put_text(out, text);
    }
    match place.position {
        None => out.push(0),
        Some((north, east)) => {
            out.push(1);
            out.extend_from_slice(&north.to_le_bytes());
            out.extend_from_slice(&east.to_le_bytes());
        }
    }
    put_hashes(out, &place.words);
}

fn place_texts(place: &Place) -> [&str; 9] {
    let Place {
        number,
        street,
        direction,
        suffix,
        unit,
        postcode,
        city,
        state,
        country,
        position: _,
        words: _,
    } = place;
    [number, street, direction, suffix, unit, postcode, city, state, country]
}

const CLASSES: [WordClass; 5] =
    [WordClass::Generic, WordClass::Kind, WordClass::Place, WordClass::Common, WordClass::Distinctive];

fn class_code(class: WordClass) -> u8 {
    match class {
        WordClass::Generic => 0,
        WordClass::Kind => 1,
        WordClass::Place => 2,
        WordClass::Common => 3,
        WordClass::Distinctive => 4,
    }
}

/// Reads from the front; every read checks its bounds.
struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(Error::Corrupt("cut short"))?;
        self.rest = rest;
        Ok(*head)
    }

    fn byte(&mut self) -> Result<u8> {
        self.array().map(|[byte]| byte)
    }

    fn number(&mut self) -> Result<u32> {
        let mut number = 0u64;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return u32::try_from(number).map_err(|_| Error::Corrupt("a number too large"));
            }
        }
        Err(Error::Corrupt("a number too long"))
    }

    /// A length that the bytes left can hold, so that garbage never asks for memory.
    fn length(&mut self) -> Result<usize> {
        let length = usize::try_from(self.number()?).map_err(|_| Error::Corrupt("a length too large"))?;
        if length > self.rest.len() { Err(Error::Corrupt("a length past the end")) } else { Ok(length) }
    }

    fn text(&mut self) -> Result<String> {
        let length = self.length()?;
        let (head, rest) = self.rest.split_at(length);
        self.rest = rest;
        let text = std::str::from_utf8(head).map_err(|_| Error::Corrupt("text that is not UTF-8"))?;
        Ok(text.to_owned())
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let length = self.length()?;
        let mut items = Vec::with_capacity(length.min(32));
        for _ in 0..length {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn hashes(&mut self) -> Result<Vec<u16>> {
        self.list(|reader| Ok(u16::from_le_bytes(reader.array()?)))
    }

    fn name(&mut self) -> Result<Name> {
        Ok(Name {
            words: self.list(|reader| {
                let class =
                    CLASSES.get(usize::from(reader.byte()?)).ok_or(Error::Corrupt("a word of no class"))?;
                Ok(Word { class: *class, text: reader.text()? })
            })?,
            numbers: self.list(Self::text)?,
            kinds: self.list(Self::byte)?,
            practitioner: self.byte()? != 0,
            departments: self.list(Self::byte)?,
            legal_form: self.text()?,
            acronym: self.text()?,
            letters: self.hashes()?,
        })
    }

    fn place(&mut self) -> Result<Place> {
        Ok(Place {
            number: self.text()?,
            street: self.text()?,
            direction: self.text()?,
            suffix: self.text()?,
            unit: self.text()?,
            postcode: self.text()?,
            city: self.text()?,
            state: self.text()?,
            country: self.text()?,
            position: match self.byte()? {
                0 => None,
                1 => Some((i32::from_le_bytes(self.array()?), i32::from_le_bytes(self.array()?))),
                _ => return Err(Error::Corrupt("a position of no kind")),
            },
            words: self.hashes()?,
        })
    }
}
