//! `demo` and `run`: start the roles, wait for the end, stop cleanly.

use crate::access;
use crate::config::{Config, Overrides};
use crate::output;
use crate::roles::{self, Process, Role};
use anyhow::Context;
use pipeline::{Stop, Stopper};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct DemoArguments {
    /// How many organizations to generate into an empty store
    #[arg(long, value_name = "N", default_value_t = DEMO_ORGANIZATIONS)]
    organizations: usize,
    /// Where the page listens [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

const DEMO_ORGANIZATIONS: usize = 2000;
const DEMO_SEED: u64 = 1;

impl DemoArguments {
    pub(crate) fn overrides(&self, overrides: Overrides) -> Overrides {
        Overrides { listen: self.listen.clone().or(overrides.listen), ..overrides }
    }
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RunArguments {
    /// What this process does [default: everything]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "ROLES")]
    roles: Vec<Role>,
    /// Where the service listens [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

impl RunArguments {
    pub(crate) fn overrides(&self, overrides: Overrides) -> Overrides {
        Overrides { listen: self.listen.clone().or(overrides.listen), ..overrides }
    }
}

/// `orgloop run`.
pub(crate) async fn run(config: Config, arguments: &RunArguments) -> anyhow::Result<ExitCode> {
    let roles = match arguments.roles.as_slice() {
        [] => roles::all(),
        roles => roles.iter().copied().collect(),
    };
    let listener = match roles.contains(&Role::Service) {
        true => Some(listen(&config.listen).await?),
        false => None,
    };
    let process = Arc::new(Process::begin(config).await?);
    until_stopped(process, &roles, listener).await
}

/// `orgloop demo`.
pub(crate) async fn demo(mut config: Config, arguments: &DemoArguments) -> anyhow::Result<ExitCode> {
    let listener = match listen(&config.listen).await {
        // Somebody else has the port: a demo takes another rather than give up.
        Err(_) if arguments.listen.is_none() => {
            config.listen = "127.0.0.1:0".into();
            listen(&config.listen).await?
        }
        listener => listener?,
    };
    let organizations = match arguments.organizations {
        0 => DEMO_ORGANIZATIONS,
        organizations => organizations,
    };
    let process = Arc::new(Process::begin(config).await?);
    fill(&process, organizations).await?;
    until_stopped(process, &roles::all(), Some(listener)).await
}

/// Fills an empty store with generated organizations.
async fn fill(process: &Process, count: usize) -> anyhow::Result<()> {
    let organizations = &process.organizations().await?.organizations;
    if organizations.record_count().await? > 0 {
        output::line(format_args!("Going on with what is in {}.", process.config.data_dir.display()));
        return Ok(());
    }
    let bar = output::bar(count as u64, "generating organizations");
    let mut generated =
        sample::generate(count, DEMO_SEED, entity::clock::now()).map(|generated| generated.record);
    loop {
        let batch: Vec<_> = generated.by_ref().take(super::import::BATCH).collect();
        if batch.is_empty() {
            break;
        }
        bar.inc(batch.len() as u64);
        organizations.upsert(batch).await?;
    }
    bar.finish_and_clear();
    output::line(format_args!(
        "Generated {count} organizations, some of them the same, into an empty store."
    ));
    Ok(())
}

async fn listen(address: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::AddrInUse => {
                "another program listens there: choose another with --listen or ORGLOOP_LISTEN"
            }
            _ => "listen takes HOST:PORT, such as 127.0.0.1:8080",
        };
        anyhow::Error::new(error).context(format!("listening on {address}: {hint}"))
    })
}

async fn until_stopped(
    process: Arc<Process>,
    roles: &BTreeSet<Role>,
    listener: Option<TcpListener>,
) -> anyhow::Result<ExitCode> {
    let (stopper, stop) = Stopper::new();
    let mut tasks = JoinSet::new();
    // Before any stage starts: a service that may not listen as it is asked to ends here.
    let listening = match listener {
        Some(listener) => {
            let address = listener.local_addr().context("asking for the address")?;
            Some((listener, address, access::of(&process, address).await?))
        }
        None => None,
    };
    process.start(roles, &stop, &mut tasks).await?;
    if let Some((listener, address, access)) = listening {
        let ports = process.service_ports(address, access).await?;
        serve(ports, listener, &stop, &mut tasks);
        output::line(format_args!(
            "The loop runs. Its page: {}/   (Ctrl-C stops it)",
            roles::own_url(address)
        ));
    } else {
        let names: Vec<_> = roles.iter().map(|role| format!("{role:?}").to_lowercase()).collect();
        output::line(format_args!("Running: {} (Ctrl-C stops it)", names.join(", ")));
    }
    let failed = tokio::select! {
        signal = interrupted() => { signal?; false }
        ended = tasks.join_next() => { report(ended); true }
    };
    stopper.stop();
    finish(tasks).await;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn serve(ports: service::Ports, listener: TcpListener, stop: &Stop, tasks: &mut JoinSet<()>) {
    let worker = service::DecisionWorker::new(&ports);
    let merger = service::MergeWorker::new(&ports);
    let router = service::router(ports);
    let (mut serving, mut working, mut merging) = (stop.clone(), stop.clone(), stop.clone());
    tasks.spawn(async move {
        if let Err(error) = service::serve(listener, router, async move { serving.stopped().await }).await {
            tracing::error!(error = %error, "the service ended");
        }
    });
    tasks.spawn(async move { worker.run(async move { working.stopped().await }).await });
    tasks.spawn(async move { merger.run(async move { merging.stopped().await }).await });
}

/// Ctrl-C or SIGTERM.
async fn interrupted() -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed.context("waiting for Ctrl-C"),
        _ = terminate.recv() => Ok(()),
    }
}

/// How long stages may take to finish the batch in hand; a second Ctrl-C does not wait.
const FINISH: Duration = Duration::from_secs(20);

async fn finish(mut tasks: JoinSet<()>) {
    output::note("Stopping: finishing what is in hand.");
    let all = async {
        while let Some(ended) = tasks.join_next().await {
            report(Some(ended))
        }
    };
    tokio::select! {
        () = all => {}
        () = tokio::time::sleep(FINISH) => output::note("Some stages did not finish in time; they go on at the next start."),
        _ = interrupted() => {}
    }
}

fn report(ended: Option<Result<(), tokio::task::JoinError>>) {
    if let Some(Err(error)) = ended
        && error.is_panic()
    {
        tracing::error!(error = %error, "a stage ended unexpectedly");
    }
}
