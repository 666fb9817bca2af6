//! Finding a Java of the right age: each server accepts another range.

use super::process;
use anyhow::{Context, Result};
use std::{
    env, fs,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    process::Command,
};

/// One installed Java.
#[derive(Clone, Debug)]
pub(crate) struct Java {
    /// Its folder, as `JAVA_HOME` names it.
    pub(crate) home: PathBuf,
    /// Its feature version, such as 17.
    pub(crate) version: u32,
}

impl Java {
    /// The program.
    pub(crate) fn program(&self) -> PathBuf {
        self.home.join("bin/java")
    }
}

/// The oldest installed Java within `versions`: servers are tried by their makers on the oldest that they accept.
pub(crate) fn find(versions: &RangeInclusive<u32>) -> Option<Java> {
    let mut found: Vec<Java> = homes().into_iter().filter_map(|home| inspect(home).ok()).collect();
    found.retain(|java| versions.contains(&java.version));
    found.into_iter().min_by_key(|java| java.version)
}

/// Like `find`, with an error that says what to install.
pub(crate) fn require(versions: &RangeInclusive<u32>) -> Result<Java> {
    find(versions).with_context(|| {
        format!("no Java {} to {} found: install one or set JAVA_HOME", versions.start(), versions.end())
    })
}

fn homes() -> Vec<PathBuf> {
    let named = env::var_os("JAVA_HOME").map(PathBuf::from);
    let on_path = env::var_os("PATH").and_then(|path| {
        let java = env::split_paths(&path).map(|folder| folder.join("java")).find(|java| java.is_file())?;
        Some(java.canonicalize().ok()?.parent()?.parent()?.to_path_buf())
    });
    let installed = ["/usr/lib/jvm", "/opt"].into_iter().filter_map(|folder| fs::read_dir(folder).ok());
    let installed = installed.flatten().flatten().map(|entry| entry.path());
    named.into_iter().chain(on_path).chain(installed).filter(|home| home.join("bin/java").is_file()).collect()
}

/// Reads the version from the `release` file, or asks the program where there is none.
fn inspect(home: PathBuf) -> Result<Java> {
    let said = match fs::read_to_string(home.join("release")) {
        Ok(release) => release,
        Err(_) => ask(&home)?,
    };
    let line = said.lines().find(|line| line.starts_with("JAVA_VERSION=") || line.contains("java.version ="));
    let version = line.and_then(|line| line.split_once('=')).context("no version")?.1;
    let digits: String = version.trim_matches(['"', ' ']).chars().take_while(char::is_ascii_digit).collect();
    Ok(Java { home, version: digits.parse()? })
}

fn ask(home: &Path) -> Result<String> {
    let mut command = Command::new("sh");
    command.arg("-c").arg("exec \"$0\" -XshowSettings:properties -version 2>&1").arg(home.join("bin/java"));
    process::finish(&mut command)
}
