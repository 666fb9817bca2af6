//! `orgloop dedupe` beside Splink: the same rows in the same run, quality, time and memory of both.

use super::finish;
use crate::{cargo, python};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Where the rows come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Rows {
    /// `orgloop sample`.
    Sample,
    /// `../shared/data/make_orgs.py`, if it is there: harder, made by nobody who knew the model.
    Shared,
}

/// What is measured.
#[derive(Debug, clap::Args)]
pub(crate) struct Dedupe {
    /// How many organizations; several sizes one after the other.
    #[arg(long, value_delimiter = ',', default_value = "10000,100000,1000000")]
    organizations: Vec<usize>,
    /// Where the rows come from [default: shared if it is there].
    #[arg(long)]
    rows: Option<Rows>,
    /// Leave Splink out.
    #[arg(long)]
    alone: bool,
}

/// How often `orgloop dedupe` is run; the run of median time counts.
const RUNS: usize = 3;

/// Where ours stand in the folder of the rows.
const CLUSTERS: &str = "orgloop.csv";

/// Programs and folders of the benchmark.
struct Bench {
    folder: PathBuf,
    python: PathBuf,
    orgloop: PathBuf,
    scripts: PathBuf,
}

/// Measures; prints one JSON document per size.
pub(crate) fn run(asked: &Dedupe) -> Result<()> {
    finish(&mut cargo(&["build", "--quiet", "--release", "-p", "orgloop"]))?;
    let checkout = crate::checkout();
    let shared = checkout.join("../shared/data/make_orgs.py");
    let rows = asked.rows.unwrap_or(if shared.is_file() { Rows::Shared } else { Rows::Sample });
    let folder = crate::target().join("bench-dedupe");
    let bench = Bench {
        python: python::with(&folder, "xtask/bench/requirements.txt")?,
        orgloop: crate::target().join("release/orgloop"),
        scripts: checkout.join("xtask/bench"),
        folder,
    };
    for organizations in &asked.organizations {
        let data = bench.generate(*organizations, rows, &shared)?;
        // Before and after Splink, whose run is long enough to even out what else the machine does.
        let mut ours = vec![bench.ours(&data)?];
        let theirs = (!asked.alone).then(|| bench.splink(&data)).transpose()?;
        while ours.len() < RUNS {
            ours.push(bench.ours(&data)?);
        }
        let mut ours = median(ours);
        ours["f1"] = bench.f1(&data.join(CLUSTERS), &data)?;
        let mut document = json!({ "organizations": organizations, "orgloop": ours });
        if let Some(theirs) = theirs {
            document["times_splink"] = ratios(&theirs, &ours);
            document["splink"] = theirs;
        }
        crate::say(document);
    }
    Ok(())
}

impl Bench {
    fn generate(&self, organizations: usize, rows: Rows, shared: &Path) -> Result<PathBuf> {
        let data = self.folder.join(format!("{rows:?}-{organizations}").to_lowercase());
        if data.join("truth.csv").is_file() {
            return Ok(data);
        }
        // Written beside its place: what was broken off is made again.
        let making = self.folder.join("making");
        let count = organizations.to_string();
        match rows {
            Rows::Sample => {
                let arguments = ["sample", "--organizations", &count, "--output"];
                quietly(Command::new(&self.orgloop).args(arguments).arg(&making))?;
                let _ = fs::remove_file(making.join("orgs.json"));
            }
            Rows::Shared => quietly(Command::new(&self.python).arg(shared).arg(count).arg(&making))?,
        }
        fs::rename(&making, &data)?;
        Ok(data)
    }

    fn ours(&self, data: &Path) -> Result<Value> {
        let mut command = Command::new(&self.python);
        command.arg(self.scripts.join("measured.py")).arg(&self.orgloop).arg("dedupe");
        command.arg("--input").arg(data.join("orgs.csv")).arg("--output").arg(data.join(CLUSTERS));
        let measured = answer(&mut command)?;
        ensure!(measured["code"] == 0, "orgloop dedupe failed");
        Ok(measured)
    }

    fn splink(&self, data: &Path) -> Result<Value> {
        let out = data.join("splink");
        fs::create_dir_all(&out)?;
        let mut command = Command::new(&self.python);
        command.arg(self.scripts.join("splink_batch.py")).arg(data.join("orgs.csv")).arg(&out);
        let mut measured = answer(&mut command)?;
        measured["f1"] = self.f1(&out.join("clusters.csv"), data)?;
        let thresholds = measured["thresholds"].as_array().map_or(0, Vec::len);
        let mut best = measured["f1"].clone();
        for at in 1..thresholds {
            let f1 = self.f1(&out.join(format!("clusters_{at}.csv")), data)?;
            if f1.as_f64() > best.as_f64() {
                best = f1;
            }
        }
        measured["f1_at_its_best_threshold"] = best;
        Ok(measured)
    }

    fn f1(&self, clusters: &Path, data: &Path) -> Result<Value> {
        let mut command = Command::new(&self.orgloop);
        command
            .args(["evaluate", "--json", "--clusters"])
            .arg(clusters)
            .arg("--truth")
            .arg(data.join("truth.csv"));
        Ok(answer(&mut command)?["pair_f1"].clone())
    }
}

/// The run of median wall time.
fn median(mut runs: Vec<Value>) -> Value {
    let wall = |run: &Value| run["wall_s"].as_f64().unwrap_or(f64::INFINITY);
    runs.sort_by(|a, b| wall(a).total_cmp(&wall(b)));
    runs.swap_remove(runs.len() / 2)
}

/// How many times more Splink takes.
fn ratios(theirs: &Value, ours: &Value) -> Value {
    let ratio = |what: &str| {
        let (theirs, ours) = (theirs[what].as_f64()?, ours[what].as_f64()?);
        (ours > 0.0).then(|| (theirs / ours * 10.0).round() / 10.0)
    };
    json!({ "wall": ratio("wall_s"), "cpu": ratio("cpu_s"), "memory": ratio("peak_mb") })
}

/// The last line of output that is a JSON document.
fn answer(command: &mut Command) -> Result<Value> {
    let output = command.output().with_context(|| format!("running {command:?}"))?;
    let told = || String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{command:?} ended with {}: {}", output.status, told());
    let text = String::from_utf8_lossy(&output.stdout);
    let document = text.lines().rev().find_map(|line| serde_json::from_str(line).ok());
    document.with_context(|| format!("{command:?} printed no JSON document"))
}

fn quietly(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("running {command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
