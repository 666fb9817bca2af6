//! `kill -9` of each role in the middle of the work, and a start again: nothing lost, nothing applied twice.

use crate::backend::Ports;
use crate::deployment::Deployment;

/// Each role in a process of its own.
const PROCESSES: [&str; 6] = ["service", "poller", "indexer", "scorer", "resolver", "sink"];

#[tokio::test(flavor = "multi_thread")]
async fn embedded() {
    kill_each_role(Deployment::start(Ports::Embedded, &PROCESSES).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_real_servers() {
    if let Some(deployment) = Deployment::start(Ports::Real, &PROCESSES).await {
        kill_each_role(deployment).await;
    }
}

async fn kill_each_role(mut deployment: Deployment) {
    for (seed, role) in PROCESSES.iter().enumerate() {
        let sample = deployment.sample(60, 100 + seed as u64);
        deployment.import(&sample.join("orgs.json"), &format!("sample-{role}"));
        deployment.kill(role);
        let more = deployment.sample(40, 200 + seed as u64);
        deployment.import(&more.join("orgs.json"), &format!("more-{role}"));
        deployment.start_process(role).await;
        deployment.agreed().await;
    }
    deployment.end().await;
}
