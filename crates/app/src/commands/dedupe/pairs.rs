//! The pairs that were kept, with their evidence.

use super::Ran;
use super::written::Written;
use formats::{PairRow, PairsWriter};
use std::path::Path;

/// Writes them to a Parquet file, or CSV by the name's ending.
pub(super) fn write(ran: &Ran<'_>, place: &Path) -> anyhow::Result<Written> {
    let is_csv = place.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"));
    let written = Written::create(place)?;
    let mut writer = if is_csv { PairsWriter::csv(written)? } else { PairsWriter::parquet(written)? };
    let records = ran.batch.len() as u64;
    for at in 0..ran.pairs.len() {
        let pair = ran.batch.pair(&ran.pairs, at);
        let lines = match ran.pairs.levels(at) {
            Some(levels) => ran.plan.model.explain(levels.levels(), records)?,
            None => Vec::new(),
        };
        let parts: Vec<String> = lines
            .iter()
            .map(|line| format!("{}: {} {:+.3}", line.comparison, line.level, line.weight))
            .collect();
        writer.write(&PairRow {
            left_id: ran.batch.source_id(pair.a),
            right_id: ran.batch.source_id(pair.b),
            weight: pair.weight,
            probability: ran.plan.model.probability(pair.weight),
            same_cluster: ran.cluster_of[pair.a as usize] == ran.cluster_of[pair.b as usize],
            evidence: &parts.join("; "),
        })?;
    }
    Ok(writer.finish()?)
}
