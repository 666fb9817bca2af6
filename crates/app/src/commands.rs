//! The command line. Stable from the first release on.

mod audit;
mod dedupe;
mod evaluate;
mod explain;
mod export;
mod import;
mod input;
mod judged;
mod label;
mod labels;
mod memory;
mod model;
mod parked;
mod run;
mod sample;
mod token;
mod topic;
mod train;

use crate::config::{self, Config, Overrides};
use crate::logging;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Finds the same organization told several times, lets people merge it, and tells everyone.
///
/// Without a command, `orgloop` is `orgloop demo`: the whole loop in one process on files in a data folder, filled
/// with generated organizations. Settings come from orgloop.toml, then from the environment (ORGLOOP_DATA_DIR,
/// ORGLOOP_LISTEN, and ORGLOOP_SECTION__KEY for every other key), then from flags.
#[derive(Debug, Parser)]
#[expect(clippy::doc_markdown, reason = "the text is shown as it stands")]
#[command(version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    /// The file with the settings [default: orgloop.toml in the working folder, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the embedded files stand [default: orgloop-data]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The whole loop, embedded, on generated organizations; prints the address of its page
    Demo(run::DemoArguments),
    /// The loop on your databases, brokers and indexes
    Run(run::RunArguments),
    /// Write organizations of a file into the store: plain CSV, an HSDS CSV folder, or HSDS JSON
    Import(import::ImportArguments),
    /// Write the store's organizations to a file
    Export(export::ExportArguments),
    /// Find duplicates in one file, without a store or a service
    Dedupe(Box<dedupe::DedupeArguments>),
    /// Compare clusters with the truth
    Evaluate(evaluate::EvaluateArguments),
    /// Why the live model holds two records to be one organization, or not
    Explain(explain::ExplainArguments),
    /// Ask a person which pairs are one organization, those first that teach the model most
    Label(Box<label::LabelArguments>),
    /// Generate organizations with known duplicates
    Sample(sample::SampleArguments),
    /// Models and what they came to: stage one beside the live one, compare, activate, roll back
    #[command(subcommand)]
    Model(model::ModelCommand),
    /// Make a model from labels, or from what people judged
    Train(Box<train::TrainArguments>),
    /// Who may come in: make, list and revoke tokens
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Look into topics
    #[command(subcommand)]
    Topic(topic::TopicCommand),
    /// Events that could not be applied: list them, try them again, or drop them
    #[command(subcommand)]
    Parked(parked::ParkedCommand),
    /// What people did to organizations: list it, check that nobody changed it, export it
    #[command(subcommand)]
    Audit(audit::AuditCommand),
}

/// Runs what was asked for.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let overrides = Overrides { data_dir: arguments.data_dir, listen: None };
    let settings = |overrides: &Overrides| -> anyhow::Result<Config> {
        let config = config::read(arguments.config.as_deref(), overrides)?;
        logging::start(&config.log)?;
        Ok(config)
    };
    match arguments.command.unwrap_or(Command::Demo(run::DemoArguments::default())) {
        Command::Demo(demo) => run::demo(settings(&demo.overrides(overrides))?, &demo).await,
        Command::Run(run) => run::run(settings(&run.overrides(overrides))?, &run).await,
        Command::Import(import) => import::run(settings(&overrides)?, import).await,
        Command::Export(export) => export::run(settings(&overrides)?, &export).await,
        Command::Dedupe(dedupe) => dedupe::run(&dedupe),
        Command::Evaluate(evaluate) => evaluate::run(&evaluate),
        Command::Explain(explain) => explain::run(settings(&overrides)?, &explain).await,
        Command::Label(label) if label.asks_the_loop() => {
            label::run_on_the_loop(settings(&overrides)?, &label).await
        }
        Command::Label(label) => label::run(&label).await,
        Command::Sample(sample) => sample::run(&sample),
        Command::Model(model) => model::run(settings(&overrides)?, &model).await,
        Command::Train(train) if train.asks_the_loop() => {
            train::run_on_judgements(settings(&overrides)?, &train).await
        }
        Command::Train(train) => train::run(&train),
        Command::Token(token) => token::run(settings(&overrides)?, &token).await,
        Command::Topic(topic) => topic::run(settings(&overrides)?, topic).await,
        Command::Parked(parked) => parked::run(settings(&overrides)?, parked).await,
        Command::Audit(audit) => audit::run(settings(&overrides)?, audit).await,
    }
}
