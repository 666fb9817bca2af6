//! `evaluate`: clusters against the truth.

use crate::output;
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct EvaluateArguments {
    /// Clusters: `id,cluster_id` and perhaps more columns
    #[arg(long, value_name = "FILE")]
    clusters: PathBuf,
    /// The truth: `id,entity_id`
    #[arg(long, value_name = "FILE")]
    truth: PathBuf,
    /// What an earlier run printed with --json: when quality is lower now, the exit code is 3
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Less than this is no fall: a record more or less moves figures of small files.
const FALL_MIN: f64 = 0.001;

/// The exit code when quality fell.
const FELL: u8 = 3;

/// Precision and recall, over pairs and over records (B³: Bagga and Baldwin, 1998).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Quality {
    records: usize,
    pair_precision: f64,
    pair_recall: f64,
    pub(super) pair_f1: f64,
    b3_precision: f64,
    b3_recall: f64,
    pub(super) b3_f1: f64,
    /// The share of the truth's entities of two records or more that are clusters, no record more or less.
    #[serde(default)]
    cluster_exact: f64,
}

/// What `--baseline` names: this command's figures, or `dedupe`'s with them inside.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Baseline {
    Evaluated(Quality),
    Deduped { quality: Quality },
}

#[derive(Debug, Deserialize)]
struct ClusterRow {
    id: String,
    cluster_id: String,
}

#[derive(Debug, Deserialize)]
struct TruthRow {
    id: String,
    entity_id: String,
}

/// Runs it.
pub(crate) fn run(arguments: &EvaluateArguments) -> anyhow::Result<ExitCode> {
    let quality = Quality::of(&arguments.clusters, &arguments.truth)?;
    if arguments.json {
        output::json(&quality)?;
    } else {
        quality.print();
    }
    quality.against(arguments.baseline.as_deref())
}

impl Quality {
    /// The quality of the clusters in one file by the truth in another.
    pub(super) fn of(clusters: &Path, truth: &Path) -> anyhow::Result<Self> {
        let clusters: Vec<ClusterRow> = rows(clusters)?;
        let truth: Vec<TruthRow> = rows(truth)?;
        let clusters: HashMap<_, _> = clusters.into_iter().map(|row| (row.id, row.cluster_id)).collect();
        // A record that was not clustered stands alone.
        let answers = truth.into_iter().map(|row| {
            let cluster = clusters.get(&row.id).cloned().unwrap_or_else(|| format!("alone:{}", row.id));
            (cluster, row.entity_id)
        });
        Ok(quality(&answers.collect::<Vec<_>>()))
    }

    /// Says it on standard output.
    pub(super) fn print(&self) {
        let Self { records, pair_precision, pair_recall, pair_f1, b3_precision, b3_recall, b3_f1, .. } = self;
        output::line(format_args!("{records} records    precision  recall     F1"));
        output::line(format_args!("pairs           {pair_precision:.4}     {pair_recall:.4}  {pair_f1:.4}"));
        output::line(format_args!("B3              {b3_precision:.4}     {b3_recall:.4}  {b3_f1:.4}"));
        output::line(format_args!("clusters found exactly  {:.4}", self.cluster_exact));
    }

    /// The exit code by the quality of an earlier run.
    pub(super) fn against(&self, baseline: Option<&Path>) -> anyhow::Result<ExitCode> {
        let Some(file) = baseline else { return Ok(ExitCode::SUCCESS) };
        let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        let before: Baseline = serde_json::from_str(&text)
            .with_context(|| format!("{} is not what `evaluate --json` prints", file.display()))?;
        let (Baseline::Evaluated(before) | Baseline::Deduped { quality: before }) = before;
        let figures = [("pair F1", before.pair_f1, self.pair_f1), ("B3 F1", before.b3_f1, self.b3_f1)];
        let fallen = figures.iter().filter(|(_, before, now)| *now < before - FALL_MIN);
        for (name, before, now) in fallen.clone() {
            output::note(format_args!("quality fell: {name} was {before:.4}, is {now:.4}"));
        }
        Ok(if fallen.count() > 0 { ExitCode::from(FELL) } else { ExitCode::SUCCESS })
    }
}

