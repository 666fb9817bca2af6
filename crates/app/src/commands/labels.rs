//! Files of labels: which pairs of a file's records people held to be one organization, a row a pair.

use anyhow::{Context, bail, ensure};
use csv::StringRecord;
use entity::JudgementVerdict;
use scoring::Model;
use scoring::training::Corpus;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The columns of a file that is made here.
pub(super) const COLUMNS: [&str; 5] = ["left_id", "right_id", "match", "verdict", "asked"];

/// How a question came up. What was drawn by chance tells how often the model is right; what was chosen does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// It tells the model most.
    Chosen,
    /// It was drawn among all.
    ByChance,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) line: u64,
    pub(super) left: String,
    pub(super) right: String,
    pub(super) verdict: JudgementVerdict,
    pub(super) asked: Asked,
}

impl Label {
    /// What it teaches; `None` where the person was unsure.
    pub(super) fn is_match(&self) -> Option<bool> {
        teaches(self.verdict)
    }

    /// Its ids, in whichever order they stand.
    pub(super) fn pair(&self) -> (&str, &str) {
        let (left, right) = (self.left.as_str(), self.right.as_str());
        if left <= right { (left, right) } else { (right, left) }
    }
}

/// What an answer teaches.
pub(super) fn teaches(verdict: JudgementVerdict) -> Option<bool> {
    match verdict {
        JudgementVerdict::Match => Some(true),
        JudgementVerdict::NonMatch | JudgementVerdict::Related => Some(false),
        JudgementVerdict::Unsure => None,
    }
}

/// How many labels a model by itself would decide otherwise.
pub(super) fn contradicted(model: &Model, corpus: &Corpus) -> usize {
    let prior = model.prior(corpus.records);
    let labels = corpus.vectors.iter().zip(&corpus.labels);
    labels
        .filter(|(vector, label)| {
            label.is_some_and(|is_match| (model.weigh(vector) + prior >= model.threshold()) != is_match)
        })
        .count()
}

/// A file of labels, with its rows as they stand, so that it can be written back with columns that are none of ours.
#[derive(Clone, Debug)]
pub(super) struct Labels {
    file: PathBuf,
    pub(super) header: StringRecord,
    pub(super) rows: Vec<StringRecord>,
    pub(super) labels: Vec<Label>,
    columns: Columns,
}

/// Where the columns stand.
#[derive(Clone, Copy, Debug)]
struct Columns {
    left: usize,
    right: usize,
    is_match: Option<usize>,
    verdict: Option<usize>,
    asked: Option<usize>,
}

impl Labels {
    /// A file that is yet to be written.
    pub(super) fn new(file: &Path) -> Self {
        let columns = Columns { left: 0, right: 1, is_match: Some(2), verdict: Some(3), asked: Some(4) };
        let header = StringRecord::from(COLUMNS.to_vec());
        Self { file: file.to_owned(), header, rows: Vec::new(), labels: Vec::new(), columns }
    }

    /// Reads `left_id,right_id` with `match` (1 or 0) or `verdict` (`match`, `non_match`, `related`, `unsure`).
    ///
    /// # Errors
    /// Naming the line: a cell that is missing or not understood, one record paired with itself, two answers to one
    /// pair that contradict each other.
    pub(super) fn read(file: &Path) -> anyhow::Result<Self> {
        let context = || format!("reading the labels in {}", file.display());
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(file).with_context(context)?;
        let header = reader.headers().with_context(context)?.clone();
        let columns = Columns::find(&header).with_context(context)?;
        let mut labels =
            Self { file: file.to_owned(), header, rows: Vec::new(), labels: Vec::new(), columns };
        for row in reader.records() {
            let row = row.with_context(context)?;
            labels.labels.push(columns.label(&row).with_context(context)?);
            labels.rows.push(row);
        }
        labels.check_answers()?;
        Ok(labels)
    }

