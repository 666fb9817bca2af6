//! Headers in one column: name and value after another, each behind its length.

use crate::error::{Error, Result};
use crate::log::Headers;

/// The column's bytes; `None` when there are no headers.
pub(super) fn encode(headers: &Headers) -> Option<Vec<u8>> {
    if headers.is_empty() {
        return None;
    }
    let mut bytes =
        Vec::with_capacity(headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum());
    for (name, value) in headers {
        push(&mut bytes, name.as_bytes());
        push(&mut bytes, value);
    }
    Some(bytes)
}

/// The headers that [`encode`] was given.
pub(super) fn decode(mut bytes: &[u8]) -> Result<Headers> {
    let mut headers = Headers::new();
    while !bytes.is_empty() {
        let name = String::from_utf8(take(&mut bytes)?).map_err(|_| broken())?;
        headers.push((name, take(&mut bytes)?));
    }
    Ok(headers)
}

/// Appends `part` behind its length, seven bits a byte and the lowest first.
fn push(bytes: &mut Vec<u8>, part: &[u8]) {
    let mut length = part.len();
    while length > 0x7f {
        bytes.push(length.to_le_bytes()[0] | 0x80);
        length >>= 7;
    }
    bytes.push(length.to_le_bytes()[0]);
    bytes.extend_from_slice(part);
}

fn take(bytes: &mut &[u8]) -> Result<Vec<u8>> {
    let mut length = 0usize;
    for shift in (0..usize::BITS).step_by(7) {
        let (first, rest) = bytes.split_first().ok_or_else(broken)?;
        *bytes = rest;
        length |= usize::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            let (part, rest) = bytes.split_at_checked(length).ok_or_else(broken)?;
            *bytes = rest;
            return Ok(part.to_vec());
        }
    }
    Err(broken())
}

fn broken() -> Error {
    Error::Corrupt("the headers of an event are cut short".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote() {
        let cases: [Headers; 4] = [
            vec![],
            vec![(String::new(), vec![])],
            vec![("ce_id".into(), b"a".to_vec()), ("ce_id".into(), vec![0, 255, 128])],
            vec![("long".into(), vec![7; 300]), ("longer".into(), vec![9; 20_000])],
        ];
        for headers in cases {
            let bytes = encode(&headers).unwrap_or_default();
            assert_eq!(decode(&bytes).unwrap(), headers);
        }
    }

    #[test]
    fn refuses_what_is_cut_short() {
        let bytes = encode(&vec![("name".to_owned(), vec![1; 200])]).unwrap();
        for end in [1, 4, 5, 6, bytes.len() - 1] {
            assert!(decode(&bytes[..end]).is_err(), "{end} bytes of {}", bytes.len());
        }
        assert!(decode(&[0xff; 12]).is_err());
    }
}
