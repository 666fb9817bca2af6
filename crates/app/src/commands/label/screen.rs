//! Two records side by side, with what differs marked, in whatever width there is.

use super::fields::{Row, rows};
use console::{Style, measure_text_width};
use entity::Record;
use entity::cluster::ExplanationLine;

/// What is shown of a question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown<'a> {
    pub(super) left: &'a Record,
    pub(super) right: &'a Record,
    /// The parts of the weight, their sum and the probability; `None` when the person is to judge without.
    pub(super) weight: Option<Weight<'a>>,
}

/// Why the model thinks what it thinks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weight<'a> {
    pub(super) lines: &'a [ExplanationLine],
    pub(super) probability: f64,
}

/// How it is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paper {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) colour: Colour,
}

/// Whether there is colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    On,
    Off,
}

/// A narrower terminal has the two records one below the other.
const SIDE_BY_SIDE_FROM: usize = 64;
const LABEL: usize = 11;
/// Lines of counts, blanks, sums and question around the records and the parts.
const AROUND: usize = 7;
/// Parts of the weight that are shown at least.
const PARTS_MIN: usize = 3;
const BAR: usize = 16;

/// The lines of a question, none wider than the paper.
pub(super) fn lines(shown: &Shown<'_>, paper: Paper) -> Vec<String> {
    let mut out = Vec::new();
    for row in rows(shown.left, shown.right) {
        if paper.width >= SIDE_BY_SIDE_FROM {
            side_by_side(&row, paper, &mut out);
        } else {
            one_below_the_other(&row, paper, &mut out);
        }
    }
    if let Some(weight) = &shown.weight {
        let room = paper.height.saturating_sub(out.len() + AROUND).max(PARTS_MIN);
        parts(weight, room, paper, &mut out);
    }
    out
}

/// A mark for each row: the same, different, or told by one alone.
fn mark(row: &Row) -> &'static str {
    match (row.left.is_empty(), row.right.is_empty()) {
        (true, _) | (_, true) => " ",
        _ if row.differs => "≠",
        _ => "=",
    }
}

fn side_by_side(row: &Row, paper: Paper, out: &mut Vec<String>) {
    let column = (paper.width - LABEL - 4) / 2;
    let (left, right) = (cell(&row.left, column, paper.colour), cell(&row.right, column, paper.colour));
    for at in 0..left.len().max(right.len()).max(1) {
        let name = if at == 0 { format!("{:LABEL$}{} ", row.name, mark(row)) } else { " ".repeat(LABEL + 2) };
        let empty = String::new();
        let (left, right) = (left.get(at).unwrap_or(&empty), right.get(at).unwrap_or(&empty));
        let gap = " ".repeat(column.saturating_sub(measure_text_width(left)) + 2);
        out.push(format!("{name}{left}{gap}{right}").trim_end().to_owned());
    }
}

fn one_below_the_other(row: &Row, paper: Paper, out: &mut Vec<String>) {
    out.push(fit(&format!("{} {}", mark(row), row.name), paper.width));
    for (side, values) in [("A", &row.left), ("B", &row.right)] {
        let lines = cell(values, paper.width.saturating_sub(4), paper.colour);
        for (at, line) in lines.iter().enumerate() {
            out.push(format!("  {} {line}", if at == 0 { side } else { " " }));
        }
        if lines.is_empty() {
            out.push(format!("  {side} -"));
        }
    }
}