    /// Whether no pair has two answers that contradict each other.
    fn check_answers(&self) -> anyhow::Result<()> {
        let mut answers: HashMap<(&str, &str), (bool, u64)> = HashMap::new();
        for label in &self.labels {
            let Some(now) = label.is_match() else { continue };
            let (before, line) = *answers.entry(label.pair()).or_insert((now, label.line));
            ensure!(
                before == now,
                "{}, line {}: {} and {} are {} here and {} in line {line}: keep one of the two",
                self.file.display(),
                label.line,
                label.left,
                label.right,
                word(now),
                word(before)
            );
        }
        Ok(())
    }

    /// The same where there is a file, else an empty one.
    pub(super) fn read_or_new(file: &Path) -> anyhow::Result<Self> {
        if std::fs::metadata(file).is_ok_and(|about| about.len() > 0) {
            return Self::read(file);
        }
        Ok(Self::new(file))
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Adds an answer; the row as the file is to hold it.
    pub(super) fn push(
        &mut self,
        (left, right): (&str, &str),
        verdict: JudgementVerdict,
        asked: Asked,
    ) -> &StringRecord {
        let mut cells = vec![""; self.header.len()];
        cells[self.columns.left] = left;
        cells[self.columns.right] = right;
        if let Some(at) = self.columns.is_match {
            cells[at] = match teaches(verdict) {
                Some(true) => "1",
                Some(false) => "0",
                None => "",
            };
        }
        if let Some(at) = self.columns.verdict {
            cells[at] = name(verdict);
        }
        if let Some(at) = self.columns.asked {
            cells[at] = if asked == Asked::ByChance { "by_chance" } else { "chosen" };
        }
        let line = self.labels.last().map_or(1, |last| last.line) + 1;
        let (left, right) = (left.to_owned(), right.to_owned());
        self.labels.push(Label { line, left, right, verdict, asked });
        self.rows.push(StringRecord::from(cells));
        &self.rows[self.rows.len() - 1]
    }

    /// Takes the last answer back.
    pub(super) fn pop(&mut self) {
        self.rows.pop();
        self.labels.pop();
    }
}

fn word(is_match: bool) -> &'static str {
    if is_match { "a match" } else { "no match" }
}

/// A verdict as the file calls it.
fn name(verdict: JudgementVerdict) -> &'static str {
    match verdict {
        JudgementVerdict::Match => "match",
        JudgementVerdict::NonMatch => "non_match",
        JudgementVerdict::Related => "related",
        JudgementVerdict::Unsure => "unsure",
    }
}

impl Columns {
    fn find(header: &StringRecord) -> anyhow::Result<Self> {
        let place = |names: &[&str]| {
            header.iter().position(|name| names.contains(&name.trim().trim_start_matches('\u{feff}')))
        };
        let wanted = |names: &[&str]| {
            place(names).with_context(|| format!("line 1: the header has no column {}", names.join(" or ")))
        };
        let columns = Self {
            left: wanted(&["left_id", "id_a"])?,
            right: wanted(&["right_id", "id_b"])?,
            is_match: place(&["match", "label"]),
            verdict: place(&["verdict"]),
            asked: place(&["asked"]),
        };
        ensure!(
            columns.is_match.is_some() || columns.verdict.is_some(),
            "line 1: the header has no column match (1 or 0) or verdict"
        );
        Ok(columns)
    }

