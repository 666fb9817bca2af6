//! Past answers, which hold: a match is together, anything else that was decided is not.

use super::input::Found;
use anyhow::{Context, bail};
use csv::StringRecord;
use pipeline::batch::{Batch, Constraints};
use std::path::Path;

/// What a row of the file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Match,
    /// Not the same, or only related.
    Apart,
    /// Looked at, not decided.
    Open,
}

/// How a file was taken up.
#[derive(Clone, Debug, Default)]
pub(super) struct Judgements {
    pub(super) constraints: Constraints,
    /// Rows that name a record that is not there.
    pub(super) unknown: usize,
}

struct Columns {
    left: usize,
    right: usize,
    answer: usize,
}

/// Reads `left_id,right_id` with `match` (1 or 0) or `verdict` (`match`, `non_match`, `related`, `unsure`).
pub(super) fn read(file: &Path, batch: &Batch) -> anyhow::Result<Judgements> {
    let context = || format!("reading the judgements in {}", file.display());
    let mut reader = csv::Reader::from_path(file).with_context(context)?;
    let columns = columns(reader.headers().with_context(context)?).with_context(context)?;
    let rows: Result<Vec<StringRecord>, _> = reader.records().collect();
    let rows = rows.with_context(context)?;
    let ids = rows.iter().flat_map(|row| [&row[columns.left], &row[columns.right]]);
    let found = Found::new(batch, ids.map(str::trim));
    let mut judgements = Judgements::default();
    for row in &rows {
        let line = row.position().map_or(0, csv::Position::line);
        let at = |field: &str| format!("{}, line {line}, field {field}", file.display());
        let answer = answer(&row[columns.answer]).with_context(|| at("match"))?;
        let left = found.one(row[columns.left].trim()).with_context(|| at("left_id"))?;
        let right = found.one(row[columns.right].trim()).with_context(|| at("right_id"))?;
        let (Some(left), Some(right)) = (left, right) else {
            judgements.unknown += 1;
            continue;
        };
        match answer {
            Answer::Match => judgements.constraints.must.push((left, right)),
            Answer::Apart => judgements.constraints.never.push((left, right)),
            Answer::Open => {}
        }
    }
    Ok(judgements)
}

fn columns(header: &StringRecord) -> anyhow::Result<Columns> {
    let place = |names: &[&str]| {
        let place = header.iter().position(|name| names.contains(&name.trim()));
        place.with_context(|| format!("the header has no column {}", names.join(" or ")))
    };
    Ok(Columns {
        left: place(&["left_id", "id_a"])?,
        right: place(&["right_id", "id_b"])?,
        answer: place(&["match", "verdict", "label"])?,
    })
}

fn answer(text: &str) -> anyhow::Result<Answer> {
    Ok(match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "match" => Answer::Match,
        "0" | "false" | "no" | "non_match" | "related" => Answer::Apart,
        "" | "unsure" => Answer::Open,
        _ => bail!("`{text}` is neither 1, 0, match, non_match, related nor unsure"),
    })
}
