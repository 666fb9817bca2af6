//! Roles: a process is a set of them, all by default.

use crate::config::Config;
use crate::crews::{self, CrewOf, Crews};
use crate::ports::{self, OrganizationsPorts, RegistryHome, ResolutionPorts, SqlCopy, Topics};
use anyhow::Context;
use clap::ValueEnum;
use events::topics::Product;
use index::Index;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use pipeline::monitor::{Monitor, Watched};
use pipeline::runner::RunnerSettings;
use pipeline::{Board, Runner, Stage, Stop, stage};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use store::Generations;
use tokio::sync::{Notify, OnceCell};
use tokio::task::JoinSet;

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Role {
    /// Turns changes of the organizations store into events; one at a time.
    Poller,
    /// Writes records into the index; several share the partitions.
    Indexer,
    /// Scores records against their candidates; several share the partitions.
    Scorer,
    /// Turns pairs into clusters and publishes them; one at a time.
    Resolver,
    /// Keeps SQL copies of the clean topics.
    Sink,
    /// REST, the page, metrics.
    Service,
}

/// All of them.
pub(crate) fn all() -> BTreeSet<Role> {
    Role::value_variants().iter().copied().collect()
}

const MONITOR_INTERVAL: Duration = Duration::from_secs(1);
const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(60);

/// The ports of a process, each opened when the first role asks for it.
pub(crate) struct Process {
    pub(crate) config: Config,
    pub(crate) topics: Topics,
    pub(crate) board: Board,
    /// Rung by writers in this process.
    pub(crate) bell: Arc<Notify>,
    holder: String,
    metrics: PrometheusHandle,
    organizations: OnceCell<OrganizationsPorts>,
    resolution: OnceCell<ResolutionPorts>,
    index: OnceCell<Arc<dyn Index>>,
}

impl Process {
    /// Opens the topics and makes sure that they and their schemas are there.
    pub(crate) async fn begin(config: Config) -> anyhow::Result<Self> {
        let metrics = PrometheusBuilder::new().install_recorder().context("starting metrics")?;
        let topics = ports::topics(&config).await?;
        topics.prepare(&config).await?;
        Ok(Self {
            config,
            topics,
            board: Board::default(),
            bell: Arc::new(Notify::new()),
            holder: uuid::Uuid::new_v4().to_string(),
            metrics,
            organizations: OnceCell::new(),
            resolution: OnceCell::new(),
            index: OnceCell::new(),
        })
    }

    pub(crate) async fn organizations(&self) -> anyhow::Result<&OrganizationsPorts> {
        self.organizations.get_or_try_init(|| ports::organizations(&self.config)).await
    }

    async fn resolution(&self) -> anyhow::Result<&ResolutionPorts> {
        self.resolution.get_or_try_init(|| ports::resolution(&self.config)).await
    }

    /// The generations of the resolution store.
    pub(crate) async fn generations(&self) -> anyhow::Result<&Arc<dyn Generations>> {
        Ok(&self.resolution().await?.generations)
    }

    /// The index, of whichever generation is live.
    pub(crate) async fn index(&self) -> anyhow::Result<Arc<dyn Index>> {
        self.index.get_or_try_init(|| ports::index(&self.config)).await.cloned()
    }

    /// Starts the roles; each ends when it hears the stop.
    pub(crate) async fn start(
        self: &Arc<Self>,
        roles: &BTreeSet<Role>,
        stop: &Stop,
        tasks: &mut JoinSet<()>,
    ) -> anyhow::Result<()> {
        if roles.contains(&Role::Poller) {
            self.start_poller(stop, tasks).await?;
        }
        if roles.contains(&Role::Sink) {
            self.start_sinks(stop, tasks).await?;
        }
        // The service is started by itself: its address is asked for first.
        if roles.contains(&Role::Service) {
            self.start_monitor(stop, tasks).await?;
        }
        let of_generations = [Role::Indexer, Role::Scorer, Role::Resolver, Role::Service];
        if of_generations.iter().any(|role| roles.contains(role)) {
            let crews = Crews::start(Arc::clone(self), roles.clone(), stop.clone()).await?;
            tasks.spawn(crews.run());
        }
        self.start_maintenance(stop, tasks);
        Ok(())
    }

