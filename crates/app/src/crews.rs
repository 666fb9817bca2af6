//! A crew for each generation: its indexer, scorer and resolver, beside those of the others. What people stage,
//! activate or retire elsewhere is noticed within a second.

use crate::roles::{Process, Role};
use anyhow::Context;
use pipeline::{Stop, Stopper};
use scoring::Model;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use store::Generation;
use tokio::task::JoinSet;

const LOOK: Duration = Duration::from_secs(1);

/// What a crew's stages need to know of their generation.
#[derive(Clone, Debug)]
pub(crate) struct CrewOf {
    pub(crate) id: i64,
    pub(crate) live: bool,
    pub(crate) model: Arc<Model>,
}

impl CrewOf {
    /// The stage's name on the board: people watch the live generation.
    pub(crate) fn stage(&self, stage: &str) -> String {
        if self.live { stage.to_owned() } else { format!("{stage} of {}", self.model.version()) }
    }

    /// The stage's consumer group, after the prefix of the deployment.
    pub(crate) fn group(&self, stage: &str) -> String {
        group(stage, self.id)
    }
}

/// The consumer group of a generation's stage, after the prefix of the deployment.
pub(crate) fn group(stage: &str, generation: i64) -> String {
    format!("{stage}.g{generation}")
}

/// The name of a generation's index.
pub(crate) fn index_name(generation: i64) -> String {
    format!("g{generation}")
}

/// The generation that people and consumers see.
pub(crate) fn live(all: &[Generation]) -> anyhow::Result<&Generation> {
    all.iter().find(|generation| generation.live).context("no generation is live")
}

/// The crews of this process.
pub(crate) struct Crews {
    process: Arc<Process>,
    roles: BTreeSet<Role>,
    stop: Stop,
    running: BTreeMap<i64, Crew>,
}

struct Crew {
    live: bool,
    stages: Vec<String>,
    stopper: Stopper,
    tasks: JoinSet<()>,
}

impl Crews {
    /// Starts the crews that are wanted now.
    pub(crate) async fn start(
        process: Arc<Process>,
        roles: BTreeSet<Role>,
        stop: Stop,
    ) -> anyhow::Result<Self> {
        let mut crews = Self { process, roles, stop, running: BTreeMap::new() };
        crews.look().await?;
        Ok(crews)
    }

    /// Follows what is staged, activated and retired until the stop, or until a stage ends by itself.
    pub(crate) async fn run(mut self) {
        while !self.stop.is_stopped() && !self.lost_a_stage() {
            self.stop.sleep(LOOK).await;
            if let Err(error) = self.look().await {
                tracing::warn!(error = format!("{error:#}"), "could not look after the generations");
            }
        }
        for (_, crew) in std::mem::take(&mut self.running) {
            self.end(crew).await;
        }
    }

    fn lost_a_stage(&mut self) -> bool {
        self.running.values_mut().any(|crew| crew.tasks.try_join_next().is_some())
    }

    async fn look(&mut self) -> anyhow::Result<()> {
        if self.stop.is_stopped() {
            return Ok(());
        }
        let generations = self.process.generations().await?;
        generations.follow_live().await?;
        let mut all = generations.list().await?;
        if !all.iter().any(|generation| generation.live && generation.of_this_code) {
            self.succeed(&all).await?;
            all = generations.list().await?;
        }
        let wanted: BTreeMap<i64, bool> = all
            .iter()
            .filter(|generation| generation.of_this_code)
            .map(|generation| (generation.id, generation.live))
            .collect();
        let over = |id: &i64, crew: &Crew| wanted.get(id) != Some(&crew.live);
        let over: Vec<i64> =
            self.running.iter().filter(|(id, crew)| over(id, crew)).map(|(id, _)| *id).collect();
        let mut changed = !over.is_empty();
        for id in over {
            if let Some(crew) = self.running.remove(&id) {
                self.end(crew).await;
            }
        }
        for generation in all.iter().filter(|generation| wanted.contains_key(&generation.id)) {
            if !self.running.contains_key(&generation.id) {
                let crew = self.begin(generation).await?;
                self.running.insert(generation.id, crew);
                changed = true;
            }
        }
        // Not at every look: the index is asked over the network.
        if changed { self.tidy_index(&all).await } else { Ok(()) }
    }

    /// The live generation was built by other code, which this process cannot go on with: a new one is filled beside
    /// it and takes over once it has caught up.
    async fn succeed(&self, all: &[Generation]) -> anyhow::Result<()> {
        let generations = self.process.generations().await?;
        let live = live(all)?;
        let text = match Model::from_json(&live.model) {
            Ok(_) => live.model.as_str(),
            Err(_) => Model::shipped_text(),
        };
        let version = Model::from_json(text)?.version().to_owned();
        let next = generations.stage(&version, text).await?;
        if self.running.contains_key(&next.id) && self.process.lag_of(next.id).await?.is_none() {
            tracing::info!(model = version, "the generation of this release has caught up and takes over");
            generations.activate(next.id).await?;
        }
        Ok(())
    }

    async fn begin(&self, generation: &Generation) -> anyhow::Result<Crew> {
        let model = Model::from_json(&generation.model)
            .with_context(|| format!("reading the model of generation {}", generation.id))?;
        let of = CrewOf { id: generation.id, live: generation.live, model: Arc::new(model) };
        let index = self.process.index().await?;
        let name = index_name(of.id);
        let own_index = index.generation(&name).await?;
        if of.live {
            index.switch_to(&name).await?;
        }
        let (stopper, stop) = Stopper::new();
        let mut tasks = JoinSet::new();
        let stages = self.process.start_crew(&of, &own_index, &self.roles, &stop, &mut tasks).await?;
        tracing::info!(generation = of.id, model = of.model.version(), live = of.live, "a crew begins");
        Ok(Crew { live: generation.live, stages, stopper, tasks })
    }

    async fn end(&self, mut crew: Crew) {
        crew.stopper.stop();
        while let Some(ended) = crew.tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(error = %error, "a stage ended unexpectedly");
            }
        }
        for stage in crew.stages {
            self.process.board.ended(&stage);
        }
    }

    /// Indexes of generations that are no more.
    async fn tidy_index(&self, all: &[Generation]) -> anyhow::Result<()> {
        if !self.roles.contains(&Role::Indexer) {
            return Ok(());
        }
        let index = self.process.index().await?;
        let known: BTreeSet<String> = all.iter().map(|generation| index_name(generation.id)).collect();
        for name in index.generations().await? {
            if !known.contains(&name) {
                index.drop_generation(&name).await?;
            }
        }
        Ok(())
    }
}
