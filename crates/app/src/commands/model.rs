//! `model`: generations of pairs and clusters, each of one model; stage one beside the live one, compare, activate,
//! roll back.

use super::judged::{JudgedPair, judged_pairs};
use crate::config::Config;
use crate::crews::{index_name, live};
use crate::output;
use crate::roles::Process;
use anyhow::{Context, bail};
use entity::transition::{Transition, TransitionKind, transitions};
use entity::{Cluster, ClusterId, JudgementVerdict, RecordId};
use scoring::Model;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use store::Generation;
use store::resolution::{ClusterPage, OpenOnly};

#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum ModelCommand {
    /// Models that are live or beside it, and how far each has got
    List {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Build a new model's pairs and clusters beside the live ones
    ///
    /// A running `orgloop run` notices within a second, reads all records again from the topic, and keeps the new
    /// generation up to date from then on. Nobody sees it until it is activated.
    Stage {
        /// A folder with a model.json, or the file itself
        model: PathBuf,
    },
    /// What would change if a staged model were activated
    Compare {
        /// The model's version
        version: String,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Make a staged model the live one, at once; the one before stays beside it
    Activate {
        /// The model's version
        version: String,
        /// Even if it has not caught up
        #[arg(long)]
        force: bool,
    },
    /// Go back to the model that was live before
    Rollback,
    /// End a model that is not live, with its pairs and clusters
    Retire {
        /// The model's version
        version: String,
    },
}

/// Runs it.
pub(crate) async fn run(config: Config, command: &ModelCommand) -> anyhow::Result<ExitCode> {
    let process = Process::begin(config).await?;
    match command {
        ModelCommand::List { json } => list(&process, *json).await?,
        ModelCommand::Stage { model } => stage(&process, model).await?,
        ModelCommand::Compare { version, json } => compare(&process, version, *json).await?,
        ModelCommand::Activate { version, force } => {
            let generation = find(&process, version).await?;
            if !force && let Some(waiting) = process.lag_of(generation.id).await? {
                bail!(
                    "model {version} has not caught up: {waiting}; wait until `orgloop model list` says so, or use --force"
                );
            }
            activate(&process, &generation).await?;
        }
        ModelCommand::Rollback => {
            let all = process.generations().await?.list().await?;
            let before =
                all.iter().filter(|generation| !generation.live && generation.activated_at.is_some());
            let before = before.max_by_key(|generation| generation.activated_at);
            activate(&process, before.context("no other model has been live")?).await?;
        }
        ModelCommand::Retire { version } => {
            let generation = find_to_retire(&process, version).await?;
            process.generations().await?.retire(generation.id).await?;
            process.index().await?.drop_generation(&index_name(generation.id)).await?;
            output::line(format_args!("Model {version} is retired."));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn find(process: &Process, version: &str) -> anyhow::Result<Generation> {
    let all = process.generations().await?.list().await?;
    let versions: Vec<_> = all.iter().map(|generation| generation.model_version.clone()).collect();
    let of_version = all.into_iter().filter(|generation| generation.model_version == version);
    of_version
        .max_by_key(|generation| (generation.of_this_code, generation.id))
        .with_context(|| format!("there is no model {version} here: {}", versions.join(", ")))
}

/// The one of this version that is to go: what another release left behind goes before what this one keeps up to date.
async fn find_to_retire(process: &Process, version: &str) -> anyhow::Result<Generation> {
    let all = process.generations().await?.list().await?;
    let of_version = all.into_iter().filter(|generation| generation.model_version == version);
    let left = of_version.filter(|generation| !generation.live);
    match left.min_by_key(|generation| (generation.of_this_code, generation.id)) {
        Some(left) => Ok(left),
        None => find(process, version).await,
    }
}

#[derive(Debug, Serialize)]
struct Row {
    generation: i64,
    model_version: String,
    live: bool,
    staged_at: String,
    records: u64,
    clusters: u64,
    open_clusters: u64,
    waiting: Option<String>,
}

async fn list(process: &Process, json: bool) -> anyhow::Result<()> {
    let generations = process.generations().await?;
    let mut rows = Vec::new();
    for generation in generations.list().await? {
        let store = generations.of(generation.id);
        let (open_clusters, clusters) = store.cluster_counts().await?;
        let waiting = match generation.of_this_code {
            true => process.lag_of(generation.id).await?,
            false => Some("it was built by another release".to_owned()),
        };
        rows.push(Row {
            generation: generation.id,
            model_version: generation.model_version,
            live: generation.live,
            staged_at: generation.staged_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            records: store.corpus().await?.record_count,
            clusters,
            open_clusters,
            waiting,
        });
    }
    if json {
        return output::json(&rows);
    }
    for row in rows {
        output::line(format_args!(
            "{:6} {:20} {} records, {} clusters ({} open); {}",
            if row.live { "live" } else { "beside" },
            row.model_version,
            row.records,
            row.clusters,
            row.open_clusters,
            row.waiting.as_deref().unwrap_or("caught up")
        ));
    }
    Ok(())
}

/// Reads a model's text from its folder or file, and checks it.
pub(super) fn read_model(path: &Path) -> anyhow::Result<(Model, String)> {
    let file = if path.is_dir() { path.join("model.json") } else { path.to_owned() };
    let text = std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    let model = Model::from_json(&text).with_context(|| format!("reading the model {}", file.display()))?;
    Ok((model, text))
}

async fn stage(process: &Process, path: &Path) -> anyhow::Result<()> {
    let (model, text) = read_model(path)?;
    let staged = process.generations().await?.stage(model.version(), &text).await?;
    if staged.live {
        output::line(format_args!("Model {} is the live one.", model.version()));
    } else {
        output::line(format_args!(
            "Model {0} is staged. A running orgloop fills it; see `orgloop model list`, then `orgloop model compare {0}`.",
            model.version()
        ));
    }
    Ok(())
}

async fn activate(process: &Process, generation: &Generation) -> anyhow::Result<()> {
    process.generations().await?.activate(generation.id).await?;
    let index = process.index().await?;
    let name = index_name(generation.id);
    index.generation(&name).await?;
    index.switch_to(&name).await?;
    output::line(format_args!("Model {} is the live one.", generation.model_version));
    Ok(())
}

/// What a switch would change.
#[derive(Debug, Serialize)]
struct Comparison {
    live: String,
    staged: String,
    clusters_live: usize,
    clusters_staged: usize,
    counts: BTreeMap<TransitionKind, usize>,
    judgements: usize,
    violated_by_live: Vec<Violation>,
    violated_by_staged: Vec<Violation>,
    transitions: Vec<Transition<ClusterId>>,
}

/// A judgement that a model by itself would contradict.
#[derive(Debug, Serialize)]
struct Violation {
    left: RecordId,
    right: RecordId,
    verdict: JudgementVerdict,
    probability: f64,
}

/// Transitions shown to people; the JSON document has all.
const SHOWN: usize = 20;

async fn compare(process: &Process, version: &str, json: bool) -> anyhow::Result<()> {
    let staged = find(process, version).await?;
    let all = process.generations().await?.list().await?;
    let live = live(&all)?;
    let (before, after) = (clusters(process, live.id).await?, clusters(process, staged.id).await?);
    let found = transitions(&before, &after);
    let mut counts = BTreeMap::new();
    for transition in &found {
        *counts.entry(transition.kind).or_insert(0) += 1;
    }
    let (judgements, violated_by_live) = violations(process, live).await?;
    let (_, violated_by_staged) = violations(process, &staged).await?;
    let count = |state: &[(RecordId, ClusterId)]| {
        state.iter().map(|(_, id)| id).collect::<std::collections::BTreeSet<_>>().len()
    };
    let comparison = Comparison {
        live: live.model_version.clone(),
        staged: staged.model_version,
        clusters_live: count(&before),
        clusters_staged: count(&after),
        counts,
        judgements,
        violated_by_live,
        violated_by_staged,
        transitions: found,
    };
    if json {
        return output::json(&comparison);
    }
    show(&comparison);
    Ok(())
}

fn show(comparison: &Comparison) {
    let Comparison { live, staged, judgements, .. } = comparison;
    output::line(format_args!(
        "clusters: {} with {live}, {} with {staged}",
        comparison.clusters_live, comparison.clusters_staged
    ));
    for (kind, count) in &comparison.counts {
        output::line(format_args!("  {count:6} {}", format!("{kind:?}").to_lowercase()));
    }
    output::line(format_args!(
        "judgements contradicted, of {judgements}: {} by {live}, {} by {staged}",
        comparison.violated_by_live.len(),
        comparison.violated_by_staged.len()
    ));
    for transition in comparison.transitions.iter().take(SHOWN) {
        let list = |ids: &[ClusterId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        output::line(format_args!(
            "  {:?}: {} -> {}",
            transition.kind,
            list(&transition.before),
            list(&transition.after)
        ));
    }
    if comparison.transitions.len() > SHOWN {
        output::line(format_args!("  … {} more; --json lists all", comparison.transitions.len() - SHOWN));
    }
}

async fn clusters(process: &Process, generation: i64) -> anyhow::Result<Vec<(RecordId, ClusterId)>> {
    let store = process.generations().await?.of(generation);
    let mut members = Vec::new();
    let mut after = None;
    loop {
        let page = store.clusters(&ClusterPage { open_only: OpenOnly::All, after, limit: 1000 }).await?;
        let Some(last) = page.last() else { return Ok(members) };
        after = Some((last.probability, last.id));
        let of = |cluster: Cluster| {
            let id = cluster.id;
            cluster.members.into_iter().map(move |member| (member.record_id, id))
        };
        members.extend(page.into_iter().flat_map(of));
    }
}

/// How many judgements say match or not, and which of them the model by itself would contradict.
async fn violations(process: &Process, generation: &Generation) -> anyhow::Result<(usize, Vec<Violation>)> {
    let Ok(model) = Model::from_json(&generation.model) else { return Ok((0, Vec::new())) };
    let store = process.generations().await?.of(generation.id);
    let prior = model.prior(store.corpus().await?.record_count);
    let judged = judged_pairs(process, generation.id).await?;
    let count = judged.len();
    let violation = |pair: JudgedPair| {
        let weight = model.weigh(&pair.vector) + prior;
        let judged = &pair.judgement;
        ((weight >= model.threshold()) != pair.is_match).then(|| Violation {
            left: judged.pair.left(),
            right: judged.pair.right(),
            verdict: judged.verdict,
            probability: model.probability(weight),
        })
    };
    Ok((count, judged.into_iter().filter_map(violation).collect()))
}
