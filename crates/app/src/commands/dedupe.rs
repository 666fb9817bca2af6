//! `dedupe`: one file's duplicates, without a store or a service.

mod judgements;
mod pairs;
mod previous;
mod report;
mod summary;
mod written;

use super::evaluate::Quality;
use super::input::{self, Input};
use super::memory;
use super::model::read_model;
use crate::output;
use anyhow::ensure;
use formats::ColumnMap;
use judgements::Judgements;
use pipeline::batch::{Batch, Clusters, Evidence, Pairs, Plan};
use previous::{Previous, Transition};
use scoring::Model;
use std::io::{self, Write};
use std::num::NonZero;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use summary::{Clock, Summary};
use written::{Written, cell};

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DedupeArguments {
    /// A CSV or Parquet file, a folder of HSDS CSV tables, or an HSDS JSON file
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Where to write `id,cluster_id,probability`
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// What the file calls the columns, such as `name=Org Name,street=Address` [default: by their own names]
    #[arg(long, value_name = "MAP")]
    map: Vec<ColumnMap>,
    /// A folder with a model.json [default: the model that comes with orgloop]
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    /// Log-odds from which on evidence joins [default: the model's]
    #[arg(long, value_name = "LOG_ODDS", allow_negative_numbers = true)]
    threshold: Option<f64>,
    /// Answers that hold: `left_id,right_id` and `match` (1 or 0) or `verdict`
    #[arg(long, value_name = "FILE")]
    judgements: Option<PathBuf>,
    /// The clusters of the run before: their ids stay, and what changed is listed
    #[arg(long, value_name = "FILE")]
    previous: Option<PathBuf>,
    /// Where to list what changed since --previous, as CSV
    #[arg(long, value_name = "FILE", requires = "previous")]
    changes: Option<PathBuf>,
    /// Where to write the scored pairs with their evidence: Parquet, or CSV if it is named so
    #[arg(long, value_name = "FILE")]
    pairs: Option<PathBuf>,
    /// Where to write a page to look at: weights, thresholds, clusters and pairs
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// The truth, `id,entity_id`: quality is measured by it
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// What an earlier run printed with --json: when quality is lower now, the exit code is 3
    #[arg(long, value_name = "FILE", requires = "truth")]
    baseline: Option<PathBuf>,
    /// Refuse beforehand what would take more memory, such as 8GiB [default: what the machine has left]
    #[arg(long, value_name = "BYTES", value_parser = memory::bytes)]
    memory_limit: Option<u64>,
    /// How many threads work [default: as many as the machine has]
    #[arg(long, value_name = "N")]
    threads: Option<NonZero<usize>>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// A run and all it found.
#[derive(Debug)]
struct Ran<'a> {
    plan: Plan<'a>,
    batch: Batch,
    pairs: Pairs,
    clusters: Clusters,
    names: Option<Vec<String>>,
    /// Per record, its cluster.
    cluster_of: Vec<u32>,
    judgements: Judgements,
    threshold: f64,
}

/// Clusters and what they are called.
#[derive(Clone, Copy, Debug)]
struct Named<'a> {
    batch: &'a Batch,
    clusters: &'a Clusters,
    names: Option<&'a [String]>,
}

impl Named<'_> {
    fn name(&self, at: usize) -> String {
        match self.names {
            Some(names) => names[at].clone(),
            None => resolution::cluster_id(self.batch.id(self.clusters.members(at).anchor())).to_string(),
        }
    }
}

/// Runs it. Rows that are left out make the exit code 1, a fall of quality 3; the clusters are written all the same.
pub(crate) fn run(arguments: &DedupeArguments) -> anyhow::Result<ExitCode> {
    let mut clock = Clock::start();
    let model = match &arguments.model {
        Some(path) => read_model(path)?.0,
        None => Model::shipped().clone(),
    };
    let threads = arguments.threads.unwrap_or_else(input::threads);
    let wants_evidence = arguments.pairs.is_some() || arguments.report.is_some();
    let evidence = if wants_evidence { Evidence::Levels } else { Evidence::Weights };
    let plan = Plan { model: &model, threads, evidence };
    let threshold = threshold(arguments.threshold, &model)?;
    let map = arguments.map.iter().try_fold(ColumnMap::default(), |map, more| map.and(more))?;
    let input = Input { path: &arguments.input, map: &map, threads, memory_limit: arguments.memory_limit };
    let input::Read { mut batch, blocks, left_out, estimate } = input.read(&model)?;
    let judgements = arguments.judgements.as_deref().map(|file| judgements::read(file, &batch));
    let judgements = judgements.transpose()?.unwrap_or_default();
    let previous = arguments.previous.as_deref().map(|file| Previous::read(file, &batch)).transpose()?;
    if let Some(previous) = &previous {
        previous.set_ages(&mut batch);
    }
    clock.lap("read");
    let bar = output::bar(batch.len() as u64, "comparing organizations");
    let pairs = batch.pairs(&blocks, &plan, |count| bar.inc(count));
    bar.finish_and_clear();
    clock.lap("compare");
    let clusters = batch.clusters_at(threshold, &pairs, &judgements.constraints, &plan);
    let names = previous.as_ref().map(|previous| previous.names(&batch, &clusters));
    clock.lap("cluster");
    let cluster_of = if wants_evidence { cluster_of(&batch, &clusters) } else { Vec::new() };
    let ran = Ran { plan, batch, pairs, clusters, names, cluster_of, judgements, threshold };
    let transitions = previous.as_ref().map(|previous| previous.transitions(&ran.named()));
    write(arguments, &input, &ran, transitions.as_deref())?;
    clock.lap("write");
    let truth = arguments.truth.as_deref();
    let quality = truth.map(|truth| Quality::of(&arguments.output, truth)).transpose()?;
    let summary = Summary::new(&ran, (left_out, estimate), transitions.as_deref(), quality, &clock);
    if arguments.json {
        output::json(&summary)?;
    } else {
        summary.print(&arguments.output);
    }
    match quality.map(|quality| quality.against(arguments.baseline.as_deref())).transpose()? {
        Some(fell) if fell != ExitCode::SUCCESS => Ok(fell),
        _ => Ok(if left_out > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }),
    }
}

