//! `train`: labels move a model's weights.

use super::judged::judged_pairs;
use super::labels::{Asked, Labels, contradicted};
use super::model::read_model;
use crate::config::Config;
use crate::output;
use crate::roles::Process;
use anyhow::{Context, bail, ensure};
use entity::{Record, RecordId};
use formats::{ColumnMap, ReadOptions};
use scoring::training::{Corpus, Settings, Trained, reliability, train};
use scoring::{FeatureVector, Model, RecordFeatures};
use serde_json::json;
use std::collections::{HashMap, HashSet};
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
    /// Labels: `left_id,right_id,match` (1 or 0), as `orgloop label` writes them
    #[arg(long, value_name = "FILE", requires = "input")]
    labels: Option<PathBuf>,
    /// Leave out labels that name a record which is not in the file, instead of stopping there
    #[arg(long, requires = "input")]
    skip_unknown: bool,
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
    let labelled = read_corpus(arguments, input, labels)?;
    make(arguments, &labelled)
}

/// `train --from-judgements`.
pub(crate) async fn run_on_judgements(
    config: Config,
    arguments: &TrainArguments,
) -> anyhow::Result<ExitCode> {
    let process = Process::begin(config).await?;
    let corpus = judged_corpus(&process).await?;
    make(arguments, &Labelled { corpus, by_chance: Corpus::default() })
}

fn make(arguments: &TrainArguments, labelled: &Labelled) -> anyhow::Result<ExitCode> {
    let corpus = &labelled.corpus;
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
    ensure!(
        count > 0,
        "there is nothing to learn from: no label says match or no match of two records that are there"
    );
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
        "labelled_by_chance": labelled.by_chance.labels.len(),
        "calibration_error_by_chance_before": before.and_then(|model| labelled.calibration(model)),
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

/// What is known of an id that labels name.
#[derive(Debug)]
enum Known {
    Nothing,
    Record(RecordId, Box<RecordFeatures<'static>>),
    /// Records of several sources have it.
    Several,
}

/// The labelled pairs of a file, and which of them were drawn by chance.
fn read_corpus(arguments: &TrainArguments, input: &Path, labels: &Path) -> anyhow::Result<Labelled> {
    let file = Labels::read(labels)?;
    let mut known: HashMap<&str, Known> = HashMap::new();
    for label in &file.labels {
        known.insert(&label.left, Known::Nothing);
        known.insert(&label.right, Known::Nothing);
    }
    let map = arguments.map.iter().try_fold(ColumnMap::default(), |map, more| map.and(more))?;
    let options = ReadOptions { source: "input".into(), created_at: entity::clock::now() };
    let mut labelled = Labelled::default();
    for chunk in formats::chunks(input, &options, &map)? {
        chunk.records(|record| {
            let Ok((_, record)) = record else { return };
            labelled.corpus.records += 1;
            if let Some(known) = known.get_mut(record.source_id.as_str()) {
                known.take(&record);
            }
        });
    }
    let (mut unknown, mut counted) = (Vec::new(), HashSet::new());
    for label in &file.labels {
        let Some(is_match) = label.is_match() else { continue };
        if !counted.insert(label.pair()) {
            continue;
        }
        match (&known[label.left.as_str()], &known[label.right.as_str()]) {
            (Known::Record(_, left), Known::Record(_, right)) => {
                labelled.push(scoring::compare(left, right), is_match, label.asked);
            }
            (Known::Several, _) | (_, Known::Several) => bail!(
                "{}, line {}: several sources of {} have the record {} or {}: labels cannot tell them apart",
                labels.display(),
                label.line,
                input.display(),
                label.left,
                label.right
            ),
            (left, _) => {
                let (field, id) = match left {
                    Known::Nothing => ("left_id", &label.left),
                    _ => ("right_id", &label.right),
                };
                unknown.push(format!(
                    "line {}, field {field}: {} has no record `{id}`",
                    label.line,
                    input.display()
                ));
            }
        }
    }
    if let Some(first) = unknown.first() {
        let count = unknown.len();
        let skip = arguments.skip_unknown;
        ensure!(
            skip,
            "{}, {first}; {count} labels in all are so: --skip-unknown leaves them out",
            labels.display()
        );
        output::note(format_args!("{count} labels left out: the first is {first}"));
    }
    Ok(labelled)
}

impl Known {
    fn take(&mut self, record: &Record) {
        match self {
            Self::Nothing => *self = Self::Record(record.id, Box::new(scoring::features(record))),
            // Of a record told twice the first telling counts, as in a batch.
            Self::Record(id, _) if *id == record.id => {}
            Self::Record(..) | Self::Several => *self = Self::Several,
        }
    }
}

/// Labelled pairs.
#[derive(Debug, Default)]
struct Labelled {
    corpus: Corpus,
    by_chance: Corpus,
}

impl Labelled {
    fn push(&mut self, vector: FeatureVector, is_match: bool, asked: Asked) {
        let parts = [Some(&mut self.corpus), (asked == Asked::ByChance).then_some(&mut self.by_chance)];
        for corpus in parts.into_iter().flatten() {
            corpus.vectors.push(vector);
            corpus.labels.push(Some(is_match));
        }
    }

    /// How far the probabilities of a model are from what was answered to questions drawn by chance: none of them
    /// was asked because of what some model thought.
    fn calibration(&self, model: &Model) -> Option<f64> {
        let prior = model.prior(self.corpus.records);
        let labels = self.by_chance.vectors.iter().zip(&self.by_chance.labels);
        let judged: Vec<(f64, bool)> = labels
            .filter_map(|(vector, label)| Some((model.probability(model.weigh(vector) + prior), (*label)?)))
            .collect();
        (judged.len() >= LABELS_FEW).then(|| reliability(&judged).error)
    }
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
