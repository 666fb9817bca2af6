//! As whom a server runs: PostgreSQL and Elasticsearch refuse to be root.

use super::process;
use anyhow::{Context, Result};
use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    process::{Command, Stdio},
};

/// The system user that stands in for root.
const SYSTEM_USER: &str = "orgloop-services";

/// As whom a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    /// As the person who calls.
    Own,
    /// As the system user, because the caller is root.
    System,
}

impl Account {
    /// Oneself, or the system user (created at need) when that would be root.
    pub(crate) fn settle() -> Result<Self> {
        if !is_root() {
            return Ok(Self::Own);
        }
        let mut look_up = Command::new("id");
        look_up.args(["-u", SYSTEM_USER]).stdout(Stdio::null()).stderr(Stdio::null());
        if !look_up.status().context("running id")?.success() {
            let options = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"];
            let arguments: Vec<_> = options.iter().chain([&SYSTEM_USER]).map(AsRef::as_ref).collect();
            process::run("useradd", &arguments)?;
        }
        Ok(Self::System)
    }

    /// A command that runs `program` under this account.
    pub(crate) fn command(self, program: &Path) -> Command {
        match self {
            Self::Own => Command::new(program),
            Self::System => {
                let mut command = Command::new("setpriv");
                command.args(self.change_of_user()).arg(program);
                command
            }
        }
    }

    /// A command that runs `program` under this account in a session of its own, so that it outlives us.
    pub(crate) fn server(self, program: &Path) -> Command {
        let mut command = Command::new("setsid");
        if self == Self::System {
            command.arg("setpriv").args(self.change_of_user());
        }
        command.arg(program);
        command
    }

    /// Makes this account the owner of a folder.
    pub(crate) fn give(self, folder: &Path) -> Result<()> {
        if self == Self::System {
            let owner = format!("{SYSTEM_USER}:{SYSTEM_USER}");
            process::run("chown", &["-R".as_ref(), owner.as_ref(), folder.as_os_str()])?;
        }
        Ok(())
    }

    fn change_of_user(self) -> [String; 3] {
        [format!("--reuid={SYSTEM_USER}"), format!("--regid={SYSTEM_USER}"), "--init-groups".to_owned()]
    }
}

/// Whether the caller is root.
pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0)
}
