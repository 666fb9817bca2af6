//! Python programs that a task needs, in an environment of their own below `target/`.

use crate::{checkout, services};
use anyhow::{Context, Result, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The Python of an environment in this folder that has what the requirements (a file of the checkout) name; other
/// programs stand beside it. Made where it is not, or has something else.
pub(crate) fn with(folder: &Path, requirements: &str) -> Result<PathBuf> {
    let requirements = checkout().join(requirements);
    let wanted =
        fs::read_to_string(&requirements).with_context(|| format!("reading {}", requirements.display()))?;
    let (place, stamp) = (folder.join("venv"), folder.join("installed.txt"));
    let python = place.join("bin/python");
    if python.exists() && fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    if !has_venv() {
        services::install(&["python3-venv"])?;
    }
    fs::create_dir_all(folder)?;
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv", "--clear"]).arg(&place).stdout(Stdio::null());
    ensure!(
        venv.status().context("running python3")?.success(),
        "python3 could not make {}",
        place.display()
    );
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(&requirements);
    ensure!(
        pip.status().context("running pip")?.success(),
        "pip could not install {}",
        requirements.display()
    );
    fs::write(&stamp, &wanted)?;
    Ok(python)
}

/// Whether Python can make a place of its own for what it installs.
fn has_venv() -> bool {
    let asked = Command::new("python3").args(["-c", "import ensurepip, venv"]).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}
