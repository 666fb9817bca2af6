//! Everything delivered again, from the beginning: the same end state.

use crate::backend::Ports;
use crate::deployment::Deployment;
use events::log::{Position, TopicPartition};

const ALL: &str = "poller,indexer,scorer,resolver,sink,service";

#[tokio::test(flavor = "multi_thread")]
async fn from_positions_beyond_the_end_embedded() {
    start_beyond_the_end(Deployment::start(Ports::Embedded, &[ALL]).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_positions_beyond_the_end_on_real_servers() {
    if let Some(deployment) = Deployment::start(Ports::Real, &[ALL]).await {
        start_beyond_the_end(deployment).await;
    }
}

/// What groups hold after their topics were made anew: nobody waits for the topic to grow as long as it was.
async fn start_beyond_the_end(mut deployment: Deployment) {
    let sample = deployment.sample(40, 12);
    deployment.import(&sample.join("orgs.json"), "sample");
    deployment.agreed().await;
    deployment.stop_all();
    let log = deployment.backend.log().await;
    let names = &deployment.backend.names;
    for (stage, topic) in
        [("indexer.g1", &names.record), ("scorer.g1", &names.record), ("resolver-merges", &names.redirect)]
    {
        let at = |partition| TopicPartition { topic: topic.clone(), partition };
        let beyond: Vec<_> =
            (0..3).map(|partition| Position { at: at(partition), offset: 100_000 }).collect();
        log.reset(&deployment.backend.group(stage), &beyond).await.unwrap();
    }
    deployment.start_process(ALL).await;
    let more = deployment.sample(60, 13);
    deployment.import(&more.join("orgs.json"), "more");
    deployment.agreed().await;
    deployment.end().await;
}

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
        ("indexer.g1", &deployment.backend.names.record),
        ("scorer.g1", &deployment.backend.names.record),
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
