//! Questions and answers, until the person has enough.

use super::book::{Answered, Book};
use super::choice::{BY_CHANCE_ONE_OF, Ranking};
use super::keys::{Command, KEYS, Keys};
use super::pool::Pool;
use super::screen::{self, Colour, Paper, Shown, Weight, fit};
use crate::commands::labels::{Asked, contradicted, teaches};
use crate::output;
use console::Term;
use entity::{JudgementVerdict, Record};
use scoring::Model;
use scoring::training::{Corpus, Settings, train};

/// The model learns by itself after so many answers.
const LEARN_EVERY: usize = BY_CHANCE_ONE_OF;
/// Where output goes to no terminal.
const PLAIN_WIDTH: usize = 100;

/// Whether the person sees what the model thinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    Open,
    Blind,
}

/// One sitting.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) pool: Pool,
    pub(super) book: Book,
    pub(super) keys: Keys,
    pub(super) sight: Sight,
    /// Where the model began, and what it has learned.
    start: Model,
    model: Model,
    ranking: Ranking,
    answers: Vec<Given>,
    /// Answers that cannot be taken back here: others gave them.
    fixed: usize,
    skipped: Vec<usize>,
    /// What to go back to, in order.
    steps: Vec<Step>,
    /// The question that was gone back to.
    again: Option<(usize, Asked)>,
    said: Vec<String>,
}

/// An answer to a pair of the pool.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Given {
    pub(super) pair: usize,
    pub(super) verdict: JudgementVerdict,
    pub(super) asked: Asked,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Answered,
    Skipped(usize),
}

/// What a sitting came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) matches: usize,
    pub(super) others: usize,
    pub(super) unsure: usize,
}

impl Session {
    /// Begins where the answers given before end; the first `fixed` of them are not to be taken back.
    pub(super) fn new(
        (pool, start): (Pool, Model),
        (book, keys): (Book, Keys),
        sight: Sight,
        (answers, fixed): (Vec<Given>, usize),
    ) -> Self {
        let ranking = Ranking::new(&pool, &start);
        let steps = vec![Step::Answered; answers.len() - fixed];
        let model = start.clone();
        let (skipped, said) = (Vec::new(), Vec::new());
        let mut session = Self {
            pool,
            book,
            keys,
            sight,
            start,
            model,
            ranking,
            answers,
            fixed,
            skipped,
            steps,
            again: None,
            said,
        };
        // As far as it had learned when the answers were given, so that it asks what it would have asked.
        session.learn(session.answers.len() / LEARN_EVERY * LEARN_EVERY);
        session.said.clear();
        session
    }

    /// Asks until the person quits or there is nothing left to ask; what the answers come to, those of before too.
    pub(super) async fn run(mut self) -> anyhow::Result<Tally> {
        while let Some((pair, asked)) = self.question() {
            self.show(pair)?;
            if !self.obey(pair, asked).await? {
                break;
            }
        }
        if self.question().is_none() {
            output::line("There is no pair left to ask of.");
        }
        Ok(self.tally())
    }

    fn question(&self) -> Option<(usize, Asked)> {
        let answered: Vec<usize> = self.answers.iter().map(|given| given.pair).collect();
        let next = || self.ranking.next(&self.pool, &answered, &self.skipped);
        // What was skipped comes up again at the end.
        let skipped = || self.skipped.first().map(|pair| (*pair, Asked::Chosen));
        self.again.or_else(next).or_else(skipped)
    }

    /// Does what is typed next; whether to go on.
    async fn obey(&mut self, pair: usize, asked: Asked) -> anyhow::Result<bool> {
        match self.keys.next()? {
            Err(typed) => self.said.push(format!("`{typed}` means nothing here: type ? for help")),
            Ok(Command::Quit) => return Ok(false),
            Ok(Command::Help) => self.said.extend(KEYS.iter().map(|(key, does)| format!("  {key}  {does}"))),
            Ok(Command::Train) => self.learn(self.answers.len()),
            Ok(Command::Back) => self.back().await?,
            Ok(Command::Skip) => {
                self.skipped.retain(|skipped| *skipped != pair);
                self.skipped.push(pair);
                self.steps.push(Step::Skipped(pair));
                self.again = None;
            }
            Ok(Command::Answer(verdict)) => {
                let (left, right) = self.pool.both(pair);
                self.book.write(Answered { left, right, verdict, asked }).await?;
                self.answers.push(Given { pair, verdict, asked });
                self.skipped.retain(|skipped| *skipped != pair);
                self.steps.push(Step::Answered);
                self.again = None;
                if self.answers.len().is_multiple_of(LEARN_EVERY) {
                    self.learn(self.answers.len());
                }
            }
        }
        Ok(true)
    }

