//! `ARCHITECTURE.md` against the code: what it names exists, and no crate is forgotten.

use super::{Files, Findings};
use anyhow::Result;
use std::{
    collections::BTreeSet,
    path::{Component, Path},
};

const MAP: &str = "ARCHITECTURE.md";

/// Endings that make a name without a folder a file of ours.
const ENDINGS: [&str; 5] = [".rs", ".sql", ".avsc", ".md", ".yml"];

/// Checks that every path in backticks exists and that every crate is named.
pub(super) fn check(files: &Files, findings: &mut Findings) -> Result<()> {
    if !files.paths.iter().any(|path| path == Path::new(MAP)) {
        findings.error(format!("{MAP} is missing"));
        return Ok(());
    }
    let text = files.read(Path::new(MAP))?;
    let quoted: Vec<&str> = quoted(&text).collect();
    for name in &quoted {
        for path in expand(name).iter().filter(|path| is_path(files, path)) {
            if !exists(files, path) {
                findings.error(format!("{MAP} names `{path}`, which does not exist"));
            }
        }
    }
    for crate_name in crates(files) {
        let folder = format!("crates/{crate_name}");
        let named = |name: &&str| {
            expand(name)
                .iter()
                .any(|name| *name == crate_name || name == &folder || name.starts_with(&format!("{folder}/")))
        };
        if !quoted.iter().any(named) {
            findings.error(format!("{MAP} does not name the crate `{crate_name}`"));
        }
    }
    Ok(())
}

/// What stands in single backticks, outside of fenced blocks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|prose| prose.split('`').skip(1).step_by(2)).map(str::trim)
}

/// `a/{b,c}/d` as `a/b/d` and `a/c/d`.
fn expand(name: &str) -> Vec<String> {
    let parts = name.split_once('{').and_then(|(head, rest)| Some((head, rest.split_once('}')?)));
    match parts {
        None => vec![name.to_owned()],
        Some((head, (choices, tail))) => {
            choices.split(',').flat_map(|choice| expand(&format!("{head}{}{tail}", choice.trim()))).collect()
        }
    }
}

/// Whether a quoted name means a file or folder of ours, not a route, a type or somebody's data.
fn is_path(files: &Files, name: &str) -> bool {
    let plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-/*".contains(letter));
    let first = Path::new(name).components().next();
    match first {
        Some(Component::Normal(first)) if plain && name.contains('/') => {
            files.paths.iter().any(|path| path.starts_with(first))
                || ENDINGS.iter().any(|end| name.ends_with(end))
        }
        Some(Component::Normal(_)) if plain => ENDINGS.iter().any(|end| name.ends_with(end)),
        _ => false,
    }
}

/// Whether a file or folder fits; a name alone may stand for a file anywhere, `*` for any one part.
fn exists(files: &Files, name: &str) -> bool {
    let wanted: Vec<&str> = name.trim_end_matches('/').split('/').collect();
    files.paths.iter().any(|path| {
        let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
        let fits = |parts: &[std::borrow::Cow<'_, str>]| {
            wanted.len() <= parts.len()
                && wanted.iter().zip(parts).all(|(wanted, part)| matches(wanted, part))
        };
        fits(&parts) || (parts.len() >= wanted.len() && fits(&parts[parts.len() - wanted.len()..]))
    })
}

fn matches(pattern: &str, part: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == part,
        Some((head, tail)) => {
            part.len() >= head.len() + tail.len() && part.starts_with(head) && part.ends_with(tail)
        }
    }
}

fn crates(files: &Files) -> BTreeSet<String> {
    let manifests = files.below(&["crates"], "toml").filter(|path| path.ends_with("Cargo.toml"));
    manifests.filter_map(|path| Some(path.parent()?.file_name()?.to_string_lossy().into_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn files() -> Files {
        let paths = ["crates/events/src/log.rs", "crates/index/src/port.rs", "docs/consuming.md"];
        Files { root: PathBuf::new(), paths: paths.map(PathBuf::from).to_vec() }
    }

    #[test]
    fn names_in_backticks_outside_of_fences_are_read() {
        let text = "see `a/b.rs` and\n```\n`not this`\n```\nthen `c`";
        assert_eq!(quoted(text).collect::<Vec<_>>(), ["a/b.rs", "c"]);
    }

    #[test]
    fn braces_stand_for_each_choice() {
        assert_eq!(expand("crates/{events,index}/src"), ["crates/events/src", "crates/index/src"]);
    }

    #[test]
    fn only_paths_of_ours_are_looked_for() {
        for (name, expected) in [
            ("crates/gone", true),
            ("docs/consuming.md", true),
            ("log.rs", true),
            ("/v1/organizations", false),
            ("application/json", false),
            ("Record", false),
            ("organizations.record.v1", false),
        ] {
            assert_eq!(is_path(&files(), name), expected, "{name}");
        }
    }

    #[test]
    fn a_path_exists_as_file_folder_pattern_or_end() {
        for (name, expected) in [
            ("crates/events", true),
            ("crates/events/", true),
            ("crates/*/src/log.rs", true),
            ("log.rs", true),
            ("src/port.rs", true),
            ("crates/gone", false),
            ("crates/events/src/gone.rs", false),
            ("gone.rs", false),
        ] {
            assert_eq!(exists(&files(), name), expected, "{name}");
        }
    }
}
