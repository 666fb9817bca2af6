//! `label`: people say which pairs are one organization, those first that teach the model most.

mod book;
mod choice;
mod fields;
mod keys;
mod live;
mod pool;
mod screen;
mod session;

use super::input::{self, Input};
use super::model::read_model;
use crate::config::Config;
use crate::output;
use crate::roles::Process;
use anyhow::{Context, bail};
use book::{Book, FileBook, LoopBook};
use formats::ColumnMap;
use keys::Keys;
use live::Live;
use pool::{Pool, Source};
use scoring::Model;
use session::{Given, Session, Sight, Tally};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct LabelArguments {
    /// The records: a CSV or Parquet file, an HSDS folder or HSDS JSON
    #[arg(long, value_name = "FILE", requires = "labels", conflicts_with = "from_loop")]
    input: Option<PathBuf>,
    /// What the file calls the columns, such as `name=Org Name` [default: by their own names]
    #[arg(long, value_name = "MAP")]
    map: Vec<ColumnMap>,
    /// Where the answers are kept, `left_id,right_id,match,verdict,asked`; what is there already is gone on with
    #[arg(long, value_name = "FILE", requires = "input")]
    labels: Option<PathBuf>,
    /// Ask of the pairs of the running loop; answers become judgements there
    #[arg(long)]
    from_loop: bool,
    /// The model to begin with: a folder or a model.json [default: the one that comes with orgloop, or the live one]
    #[arg(long, value_name = "DIR", conflicts_with = "from_loop")]
    model: Option<PathBuf>,
    /// Do not show what the model thinks, so that it does not sway the answers
    #[arg(long)]
    blind: bool,
    /// Who answers, for judgements
    #[arg(long, value_name = "NAME", env = "USER", default_value = "label")]
    by: String,
    /// Draws by chance are the same with the same seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

impl LabelArguments {
    /// Whether the running loop's stores are to be asked.
    pub(crate) fn asks_the_loop(&self) -> bool {
        self.from_loop
    }

    fn sight(&self) -> Sight {
        if self.blind { Sight::Blind } else { Sight::Open }
    }
}

/// `label` on a file.
pub(crate) async fn run(arguments: &LabelArguments) -> anyhow::Result<ExitCode> {
    let (Some(input), Some(labels)) = (&arguments.input, &arguments.labels) else {
        bail!("give --input and --labels, or --from-loop");
    };
    let start = match &arguments.model {
        Some(path) => read_model(path)?.0,
        None => Model::shipped().clone(),
    };
    let map = arguments.map.iter().try_fold(ColumnMap::default(), |map, more| map.and(more))?;
    let book = FileBook::open(labels)?;
    let source = Source { model: &start, seed: arguments.seed };
    let file = Input { path: input, map: &map, threads: input::threads(), memory_limit: None };
    let pool = pool::of_file(&file, &book.labels().labels, source)?;
    let answers = given(&book, &pool)?;
    let parts = (Book::File(book), Keys::of_this_process());
    let session = Session::new((pool, start), parts, arguments.sight(), (answers, 0));
    let tally = session.run().await?;
    say(&tally);
    output::line(format_args!("The answers are in {}.", labels.display()));
    output::line(next_step(input, labels));
    Ok(ExitCode::SUCCESS)
}

/// `label --from-loop`.
pub(crate) async fn run_on_the_loop(config: Config, arguments: &LabelArguments) -> anyhow::Result<ExitCode> {
    let process = Process::begin(config).await?;
    let Live { pool, model, judged, resolution } = Live::read(&process, arguments.seed).await?;
    let book = LoopBook { resolution, judged_by: arguments.by.clone(), written: Vec::new() };
    let parts = (Book::Loop(book), Keys::of_this_process());
    let fixed = judged.len();
    let session = Session::new((pool, model), parts, arguments.sight(), (judged, fixed));
    say(&session.run().await?);
    output::line("The answers are judgements of the loop. Next: orgloop train --from-judgements --model DIR");
    Ok(ExitCode::SUCCESS)
}

/// The answers of the file, by pairs of the pool.
fn given(book: &FileBook, pool: &Pool) -> anyhow::Result<Vec<Given>> {
    let ids: std::collections::HashMap<&str, _> =
        pool.records.iter().map(|record| (record.source_id.as_str(), record.id)).collect();
    let given = |label: &super::labels::Label| {
        let (left, right) = (ids.get(label.left.as_str()), ids.get(label.right.as_str()));
        let pair = left.zip(right).and_then(|(left, right)| pool.find(*left, *right));
        let pair = pair.with_context(|| format!("the labels' line {} names no pair", label.line))?;
        Ok(Given { pair, verdict: label.verdict, asked: label.asked })
    };
    book.labels().labels.iter().map(given).collect()
}

fn say(tally: &Tally) {
    let Tally { matches, others, unsure } = tally;
    output::line(format_args!(
        "\n{} answers: {matches} matches, {others} others, {unsure} unsure.",
        matches + others + unsure
    ));
}

fn next_step(input: &Path, labels: &Path) -> String {
    format!("Next: orgloop train --input {} --labels {} --model DIR", input.display(), labels.display())
}
