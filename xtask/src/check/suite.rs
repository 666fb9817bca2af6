//! Running the tests: quiet about those that pass, loud about those that were skipped.

use crate::{say, services::Variables};
use anyhow::{Context, Result, bail};
use std::{
    io::{BufRead, BufReader},
    process::Stdio,
    sync::mpsc,
    thread,
    time::Duration,
};

/// After the tests have ended, a process that one of them left behind may still hold their output open.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Runs the tests of the whole workspace with these variables set and no other of ours.
pub(crate) fn run(ports: &str, variables: &Variables) -> Result<()> {
    // With their output shown, because a skipped test says so there, and libtest would keep it to itself.
    let mut command = super::command(&["test", "--workspace", "--no-fail-fast", "--", "--show-output"]);
    let mut child = command
        .envs(variables.iter().cloned())
        .stdout(Stdio::piped())
        .spawn()
        .context("running cargo test")?;
    let output = child.stdout.take().context("cargo test has no output")?;
    let (sender, ended) = mpsc::channel();
    thread::spawn(move || sender.send(show(BufReader::new(output))));
    let status = child.wait().context("waiting for cargo test")?;
    let skipped =
        ended.recv_timeout(LAST_WORDS).context("a process left behind by a test holds its output")?;
    if skipped > 0 {
        say(format_args!("== {ports}: {skipped} skipped, see SKIPPED above"));
    }
    if status.success() { Ok(()) } else { bail!("cargo test ended with {status}") }
}

/// Prints what the tests say and returns how many lines told of a skip.
fn show(output: impl BufRead) -> usize {
    let mut filter = Filter::default();
    for line in output.split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        if filter.lets_pass(&line) {
            say(line);
        }
    }
    filter.skipped
}

/// Leaves out what tests printed that passed, except for their skips.
#[derive(Debug, Default)]
struct Filter {
    within_successes: bool,
    skipped: usize,
}

impl Filter {
    fn lets_pass(&mut self, line: &str) -> bool {
        match line {
            "successes:" => self.within_successes = true,
            "failures:" => self.within_successes = false,
            _ if line.starts_with("test result:") => self.within_successes = false,
            _ => {}
        }
        let skip = line.starts_with("SKIPPED");
        self.skipped += usize::from(skip);
        skip || !self.within_successes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_are_shown_and_other_output_of_passing_tests_is_not() {
        let output = "test a ... ok\n\nsuccesses:\n\n---- a stdout ----\nchatter\nSKIPPED: no server\n\n\
                      successes:\n    a\n\nfailures:\n\n---- b stdout ----\nwrong\n\ntest result: FAILED.";
        let mut filter = Filter::default();
        let shown: Vec<&str> =
            output.lines().filter(|line| filter.lets_pass(line) && !line.is_empty()).collect();
        assert_eq!(
            shown,
            [
                "test a ... ok",
                "SKIPPED: no server",
                "failures:",
                "---- b stdout ----",
                "wrong",
                "test result: FAILED."
            ]
        );
        assert_eq!(filter.skipped, 1);
    }
}
