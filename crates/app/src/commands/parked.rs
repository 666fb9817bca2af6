//! `parked`: events that could not be applied.

use crate::config::Config;
use crate::{output, ports};
use std::process::ExitCode;

#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum ParkedCommand {
    /// What is parked, and why
    List {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Send an event to its stage once more
    Retry(Which),
    /// Drop an event for good
    Drop(Which),
}

#[derive(Clone, Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Which {
    /// The event's id, as `parked list` shows it
    id: Option<String>,
    /// All of them
    #[arg(long)]
    all: bool,
}

/// Runs it.
pub(crate) async fn run(config: Config, command: ParkedCommand) -> anyhow::Result<ExitCode> {
    let parking = ports::topics(&config).await?.parking;
    let parked = parking.list().await?;
    let chosen = |which: &Which| -> anyhow::Result<Vec<String>> {
        let all = parked.iter().map(|event| event.id.clone());
        let Some(id) = &which.id else { return Ok(all.collect()) };
        anyhow::ensure!(parked.iter().any(|event| event.id == *id), "nothing is parked as {id}");
        Ok(vec![id.clone()])
    };
    match &command {
        ParkedCommand::List { json: true } => output::json(&parked)?,
        ParkedCommand::List { json: false } if parked.is_empty() => output::line("Nothing is parked."),
        ParkedCommand::List { json: false } => {
            for event in &parked {
                output::line(format_args!("{}\n    key {}: {}", event.id, event.key, event.reason));
            }
        }
        ParkedCommand::Retry(which) => {
            let ids = chosen(which)?;
            for id in &ids {
                parking.retry(id).await?;
            }
            output::line(format_args!("{} sent to their stages once more", ids.len()));
        }
        ParkedCommand::Drop(which) => {
            let ids = chosen(which)?;
            for id in &ids {
                parking.drop(id).await?;
            }
            output::line(format_args!("{} dropped", ids.len()));
        }
    }
    Ok(ExitCode::SUCCESS)
}
