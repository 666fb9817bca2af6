//! How much memory a run may take, and whether it will.

use anyhow::{Context, bail};
use pipeline::batch::MemoryEstimate;
use std::fs;

/// An amount of memory, such as `8GiB` or `500MB`.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no amount of memory such as 8GiB, 500MB or 1000000");
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "kb" => 1_000,
        "m" | "mib" => 1 << 20,
        "mb" => 1_000_000,
        "g" | "gib" => 1 << 30,
        "gb" => 1_000_000_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(unit).ok_or_else(wrong)
}

/// The memory as people read it.
pub(super) fn shown(bytes: u64) -> String {
    match bytes {
        0..1_048_576 => format!("{} KiB", bytes >> 10),
        1_048_576..10_737_418_240 => format!("{} MiB", bytes >> 20),
        _ => format!("{} GiB", bytes >> 30),
    }
}

/// What the machine has left, where it says so.
pub(super) fn available() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}

/// The most that this process has taken so far, where the machine says so.
pub(super) fn peak() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}

/// Refuses a run that would not fit.
pub(super) fn check(estimate: &MemoryEstimate, limit: Option<u64>) -> anyhow::Result<()> {
    let (limit, whose) = match limit {
        Some(limit) => (limit, "--memory-limit allows"),
        None => (available().unwrap_or(u64::MAX), "the machine has left"),
    };
    if estimate.peak <= limit {
        return Ok(());
    }
    bail!(
        "about {} organizations need about {} of memory, {whose} {}; nothing was written. Give more memory, or \
         split the file along what never belongs together, such as countries",
        estimate.records,
        shown(estimate.peak),
        shown(limit),
    )
}

/// The length of a file, for progress and estimates; `None` for a folder.
pub(super) fn length(path: &std::path::Path) -> anyhow::Result<Option<u64>> {
    let about = fs::metadata(path).with_context(|| format!("opening {}", path.display()))?;
    Ok(about.is_file().then_some(about.len()))
}

#[cfg(test)]
mod tests {
    use super::{bytes, check, shown};
    use pipeline::batch::MemoryEstimate;

    #[test]
    fn amounts_are_read_and_shown() {
        assert_eq!([bytes("8GiB"), bytes("500MB"), bytes("12")], [Ok(8 << 30), Ok(500_000_000), Ok(12)]);
        assert!(bytes("8 apples").is_err() && bytes("GiB").is_err());
        assert_eq!(shown(5 << 30), "5120 MiB");
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_figures() {
        let estimate = MemoryEstimate { records: 1000, peak: 3 << 20 };
        check(&estimate, Some(4 << 20)).unwrap();
        let refusal = check(&estimate, Some(1 << 20)).unwrap_err().to_string();
        assert!(refusal.contains("3 MiB") && refusal.contains("1 MiB"), "{refusal}");
    }
}