    async fn back(&mut self) -> anyhow::Result<()> {
        match self.steps.pop() {
            None => self.said.push("there is nothing before this".to_owned()),
            Some(Step::Skipped(pair)) => {
                self.skipped.retain(|skipped| *skipped != pair);
                self.again = Some((pair, Asked::Chosen));
            }
            Some(Step::Answered) => {
                self.book.take_back().await?;
                if let Some(given) = self.answers.pop() {
                    self.again = Some((given.pair, given.asked));
                }
            }
        }
        Ok(())
    }

    /// Moves the model by so many answers; the next questions are those that it is unsure of.
    fn learn(&mut self, count: usize) {
        let taught =
            self.answers[..count].iter().filter_map(|given| Some((given.pair, teaches(given.verdict)?)));
        let (vectors, labels): (Vec<_>, Vec<_>) =
            taught.map(|(pair, is_match)| (self.pool.pairs[pair].vector, Some(is_match))).unzip();
        if vectors.is_empty() {
            self.said.push("there is nothing to learn from yet: answer yes or no".to_owned());
            return;
        }
        let corpus = Corpus { records: self.pool.corpus, vectors, labels, counts_as: None };
        let settings = Settings::on_top_of(&self.start, self.start.version());
        let trained = match train(std::slice::from_ref(&corpus), &settings) {
            Ok(trained) => trained.model,
            Err(error) => {
                self.said.push(format!("the model could not learn: {error}"));
                return;
            }
        };
        let (before, after) = (contradicted(&self.start, &corpus), contradicted(&trained, &corpus));
        self.said.push(format!(
            "the model learned from {} answers: it contradicts {after} of them, before it was {before}",
            corpus.labels.len()
        ));
        self.ranking = Ranking::new(&self.pool, &trained);
        self.model = trained;
    }

    fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for given in &self.answers {
            match teaches(given.verdict) {
                Some(true) => tally.matches += 1,
                Some(false) => tally.others += 1,
                None => tally.unsure += 1,
            }
        }
        tally
    }

    fn show(&mut self, pair: usize) -> anyhow::Result<()> {
        let said = std::mem::take(&mut self.said);
        let (left, right) = self.pool.both(pair);
        let vector = &self.pool.pairs[pair].vector;
        let explained = self.model.explain(vector.levels(), self.pool.corpus)?;
        let weight = self.model.weigh(vector) + self.model.prior(self.pool.corpus);
        let weight = Weight { lines: &explained, probability: self.model.probability(weight) };
        let shown = Shown { left, right, weight: (self.sight == Sight::Open).then_some(weight) };
        match self.keys.terminal() {
            Some(term) => self.draw(term, &shown, &said),
            None => {
                self.print(left, right, &shown, &said);
                Ok(())
            }
        }
    }

    fn draw(&self, term: &Term, shown: &Shown<'_>, said: &[String]) -> anyhow::Result<()> {
        let (height, width) = term.size();
        let colour = if console::colors_enabled() { Colour::On } else { Colour::Off };
        // Never in the last column, where some terminals break the line.
        let paper = Paper {
            width: usize::from(width).saturating_sub(1).max(10),
            height: usize::from(height).saturating_sub(said.len()),
            colour,
        };
        let mut lines = vec![fit(&self.counts(), paper.width), String::new()];
        lines.extend(screen::lines(shown, paper));
        lines.push(String::new());
        lines.extend(said.iter().map(|text| fit(text, paper.width)));
        lines.push(fit(
            "One organization? y/n  r related  u unsure  b back  s skip  ? help  q quit",
            paper.width,
        ));
        term.clear_screen()?;
        term.write_str(&lines.join("\n"))?;
        term.flush()?;
        Ok(())
    }

    fn print(&self, left: &Record, right: &Record, shown: &Shown<'_>, said: &[String]) {
        said.iter().for_each(output::line);
        output::line(self.counts());
        let paper = Paper { width: PLAIN_WIDTH, height: usize::MAX, colour: Colour::Off };
        screen::lines(shown, paper).iter().for_each(output::line);
        output::line(format_args!("pair: {} {}", left.source_id, right.source_id));
        output::line("One organization? y, n, r, u, b, s, t, ? or q");
    }

    fn counts(&self) -> String {
        let Tally { matches, others, unsure } = self.tally();
        let mut answered = vec![false; self.pool.pairs.len()];
        self.answers.iter().for_each(|given| answered[given.pair] = true);
        let left = answered.iter().filter(|answered| !**answered).count();
        let open = self.ranking.open(&answered);
        let fixed = match self.fixed {
            0 => String::new(),
            fixed => format!(" ({fixed} of them judged before)"),
        };
        format!(
            "answered {}{fixed}: {matches} matches, {others} others, {unsure} unsure; left {left}, of which open {open}",
            self.answers.len()
        )
    }
}
