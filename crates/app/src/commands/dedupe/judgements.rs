//! Past answers, which hold: a match is together, anything else that was decided is not.

use crate::commands::input::Found;
use crate::commands::labels::Labels;
use anyhow::Context;
use pipeline::batch::{Batch, Constraints};
use std::path::Path;

/// How a file was taken up.
#[derive(Clone, Debug, Default)]
pub(super) struct Judgements {
    pub(super) constraints: Constraints,
    /// Rows that name a record that is not there.
    pub(super) unknown: usize,
}

/// Reads a file of labels.
pub(super) fn read(file: &Path, batch: &Batch) -> anyhow::Result<Judgements> {
    let labels = Labels::read(file)?.labels;
    let found =
        Found::new(batch, labels.iter().flat_map(|label| [label.left.as_str(), label.right.as_str()]));
    let mut judgements = Judgements::default();
    for label in &labels {
        let one = |id: &str, field: &str| {
            found.one(id).with_context(|| format!("{}, line {}, field {field}", file.display(), label.line))
        };
        let (Some(left), Some(right)) = (one(&label.left, "left_id")?, one(&label.right, "right_id")?) else {
            judgements.unknown += 1;
            continue;
        };
        match label.is_match() {
            Some(true) => judgements.constraints.must.push((left, right)),
            Some(false) => judgements.constraints.never.push((left, right)),
            None => {}
        }
    }
    Ok(judgements)
}
