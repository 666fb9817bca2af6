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
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Precision and recall, over pairs and over records (B³: Bagga and Baldwin, 1998).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Quality {
    records: usize,
    pair_precision: f64,
    pair_recall: f64,
    pair_f1: f64,
    b3_precision: f64,
    b3_recall: f64,
    b3_f1: f64,
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
    let clusters: Vec<ClusterRow> = rows(&arguments.clusters)?;
    let truth: Vec<TruthRow> = rows(&arguments.truth)?;
    let clusters: HashMap<_, _> = clusters.into_iter().map(|row| (row.id, row.cluster_id)).collect();
    // A record that was not clustered stands alone.
    let answers = truth.into_iter().map(|row| {
        let cluster = clusters.get(&row.id).cloned().unwrap_or_else(|| format!("alone:{}", row.id));
        (cluster, row.entity_id)
    });
    let quality = quality(&answers.collect::<Vec<_>>());
    if arguments.json {
        output::json(&quality)?;
    } else {
        let Quality { records, pair_precision, pair_recall, pair_f1, b3_precision, b3_recall, b3_f1 } =
            quality;
        output::line(format_args!("{records} records    precision  recall     F1"));
        output::line(format_args!("pairs           {pair_precision:.4}     {pair_recall:.4}  {pair_f1:.4}"));
        output::line(format_args!("B3              {b3_precision:.4}     {b3_recall:.4}  {b3_f1:.4}"));
    }
    Ok(ExitCode::SUCCESS)
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
    for ((cluster, entity), count) in &both {
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
    }
}
