//! A batch beyond one machine: the record topic replayed by a group of scorers gives what one scorer gives, and what one
//! batch on one machine gives.

use crate::backend::Ports;
use crate::deployment::Deployment;
use serde_json::Value;
use std::collections::BTreeMap;

/// Members of each cluster by its id, in order.
type Clusters = BTreeMap<String, Vec<String>>;

#[tokio::test(flavor = "multi_thread")]
async fn two_scorers_find_what_one_finds_embedded() {
    two_find_what_one_finds(Ports::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_scorers_find_what_one_finds_on_real_servers() {
    two_find_what_one_finds(Ports::Real).await;
}

async fn two_find_what_one_finds(ports: Ports) {
    let one = ["indexer", "scorer", "resolver,sink"];
    let Some(one) = replayed(ports, &one).await else { return };
    let two = ["indexer", "scorer", "scorer", "resolver,sink"];
    let two = replayed(ports, &two).await.expect("the servers were there");
    assert!(one.0.len() > 20, "the sample has duplicates: {}", one.0.len());
    assert_eq!(one.0, two.0, "two scorers find what one finds");
    assert_eq!(
        two.0.iter().map(|(id, members)| (id.clone(), members.len())).collect::<BTreeMap<_, _>>(),
        two.1,
        "and what a batch finds"
    );
}

/// Fills the topic first; then these processes read it from its start. Their clusters, and the sizes of those that
/// `orgloop dedupe` makes of the same file.
async fn replayed(ports: Ports, processes: &[&str]) -> Option<(Clusters, BTreeMap<String, usize>)> {
    let mut deployment = Deployment::start(ports, &["poller,service"]).await?;
    let sample = deployment.sample(400, 41);
    // The source that a batch calls its file's: records, and so clusters, get the same ids.
    deployment.import(&sample.join("orgs.json"), "input");
    let topic = deployment.backend.names.record.clone();
    deployment.until("/v1/topics", |topics| events_on(topics, &topic) >= 400).await;
    for roles in processes {
        deployment.start_process(roles).await;
    }
    deployment.agreed().await;
    let clusters = clusters(&deployment).await;
    let (input, output) = (sample.join("orgs.json"), sample.join("clusters.csv"));
    let (input, output) = (input.display().to_string(), output.display().to_string());
    deployment.must(&["dedupe", "--input", &input, "--output", &output]);
    let mut sizes: BTreeMap<String, usize> = BTreeMap::new();
    for row in std::fs::read_to_string(&output).unwrap().lines().skip(1) {
        let cluster = row.split(',').nth(1).unwrap();
        *sizes.entry(cluster.to_owned()).or_default() += 1;
    }
    sizes.retain(|_, size| *size > 1);
    deployment.end().await;
    Some((clusters, sizes))
}

fn events_on(topics: &Value, name: &str) -> i64 {
    let topics = topics["topics"].as_array().unwrap();
    let topic = topics.iter().find(|topic| topic["name"] == name).unwrap();
    let partitions = topic["partitions"].as_array().unwrap().iter();
    partitions.map(|range| range["end"].as_i64().unwrap() - range["start"].as_i64().unwrap()).sum()
}

async fn clusters(deployment: &Deployment) -> Clusters {
    let (mut all, mut path) = (Clusters::new(), "/v1/clusters?status=all&limit=200".to_owned());
    loop {
        let page = deployment.get(&path).await;
        for cluster in page["clusters"].as_array().unwrap() {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let members = cluster["members"].as_array().unwrap().iter();
            let members = members.map(|member| text(&member["record_id"])).collect();
            all.insert(text(&cluster["id"]), members);
        }
        match page["next"].as_str() {
            Some(cursor) => path = format!("/v1/clusters?status=all&limit=200&cursor={cursor}"),
            None => return all,
        }
    }
}
