//! Features as bytes, for the index: a version byte, all texts end to end, then lengths and numbers; ten times
//! quicker than JSON, and read into the memory of the features before.

use crate::error::Error;
use crate::features::{Name, Place, RecordFeatures, Text, Word, WordClass};

/// Another layout gets another number; old bytes are then refused and computed again.
const FORMAT: u8 = 2;

type Result<T> = std::result::Result<T, Error>;

impl<'a> RecordFeatures<'a> {
    /// The features as bytes; equal features give equal bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer { texts: String::with_capacity(256), rest: Vec::with_capacity(128) };
        writer.list(&self.names, Writer::name);
        for texts in [&self.phones, &self.domains, &self.pages, &self.mailboxes] {
            writer.list(texts, |writer, text| writer.text(text));
        }
        writer.list(&self.identifiers, |writer, (scheme, identifier)| {
            writer.text(scheme);
            writer.text(identifier);
        });
        writer.list(&self.places, Writer::place);
        writer.list(&self.services, |writer, hash| writer.rest.extend_from_slice(&hash.to_le_bytes()));
        put_number(&mut writer.rest, self.location_count);
        writer.rest.push(u8::from(self.chain));
        let mut out = Vec::with_capacity(writer.texts.len() + writer.rest.len() + 4);
        out.push(FORMAT);
        put_length(&mut out, writer.texts.len());
        out.extend_from_slice(writer.texts.as_bytes());
        out.extend_from_slice(&writer.rest);
        out
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for anything else, an older format included: compute the features again.
    pub fn from_bytes(bytes: &[u8]) -> Result<RecordFeatures<'static>> {
        let mut features = RecordFeatures::default();
        features.read_bytes(bytes)?;
        Ok(features.into_owned())
    }

    /// Reads what [`Self::to_bytes`] wrote over what is there, whose memory is used again. Texts stay where the
    /// bytes are.
    ///
    /// # Errors
    /// As [`Self::from_bytes`]; what is there is then of no use.
    pub fn read_bytes(&mut self, bytes: &'a [u8]) -> Result<()> {
        let Some((&FORMAT, rest)) = bytes.split_first() else { return corrupt("another format") };
        let mut reader = Reader { texts: "", rest };
        let length = reader.length()?;
        let (texts, rest) = reader.rest.split_at(length);
        let Ok(texts) = std::str::from_utf8(texts) else { return corrupt("text that is not UTF-8") };
        let mut reader = Reader { texts, rest };
        reader.list(&mut self.names, Reader::name)?;
        for texts in [&mut self.phones, &mut self.domains, &mut self.pages, &mut self.mailboxes] {
            reader.list(texts, Reader::text)?;
        }
        reader.list(&mut self.identifiers, |reader, (scheme, identifier)| {
            reader.text(scheme)?;
            reader.text(identifier)
        })?;
        reader.list(&mut self.places, Reader::place)?;
        reader.numbers(&mut self.services, u32::from_le_bytes)?;
        self.location_count = reader.number()?;
        self.chain = reader.byte()? != 0;
        if reader.rest.is_empty() && reader.texts.is_empty() {
            Ok(())
        } else {
            corrupt("bytes are left over")
        }
    }

    /// The same, with texts of its own.
    #[must_use]
    pub fn into_owned(self) -> RecordFeatures<'static> {
        let own = |texts: Vec<Text<'_>>| texts.into_iter().map(owned).collect();
        RecordFeatures {
            names: self.names.into_iter().map(own_name).collect(),
            phones: own(self.phones),
            domains: own(self.domains),
            pages: own(self.pages),
            mailboxes: own(self.mailboxes),
            identifiers: self
                .identifiers
                .into_iter()
                .map(|(scheme, id)| (owned(scheme), owned(id)))
                .collect(),
            places: self.places.into_iter().map(own_place).collect(),
            services: self.services,
            chain: self.chain,
            location_count: self.location_count,
        }
    }
}

