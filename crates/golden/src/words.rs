//! Texts as far as two rows are compared by them when duplicates are folded.

/// Letters and digits in lower case, one space between words.
pub(crate) fn words(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// The same with the words of streets shortened, as some sources write them and some do not.
pub(crate) fn street(text: &str) -> String {
    let words = words(text);
    words.split(' ').map(shortened).collect::<Vec<_>>().join(" ")
}

fn shortened(word: &str) -> &str {
    match word {
        "street" => "st",
        "avenue" => "ave",
        "road" => "rd",
        "boulevard" => "blvd",
        "drive" => "dr",
        "lane" => "ln",
        "court" => "ct",
        "place" => "pl",
        "square" => "sq",
        "highway" => "hwy",
        "parkway" => "pkwy",
        "terrace" => "ter",
        "circle" => "cir",
        "north" => "n",
        "south" => "s",
        "east" => "e",
        "west" => "w",
        "suite" => "ste",
        "apartment" => "apt",
        other => other,
    }
}

/// The digits of a text.
pub(crate) fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}