impl Ran<'_> {
    fn named(&self) -> Named<'_> {
        Named { batch: &self.batch, clusters: &self.clusters, names: self.names.as_deref() }
    }
}

/// Below what pairs are kept for, a threshold would miss most of them.
fn threshold(asked: Option<f64>, model: &Model) -> anyhow::Result<f64> {
    let Some(threshold) = asked else { return Ok(model.threshold()) };
    ensure!(threshold.is_finite(), "--threshold {threshold} is no number");
    let least = model.pair_weight_min() + model.prior(1);
    ensure!(
        threshold >= least,
        "--threshold {threshold} is below {least}, from which on the model keeps pairs"
    );
    Ok(threshold)
}

/// Writes all files beside their places first, so that an error leaves none of them half done.
fn write(
    arguments: &DedupeArguments,
    input: &Input<'_>,
    ran: &Ran<'_>,
    transitions: Option<&[Transition]>,
) -> anyhow::Result<()> {
    let mut files = vec![write_clusters(&arguments.output, ran)?];
    if let (Some(place), Some(transitions)) = (&arguments.changes, transitions) {
        files.push(write_changes(place, transitions)?);
    }
    if let Some(place) = &arguments.pairs {
        files.push(pairs::write(ran, place)?);
    }
    if let Some(place) = &arguments.report {
        let mut file = Written::create(place)?;
        file.write_all(report::page(ran, input, transitions)?.as_bytes())?;
        files.push(file);
    }
    files.into_iter().try_for_each(Written::finish)
}

fn write_clusters(place: &Path, ran: &Ran<'_>) -> anyhow::Result<Written> {
    let mut out = Written::create(place)?;
    writeln!(out, "id,cluster_id,probability")?;
    let (clusters, threads) = (ran.clusters.len(), ran.plan.threads);
    for start in (0..clusters).step_by(CLUSTERS_HELD) {
        let end = clusters.min(start + CLUSTERS_HELD);
        let parts = (start..end).step_by(CLUSTERS_IN_ONE_GO);
        let parts = parts.map(|start| start..end.min(start + CLUSTERS_IN_ONE_GO));
        for lines in pipeline::batch::map(threads, parts, |part| cluster_lines(ran, part)) {
            out.write_all(&lines?)?;
        }
    }
    Ok(out)
}

/// Clusters whose lines are held before they are written.
const CLUSTERS_HELD: usize = 1 << 14;
/// Clusters whose lines a thread makes in one go: few enough that what is read ahead of them stays near.
const CLUSTERS_IN_ONE_GO: usize = 1 << 8;

fn cluster_lines(ran: &Ran<'_>, part: Range<usize>) -> io::Result<Vec<u8>> {
    let mut lines = Vec::with_capacity(128 * part.len());
    let named = ran.named();
    let members = part.clone().flat_map(|at| ran.clusters.members(at).iter());
    ran.batch.fetch_ids(members.map(|(member, _)| member));
    for at in part {
        let name = named.name(at);
        let name = cell(&name);
        for (member, probability) in ran.clusters.members(at).iter() {
            writeln!(lines, "{},{name},{probability:.6}", cell(ran.batch.source_id(member)))?;
        }
    }
    Ok(lines)
}

fn write_changes(place: &Path, transitions: &[Transition]) -> anyhow::Result<Written> {
    let mut out = Written::create(place)?;
    writeln!(out, "change,before,after,members_before,members_after")?;
    for transition in transitions {
        let (before, after) = (transition.before.join(" "), transition.after.join(" "));
        let (before, after) = (cell(&before), cell(&after));
        let Transition { members_before, members_after, .. } = transition;
        writeln!(out, "{},{before},{after},{members_before},{members_after}", transition.kind.as_str())?;
    }
    Ok(out)
}

fn cluster_of(batch: &Batch, clusters: &Clusters) -> Vec<u32> {
    let mut of = vec![u32::MAX; batch.numbers().last().map_or(0, |last| last as usize + 1)];
    for (at, members) in (0..).zip(clusters.iter()) {
        members.iter().for_each(|(number, _)| of[number as usize] = at);
    }
    of
}
