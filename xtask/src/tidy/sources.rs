//! Each source file: its length, its name, its first line.

use super::{Files, Findings};
use anyhow::Result;
use std::path::Path;

/// Past this a file is refused.
const LINES_MAX: usize = 600;
/// Past this one asks which second thing the file does.
const LINES_NOTED: usize = 400;

/// Names that say nothing about what is inside.
const FORBIDDEN: [&str; 7] = ["utils", "util", "common", "helpers", "helper", "manager", "misc"];

/// Kinds of files in which people write code, beside Rust.
const WRITTEN: [&str; 5] = ["rs", "sql", "js", "css", "html"];

/// Checks the sources of the crates, the tests and these tasks.
pub(super) fn check(files: &Files, findings: &mut Findings) -> Result<()> {
    for extension in WRITTEN {
        for path in files.below(&["crates"], extension) {
            check_length(path, files.read(path)?.lines().count(), findings);
        }
    }
    for path in files.below(&["crates", "tests", "xtask"], "rs") {
        check_name(path, findings);
        if !files.read(path)?.starts_with("//!") {
            findings.error(format!("{} does not open with a `//!` sentence", path.display()));
        }
    }
    Ok(())
}

fn check_length(path: &Path, lines: usize, findings: &mut Findings) {
    if lines > LINES_MAX {
        findings.error(format!("{} has {lines} lines, more than {LINES_MAX}", path.display()));
    } else if lines > LINES_NOTED {
        findings.note(format!("{} has {lines} lines: which second thing does it do?", path.display()));
    }
}

fn check_name(path: &Path, findings: &mut Findings) {
    let parts = path.iter().map(|part| part.to_string_lossy());
    if let Some(name) =
        parts.map(|part| part.trim_end_matches(".rs").to_owned()).find(|part| says_nothing(part))
    {
        findings.error(format!("{}: the name `{name}` says nothing", path.display()));
    }
}

fn says_nothing(name: &str) -> bool {
    FORBIDDEN.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_files_and_empty_names_are_found() {
        let mut findings = Findings::default();
        check_length(Path::new("a.rs"), 400, &mut findings);
        check_name(Path::new("crates/events/src/log.rs"), &mut findings);
        assert_eq!((findings.errors.len(), findings.notes.len()), (0, 0));
        check_length(Path::new("b.rs"), 401, &mut findings);
        check_length(Path::new("c.rs"), 601, &mut findings);
        check_name(Path::new("crates/events/src/utils.rs"), &mut findings);
        check_name(Path::new("crates/events/src/common/log.rs"), &mut findings);
        assert_eq!((findings.errors.len(), findings.notes.len()), (3, 1));
    }
}
