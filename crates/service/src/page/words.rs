//! Numbers and times as people read them.

use chrono::{DateTime, TimeDelta, Utc};

/// A number with its thousands apart.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
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
        percent if percent > 98.0 || percent < 1.0 => format!("{percent:.1} %"),
        percent => format!("{percent:.0} %"),
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
    }
}
