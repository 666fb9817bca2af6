//! The arrows between crates: down only, and none within a row.

use super::Findings;
use anyhow::{Context, Result};
use serde_json::Value;
use std::{path::Path, process::Stdio};

/// The rows, from the nouns up to the binary.
const ROWS: [&[&str]; 4] = [
    &["entity", "sqlite_file"],
    &["golden", "scoring", "resolution", "sample", "formats", "events", "index", "store"],
    &["pipeline", "service"],
    &["app"],
];

/// Arrows within a row that were decided on: one test measures scoring and clustering together.
const DECIDED: [(&str, &str); 1] = [("resolution", "scoring")];

/// Reads each crate's dependencies from cargo and compares them with the rows.
pub(super) fn check(findings: &mut Findings) -> Result<()> {
    for (from, to) in arrows()? {
        if row(&from).is_none() {
            findings.error(format!("crate {from} is in no row: place it in xtask/src/tidy/layers.rs"));
        }
        if let Some(to) = to
            && !allowed(&from, &to)
        {
            findings.error(format!("crates/{from} must not depend on {to}: arrows point down only"));
        }
    }
    Ok(())
}

/// The crates' folders, each alone and with every other crate of ours that it depends on, also in its tests.
fn arrows() -> Result<Vec<(String, Option<String>)>> {
    let mut metadata = crate::cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    let output = metadata.stderr(Stdio::inherit()).output().context("running cargo metadata")?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("reading cargo metadata")?;
    let mut arrows = Vec::new();
    for package in metadata["packages"].as_array().context("no packages")? {
        let Some(from) =
            package["manifest_path"].as_str().and_then(|path| crate_folder(Path::new(path).parent()?))
        else {
            continue;
        };
        arrows.push((from.clone(), None));
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let to = dependency["path"].as_str().and_then(|path| crate_folder(Path::new(path)));
            if to.is_some() {
                arrows.push((from.clone(), to));
            }
        }
    }
    Ok(arrows)
}

/// The name of a folder in `crates/`; the tests and these tasks stand outside the rows.
fn crate_folder(folder: &Path) -> Option<String> {
    let inside = folder.parent()? == crate::checkout().join("crates");
    inside.then(|| folder.file_name().map(|name| name.to_string_lossy().into_owned()))?
}

fn row(name: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&name))
}

fn allowed(from: &str, to: &str) -> bool {
    // A crate is its own guest when its tests ask for one of its features.
    from == to
        || DECIDED.contains(&(from, to))
        || matches!((row(from), row(to)), (Some(from), Some(to)) if to < from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_point_down_only() {
        for (from, to, expected) in [
            ("golden", "entity", true),
            ("app", "entity", true),
            ("store", "golden", false),
            ("golden", "store", false),
            ("events", "index", false),
            ("service", "pipeline", false),
            ("entity", "golden", false),
            ("events", "events", true),
            ("unknown", "entity", false),
        ] {
            assert_eq!(allowed(from, to), expected, "{from} -> {to}");
        }
    }
}