fn rows<T: for<'de> Deserialize<'de>>(file: &Path) -> anyhow::Result<Vec<T>> {
    let mut reader = csv::Reader::from_path(file).with_context(|| format!("opening {}", file.display()))?;
    let rows: Result<Vec<T>, _> = reader.deserialize().collect();
    rows.with_context(|| format!("reading {}", file.display()))
}

/// Of (cluster, entity) per record.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn quality<A: Eq + Hash, B: Eq + Hash>(answers: &[(A, B)]) -> Quality {
    let mut clusters: HashMap<&A, usize> = HashMap::new();
    let mut entities: HashMap<&B, usize> = HashMap::new();
    let mut both: HashMap<(&A, &B), usize> = HashMap::new();
    for (cluster, entity) in answers {
        *clusters.entry(cluster).or_default() += 1;
        *entities.entry(entity).or_default() += 1;
        *both.entry((cluster, entity)).or_default() += 1;
    }
    let pairs =
        |counts: &mut dyn Iterator<Item = usize>| -> f64 { counts.map(|n| (n * (n - 1) / 2) as f64).sum() };
    let found = pairs(&mut clusters.values().copied());
    let wanted = pairs(&mut entities.values().copied());
    let right = pairs(&mut both.values().copied());
    let ratio = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 1.0 };
    let f1 = |precision: f64, recall: f64| ratio(2.0 * precision * recall, precision + recall);
    let (mut b3_precision, mut b3_recall) = (0.0, 0.0);
    let several = entities.values().filter(|count| **count > 1).count();
    let mut exact = 0;
    for ((cluster, entity), count) in &both {
        exact += usize::from(*count > 1 && *count == clusters[cluster] && *count == entities[entity]);
        let shared = *count as f64;
        b3_precision += shared * shared / clusters[cluster] as f64;
        b3_recall += shared * shared / entities[entity] as f64;
    }
    let records = answers.len() as f64;
    let (b3_precision, b3_recall) = (ratio(b3_precision, records), ratio(b3_recall, records));
    let (pair_precision, pair_recall) = (ratio(right, found), ratio(right, wanted));
    Quality {
        records: answers.len(),
        pair_precision,
        pair_recall,
        pair_f1: f1(pair_precision, pair_recall),
        b3_precision,
        b3_recall,
        b3_f1: f1(b3_precision, b3_recall),
        cluster_exact: ratio(exact as f64, several as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::quality;

    #[test]
    fn pairs_and_records_are_counted_by_hand() {
        // Clusters {a a b} {b}: one right pair of three found, of two wanted.
        let quality = quality(&[(1, "a"), (1, "a"), (1, "b"), (2, "b")]);
        assert!((quality.pair_precision - 1.0 / 3.0).abs() < 1e-12);
        assert!((quality.pair_recall - 0.5).abs() < 1e-12);
        assert!((quality.b3_precision - (4.0 / 3.0 + 1.0 / 3.0 + 1.0) / 4.0).abs() < 1e-12);
        assert!((quality.b3_recall - (2.0 + 0.5 + 0.5) / 4.0).abs() < 1e-12);
        assert!(quality.cluster_exact.abs() < 1e-12);
    }

    #[test]
    fn an_entity_counts_as_found_only_as_a_whole() {
        let found = quality(&[(1, "a"), (1, "a"), (2, "b"), (3, "b"), (4, "c")]);
        assert!((found.cluster_exact - 0.5).abs() < 1e-12);
    }

    #[test]
    fn only_a_fall_is_told_by_the_exit_code() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("metrics.json");
        let before = quality(&[(1, "a"), (1, "a"), (2, "b"), (2, "b")]);
        std::fs::write(&file, serde_json::to_string(&before).unwrap()).unwrap();
        let code = |quality: super::Quality| format!("{:?}", quality.against(Some(&file)).unwrap());
        let fell = format!("{:?}", std::process::ExitCode::from(super::FELL));
        assert_ne!(code(before), fell);
        assert_eq!(code(quality(&[(1, "a"), (1, "a"), (2, "b"), (3, "b")])), fell);
    }
}
