//! A model's weights laid out for weighing: by the levels themselves, one after the other, without a branch.

use super::Model;
use crate::comparison::{COMPARISONS, INTERACTIONS};

/// All weights, and the same to the millionth in fewer steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table {
    levels: Vec<f64>,
    /// Where each comparison's levels begin.
    level_starts: Vec<usize>,
    cells: Vec<f64>,
    cell_rows: Vec<Row>,
    /// Weights of the comparisons that interact with none, in millionths, and where they begin.
    alone: Vec<i32>,
    alone_starts: Vec<(usize, usize)>,
    /// Cells in millionths, every other comparison's weights in the first of its interactions.
    merged: Vec<i32>,
}

/// Where an interaction's cells are.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Row {
    left: usize,
    right: usize,
    start: usize,
    /// How many cells each of the left comparison's levels has.
    length: usize,
}

impl Row {
    fn cell(&self, levels: &[u8]) -> usize {
        self.start + usize::from(levels[self.left]) * self.length + usize::from(levels[self.right])
    }
}

impl Table {
    pub(super) fn new(model: &Model) -> Self {
        let mut table = Self::default();
        for comparison in &model.comparisons {
            table.level_starts.push(table.levels.len());
            table.levels.extend(comparison.levels.iter().map(|level| level.weight));
        }
        let weight = |at: usize, level: usize| model.comparisons[at].levels[level].weight;
        let mut is_merged = [false; COMPARISONS.len()];
        for (interaction, weights) in INTERACTIONS.iter().zip(&model.interactions) {
            let (left, right) = (interaction.left, interaction.right);
            let length = COMPARISONS[right].levels.len();
            table.cell_rows.push(Row { left, right, start: table.cells.len(), length });
            for l in 0..COMPARISONS[left].levels.len() {
                for r in 0..length {
                    let cell = interaction.cell(l, r).map_or(0.0, |cell| weights.weights[cell]);
                    table.cells.push(cell);
                    let own = |at: usize, level: usize| if is_merged[at] { 0.0 } else { weight(at, level) };
                    table.merged.push(millionths(cell + own(left, l) + own(right, r)));
                }
            }
            (is_merged[left], is_merged[right]) = (true, true);
        }
        for at in (0..COMPARISONS.len()).filter(|at| !is_merged[*at]) {
            table.alone_starts.push((at, table.alone.len()));
            table.alone.extend(model.comparisons[at].levels.iter().map(|level| millionths(level.weight)));
        }
        table
    }

    pub(super) fn weigh(&self, levels: &[u8]) -> f64 {
        let single = levels.iter().zip(&self.level_starts);
        let single = single.map(|(level, start)| self.levels[start + usize::from(*level)]);
        let both = self.cell_rows.iter().map(|row| self.cells[row.cell(levels)]);
        single.sum::<f64>() + both.sum::<f64>()
    }

    pub(super) fn weigh_nearly(&self, levels: &[u8]) -> i32 {
        let alone = self.alone_starts.iter().map(|&(at, start)| self.alone[start + usize::from(levels[at])]);
        let merged = self.cell_rows.iter().map(|row| self.merged[row.cell(levels)]);
        alone.sum::<i32>() + merged.sum::<i32>()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "weights are clamped to what a sum of them can hold")]
fn millionths(weight: f64) -> i32 {
    (weight * 1e6).round().clamp(-3e7, 3e7) as i32
}
