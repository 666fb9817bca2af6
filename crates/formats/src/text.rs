//! Bytes to text: UTF-8 or a clear refusal, never a silent replacement.

/// The bytes as text, or why not and what to do.
pub(crate) fn decode(bytes: &[u8]) -> Result<&str, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error.valid_up_to()))?;
    if text.contains('\0') { Err(NUL.to_owned()) } else { Ok(text) }
}

/// Neither PostgreSQL nor a C library takes it.
pub(crate) const NUL: &str = "holds a NUL character (byte 0x00); remove it";

fn not_utf8(bytes: &[u8], at: usize) -> String {
    let byte = bytes.get(at).copied().unwrap_or_default();
    let position = at + 1;
    format!(
        "byte 0x{byte:02X}, number {position} of the value, is not UTF-8; the file looks like {encoding}; \
         convert it, for example with `iconv -f {encoding} -t UTF-8`",
        encoding = likely_encoding(bytes, at),
    )
}

/// Most files that are not UTF-8 come from Windows; 0x81 and four others are unassigned there.
fn likely_encoding(bytes: &[u8], at: usize) -> &'static str {
    let unassigned = [0x81, 0x8d, 0x8f, 0x90, 0x9d];
    let rest = bytes.get(at..).unwrap_or_default();
    if rest.iter().any(|byte| unassigned.contains(byte)) { "ISO-8859-1" } else { "WINDOWS-1252" }
}

/// Trimmed; nothing left is `None`.
pub(crate) fn tidy(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The start of a value, for a message: long or strange input must not flood a log.
pub(crate) fn excerpt(text: &str) -> String {
    let shown: String = text.chars().take(40).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if shown.len() < text.len() { format!("`{shown}…`") } else { format!("`{shown}`") }
}

#[cfg(test)]
mod tests {
    use super::{decode, excerpt, tidy};

    #[test]
    fn text_is_taken_whole_or_refused_with_the_fix() {
        assert_eq!(decode("Café".as_bytes()), Ok("Café"));
        let error = decode(b"Caf\xe9 Nord").unwrap_err();
        assert!(error.contains("byte 0xE9, number 4"), "{error}");
        assert!(error.contains("iconv -f WINDOWS-1252"), "{error}");
        assert!(decode(b"a\0b").unwrap_err().contains("NUL"));
    }

    #[test]
    fn blank_text_is_nothing() {
        assert_eq!(tidy("  "), None);
        assert_eq!(tidy(" a b "), Some("a b".to_owned()));
        assert_eq!(excerpt(&"x".repeat(50)).chars().count(), 43);
    }
}
