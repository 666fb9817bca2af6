//! The pool of the running loop: the stored pairs of the live generation, and what people judged of them.

use super::pool::{Picked, Pool};
use super::session::Given;
use crate::commands::judged;
use crate::commands::labels::Asked;
use crate::crews::live;
use crate::output;
use crate::roles::Process;
use anyhow::Context;
use entity::{Judgement, JudgementVerdict, OrganizationId, Record, RecordId};
use scoring::Model;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::{Organizations, Resolution};

const PAGE: usize = 2000;
/// Families read in one go.
const IDS_IN_ONE_GO: usize = 500;

/// What there is to ask of, the model that is live, and the answers from which it may learn.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) pool: Pool,
    pub(super) model: Model,
    pub(super) judged: Vec<Given>,
    pub(super) resolution: Arc<dyn Resolution>,
}

impl Live {
    pub(super) async fn read(process: &Process, seed: u64) -> anyhow::Result<Self> {
        let generations = process.generations().await?;
        let all = generations.list().await?;
        let live = live(&all)?;
        let model = Model::from_json(&live.model).context("reading the live model")?;
        let resolution = generations.of(live.id);
        let corpus = resolution.corpus().await?.record_count;
        let picked = picked(&*resolution, &model, corpus, seed).await?;
        let pair = |judgement: &Judgement| (judgement.pair.left(), judgement.pair.right());
        // What was judged is not asked again, also where models are not to learn from it.
        let known: BTreeSet<_> = judged::all(&*resolution).await?.iter().map(pair).collect();
        let asked: BTreeSet<_> = picked.pairs().filter(|pair| !known.contains(pair)).collect();
        let taught = judged::taught(&*resolution).await?;
        let judged: Vec<_> = taught.iter().map(|judgement| (pair(judgement), judgement.verdict)).collect();
        let ids: BTreeSet<RecordId> =
            asked.iter().chain(judged.iter().map(|(pair, _)| pair)).flat_map(|(a, b)| [*a, *b]).collect();
        let (records, roots) = records(&*process.organizations().await?.organizations, &ids).await?;
        // What is merged already is no question.
        let apart = |(a, b): &(RecordId, RecordId)| roots.get(a) != roots.get(b);
        let wanted = asked.into_iter().filter(apart).chain(judged.iter().map(|(pair, _)| *pair));
        let pool = Pool::new(corpus, seed, records, wanted);
        let given = |((a, b), verdict): &((RecordId, RecordId), JudgementVerdict)| {
            Some(Given { pair: pool.find(*a, *b)?, verdict: *verdict, asked: Asked::Chosen })
        };
        let judged = judged.iter().filter_map(given).collect();
        Ok(Self { pool, model, judged, resolution })
    }
}

async fn picked(
    resolution: &dyn Resolution,
    model: &Model,
    corpus: u64,
    seed: u64,
) -> anyhow::Result<Picked> {
    let (mut picked, mut after) = (Picked::default(), None);
    let decision = model.threshold() - model.prior(corpus);
    let bar = output::counter("looking through pairs");
    loop {
        let page = resolution.scan_pairs(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.pair);
        bar.inc(page.len() as u64);
        for scored in &page {
            let pair = (scored.pair.left(), scored.pair.right());
            picked.see(seed, pair, scored.match_weight - decision);
        }
    }
    bar.finish_and_clear();
    Ok(picked)
}

/// Records as their sources tell them, and the golden id of each.
async fn records(
    organizations: &dyn Organizations,
    ids: &BTreeSet<RecordId>,
) -> anyhow::Result<(Vec<Record>, BTreeMap<RecordId, OrganizationId>)> {
    let (mut records, mut roots) = (BTreeMap::new(), BTreeMap::new());
    for piece in ids.iter().copied().collect::<Vec<_>>().chunks(IDS_IN_ONE_GO) {
        let family = organizations.family(piece).await?;
        roots.extend(family.roots());
        let wanted = family.records.into_iter().filter(|record| ids.contains(&record.id));
        records.extend(wanted.map(|record| (record.id, record)));
    }
    Ok((records.into_values().collect(), roots))
}