    /// Starts the stages of a generation; gives their names on the board.
    pub(crate) async fn start_crew(
        &self,
        of: &CrewOf,
        index: &Arc<dyn Index>,
        roles: &BTreeSet<Role>,
        stop: &Stop,
        tasks: &mut JoinSet<()>,
    ) -> anyhow::Result<Vec<String>> {
        let mut stages = Vec::new();
        let names = [
            (Role::Indexer, vec![stage::INDEXER]),
            (Role::Scorer, vec![stage::SCORER]),
            (Role::Resolver, vec![stage::RESOLVER, stage::RESOLVER_MERGES]),
            (Role::Service, vec![stage::INDEXER, stage::SCORER, stage::RESOLVER]),
        ];
        for (role, names) in names {
            if !roles.contains(&role) {
                continue;
            }
            stages.extend(names.into_iter().map(|name| of.stage(name)));
            match role {
                Role::Indexer => self.start_indexer(of, index, stop, tasks),
                Role::Scorer => self.start_scorer(of, index, stop, tasks).await?,
                Role::Resolver => self.start_resolver(of, stop, tasks).await?,
                _ => self.start_crew_monitor(of, stop, tasks).await?,
            }
        }
        Ok(stages)
    }

    async fn start_poller(&self, stop: &Stop, tasks: &mut JoinSet<()>) -> anyhow::Result<()> {
        let changes = Arc::clone(&self.organizations().await?.changes);
        let source = format!("/organizations/{}", changes.capture_state().await?.store_id);
        let poller = pipeline::poller::Poller {
            changes,
            publisher: self.topics.publisher(&source).await?,
            parking: self.topics.parking.clone(),
            poll_interval: Duration::from_millis(self.config.poller.poll_interval_ms),
            batch_size_max: self.config.poller.batch_size_max,
            products: self.config.poller.products.iter().copied().collect(),
            bell: Arc::clone(&self.bell),
            holder: self.holder.clone(),
            board: self.board.clone(),
            stop: stop.clone(),
        };
        tasks.spawn(poller.run());
        Ok(())
    }

    fn start_indexer(&self, of: &CrewOf, index: &Arc<dyn Index>, stop: &Stop, tasks: &mut JoinSet<()>) {
        let indexer =
            pipeline::indexer::Indexer { codec: Arc::clone(&self.topics.codec), index: Arc::clone(index) };
        let watched = self.watched_of(of, stage::INDEXER, &[Product::Record]);
        self.spawn(follower(watched, self.config.indexer.batch_size_max), indexer, stop, tasks);
    }

    async fn start_scorer(
        &self,
        of: &CrewOf,
        index: &Arc<dyn Index>,
        stop: &Stop,
        tasks: &mut JoinSet<()>,
    ) -> anyhow::Result<()> {
        let scorer = pipeline::scorer::Scorer {
            codec: Arc::clone(&self.topics.codec),
            index: Arc::clone(index),
            resolution: self.generations().await?.of(of.id),
            model: Arc::clone(&of.model),
        };
        let watched = self.watched_of(of, stage::SCORER, &[Product::Record]);
        let mut settings = follower(watched, self.config.scorer.batch_size_max);
        settings.behind = Some(self.group(&of.group(stage::INDEXER)));
        self.spawn(settings, scorer, stop, tasks);
        Ok(())
    }

