//! A folder with generated organizations whose truth is known, and the binary.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

pub(crate) struct World {
    pub(crate) folder: TempDir,
    truth: HashMap<String, String>,
}

impl World {
    pub(crate) fn new(organizations: usize, seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self { folder, truth: HashMap::new() };
        let (count, seed) = (organizations.to_string(), seed.to_string());
        world.must(&["sample", "--organizations", &count, "--seed", &seed, "--output", "."]);
        let mut reader = csv::Reader::from_path(world.path("truth.csv")).unwrap();
        let rows = reader.records().map(|row| row.unwrap());
        let truth = rows.map(|row| (row[0].to_owned(), row[1].to_owned())).collect();
        Self { truth, ..world }
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        std::fs::write(self.path(file), text).unwrap();
    }

    pub(crate) fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.path(file)).unwrap()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orgloop"));
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    pub(crate) fn orgloop(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub(crate) fn must(&self, arguments: &[&str]) -> String {
        let output = self.orgloop(arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }

    /// What a command that must not do well complains of.
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let output = self.orgloop(arguments);
        assert!(!output.status.success(), "{arguments:?} did well");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Whether two records are one organization.
    pub(crate) fn is_match(&self, left: &str, right: &str) -> bool {
        self.truth[left] == self.truth[right]
    }

    /// The pairs that a batch compared and kept: left, right, probability.
    pub(crate) fn pairs(&self) -> Vec<(String, String, f64)> {
        self.must(&["dedupe", "--input", "orgs.csv", "--output", "clusters.csv", "--pairs", "compared.csv"]);
        let mut reader = csv::Reader::from_path(self.path("compared.csv")).unwrap();
        let rows = reader.records().map(|row| row.unwrap());
        rows.map(|row| (row[0].to_owned(), row[1].to_owned(), row[3].parse().unwrap())).collect()
    }
}
