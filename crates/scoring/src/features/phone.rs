//! Telephone numbers as one string each: `+` and country code where they are known, else the national digits.

/// Countries that dial each other without a prefix: ten digits, country code 1.
const NORTH_AMERICA: &[&str] = &["US", "USA", "CA", "PR", "DO", "JM", "TT", "BS", "BB", "GU", "VI"];

/// Digits below this are short codes (`211`): many share them, none is known by them.
const DIGITS_MIN: usize = 7;

/// The number in one spelling, or `None` for what is none.
pub(super) fn phone(text: &str, country: &str) -> Option<String> {
    let number = without_extension(text);
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    if digits.len() < DIGITS_MIN || digits.len() > 17 || digits.bytes().all(|b| b == digits.as_bytes()[0]) {
        return None;
    }
    let international =
        number.trim_start().starts_with('+') || (digits.starts_with("00") && digits.len() > 10);
    if international {
        // `+44 (0) 20` carries the trunk zero along.
        let e164: String = number.replace("(0)", "").chars().filter(char::is_ascii_digit).collect();
        return Some(["+", e164.trim_start_matches('0')].concat());
    }
    if country.is_empty() || NORTH_AMERICA.contains(&country) {
        return Some(north_american(&digits).unwrap_or(digits));
    }
    Some(national(&digits, country).to_owned())
}

/// Exact without a library: area codes of the plan never begin with 0 or 1.
fn north_american(digits: &str) -> Option<String> {
    let national = match digits.len() {
        10 => digits,
        11 => digits.strip_prefix('1')?,
        _ => return None,
    };
    (national.as_bytes()[0] >= b'2').then(|| ["+1", national].concat())
}

/// The digits without what is dialled only inside the country: an end of the full number, which is how numbers
/// are compared. (A library that knows every country's plan took 100 µs a record for the same answers.)
fn national<'a>(digits: &'a str, country: &str) -> &'a str {
    let trunk = match country {
        "RU" | "KZ" | "BY" | "LT" => "8",
        "HU" => "06",
        "MX" => "01",
        _ => "0",
    };
    digits.strip_prefix(trunk).unwrap_or(digits).trim_start_matches('0')
}

/// The number up to where an extension or a second number begins.
fn without_extension(text: &str) -> &str {
    let end = text
        .char_indices()
        .find(|(at, c)| *at > 5 && matches!(c, 'x' | 'X' | 'e' | 'E' | '#' | ';' | ',' | '|'));
    end.map_or(text, |(at, _)| &text[..at])
}

#[cfg(test)]
mod tests {
    use super::phone;

    #[test]
    fn spellings_of_one_number_come_out_the_same() {
        for (text, country, expected) in [
            ("(312) 563-5800", "US", Some("+13125635800")),
            ("1-312-563-5800 ext. 4", "", Some("+13125635800")),
            ("212/ 319-1660", "US", Some("+12123191660")),
            ("+1 312 563 5800", "DE", Some("+13125635800")),
            ("5635800", "US", Some("5635800")),
            ("08131 907630", "DE", Some("8131907630")),
            ("+44 (0) 20 7946 0000", "GB", Some("+442079460000")),
            ("078-321-6488", "JP", Some("783216488")),
            ("8 (495) 123-45-67", "RU", Some("4951234567")),
            ("211", "US", None),
            ("0000000000", "US", None),
            ("n/a", "US", None),
        ] {
            assert_eq!(phone(text, country).as_deref(), expected, "{text}");
        }
    }
}