    async fn start_resolver(&self, of: &CrewOf, stop: &Stop, tasks: &mut JoinSet<()>) -> anyhow::Result<()> {
        let resolution = self.generations().await?.of(of.id);
        let batch_size_max = self.config.resolver.batch_size_max;
        // What people merged concerns all generations: it is taken in once.
        if of.live {
            let follow = pipeline::resolver::RedirectFollower {
                codec: Arc::clone(&self.topics.codec),
                resolution: Arc::clone(&resolution),
            };
            let watched = self.watched(stage::RESOLVER_MERGES, &[Product::Redirect, Product::Merge]);
            self.spawn(follower(watched, batch_size_max), follow, stop, tasks);
        }
        let resolver = pipeline::resolver::Resolver {
            resolution,
            publisher: self.topics.publisher("/resolution").await?,
            model: Arc::clone(&of.model),
            generation: of.id,
            stage: of.stage(stage::RESOLVER),
            holder: format!("{}.g{}", self.holder, of.id),
            board: self.board.clone(),
            stop: stop.clone(),
            batch_size_max,
            transitions_kept: chrono::Duration::days(i64::from(self.config.resolver.transitions_kept_days)),
        };
        tasks.spawn(resolver.run());
        Ok(())
    }

    async fn start_sinks(&self, stop: &Stop, tasks: &mut JoinSet<()>) -> anyhow::Result<()> {
        for sink in &self.config.sinks {
            let copy = ports::sql_copy(&self.config, sink, Arc::clone(&self.topics.codec)).await?;
            let watched = self.watched(&sink_stage(&sink.name), &pipeline::sink::PRODUCTS);
            let settings = follower(watched, 1000);
            match copy {
                SqlCopy::Sqlite(copy) => self.spawn(settings, copy, stop, tasks),
                #[cfg(feature = "postgres")]
                SqlCopy::Postgres(copy) => self.spawn(settings, copy, stop, tasks),
            }
        }
        Ok(())
    }

    async fn start_monitor(&self, stop: &Stop, tasks: &mut JoinSet<()>) -> anyhow::Result<()> {
        let sinks = self.config.sinks.iter();
        let monitor = Monitor {
            log: Arc::clone(&self.topics.log),
            changes: Some(Arc::clone(&self.organizations().await?.changes)),
            resolution: None,
            watched: sinks
                .map(|sink| self.watched(&sink_stage(&sink.name), &pipeline::sink::PRODUCTS))
                .collect(),
            board: self.board.clone(),
            interval: MONITOR_INTERVAL,
            stop: stop.clone(),
        };
        tasks.spawn(monitor.run());
        Ok(())
    }

    async fn start_crew_monitor(
        &self,
        of: &CrewOf,
        stop: &Stop,
        tasks: &mut JoinSet<()>,
    ) -> anyhow::Result<()> {
        let followers = [stage::INDEXER, stage::SCORER];
        let monitor = Monitor {
            log: Arc::clone(&self.topics.log),
            changes: None,
            resolution: Some((of.stage(stage::RESOLVER), self.generations().await?.of(of.id))),
            watched: followers.map(|stage| self.watched_of(of, stage, &[Product::Record])).into(),
            board: self.board.clone(),
            interval: MONITOR_INTERVAL,
            stop: stop.clone(),
        };
        tasks.spawn(monitor.run());
        Ok(())
    }

    /// What a generation has yet to do, in words; `None` once it has caught up.
    pub(crate) async fn lag_of(&self, generation: i64) -> anyhow::Result<Option<String>> {
        let topics = [self.topics.codec.names().name(Product::Record).to_owned()];
        let mut waiting = Vec::new();
        for stage in [stage::INDEXER, stage::SCORER] {
            let group = self.group(&crews::group(stage, generation));
            let progress = self.topics.log.progress(&group, &topics).await?;
            let lag: i64 = progress.iter().map(events::log::Progress::lag).sum();
            if lag > 0 {
                waiting.push(format!("{lag} records wait for its {stage}"));
            }
        }
        let (rescore, resolve) = self.generations().await?.of(generation).queue_lengths().await?;
        if rescore + resolve > 0 {
            waiting.push(format!("{} records wait for its resolver", rescore + resolve));
        }
        Ok((!waiting.is_empty()).then(|| waiting.join(", ")))
    }

