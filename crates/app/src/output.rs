//! What people and scripts read: lines on standard output, errors and progress on standard error.

use indicatif::{ProgressBar, ProgressStyle};
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::time::Duration;

/// Writes a line to standard output. A reader that has gone (`| head`) ends the program quietly.
pub(crate) fn line(text: impl Display) {
    write_line(&mut io::stdout(), text);
}

/// Writes a line to standard error.
pub(crate) fn note(text: impl Display) {
    write_line(&mut io::stderr(), text);
}

fn write_line(out: &mut impl Write, text: impl Display) {
    if let Err(error) = writeln!(out, "{text}")
        && error.kind() == ErrorKind::BrokenPipe
    {
        std::process::exit(0);
    }
}

/// Writes one JSON document.
pub(crate) fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string(value)?);
    Ok(())
}

/// Says what went wrong, each cause on its own line.
pub(crate) fn fail(error: &anyhow::Error) -> ExitCode {
    note(format_args!("error: {error}"));
    let mut last = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !last.contains(&cause) {
            note(format_args!("  because: {cause}"));
        }
        last = cause;
    }
    ExitCode::FAILURE
}

/// A bar for work whose length is known; it shows on a terminal only.
pub(crate) fn bar(length: u64, what: &'static str) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{msg} [{bar:40}] {human_pos}/{human_len} ({per_sec}, {eta} left)");
    with_style(ProgressBar::new(length), style).with_message(what)
}

/// A bar for a file that is read; it shows on a terminal only.
pub(crate) fn bytes_bar(length: u64, what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template(
        "{msg} [{bar:40}] {decimal_bytes}/{decimal_total_bytes} ({decimal_bytes_per_sec}, {eta} left)",
    );
    with_style(ProgressBar::new(length), style).with_message(what)
}

/// A counter for work whose length is not known; it shows on a terminal only.
pub(crate) fn counter(what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {msg}: {human_pos} ({per_sec})");
    let counter = with_style(ProgressBar::new_spinner(), style).with_message(what);
    counter.enable_steady_tick(Duration::from_millis(200));
    counter
}

fn with_style<E>(bar: ProgressBar, style: Result<ProgressStyle, E>) -> ProgressBar {
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
