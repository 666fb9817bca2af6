//! Numbers, times and sentences as people read them.

use chrono::{DateTime, TimeDelta, Utc};
use maud::{Markup, html};

/// A number with its thousands apart.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A probability; what is not certain is never written as if it were.
pub(crate) fn percent(probability: f64) -> String {
    match probability * 100.0 {
        percent if percent > 99.9 && percent < 100.0 => "> 99.9 %".to_owned(),
        percent if percent < 0.1 && percent > 0.0 => "< 0.1 %".to_owned(),
        percent if (1.0..=98.0).contains(&percent) => format!("{percent:.0} %"),
        percent => format!("{percent:.1} %"),
    }
}

/// A weight with its sign.
pub(crate) fn signed(weight: f64) -> String {
    let text = format!("{:.1}", weight.abs());
    match text.as_str() {
        "0.0" => text,
        _ if weight < 0.0 => format!("\u{2212}{text}"),
        _ => format!("+{text}"),
    }
}

/// How long ago.
pub(crate) fn ago(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let passed = (now - then).max(TimeDelta::zero());
    let (number, unit) = match passed {
        passed if passed < TimeDelta::minutes(1) => (passed.num_seconds(), "s"),
        passed if passed < TimeDelta::hours(1) => (passed.num_minutes(), "min"),
        passed if passed < TimeDelta::days(1) => (passed.num_hours(), "h"),
        passed => (passed.num_days(), "d"),
    };
    if number == 0 { "now".to_owned() } else { format!("{number} {unit} ago") }
}

/// A detail as a sentence of its own.
pub(crate) fn sentence(detail: &str) -> String {
    let mut chars = detail.chars();
    let first: String = chars.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let end = if detail.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}

/// Text with its `code` set as code.
pub(crate) fn prose(text: &str) -> Markup {
    html! {
        @for (number, part) in text.split('`').enumerate() {
            @if number % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        let percents = [0.0, 0.0004, 0.5, 0.956, 0.9953, 0.99999, 1.0].map(percent);
        assert_eq!(percents, ["0.0 %", "< 0.1 %", "50 %", "96 %", "99.5 %", "> 99.9 %", "100.0 %"]);
        assert_eq!([2.54, -0.5, 0.01].map(signed), ["+2.5", "\u{2212}0.5", "0.0"]);
        let now = entity::clock::now();
        let times = [0, 59, 61, 7200, 200_000].map(|seconds| ago(now - TimeDelta::seconds(seconds), now));
        assert_eq!(times, ["now", "59 s ago", "1 min ago", "2 h ago", "2 d ago"]);
        assert_eq!(sentence("it is gone"), "It is gone.");
        assert_eq!(prose("see `a<b`, too").into_string(), "see <code>a&lt;b</code>, too");
    }
}
