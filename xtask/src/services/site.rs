//! Where the servers live on this machine, and as whom they run.

use super::account::{self, Account};
use anyhow::{Context, Result};
use std::{
    env,
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// The folders that the servers of one checkout use.
#[derive(Debug)]
pub(crate) struct Site {
    /// State, logs and, in the ordinary case, everything else: `.services` of the checkout.
    pub(crate) root: PathBuf,
    /// Software and data of the servers; `root`, unless their account cannot look into it.
    pub(crate) home: PathBuf,
    /// Downloads, shared by all checkouts of a person.
    pub(crate) cache: PathBuf,
}

impl Site {
    /// Finds and creates the folders.
    pub(crate) fn open() -> Result<Self> {
        let root = match env::var("ORGLOOP_SERVICES_DIR") {
            Ok(folder) => PathBuf::from(folder),
            Err(_) => crate::checkout().join(".services"),
        };
        fs::create_dir_all(root.join("logs")).with_context(|| format!("creating {}", root.display()))?;
        let root = root.canonicalize().with_context(|| format!("finding {}", root.display()))?;
        let home = if account::is_root() && !open_to_all(&root) { home_outside(&root) } else { root.clone() };
        fs::create_dir_all(&home).with_context(|| format!("creating {}", home.display()))?;
        let cache = cache_folder()?;
        fs::create_dir_all(&cache).with_context(|| format!("creating {}", cache.display()))?;
        Ok(Self { root, home, cache })
    }

    /// Waits until no other task works on this site; the lock goes with the returned file.
    pub(crate) fn lock(&self) -> Result<File> {
        lock(&self.root.join("lock"))
    }

    /// Where the state is remembered.
    pub(crate) fn state_file(&self) -> PathBuf {
        self.root.join("state.json")
    }

    /// The log of one server.
    pub(crate) fn log(&self, server: &str) -> PathBuf {
        self.root.join("logs").join(format!("{server}.log"))
    }

    /// The account under which servers run that refuse to be root.
    pub(crate) fn account(&self) -> Result<Account> {
        Account::settle()
    }

    /// A folder of the software in the cache, copied where the servers' account may read and write it.
    pub(crate) fn software(&self, folder: &str, account: &Account) -> Result<PathBuf> {
        let target = self.home.join(folder);
        if !target.exists() {
            let copying = self.home.join(format!("{folder}.copying"));
            super::process::run("rm", &["-rf".as_ref(), copying.as_os_str()])?;
            super::process::run(
                "cp",
                &["-R".as_ref(), self.cache.join(folder).as_os_str(), copying.as_os_str()],
            )?;
            account.give(&copying)?;
            fs::rename(&copying, &target).with_context(|| format!("installing {}", target.display()))?;
        }
        Ok(target)
    }
}

/// Waits for the lock that a file stands for.
pub(crate) fn lock(file: &Path) -> Result<File> {
    let lock = File::create(file).with_context(|| format!("creating {}", file.display()))?;
    lock.lock().with_context(|| format!("locking {}", file.display()))?;
    Ok(lock)
}

/// Whether every folder on the way may be entered by anybody.
fn open_to_all(folder: &Path) -> bool {
    folder.ancestors().all(|part| fs::metadata(part).is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0))
}

/// A checkout below /root is closed to the servers' account: their folder lies beside the system's own then.
fn home_outside(root: &Path) -> PathBuf {
    let name = root.to_string_lossy().trim_matches('/').replace('/', "-");
    Path::new("/var/lib/orgloop-services").join(name)
}

fn cache_folder() -> Result<PathBuf> {
    let base = match (env::var("XDG_CACHE_HOME"), env::var("HOME")) {
        (Ok(cache), _) if !cache.is_empty() => PathBuf::from(cache),
        (_, Ok(home)) => PathBuf::from(home).join(".cache"),
        _ => anyhow::bail!("neither XDG_CACHE_HOME nor HOME is set: nowhere to keep downloads"),
    };
    Ok(base.join("orgloop-services"))
}