    fn label(&self, row: &StringRecord) -> anyhow::Result<Label> {
        let line = row.position().map_or(0, csv::Position::line);
        let id = |at: usize, field: &str| {
            let id = row.get(at).map(str::trim).unwrap_or_default();
            ensure!(!id.is_empty(), "line {line}, field {field}: it is empty: name a record");
            Ok(id.to_owned())
        };
        let (left, right) = (id(self.left, "left_id")?, id(self.right, "right_id")?);
        ensure!(left != right, "line {line}: {left} stands on both sides: name two records");
        let last = self.is_match.max(self.verdict).unwrap_or_default();
        ensure!(row.len() > last, "line {line}: it ends before the answer: give it {} cells", last + 1);
        let cell = |at: Option<usize>| at.and_then(|at| row.get(at)).map(str::trim).unwrap_or_default();
        let verdict = verdict(cell(self.is_match), cell(self.verdict))
            .with_context(|| format!("line {line}, {left} and {right}"))?;
        let asked = if cell(self.asked) == "by_chance" { Asked::ByChance } else { Asked::Chosen };
        Ok(Label { line, left, right, verdict, asked })
    }
}

/// The answer of two columns, either of which may be absent or empty; a finer verdict goes before 1 or 0.
fn verdict(is_match: &str, verdict: &str) -> anyhow::Result<JudgementVerdict> {
    let coarse = match is_match {
        "1" => Some(JudgementVerdict::Match),
        "0" => Some(JudgementVerdict::NonMatch),
        "" => None,
        other => bail!("field match: it is `{other}`: use 1 or 0, or leave it empty where nobody is sure"),
    };
    let fine = match verdict {
        "match" => Some(JudgementVerdict::Match),
        "non_match" => Some(JudgementVerdict::NonMatch),
        "related" => Some(JudgementVerdict::Related),
        "unsure" => Some(JudgementVerdict::Unsure),
        "" => None,
        other => bail!("field verdict: it is `{other}`: use match, non_match, related or unsure"),
    };
    if let (Some(coarse), Some(fine)) = (coarse, fine) {
        let (coarse, fine) = (teaches(coarse), teaches(fine));
        ensure!(coarse == fine, "match says `{is_match}` and verdict says `{verdict}`: keep one of the two");
    }
    Ok(fine.or(coarse).unwrap_or(JudgementVerdict::Unsure))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<JudgementVerdict>, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pairs.csv");
        std::fs::write(&file, text).unwrap();
        let labels = Labels::read(&file).map_err(|error| format!("{error:#}"))?;
        Ok(labels.labels.into_iter().map(|label| label.verdict).collect())
    }

    #[test]
    fn rows_are_understood_with_and_without_verdicts() {
        use JudgementVerdict::{Match, NonMatch, Related, Unsure};
        assert_eq!(read("left_id,right_id,match\na,b,1\na,c,0\nb,c,\n"), Ok(vec![Match, NonMatch, Unsure]));
        assert_eq!(read("id_a,more,id_b,label\na,x,b,1\n"), Ok(vec![Match]));
        let told = "left_id,right_id,match,verdict,asked\na,b,0,related,by_chance\nb,a,0,,\n";
        assert_eq!(read(told), Ok(vec![Related, NonMatch]), "both say that they are not one");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, wanted) in [
            ("left,right,match\n", "line 1: the header has no column left_id or id_a"),
            ("left_id,right_id\na,b\n", "line 1: the header has no column match (1 or 0) or verdict"),
            ("left_id,right_id,match\na,b,1\n,c,1\n", "line 3, field left_id: it is empty: name a record"),
            ("left_id,right_id,match\na,b,1\na,a,1\n", "line 3: a stands on both sides: name two records"),
            ("left_id,right_id,match\na,b\n", "line 2: it ends before the answer: give it 3 cells"),
            ("left_id,right_id,match\na,b,2\n", "line 2, a and b: field match: it is `2`: use 1 or 0"),
            (
                "left_id,right_id,verdict\na,b,maybe\n",
                "line 2, a and b: field verdict: it is `maybe`: use match",
            ),
            (
                "left_id,right_id,match\na,b,1\nb,a,0\n",
                "line 3: b and a are no match here and a match in line 2",
            ),
            (
                "left_id,right_id,match,verdict\na,b,1,related\n",
                "line 2, a and b: match says `1` and verdict says",
            ),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains(wanted), "{said:?} does not say {wanted:?}");
        }
    }
}
