//! `explain`: why the live model holds two records to be one organization, or not.

use crate::config::Config;
use crate::crews::{index_name, live};
use crate::output;
use crate::roles::Process;
use anyhow::{Context, ensure};
use entity::RecordId;
use scoring::Model;
use service::Explanation;
use std::process::ExitCode;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ExplainArguments {
    /// A record: its id, or `SOURCE:SOURCE_ID` as it was imported
    left: String,
    /// The other record
    right: String,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub(crate) async fn run(config: Config, arguments: &ExplainArguments) -> anyhow::Result<ExitCode> {
    let (left, right) = (record_id(&arguments.left)?, record_id(&arguments.right)?);
    ensure!(left != right, "{left} is one record: name two");
    let process = Process::begin(config).await?;
    let generations = process.generations().await?;
    let all = generations.list().await?;
    let live = live(&all)?;
    let model = Model::from_json(&live.model).context("reading the live model")?;
    let index = process.index().await?.generation(&index_name(live.id)).await?;
    let records = generations.of(live.id).corpus().await?.record_count;
    let explained = Explanation::of(&*index, (&model, records), (left, right)).await?;
    if arguments.json {
        output::json(&explained)?;
    } else {
        show(&explained);
    }
    Ok(ExitCode::SUCCESS)
}

/// An id as it is, or the one that an import gave.
fn record_id(text: &str) -> anyhow::Result<RecordId> {
    if let Ok(id) = text.parse::<RecordId>() {
        return Ok(id);
    }
    let (source, source_id) =
        text.split_once(':').with_context(|| format!("{text} is no record id and no SOURCE:SOURCE_ID"))?;
    Ok(entity::id::derive(source, "organization", source_id).into())
}

fn show(explained: &Explanation) {
    let verdict =
        if explained.match_weight >= explained.threshold { "joins them" } else { "keeps them apart" };
    output::line(format_args!(
        "model {} {verdict}: log-odds {:+.2}, probability {:.4}",
        explained.model_version, explained.match_weight, explained.probability
    ));
    for line in &explained.lines {
        let bar = "#".repeat(bar_length(line.weight));
        output::line(format_args!("  {:+7.2}  {:24} {:28} {bar}", line.weight, line.comparison, line.level));
    }
    match explained.shared_blocking_keys.as_slice() {
        [] => output::line("  They share no blocking key: the loop does not compare them."),
        keys => {
            let why_not = match (explained.candidates, explained.ruled_out) {
                (true, _) => "",
                (false, true) => {
                    "; the loop does not compare them: too far apart, or nothing of name, address and contacts agrees"
                }
                (false, false) => ", all of blocks too large to be compared",
            };
            output::line(format_args!("  shared blocking keys: {}{why_not}", keys.join(", ")));
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bar of forty marks at most")]
fn bar_length(weight: f64) -> usize {
    (weight.abs() * 4.0).min(40.0) as usize
}