/// Values as lines of a column; words that the other side lacks stand out.
fn cell(values: &[Vec<(String, bool)>], width: usize, colour: Colour) -> Vec<String> {
    let style = Style::new().yellow().bold().force_styling(true);
    let mut lines = Vec::new();
    for words in values {
        let (mut line, mut used) = (String::new(), 0);
        for (word, stands_out) in words {
            for piece in pieces(word, width.max(1)) {
                let length = measure_text_width(&piece);
                if used > 0 && used + 1 + length > width {
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                if used > 0 {
                    line.push(' ');
                    used += 1;
                }
                used += length;
                match *stands_out && colour == Colour::On {
                    true => line.push_str(&style.apply_to(piece).to_string()),
                    false => line.push_str(&piece),
                }
            }
        }
        lines.push(line);
    }
    lines
}

/// A word in pieces that fit.
fn pieces(word: &str, width: usize) -> Vec<String> {
    let (mut out, mut piece) = (Vec::new(), String::new());
    for letter in word.chars().filter(|letter| !letter.is_control()) {
        piece.push(letter);
        if measure_text_width(&piece) > width && piece.chars().count() > 1 {
            piece.pop();
            out.push(std::mem::take(&mut piece));
            piece.push(letter);
        }
    }
    if !piece.is_empty() {
        out.push(piece);
    }
    out
}

fn parts(weight: &Weight<'_>, room: usize, paper: Paper, out: &mut Vec<String>) {
    let sum: f64 = weight.lines.iter().map(|line| line.weight).sum();
    out.push(String::new());
    out.push(fit(&format!("weight {sum:+.2}, probability {:.3}", weight.probability), paper.width));
    for line in weight.lines.iter().take(room) {
        let bar = bar(line.weight);
        let text = format!("{:+6.2} {bar:BAR$} {}: {}", line.weight, line.comparison, line.level);
        out.push(fit(&text, paper.width));
    }
    if weight.lines.len() > room {
        out.push(fit(&format!("… {} more parts", weight.lines.len() - room), paper.width));
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bar of sixteen marks at most")]
fn bar(weight: f64) -> String {
    let length = (weight.abs() * 4.0).ceil().min(16.0) as usize;
    (if weight < 0.0 { "-" } else { "+" }).repeat(length)
}

/// Cut to the width.
pub(super) fn fit(text: &str, width: usize) -> String {
    console::truncate_str(text, width, "…").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> (Record, Record) {
        let created_at = chrono::DateTime::UNIX_EPOCH;
        let mut records: Vec<_> = sample::generate(40, 3, created_at).map(|told| told.record).collect();
        let mut left = records.swap_remove(0);
        let mut right = records.swap_remove(0);
        left.organization.name = Some("St. Mary's Food Pantry of Springfield 日本語の名前です".into());
        right.organization.name = Some("Saint Mary's Pantry".into());
        right.organization.website =
            Some("https://www.averyveryverylongdomainnamewithoutanyblank.example.org/a/b/c/d/e".into());
        right.organization.email = Some("\u{1b}[2Jwiped@example.org".into());
        (left, right)
    }

    #[test]
    fn nothing_is_wider_than_the_terminal_and_nothing_is_lost() {
        let (left, right) = two();
        let explained = [ExplanationLine { comparison: "name".into(), level: "same".into(), weight: 3.5 }];
        let weight = Some(Weight { lines: &explained, probability: 0.97 });
        for width in [12, 20, 40, 63, 64, 80, 200] {
            let paper = Paper { width, height: 24, colour: Colour::On };
            let lines = lines(&Shown { left: &left, right: &right, weight }, paper);
            let widest = lines.iter().map(|line| measure_text_width(line)).max().unwrap();
            assert!(widest <= width, "{widest} in {width}: {lines:#?}");
            let text: String = lines.concat().split_whitespace().collect();
            assert!(text.contains("名前です"), "{lines:#?}");
            assert!(!text.contains("\u{1b}[2J"), "what a record holds does not steer the terminal");
        }
    }

    #[test]
    fn what_differs_is_marked_and_blind_shows_no_weight() {
        let (left, right) = two();
        let paper = Paper { width: 100, height: 40, colour: Colour::On };
        let shown = lines(&Shown { left: &left, right: &right, weight: None }, paper);
        let name = shown.iter().find(|line| line.starts_with("name")).unwrap();
        assert!(name.contains('≠'), "{name}");
        assert!(name.contains("\u{1b}["), "the words that the other lacks have a colour: {name:?}");
        assert!(!shown.iter().any(|line| line.contains("probability")));
        let plain = lines(
            &Shown { left: &left, right: &right, weight: None },
            Paper { colour: Colour::Off, ..paper },
        );
        assert!(!plain.concat().contains('\u{1b}'), "{plain:#?}");
    }
}
