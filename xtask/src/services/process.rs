//! Programs that are run to their end, and processes that are recognised and stopped again.

use anyhow::{Context, Result, bail};
use std::{
    ffi::OsStr,
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Runs a program to its end; its output is shown only when it fails.
pub(crate) fn run(program: &str, arguments: &[&OsStr]) -> Result<()> {
    finish(Command::new(program).args(arguments)).map(|_| ())
}

/// Runs a prepared command to its end and returns what it printed.
pub(crate) fn finish(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("running {name}"))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        bail!("{name} ended with {}: {}", output.status, String::from_utf8_lossy(&said).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether a program of this name is on the path.
pub(crate) fn on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// Whether a process with this number runs.
pub(crate) fn lives(id: u32) -> bool {
    Identity::of(id).is_some()
}

/// A process, told apart from a later one with the same number by the time at which it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Its number.
    pub(crate) id: u32,
    /// When it began, in clock ticks since the machine started.
    pub(crate) began: u64,
}

impl Identity {
    /// Looks at a running process.
    pub(crate) fn of(id: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name in parentheses may hold spaces; the state follows it, and the begin is 19 fields further.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let state = fields.next()?;
        let began = fields.nth(18)?.parse().ok()?;
        // A killed process stays as a zombie until its parent looks: it is gone for us.
        (state != "Z").then_some(Self { id, began })
    }

    /// Whether the process still runs, and is the one that was started from below `home`.
    pub(crate) fn is_ours(self, home: &Path) -> bool {
        let Ok(command) = fs::read(format!("/proc/{}/cmdline", self.id)) else { return false };
        Self::of(self.id) == Some(self)
            && String::from_utf8_lossy(&command).contains(&*home.to_string_lossy())
    }

    /// Asks the process to end with `signal`, and kills it when it has not after `patience`.
    pub(crate) fn stop(self, signal: &str, patience: Duration) -> Result<()> {
        self.signal(signal)?;
        if !self.gone_within(patience) {
            self.signal("KILL")?;
            if !self.gone_within(Duration::from_secs(10)) {
                bail!("process {} does not end", self.id);
            }
        }
        Ok(())
    }

    fn signal(self, signal: &str) -> Result<()> {
        if Self::of(self.id) != Some(self) {
            return Ok(());
        }
        // The shell has `kill` built in; a bare Debian has no program of that name.
        let sent = finish(Command::new("sh").arg("-c").arg(format!("kill -s {signal} {}", self.id)));
        if Self::of(self.id) == Some(self) { sent.map(|_| ()) } else { Ok(()) }
    }

    fn gone_within(self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while Self::of(self.id) == Some(self) {
            if Instant::now() > deadline {
                return false;
            }
            thread::sleep(Duration::from_millis(50));
        }
        true
    }
}
