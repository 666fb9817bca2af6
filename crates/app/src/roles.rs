//! Roles: a process is a set of them, all by default.

use crate::config::Config;
use crate::ports::{self, OrganizationsPorts, RegistryHome, SqlCopy, Topics};
use anyhow::Context;
use clap::ValueEnum;
use events::topics::Product;
use index::Index;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use pipeline::monitor::{Monitor, Watched};
use pipeline::runner::RunnerSettings;
use pipeline::{Board, Runner, Stage, Stop, stage};
use scoring::Model;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use store::Resolution;
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
    model: Arc<Model>,
    holder: String,
    metrics: PrometheusHandle,
    organizations: OnceCell<OrganizationsPorts>,
    resolution: OnceCell<Arc<dyn Resolution>>,
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
            model: Arc::new(Model::shipped().clone()),
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

    async fn resolution(&self) -> anyhow::Result<Arc<dyn Resolution>> {
        let resolution =
            self.resolution.get_or_try_init(|| ports::resolution(&self.config, &self.model)).await;
        resolution.cloned()
    }

    async fn index(&self) -> anyhow::Result<Arc<dyn Index>> {
        self.index.get_or_try_init(|| ports::index(&self.config)).await.cloned()
    }

    /// Starts the roles; each ends when it hears the stop.
    pub(crate) async fn start(
        &self,
        roles: &BTreeSet<Role>,
        stop: &Stop,
        tasks: &mut JoinSet<()>,
    ) -> anyhow::Result<()> {
        for role in roles {
            match role {
                Role::Poller => self.start_poller(stop, tasks).await?,
                Role::Indexer => self.start_indexer(stop, tasks).await?,
                Role::Scorer => self.start_scorer(stop, tasks).await?,
                Role::Resolver => self.start_resolver(stop, tasks).await?,
                Role::Sink => self.start_sinks(stop, tasks).await?,
                // It is started by itself: its address is asked for first.
                Role::Service => self.start_monitor(stop, tasks).await?,
            }
        }
        self.start_maintenance(stop, tasks);
        Ok(())
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

    async fn start_indexer(&self, stop: &Stop, tasks: &mut JoinSet<()>) -> anyhow::Result<()> {
        let indexer =
            pipeline::indexer::Indexer { codec: Arc::clone(&self.topics.codec), index: self.index().await? };
        let settings = self.follower(stage::INDEXER, &[Product::Record], self.config.indexer.batch_size_max);
        self.spawn(settings, indexer, stop, tasks);
        Ok(())
    }

    async fn start_scorer(&self, stop: &Stop, tasks: &mut JoinSet<()>) -> anyhow::Result<()> {
        let scorer = pipeline::scorer::Scorer {
            codec: Arc::clone(&self.topics.codec),
            index: self.index().await?,
            resolution: self.resolution().await?,
            model: Arc::clone(&self.model),
        };
        let mut settings =
            self.follower(stage::SCORER, &[Product::Record], self.config.scorer.batch_size_max);
        settings.behind = Some(self.group(stage::INDEXER));
        self.spawn(settings, scorer, stop, tasks);
        Ok(())
    }

    async fn start_resolver(&self, stop: &Stop, tasks: &mut JoinSet<()>) -> anyhow::Result<()> {
        let resolution = self.resolution().await?;
        let follower = pipeline::resolver::RedirectFollower {
            codec: Arc::clone(&self.topics.codec),
            resolution: Arc::clone(&resolution),
        };
        let batch_size_max = self.config.resolver.batch_size_max;
        let settings = self.follower("resolver-merges", &[Product::Redirect, Product::Merge], batch_size_max);
        self.spawn(settings, follower, stop, tasks);
        let resolver = pipeline::resolver::Resolver {
            resolution,
            publisher: self.topics.publisher("/resolution").await?,
            model: Arc::clone(&self.model),
            holder: self.holder.clone(),
            board: self.board.clone(),
            stop: stop.clone(),
            batch_size_max,
        };
        tasks.spawn(resolver.run());
        Ok(())
    }

    async fn start_sinks(&self, stop: &Stop, tasks: &mut JoinSet<()>) -> anyhow::Result<()> {
        for sink in &self.config.sinks {
            let copy = ports::sql_copy(&self.config, sink, Arc::clone(&self.topics.codec)).await?;
            let settings = self.follower(&sink_stage(&sink.name), &pipeline::sink::PRODUCTS, 1000);
            match copy {
                SqlCopy::Sqlite(copy) => self.spawn(settings, copy, stop, tasks),
                #[cfg(feature = "postgres")]
                SqlCopy::Postgres(copy) => self.spawn(settings, copy, stop, tasks),
            }
        }
        Ok(())
    }

    async fn start_monitor(&self, stop: &Stop, tasks: &mut JoinSet<()>) -> anyhow::Result<()> {
        let mut watched = vec![
            self.watched(stage::INDEXER, &[Product::Record]),
            self.watched(stage::SCORER, &[Product::Record]),
        ];
        let sinks = self.config.sinks.iter();
        watched.extend(sinks.map(|sink| self.watched(&sink_stage(&sink.name), &pipeline::sink::PRODUCTS)));
        let monitor = Monitor {
            log: Arc::clone(&self.topics.log),
            changes: Some(Arc::clone(&self.organizations().await?.changes)),
            resolution: Some(self.resolution().await?),
            watched,
            board: self.board.clone(),
            interval: MONITOR_INTERVAL,
            stop: stop.clone(),
        };
        tasks.spawn(monitor.run());
        Ok(())
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
    ) -> anyhow::Result<service::Ports> {
        let board = self.board.clone();
        let organizations_url = match self.config.service.organizations_url.as_str() {
            "" => own_url(address),
            url => url.trim_end_matches('/').to_owned(),
        };
        Ok(service::Ports {
            organizations: Arc::clone(&self.organizations().await?.organizations),
            resolution: self.resolution().await?,
            log: Arc::clone(&self.topics.log),
            codec: Arc::clone(&self.topics.codec),
            index: self.index().await?,
            stages: service::Stages::new(move || board.stages()),
            bell: Arc::clone(&self.bell),
            decided: Arc::new(Notify::new()),
            metrics: self.metrics.clone(),
            organizations_url,
            registry: match self.topics.registry_home {
                RegistryHome::Embedded => service::RegistryRoutes::Mounted,
                RegistryHome::Remote => service::RegistryRoutes::Elsewhere,
            },
        })
    }

    fn follower(&self, group: &str, products: &[Product], batch_size_max: usize) -> RunnerSettings {
        let watched = self.watched(group, products);
        RunnerSettings {
            stage: watched.stage,
            group: watched.group,
            topics: watched.topics,
            batch_size_max,
            behind: None,
        }
    }

    fn watched(&self, group: &str, products: &[Product]) -> Watched {
        let names = self.topics.codec.names();
        let topics = products.iter().map(|product| names.name(*product).to_owned()).collect();
        Watched { stage: group.to_owned(), group: self.group(group), topics }
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

fn sink_stage(name: &str) -> String {
    format!("{}-{name}", stage::SINK)
}

/// How this process reaches its own service: a wildcard address is not one that can be called.
pub(crate) fn own_url(address: std::net::SocketAddr) -> String {
    let host = if address.ip().is_unspecified() { "127.0.0.1".to_owned() } else { address.ip().to_string() };
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    format!("http://{host}:{}", address.port())
}
