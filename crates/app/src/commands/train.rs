//! `train`: labels move a model's weights.

use super::judged::judged_pairs;
use super::model::read_model;
use crate::config::Config;
use crate::output;
use crate::roles::Process;
use anyhow::{Context, bail, ensure};
use formats::{ColumnMap, ReadOptions};
use scoring::training::{Corpus, Settings, Trained, train};
use scoring::{Model, RecordFeatures};
use serde_json::json;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct TrainArguments {
    /// The records: a CSV or Parquet file, an HSDS folder or HSDS JSON
    #[arg(long, value_name = "FILE", requires = "labels", conflicts_with = "from_judgements")]
    input: Option<PathBuf>,
    /// What the file calls the columns, such as `name=Org Name` [default: by their own names]
    #[arg(long, value_name = "MAP")]
    map: Vec<ColumnMap>,
    /// Labels: `left_id,right_id,match` (1 or 0)
    #[arg(long, value_name = "FILE", requires = "input")]
    labels: Option<PathBuf>,
    /// What people judged in the running loop, instead of files
    #[arg(long)]
    from_judgements: bool,
    /// The model to begin with: a folder or a model.json [default: the one that comes with orgloop]
    #[arg(long, value_name = "DIR")]
    start: Option<PathBuf>,
    /// Begin with nothing: for many thousand labels of your own
    #[arg(long, conflicts_with = "start")]
    from_nothing: bool,
    /// The folder of the new model; its name is the version
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl TrainArguments {
    /// Whether the running loop's stores are to be asked.
    pub(crate) fn asks_the_loop(&self) -> bool {
        self.from_judgements
    }
}

/// Fewer labels than this move next to nothing.
const LABELS_FEW: usize = 20;

/// `train` on files.
pub(crate) fn run(arguments: &TrainArguments) -> anyhow::Result<ExitCode> {
    let (Some(input), Some(labels)) = (&arguments.input, &arguments.labels) else {
        bail!("give --input and --labels, or --from-judgements");
    };
    let corpus = read_corpus(input, &arguments.map, labels)?;
    make(arguments, &corpus)
}

/// `train --from-judgements`.
pub(crate) async fn run_on_judgements(
    config: Config,
    arguments: &TrainArguments,
) -> anyhow::Result<ExitCode> {
    let process = Process::begin(config).await?;
    let corpus = judged_corpus(&process).await?;
    make(arguments, &corpus)
}

fn make(arguments: &TrainArguments, corpus: &Corpus) -> anyhow::Result<ExitCode> {
    let folder = &arguments.model;
    let version = folder.file_name().and_then(|name| name.to_str());
    let version =
        version.with_context(|| format!("{} has no name to call the model by", folder.display()))?;
    ensure!(
        !folder.join("model.json").exists(),
        "{} holds a model: a version is made once",
        folder.display()
    );
    let count = corpus.labels.len();
    ensure!(count > 0, "no label names two records that are there");
    if count < LABELS_FEW {
        output::note(format_args!("{count} labels move next to nothing: a few hundred are a beginning"));
    }
    let start = match &arguments.start {
        Some(path) => read_model(path)?.0,
        None => Model::shipped().clone(),
    };
    let settings = match arguments.from_nothing {
        true => Settings::from_labels(version),
        false => Settings::on_top_of(&start, version),
    };
    let before = (!arguments.from_nothing).then_some(&start);
    let records = corpus.records;
    let contradicted_before = before.map(|model| contradicted(model, corpus));
    let trained = train(std::slice::from_ref(corpus), &settings)?;
    let contradicted_after = contradicted(&trained.model, corpus);
    let metrics = json!({
        "version": version,
        "started_from": before.map(Model::version),
        "records": records,
        "labelled_matches": trained.labelled.0,
        "labelled_others": trained.labelled.1,
        "contradicted_before": contradicted_before,
        "contradicted_after": contradicted_after,
        "calibration_error": trained.reliability.error,
        "calibration_error_open": trained.reliability.open_error,
    });
    write(folder, &trained, &metrics)?;
    if arguments.json {
        output::json(&metrics)?;
    } else {
        output::line(format_args!(
            "Model {version} in {}: {} matches and {} others; it contradicts {} of them (before: {}).",
            folder.display(),
            trained.labelled.0,
            trained.labelled.1,
            contradicted_after,
            contradicted_before.map_or_else(|| "-".to_owned(), |count| count.to_string())
        ));
        output::line(format_args!("Next: orgloop model stage {}", folder.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// How many labels a model by itself would decide otherwise.
fn contradicted(model: &Model, corpus: &Corpus) -> usize {
    let prior = model.prior(corpus.records);
    let labels = corpus.vectors.iter().zip(&corpus.labels);
    labels
        .filter(|(vector, label)| {
            label.is_some_and(|is_match| (model.weigh(vector) + prior >= model.threshold()) != is_match)
        })
        .count()
}

fn write(folder: &Path, trained: &Trained, metrics: &serde_json::Value) -> anyhow::Result<()> {
    let writing = || format!("writing the model to {}", folder.display());
    std::fs::create_dir_all(folder).with_context(writing)?;
    std::fs::write(folder.join("metrics.json"), format!("{metrics:#}\n")).with_context(writing)?;
    std::fs::write(folder.join("CARD.md"), card(trained, metrics)).with_context(writing)?;
    // Last, and at once: a folder with a model.json is a whole model.
    let whole = folder.join("model.json.new");
    std::fs::write(&whole, trained.model.to_json()?).with_context(writing)?;
    std::fs::rename(&whole, folder.join("model.json")).with_context(writing)
}

fn card(trained: &Trained, metrics: &serde_json::Value) -> String {
    format!(
        "# Model {}\n\nMade by `orgloop train` from {} labelled pairs ({} matches) of a corpus of {} records, starting from {}.\n\n\
         Calibration error over these labels: {:.3}, over the open ones among them (0.05 to 0.95): {:.3}. Both are of the labels that made\n\
         it, so they are optimistic; measure on labels that were held back with `orgloop dedupe --model … --truth …`.\n",
        trained.model.version(),
        trained.labelled.0 + trained.labelled.1,
        trained.labelled.0,
        metrics["records"],
        metrics["started_from"].as_str().unwrap_or("nothing"),
        trained.reliability.error,
        trained.reliability.open_error,
    )
}

#[derive(Debug, serde::Deserialize)]
struct LabelRow {
    #[serde(alias = "id_a")]
    left_id: String,
    #[serde(alias = "id_b")]
    right_id: String,
    #[serde(rename = "match", alias = "label")]
    is_match: u8,
}

fn read_corpus(input: &Path, map: &[ColumnMap], labels: &Path) -> anyhow::Result<Corpus> {
    let context = || format!("reading the labels in {}", labels.display());
    let rows: Vec<LabelRow> = csv::Reader::from_path(labels)
        .with_context(context)?
        .deserialize()
        .collect::<Result<_, _>>()
        .with_context(context)?;
    if let Some(row) = rows.iter().find(|row| row.is_match > 1) {
        bail!(
            "{}: match is {} for {} and {}: use 1 or 0",
            labels.display(),
            row.is_match,
            row.left_id,
            row.right_id
        );
    }
    let mut features: HashMap<String, Option<RecordFeatures>> =
        rows.iter().flat_map(|row| [&row.left_id, &row.right_id]).map(|id| (id.clone(), None)).collect();
    let map = map.iter().try_fold(ColumnMap::default(), |map, more| map.and(more))?;
    let options = ReadOptions { source: "input".into(), created_at: entity::clock::now() };
    let mut records = 0;
    for chunk in formats::chunks(input, &options, &map)? {
        chunk.records(|record| {
            let Ok((_, record)) = record else { return };
            records += 1;
            if let Some(wanted) = features.get_mut(&record.source_id) {
                *wanted = Some(scoring::features(&record));
            }
        });
    }
    let mut corpus = Corpus { records, ..Corpus::default() };
    let of = |id: &String| features.get(id).and_then(Option::as_ref);
    for row in &rows {
        if let (Some(left), Some(right)) = (of(&row.left_id), of(&row.right_id)) {
            corpus.vectors.push(scoring::compare(left, right));
            corpus.labels.push(Some(row.is_match == 1));
        }
    }
    let unknown = rows.len() - corpus.labels.len();
    if unknown > 0 {
        output::note(format_args!("{unknown} labels name a record that is not in {}", input.display()));
    }
    Ok(corpus)
}

/// What people judged, as the live generation's index tells the records.
async fn judged_corpus(process: &Process) -> anyhow::Result<Corpus> {
    let generations = process.generations().await?;
    let live = generations.follow_live().await?;
    let records = generations.of(live).corpus().await?.record_count;
    let judged = judged_pairs(process, live).await?;
    let (vectors, labels) = judged.into_iter().map(|pair| (pair.vector, Some(pair.is_match))).unzip();
    Ok(Corpus { records, vectors, labels, counts_as: None })
}
