//! `cargo xtask tidy`: the part of our style that a program can check.

mod code_map;
mod layers;
mod migrations;
mod sources;

use crate::say;
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// What was found; only errors fail the check.
#[derive(Debug, Default)]
struct Findings {
    errors: Vec<String>,
    notes: Vec<String>,
}

impl Findings {
    fn error(&mut self, text: impl Into<String>) {
        self.errors.push(text.into());
    }

    fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }
}

/// Checks the checkout; fails when anything is wrong.
pub(crate) fn run() -> Result<()> {
    let files = Files::find(crate::checkout())?;
    let mut findings = Findings::default();
    layers::check(&mut findings)?;
    code_map::check(&files, &mut findings)?;
    sources::check(&files, &mut findings)?;
    migrations::check(&files, &mut findings)?;
    for note in &findings.notes {
        say(format_args!("note: {note}"));
    }
    for error in &findings.errors {
        say(format_args!("error: {error}"));
    }
    match findings.errors.len() {
        0 => Ok(()),
        number => bail!("{number} errors of style"),
    }
}

/// The files of the checkout, those of cargo, git and the servers left out.
#[derive(Debug)]
struct Files {
    root: PathBuf,
    /// Relative to the root, in order.
    paths: Vec<PathBuf>,
}

impl Files {
    fn find(root: PathBuf) -> Result<Self> {
        let mut paths = Vec::new();
        walk(&root, &root, &mut paths)?;
        paths.sort();
        Ok(Self { root, paths })
    }

    fn read(&self, path: &Path) -> Result<String> {
        fs::read_to_string(self.root.join(path)).with_context(|| format!("reading {}", path.display()))
    }

    /// The files with this extension below one of these folders.
    fn below<'a>(&'a self, folders: &'a [&str], extension: &'a str) -> impl Iterator<Item = &'a Path> {
        let wanted = move |path: &&Path| {
            path.extension().is_some_and(|found| found == extension)
                && folders.iter().any(|folder| path.starts_with(folder))
        };
        self.paths.iter().map(PathBuf::as_path).filter(wanted)
    }
}

fn walk(root: &Path, folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let entry = entry?;
        let path = entry.path();
        let relative = path.strip_prefix(root)?.to_path_buf();
        let foreign =
            [".git", ".services", "target", "orgloop-data"].iter().any(|name| relative == Path::new(name));
        if entry.file_type()?.is_dir() {
            if !foreign {
                walk(root, &path, paths)?;
            }
        } else {
            paths.push(relative);
        }
    }
    Ok(())
}
