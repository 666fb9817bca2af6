//! What people judged, beside what a generation's index tells of the pair.

use crate::crews::index_name;
use crate::roles::Process;
use entity::{Judgement, JudgementVerdict};
use scoring::{FeatureVector, RecordFeatures};
use std::collections::HashMap;

/// A judgement that says yes or no of two records that are there.
#[derive(Clone, Debug)]
pub(super) struct JudgedPair {
    pub(super) judgement: Judgement,
    pub(super) is_match: bool,
    pub(super) vector: FeatureVector,
}

const PAGE: usize = 500;

/// All of them from which models may learn, oldest first. Unsure says nothing.
pub(super) async fn judged_pairs(process: &Process, generation: i64) -> anyhow::Result<Vec<JudgedPair>> {
    let store = process.generations().await?.of(generation);
    let index = process.index().await?.generation(&index_name(generation)).await?;
    let (mut judged, mut after) = (Vec::new(), 0);
    loop {
        let page = store.taught_judgements(after, PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(judged) };
        after = *last;
        let ids: Vec<_> =
            page.iter().flat_map(|(_, judgement)| [judgement.pair.left(), judgement.pair.right()]).collect();
        let mut features = HashMap::new();
        for document in index.documents(&ids).await? {
            features.insert(document.id, RecordFeatures::from_bytes(&document.features)?);
        }
        for (_, judgement) in page {
            let is_match = match judgement.verdict {
                JudgementVerdict::Match => true,
                JudgementVerdict::NonMatch | JudgementVerdict::Related => false,
                JudgementVerdict::Unsure => continue,
            };
            let both = (features.get(&judgement.pair.left()), features.get(&judgement.pair.right()));
            if let (Some(left), Some(right)) = both {
                judged.push(JudgedPair { vector: scoring::compare(left, right), is_match, judgement });
            }
        }
    }
}
