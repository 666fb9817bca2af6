//! What people judged, beside what a generation's index tells of the pair.

use super::labels::teaches;
use crate::crews::index_name;
use crate::roles::Process;
use entity::Judgement;
use scoring::{FeatureVector, RecordFeatures};
use std::collections::HashMap;
use store::Resolution;

/// A judgement that says yes or no of two records that are there.
#[derive(Clone, Debug)]
pub(super) struct JudgedPair {
    pub(super) judgement: Judgement,
    pub(super) is_match: bool,
    pub(super) vector: FeatureVector,
}

const PAGE: usize = 500;

/// All judgements from which models may learn, oldest first.
pub(super) async fn taught(store: &dyn Resolution) -> anyhow::Result<Vec<Judgement>> {
    pages(async |after| store.taught_judgements(after, PAGE).await).await
}

/// All judgements, oldest first, also those from which models are not to learn.
pub(super) async fn all(store: &dyn Resolution) -> anyhow::Result<Vec<Judgement>> {
    pages(async |after| store.judgements(after, PAGE).await).await
}

async fn pages(
    read: impl AsyncFn(i64) -> store::Result<Vec<(i64, Judgement)>>,
) -> anyhow::Result<Vec<Judgement>> {
    let (mut judged, mut after) = (Vec::new(), 0);
    loop {
        let page = read(after).await?;
        let Some((last, _)) = page.last() else { return Ok(judged) };
        after = *last;
        judged.extend(page.into_iter().map(|(_, judgement)| judgement));
    }
}

/// Those from which models may learn, oldest first. Unsure says nothing.
pub(super) async fn judged_pairs(process: &Process, generation: i64) -> anyhow::Result<Vec<JudgedPair>> {
    let store = process.generations().await?.of(generation);
    let index = process.index().await?.generation(&index_name(generation)).await?;
    let mut judged = Vec::new();
    for piece in taught(&*store).await?.chunks(PAGE) {
        let ids: Vec<_> =
            piece.iter().flat_map(|judgement| [judgement.pair.left(), judgement.pair.right()]).collect();
        let mut features = HashMap::new();
        for document in index.documents(&ids).await? {
            features.insert(document.id, RecordFeatures::from_bytes(&document.features)?);
        }
        for judgement in piece {
            let Some(is_match) = teaches(judgement.verdict) else { continue };
            let both = (features.get(&judgement.pair.left()), features.get(&judgement.pair.right()));
            if let (Some(left), Some(right)) = both {
                let vector = scoring::compare(left, right);
                judged.push(JudgedPair { judgement: judgement.clone(), is_match, vector });
            }
        }
    }
    Ok(judged)
}
