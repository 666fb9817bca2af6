//! Everything delivered again, from the beginning: the same end state.

use crate::backend::Ports;
use crate::deployment::Deployment;
use events::log::{Position, TopicPartition};

const ALL: &str = "poller,indexer,scorer,resolver,sink,service";

#[tokio::test(flavor = "multi_thread")]
async fn embedded() {
    deliver_again(Deployment::start(Ports::Embedded, &[ALL]).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_real_servers() {
    if let Some(deployment) = Deployment::start(Ports::Real, &[ALL]).await {
        deliver_again(deployment).await;
    }
}

async fn deliver_again(mut deployment: Deployment) {
    let sample = deployment.sample(120, 11);
    deployment.import(&sample.join("orgs.json"), "sample");
    deployment.agreed().await;
    let clusters = deployment.get("/v1/clusters?status=all&limit=200").await;
    deployment.stop_all();

    let log = deployment.backend.log().await;
    let topics = log.topics().await.unwrap();
    for (stage, topic) in [
        ("indexer", &deployment.backend.names.record),
        ("scorer", &deployment.backend.names.record),
        ("resolver-merges", &deployment.backend.names.redirect),
        ("sink-copy", &deployment.backend.names.organization),
    ] {
        let described = topics.iter().find(|described| described.name == *topic).unwrap();
        let at = |partition| TopicPartition { topic: topic.clone(), partition };
        let start: Vec<_> = described
            .partitions
            .iter()
            .map(|range| Position { at: at(range.partition), offset: range.start })
            .collect();
        log.reset(&deployment.backend.group(stage), &start).await.unwrap();
    }

    deployment.start_process(ALL).await;
    deployment.import(&sample.join("orgs.json"), "sample");
    deployment.agreed().await;
    assert_eq!(deployment.get("/v1/clusters?status=all&limit=200").await, clusters);
    deployment.end().await;
}
