//! Migrations: append-only, so numbered without a gap, each opening with the reason for it.

use super::{Files, Findings};
use anyhow::Result;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Checks every folder of migrations.
pub(super) fn check(files: &Files, findings: &mut Findings) -> Result<()> {
    let mut folders: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
    for path in files.below(&["migrations"], "sql") {
        if !files.read(path)?.starts_with("--") {
            findings.error(format!("{} does not open with a comment that says why", path.display()));
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        folders.entry(path.parent().unwrap_or(Path::new("")).to_path_buf()).or_default().push(name);
    }
    for (folder, names) in folders {
        if let Some(problem) = numbering(&names) {
            findings.error(format!("{}: {problem}", folder.display()));
        }
    }
    Ok(())
}

/// What is wrong with these names, which come in order.
fn numbering(names: &[String]) -> Option<String> {
    names.iter().zip(1..).find_map(|(name, expected)| {
        let number = name.split_once('_').and_then(|(number, _)| number.parse::<usize>().ok());
        (number != Some(expected)).then(|| format!("{name} stands where number {expected} belongs"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_doubles_and_nameless_numbers_are_found() {
        let wrong =
            |names: &[&str]| numbering(&names.iter().map(ToString::to_string).collect::<Vec<_>>()).is_some();
        assert!(!wrong(&["0001_first.sql", "0002_second.sql"]));
        assert!(wrong(&["0001_first.sql", "0003_third.sql"]));
        assert!(wrong(&["0001_first.sql", "0001_again.sql"]));
        assert!(wrong(&["first.sql"]));
    }
}
