//! The pages in a real Chromium: the tests of `tests/browser/`, with what they need installed and built.

use crate::services::{self, Identity};
use anyhow::{Context, Result, bail, ensure};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// The oldest Node whose test runner these tests use.
const NODE_MIN: u32 = 18;
/// Chromium under the names that systems give it.
const CHROMIUM: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
/// They take about a minute; whatever takes much longer hangs.
const PATIENCE: Duration = Duration::from_secs(300);

/// What the tests run with.
#[derive(Debug)]
struct Tools {
    node: PathBuf,
    chromium: PathBuf,
}

/// Runs them; installs Node and Chromium where they are missing and can be had.
pub(crate) fn run() -> Result<()> {
    let tools = Tools::ensure()?;
    let target = crate::target();
    let packages = target.join("browser");
    install_packages(&packages).context("installing the packages of tests/browser/package.json")?;
    crate::build_programs()?;
    let mut node = Command::new(&tools.node);
    // Without `--test`, which would run them in a process of its own that a signal to this one does not reach.
    node.args(["--test-reporter=spec", "tests/browser/browser.test.mjs"])
        .current_dir(crate::checkout())
        .env("ORGLOOP_TEST_MODULES", &packages)
        .env("ORGLOOP_TEST_SHOTS", packages.join("shots"))
        .env("ORGLOOP_TEST_CHROMIUM", &tools.chromium)
        .env("ORGLOOP_TEST_BINARY", target.join("debug/orgloop"))
        .env("ORGLOOP_TEST_PAGES", target.join("debug/examples/page"))
        .stdin(Stdio::null());
    let status = within(PATIENCE, node.spawn().context("starting node")?)?;
    ensure!(status.success(), "the browser tests ended with {status}");
    Ok(())
}

impl Tools {
    /// Finds them, or has them installed.
    fn ensure() -> Result<Self> {
        let mut missing = Vec::new();
        if find(&["node"]).is_none() {
            missing.push("nodejs");
        }
        if find(&["npm"]).is_none() {
            missing.push("npm");
        }
        if find(&CHROMIUM).is_none() {
            missing.push("chromium");
        }
        if !missing.is_empty() {
            services::install(&missing)?;
        }
        let node = find(&["node"]).context("there is no node")?;
        let said = Command::new(&node).arg("--version").output().context("asking node for its version")?;
        let said = String::from_utf8_lossy(&said.stdout).trim().to_owned();
        match major(&said) {
            Some(version) if version >= NODE_MIN => {}
            _ => bail!("node is {said}, and they need {NODE_MIN} or later"),
        }
        Ok(Self { node, chromium: find(&CHROMIUM).context("there is no Chromium")? })
    }
}

/// `v20.11.1` is 20.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn find(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    names.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file()))
}

/// Installs the packages where they are not, or not these.
fn install_packages(into: &Path) -> Result<()> {
    let wanted = fs::read_to_string(crate::checkout().join("tests/browser/package.json"))?;
    let installed = into.join("installed.json");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    fs::create_dir_all(into)?;
    fs::write(into.join("package.json"), &wanted)?;
    // No script of a package runs, and no lock is written: it would name the registry of this machine.
    let arguments =
        ["install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    let status = Command::new("npm").args(arguments).current_dir(into).stdin(Stdio::null()).status()?;
    ensure!(status.success(), "npm ended with {status}");
    fs::write(&installed, &wanted)?;
    Ok(())
}

/// Waits for the end of a process, and ends it where that does not come: by a signal that lets it end its own.
fn within(patience: Duration, mut child: Child) -> Result<ExitStatus> {
    let end = Instant::now() + patience;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if Instant::now() > end {
            if let Some(process) = Identity::of(child.id()) {
                process.stop("TERM", Duration::from_secs(5))?;
            }
            bail!("they did not end within {} s and were ended", patience.as_secs());
        }
        thread::sleep(Duration::from_millis(100));
    }
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn versions_of_node_are_read() {
        assert_eq!(["v18.19.0", "v20.0.0", "18", ""].map(major), [Some(18), Some(20), None, None]);
    }
}
