//! Contract tests: schemathesis makes requests from the OpenAPI document of a running `orgloop`, and holds the answers
//! against it. No answer may be a server's error, undocumented, or of another shape than the document says.

use crate::{checkout, python, without_settings};
use anyhow::{Context, Result, bail, ensure};
use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// What is made of each operation, in each phase; more finds more, and takes longer.
const EXAMPLES: &str = "5";
/// The same requests each time: a failure of one run is a failure of the next.
const SEED: &str = "1";
/// For the loop to print where it listens.
const START: Duration = Duration::from_secs(60);

/// Runs them.
pub(crate) fn run() -> Result<()> {
    let folder = crate::target().join("contract");
    let schemathesis =
        python::with(&folder, "xtask/contract/requirements.txt")?.with_file_name("schemathesis");
    crate::build_programs()?;
    let data = folder.join("data");
    if data.exists() {
        fs::remove_dir_all(&data)?;
    }
    fs::create_dir_all(&data)?;
    let token = token(&data)?;
    let loop_ = Loop::start(&data, &folder.join("orgloop.log"))?;
    let mut command = Command::new(schemathesis);
    command.current_dir(&folder).stdin(Stdio::null());
    command.arg("--config-file").arg(checkout().join("xtask/contract/schemathesis.toml"));
    command.arg("run").arg(format!("{}/openapi.json", loop_.address));
    command.args(["--max-examples", EXAMPLES, "--seed", SEED]);
    command.args(["--header", &format!("Authorization: Bearer {token}")]);
    let status = command.status().context("running schemathesis")?;
    let log = folder.join("orgloop.log");
    ensure!(status.success(), "schemathesis ended with {status}; the log of the loop is {}", log.display());
    Ok(())
}

fn orgloop(data: &Path) -> Command {
    let mut command = Command::new(crate::target().join("debug/orgloop"));
    without_settings(&mut command);
    command.current_dir(data).stdin(Stdio::null()).arg("--data-dir").arg(data);
    command
}

/// With a token there, the service asks for credentials: so the tests also see who is let in.
fn token(data: &Path) -> Result<String> {
    let made = orgloop(data).args(["token", "create", "--name", "contract", "--role", "admin"]).output()?;
    ensure!(made.status.success(), "making a token: {}", String::from_utf8_lossy(&made.stderr));
    Ok(String::from_utf8(made.stdout)?.trim().to_owned())
}

/// A loop on a small sample, ended when this goes.
#[derive(Debug)]
struct Loop {
    child: Child,
    address: String,
}

impl Loop {
    fn start(data: &Path, log: &Path) -> Result<Self> {
        let mut command = orgloop(data);
        command.args(["demo", "--organizations", "150", "--listen", "127.0.0.1:0"]);
        // The tests come with wrong credentials on purpose, and want to hear that they are wrong each time.
        command.env("ORGLOOP_ACCESS__LIMITS__FAILED_SIGN_INS_PER_MINUTE", "100000");
        let mut child = command.stdout(Stdio::piped()).stderr(fs::File::create(log)?).spawn()?;
        let output = child.stdout.take().context("the loop has no output")?;
        let mut started = Self { child, address: String::new() };
        let (sender, lines) = mpsc::channel();
        // It is read to its end, so that the loop never waits for a reader.
        thread::spawn(move || {
            BufReader::new(output).lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)))
        });
        loop {
            let Ok(line) = lines.recv_timeout(START) else {
                bail!("the loop did not say where it listens; its log is {}", log.display());
            };
            if let Some(begin) = line.find("http://") {
                let address = line[begin..].split_whitespace().next().unwrap_or_default();
                address.trim_end_matches('/').clone_into(&mut started.address);
                return Ok(started);
            }
        }
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