    /// The embedded log keeps itself small.
    fn start_maintenance(&self, stop: &Stop, tasks: &mut JoinSet<()>) {
        let Some(log) = self.topics.embedded.clone() else { return };
        let mut stop = stop.clone();
        tasks.spawn(async move {
            while !stop.is_stopped() {
                stop.sleep(MAINTENANCE_INTERVAL).await;
                if let Err(error) = log.maintain().await {
                    tracing::warn!(error = pipeline::error::chain(&error), "could not compact the event log");
                }
            }
        });
    }

    /// What the service needs, reached under this address from within.
    pub(crate) async fn service_ports(
        &self,
        address: std::net::SocketAddr,
        access: service::access::Access,
    ) -> anyhow::Result<service::Ports> {
        let board = self.board.clone();
        let settings = &self.config.service;
        let (organizations_url, organizations_token) = match settings.organizations_url.as_str() {
            "" => (own_url(address), access.own_token()),
            url => (url.trim_end_matches('/').to_owned(), settings.organizations_token.clone()),
        };
        Ok(service::Ports {
            organizations: Arc::clone(&self.organizations().await?.organizations),
            resolution: Arc::clone(&self.resolution().await?.live),
            generations: Arc::clone(self.generations().await?),
            log: Arc::clone(&self.topics.log),
            codec: Arc::clone(&self.topics.codec),
            index: self.index().await?,
            stages: service::Stages::new(move || board.stages()),
            bell: Arc::clone(&self.bell),
            decided: Arc::new(Notify::new()),
            merging: service::Merging {
                members_max_alone: self.config.service.merge_members_max_alone,
                ..service::Merging::default()
            },
            metrics: self.metrics.clone(),
            organizations_url,
            organizations_token,
            access,
            registry: match self.topics.registry_home {
                RegistryHome::Embedded => service::RegistryRoutes::Mounted,
                RegistryHome::Remote => service::RegistryRoutes::Elsewhere,
            },
        })
    }

    fn watched(&self, group: &str, products: &[Product]) -> Watched {
        let names = self.topics.codec.names();
        let topics = products.iter().map(|product| names.name(*product).to_owned()).collect();
        Watched { stage: group.to_owned(), group: self.group(group), topics }
    }

    fn watched_of(&self, of: &CrewOf, stage: &str, products: &[Product]) -> Watched {
        Watched { stage: of.stage(stage), ..self.watched(&of.group(stage), products) }
    }

    fn group(&self, stage: &str) -> String {
        format!("{}{stage}", self.config.events.group_prefix)
    }

    fn spawn(
        &self,
        settings: RunnerSettings,
        stage: impl Stage + 'static,
        stop: &Stop,
        tasks: &mut JoinSet<()>,
    ) {
        let runner = Runner {
            settings,
            log: Arc::clone(&self.topics.log),
            parking: self.topics.parking.clone(),
            board: self.board.clone(),
            stop: stop.clone(),
        };
        tasks.spawn(runner.run(stage));
    }
}

fn follower(watched: Watched, batch_size_max: usize) -> RunnerSettings {
    RunnerSettings {
        stage: watched.stage,
        group: watched.group,
        topics: watched.topics,
        batch_size_max,
        behind: None,
    }
}

fn sink_stage(name: &str) -> String {
    format!("{}-{name}", stage::SINK)
}

/// How this process reaches its own service: a wildcard address is not one that can be called.
pub(crate) fn own_url(address: std::net::SocketAddr) -> String {
    let host = if address.ip().is_unspecified() { "127.0.0.1".to_owned() } else { address.ip().to_string() };
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    format!("http://{host}:{}", address.port())
}