fn owned(text: Text<'_>) -> Text<'static> {
    Text::Owned(text.into_owned())
}

fn own_name(name: Name<'_>) -> Name<'static> {
    let words = name.words.into_iter();
    Name {
        words: words.map(|word| Word::new(owned(word.text), word.class)).collect(),
        numbers: name.numbers.into_iter().map(owned).collect(),
        kinds: name.kinds,
        practitioner: name.practitioner,
        departments: name.departments,
        legal_form: owned(name.legal_form),
        acronym: owned(name.acronym),
        letters: name.letters,
    }
}

fn own_place(place: Place<'_>) -> Place<'static> {
    Place {
        number: owned(place.number),
        street: owned(place.street),
        direction: owned(place.direction),
        suffix: owned(place.suffix),
        unit: owned(place.unit),
        postcode: owned(place.postcode),
        city: owned(place.city),
        state: owned(place.state),
        country: owned(place.country),
        position: place.position,
        words: place.words,
    }
}

struct Writer {
    texts: String,
    rest: Vec<u8>,
}

impl Writer {
    fn text(&mut self, text: &str) {
        put_length(&mut self.rest, text.len());
        self.texts.push_str(text);
    }

    fn list<T>(&mut self, items: &[T], mut put: impl FnMut(&mut Self, &T)) {
        put_length(&mut self.rest, items.len());
        for item in items {
            put(self, item);
        }
    }

    fn name(&mut self, name: &Name) {
        self.list(&name.words, |writer, word| {
            writer.rest.push(class_code(word.class));
            writer.text(&word.text);
        });
        self.list(&name.numbers, |writer, number| writer.text(number));
        self.list(&name.kinds, |writer, kind| writer.rest.push(*kind));
        self.rest.push(u8::from(name.practitioner));
        self.list(&name.departments, |writer, department| writer.rest.push(*department));
        self.text(&name.legal_form);
        self.text(&name.acronym);
        self.hashes(&name.letters);
    }

    fn hashes(&mut self, hashes: &[u16]) {
        self.list(hashes, |writer, hash| writer.rest.extend_from_slice(&hash.to_le_bytes()));
    }

    fn place(&mut self, place: &Place) {
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
            position,
            words,
        } = place;
        for text in [number, street, direction, suffix, unit, postcode, city, state, country] {
            self.text(text);
        }
        match position {
            None => self.rest.push(0),
            Some((north, east)) => {
                self.rest.push(1);
                self.rest.extend_from_slice(&north.to_le_bytes());
                self.rest.extend_from_slice(&east.to_le_bytes());
            }
        }
        self.hashes(words);
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

fn corrupt<T>(what: &'static str) -> Result<T> {
    Err(Error::Corrupt(what))
}

/// Reads from the front; every read checks its bounds.
struct Reader<'a> {
    texts: &'a str,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let Some((head, rest)) = self.rest.split_first_chunk() else { return corrupt("cut short") };
        self.rest = rest;
        Ok(*head)
    }

    fn byte(&mut self) -> Result<u8> {
        self.array().map(|[byte]| byte)
    }

    fn number(&mut self) -> Result<u32> {
        // Nearly all are lengths of words.
        if let [byte @ ..0x80, rest @ ..] = self.rest {
            self.rest = rest;
            return Ok(u32::from(*byte));
        }
        let mut number = 0u64;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return u32::try_from(number).or(corrupt("a number too large"));
            }
        }
        corrupt("a number too long")
    }

    /// A length that the bytes left can hold, so that garbage never asks for memory.
    fn length(&mut self) -> Result<usize> {
        let length = self.number()? as usize;
        if length > self.rest.len() { corrupt("a length past the end") } else { Ok(length) }
    }

    fn text(&mut self, text: &mut Text<'a>) -> Result<()> {
        let length = self.number()? as usize;
        let Some((head, rest)) = self.texts.split_at_checked(length) else {
            return corrupt("a text past the end");
        };
        self.texts = rest;
        *text = Text::Borrowed(head);
        Ok(())
    }

    fn list<T: Default>(
        &mut self,
        items: &mut Vec<T>,
        mut item: impl FnMut(&mut Self, &mut T) -> Result<()>,
    ) -> Result<()> {
        let length = self.length()?;
        items.truncate(length);
        for there in &mut *items {
            item(self, there)?;
        }
        while items.len() < length {
            let mut new = T::default();
            item(self, &mut new)?;
            items.push(new);
        }
        Ok(())
    }

    fn bytes(&mut self, bytes: &mut Vec<u8>) -> Result<()> {
        let length = self.length()?;
        let (head, rest) = self.rest.split_at(length);
        self.rest = rest;
        bytes.clear();
        bytes.extend_from_slice(head);
        Ok(())
    }

    fn numbers<T, const N: usize>(&mut self, numbers: &mut Vec<T>, read: fn([u8; N]) -> T) -> Result<()> {
        let length = self.length()?;
        let Some((head, rest)) = self.rest.split_at_checked(length * N) else { return corrupt("cut short") };
        self.rest = rest;
        numbers.clear();
        numbers.extend(head.as_chunks().0.iter().map(|bytes| read(*bytes)));
        Ok(())
    }

    fn name(&mut self, name: &mut Name<'a>) -> Result<()> {
        self.list(&mut name.words, Self::word)?;
        self.list(&mut name.numbers, Self::text)?;
        self.bytes(&mut name.kinds)?;
        name.practitioner = self.byte()? != 0;
        self.bytes(&mut name.departments)?;
        self.text(&mut name.legal_form)?;
        self.text(&mut name.acronym)?;
        self.numbers(&mut name.letters, u16::from_le_bytes)
    }

    fn word(&mut self, word: &mut Word<'a>) -> Result<()> {
        let Some(class) = CLASSES.get(usize::from(self.byte()?)) else {
            return corrupt("a word of no class");
        };
        let mut text = Text::default();
        self.text(&mut text)?;
        *word = Word::new(text, *class);
        Ok(())
    }

    fn place(&mut self, place: &mut Place<'a>) -> Result<()> {
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
            position,
            words,
        } = place;
        for text in [number, street, direction, suffix, unit, postcode, city, state, country] {
            self.text(text)?;
        }
        *position = match self.byte()? {
            0 => None,
            1 => Some((i32::from_le_bytes(self.array()?), i32::from_le_bytes(self.array()?))),
            _ => return corrupt("a position of no kind"),
        };
        self.numbers(words, u16::from_le_bytes)
    }
}
